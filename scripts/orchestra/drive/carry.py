"""Carries one attempt from its start to its end, from wherever state says it stands."""

from __future__ import annotations

from ..backends.base import Backend
from ..config import Sandbox
from ..core.decide import budget_spent, may_integrate
from ..core.events import EventType
from ..core.model import Attempt, Directive, Event
from ..core.owners import last_accepted
from ..core.words import Purpose, Step
from .accept import accept, finish_design, finish_review, finish_unit_review, integrate
from .assigning import finish_advice, finish_assignment
from .session import Session
from .turn import reported, take_turn
from .workspace import Workspace

_OF_UNITS = (Purpose.BUILD, Purpose.FIX)


async def carry(session: Session, workspace: Workspace, backend: Backend, directive: Directive) -> None:
    """Do what a `dispatch` or `review` directive says, until the attempt ends or has to wait."""
    if directive.ticket not in session.run.attempts:
        begin(session, workspace, backend.name, directive, resumes=True)
    while (attempt := session.attempt(directive.ticket)) is not None:
        if attempt.step is Step.WORKING and _rests(session, attempt):
            return
        await _step(session, workspace, backend, attempt)


def _rests(session: Session, attempt: Attempt) -> bool:
    """Whether its next turn has to wait: for a usage limit, or for another budget of the run."""
    run, now = session.run, session.clock.now()
    return not attempt.running and bool(run.parks.get(attempt.backend, 0.0) > now or budget_spent(run, now))


def begin(session: Session, workspace: Workspace, backend: str, directive: Directive, *, resumes: bool = False) -> None:
    """Record the attempt, with the commit it starts from and the work tree it has for itself.

    `resumes` says that the program is started here, and can be told which session it is to go on with.
    """
    assert directive.role is not None and directive.purpose is not None
    group = session.group(directive.group)
    taken = {session.run.attempts[t].worktree for t in session.run.live.get(group.id, ())}
    builder = _builder(session, backend, directive) if resumes else None
    # Its session is known to the program in that work tree alone.
    again = builder is not None and builder.worktree.startswith(f"{group.id}-") and builder.worktree not in taken
    worktree = builder.worktree if builder and again else workspace.free_name(group.id, taken)
    data = {
        "role": str(directive.role),
        "purpose": str(directive.purpose),
        "number": directive.number,
        "tier": str(directive.tier),
        "base": group.tip,
        "worktree": worktree,
        "backend": backend,
        "model": session.config.model_of(backend, directive.tier),
        "findings": list(directive.findings),
        **({"session": builder.session} if builder and builder.worktree == worktree else {}),
    }
    event = Event(EventType.ATTEMPT_STARTED, group=group.id, unit=directive.unit, attempt=directive.ticket, data=data)
    # The intent to start its first turn goes with it: a turn without a prompt has not begun, whatever is recorded.
    # Where no work tree is made, nothing happens before the agent is let go, which waits until this is on the disk.
    first = Event(
        EventType.TURN_STARTED, group=group.id, unit=directive.unit, attempt=directive.ticket, data={"turn": 1}
    )
    (session.record if workspace.makes_trees else session.record_soon)(event, first)


def _builder(session: Session, backend: str, fix: Directive) -> Attempt | None:
    """The attempt whose agent may go on to mend what a review has found: the same program's, and the unit's last."""
    if fix.purpose is not Purpose.FIX or session.config.sandbox is not Sandbox.NONE:
        # In a box, each attempt has its sessions for itself.
        return None
    built = last_accepted(session.run, fix.unit)
    if built is None or not built.session or built.number != fix.number - 1:
        return None
    return built if (built.backend, built.run) == (backend, session.run.id) else None


async def _step(session: Session, workspace: Workspace, backend: Backend, attempt: Attempt) -> None:
    session.guard(attempt.group)
    if attempt.step is Step.WORKING:
        await take_turn(session, workspace, backend, attempt)
    elif attempt.step is Step.VERIFIED:
        await _my_turn_to_integrate(session, attempt)
        if session.attempt(attempt.ticket) is not None:
            session.guard(attempt.group)
            integrate(session, workspace, attempt)
    elif attempt.purpose in _OF_UNITS:
        await accept(session, workspace, attempt)
    elif attempt.purpose is Purpose.DESIGN:
        finish_design(session, workspace, attempt)
    elif attempt.purpose is Purpose.ASSIGN:
        finish_assignment(session, workspace, attempt, reported(session, attempt).answer)
    elif attempt.purpose is Purpose.ADVISE:
        finish_advice(session, workspace, attempt, reported(session, attempt).answer)
    elif attempt.unit in session.run.units:
        finish_unit_review(session, workspace, attempt, list(reported(session, attempt).findings))
    else:
        finish_review(session, workspace, attempt, list(reported(session, attempt).findings))


async def _my_turn_to_integrate(session: Session, attempt: Attempt) -> None:
    """Units that are under way together are committed in plan order."""
    while session.attempt(attempt.ticket) is not None and not may_integrate(session.run, attempt.ticket):
        await session.wait_for_change()
