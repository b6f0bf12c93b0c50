"""One turn of an agent: its directory, its brief, the start of the backend and what came of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from .. import proc
from ..backends.base import SAID, AgentEvent, Backend, Task, TurnResult, run_turn
from ..backends.claim import FILE as CLAIM_FILE
from ..backends.claim import Claim, read_claim, write_claim
from ..core.events import EventType
from ..core.model import Attempt, Event
from ..core.words import ExitClass, Purpose, Step
from ..errors import Exit, UserError
from ..files import put
from ..proc import marker
from .box import box_around
from .minder import Minder, cost_left, spending
from .prompts import prompt_for
from .scope import write_scope
from .session import Session, about
from .set_up import set_up
from .turn_files import left_over, turn_dir
from .watching import unwatch, watch
from .workspace import Workspace

# A turn that vanished without a word (its machine stopped) is started again this often before it counts as a crash.
LOST_LIMIT = 3
BIN = Path(__file__).resolve().parents[3] / "bin"
_ANSWERS = (Purpose.ASSIGN, Purpose.ADVISE)
_PARKS = (ExitClass.LIMIT, ExitClass.OVERLOADED)


async def take_turn(session: Session, workspace: Workspace, backend: Backend, attempt: Attempt) -> None:
    """Carry the attempt's turn out, or find it again after a restart, and record how it ended."""
    result = await _adopt(session, workspace, backend, attempt) if attempt.running else None
    try:
        result = result or await _start(session, workspace, backend, attempt)
    except UserError as error:
        if error.code is not Exit.BAD_INPUT:
            raise
        result = _not_briefed(session, attempt, error)
    unwatch(session, workspace, attempt)
    if session.attempt(attempt.ticket) is not None:
        # A turn that went well is found again after a crash, with all that it said.
        record = session.record_soon if result.exit_class is ExitClass.OK else session.record
        record(*ended(session, attempt, result))


def _not_briefed(session: Session, attempt: Attempt, error: UserError) -> TurnResult:
    """A plan file that was deleted or broken while its milestone is carried out: a person has to mend it."""
    now = session.attempt(attempt.ticket)
    if now is not None and not now.running:
        session.record(about(EventType.TURN_STARTED, attempt, {"turn": attempt.turn}))
    why = f"its brief cannot be written: {error.message}"
    return TurnResult(ExitClass.HALT, final=f"{why} Mend it, then answer retry.", reason=why)


def reported(session: Session, attempt: Attempt) -> Claim:
    """What the agent claimed at the end of its turn; an empty claim when it said nothing."""
    for start in reversed(range(LOST_LIMIT)):
        claim, _ = read_claim(turn_dir(session, attempt, start))
        if claim is not None:
            return claim
    return Claim(status="done")


async def _adopt(session: Session, workspace: Workspace, backend: Backend, attempt: Attempt) -> TurnResult | None:
    """The result of a turn that an earlier supervisor started; None when nothing of it runs, now or later."""
    for start in range(LOST_LIMIT):
        folder = turn_dir(session, attempt, start)
        if not (folder / "prompt.md").exists():
            break
        if marker.exists(folder):
            result = await _run(session, backend, attempt, _task(session, workspace, attempt, folder))
            if not result.lost:
                return result
        await proc.in_thread(partial(proc.abandon, folder))
    return None


async def _start(session: Session, workspace: Workspace, backend: Backend, attempt: Attempt) -> TurnResult:
    for start in range(LOST_LIMIT):
        folder = turn_dir(session, attempt, start)
        if (folder / "prompt.md").exists():
            continue
        task = await prepare(session, workspace, attempt, folder, again=start > 0)
        result = await _run(session, backend, attempt, task)
        if not result.lost:
            return result
        if result.forgotten:
            # What it would have been told as news means nothing to an agent that has not read the brief.
            attempt = replace(attempt, session="")
    return TurnResult(exit_class=ExitClass.CRASH, reason=f"the agent vanished {LOST_LIMIT} times")


async def _run(session: Session, backend: Backend, attempt: Attempt, task: Task) -> TurnResult:
    """Run a turn; what it claims is in its directory before the end is recorded, however the claim was made."""
    minder = Minder(session, attempt, task)
    told = [minder.hear, *(onlooker(task) for onlooker in session.onlookers)]

    def tell(event: AgentEvent) -> None:
        for listen in told:
            listen(event)

    with minder:
        result = await run_turn(backend, task, tell, partial(_recorded, session, attempt))
    result = minder.judged(result)
    if attempt.purpose in _ANSWERS and result.exit_class is ExitClass.OK:
        return _answered(task, result)
    # "Done", without more, is what `reported` takes a missing claim for.
    if result.claim not in (None, Claim("done")) and not (task.dir / CLAIM_FILE).exists():
        write_claim(task.dir, result.claim)
    return result


def _recorded(session: Session, attempt: Attempt) -> None:
    """Have it on the disk that the agent begins. Raises LeaseLost when its group is somebody else's by now."""
    session.settle()
    if session.attempt(attempt.ticket) is None:
        session.guard(attempt.group)


def _answered(task: Task, result: TurnResult) -> TurnResult:
    """Whoever is asked something answers with the final message, unless the answer was handed in."""
    claim = result.claim or Claim("done")
    claim = claim if claim.answer else replace(claim, answer=result.final)
    write_claim(task.dir, claim)
    return replace(result, claim=claim)


async def prepare(session: Session, workspace: Workspace, attempt: Attempt, folder: Path, *, again: bool) -> Task:
    """Everything the agent finds, and then the intent; in this order a kill leaves nothing that could run twice."""
    folder.mkdir(parents=True, exist_ok=True)
    worktree = workspace.place(attempt)
    await set_up(session, workspace, attempt, folder.parent)
    if attempt.turn == 1:
        _keep_left_over(session, workspace, attempt, again=again)
        workspace.clean(attempt)
    write_scope(session, attempt, worktree, folder / "scope.json")
    watch(session, workspace, attempt)
    text = prompt_for(session, workspace, attempt, worktree, folder)
    if not attempt.running:
        session.record(about(EventType.TURN_STARTED, attempt, {"turn": attempt.turn}))
    put(folder / "prompt.md", text.encode())
    return _task(session, workspace, attempt, folder)


def _keep_left_over(session: Session, workspace: Workspace, attempt: Attempt, *, again: bool) -> None:
    """Save what the last agent left in this work tree, unless it was accepted: then it is in the history."""
    failed = [session.run.attempts[ticket] for ticket in session.run.failed.get(attempt.group, ())]
    earlier = (a for a in failed if a.worktree == attempt.worktree and a.ticket != attempt.ticket)
    last = attempt if again else max(earlier, key=lambda a: a.ended_at, default=None)
    if last is not None:
        workspace.keep(last, left_over(session, last))


def vacate(session: Session, workspace: Workspace) -> None:
    """Clear the user's checkout of what an attempt has left that worked there and has ended."""
    attempt = session.run.attempts.get(workspace.occupant)
    if attempt is None or attempt.live or attempt.group not in session.leases:
        return
    if attempt.step is Step.FAILED:
        workspace.keep(attempt, left_over(session, attempt))
    workspace.vacate(attempt)


def keep_all_left_over(session: Session, workspace: Workspace, group: str) -> None:
    """Save what failed attempts left in work trees that nobody has used since, before these are removed."""
    last: dict[str, Attempt] = {}
    for attempt in sorted((a for a in session.run.attempts.values() if a.group == group), key=lambda a: a.ended_at):
        last[attempt.worktree] = attempt
    for attempt in last.values():
        if attempt.step is Step.FAILED:
            workspace.keep(attempt, left_over(session, attempt))


def _task(session: Session, workspace: Workspace, attempt: Attempt, folder: Path) -> Task:
    thresholds, worktree = session.config.thresholds, workspace.place(attempt)
    used, budget = spending(session, attempt)
    left, longest_s = budget.left(used), thresholds.turn_timeout_minutes * 60.0
    return Task(
        ticket=attempt.ticket,
        unit=attempt.unit,
        role=str(attempt.role),
        attempt=attempt.number,
        turn=attempt.turn,
        dir=folder,
        worktree=worktree,
        environment=session.environment,
        prompt_file=folder / "prompt.md",
        scope_file=folder / "scope.json",
        project=session.project.root,
        model=attempt.model,
        session=attempt.session,
        wall_s=min(longest_s, left.seconds or longest_s),
        idle_s=thresholds.idle_timeout_minutes * 60.0,
        project_bin=str(BIN),
        purpose=str(attempt.purpose),
        box=box_around(session, worktree, folder / SAID),
        answers_left=left.answers,
        cost_left_usd=min(filter(None, (left.cost_usd, cost_left(session))), default=0.0),
    )


def ended(session: Session, attempt: Attempt, result: TurnResult) -> list[Event]:
    """The events that say how a turn ended."""
    if result.claim is not None and result.claim.status == "blocked":
        # Only a person can answer what the agent asks; guessing would be the agent's other choice.
        result = replace(result, exit_class=ExitClass.HALT, final=result.claim.notes or result.final)
    elif result.claim is not None and result.claim.status == "failed" and result.exit_class is ExitClass.OK:
        # Tests may pass on work of which its maker knows that it is not what was asked for.
        why = result.claim.notes or "the agent reported that it failed"
        result = replace(result, exit_class=ExitClass.FAILED, reason=why)
    events = [about(EventType.TURN_ENDED, attempt, _ended_data(result))]
    if result.exit_class in _PARKS:
        wait = result.reset_in or session.run.limits.limit_backoff
        until = session.clock.now() + wait
        data = {"backend": attempt.backend, "until": until, "reason": str(result.exit_class)}
        events.append(about(EventType.BACKEND_PARKED, attempt, data))
    return events


def _ended_data(result: TurnResult) -> dict[str, Any]:
    usage = result.usage
    return {
        "exit_class": str(result.exit_class),
        "final": result.final[-2000:],
        "notes": result.claim.notes if result.claim else "",
        "learnings": list(result.claim.learnings) if result.claim else [],
        "session": result.session,
        "reason": result.reason,
        "duration_s": round(result.duration_s, 3),
        "usage": {
            "input": usage.input,
            "output": usage.output,
            "cost_usd": usage.cost_usd,
            "answers": usage.answers,
        },
    }
