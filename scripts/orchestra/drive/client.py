"""The client driver: a lead inside Claude Code or Codex carries directives out, one short command after the other.

No process of ours lives between the commands. Each finds in state how far things are, does what code can do by
itself (open, verify, commit, land, close), and says what an agent has to do next. So it does not matter which session
asks, how often, or what it remembers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .. import proc
from ..backends.base import TurnResult
from ..backends.claim import Claim, write_claim
from ..core.decide import decide, may_integrate
from ..core.events import EventType
from ..core.index import pending_decisions
from ..core.model import Attempt, Directive
from ..core.words import DirectiveKind, ExitClass, GroupStatus, Purpose, Role, Step
from ..errors import Exit
from ..state import armed
from ..views.question import answered_with
from . import badge
from .accept import accept, finish_design, finish_review, integrate
from .carry import begin
from .ending import Ending, end, ending
from .groups import Place, close_ended, finished, land_group, may_go_on, spent_before, take_more, write_views
from .intake import Choice
from .orders import AGENTS, Answer, Order, program
from .prompts import news_for
from .session import Session, about
from .transcript import interrupted
from .turn import ended, prepare, reported
from .turn_files import turn_dir
from .watching import unwatch

if TYPE_CHECKING:
    from filelock import BaseFileLock

# Clients end a shell command after two minutes unless told otherwise; verification goes on without it.
PATIENCE_S = 100.0
# What stands for the agent program when the client is not one that is known.
CLIENT = "client"
_OF_UNITS = (Purpose.BUILD, Purpose.FIX)


@dataclass
class Client:
    """One command of the lead or of a worker: the session, the place, and how the lead wants to be answered.

    `flat` hands units out to the lead itself; else each group is handed to a milestone agent, which asks for `group`.
    """

    session: Session
    workspace: Place
    choice: Choice = field(default_factory=Choice)
    client: str = ""
    flat: bool = False
    group: str = ""

    # What the lead asks

    async def next(self) -> Answer:
        """Do all that needs no agent, and say what does. Raises LeaseLost."""
        self.session.renew()
        if not self.group:
            badge.bind_lead(self.session)
        try:
            await asyncio.wait_for(self._settle(), PATIENCE_S)
        except TimeoutError:
            return self._answer([_wait("a verification is still running")])
        directives = decide(self.session.run, self.session.clock.now())
        orders = [order for directive in directives for order in await self._orders(directive)]
        badge.close_tickets(self.session)
        write_views(self.session)
        return self._answered(_once(orders))

    async def _settle(self) -> None:
        """Go on until only agents, people or time can change something."""
        seen = -1
        while self.session.run.seq != seen:
            self.session.catch_up()
            # First, because the next group has no place in the checkout before the last one has left it.
            close_ended(self.session, self.workspace, lambda group: None)
            seen = self.session.run.seq
            for directive in decide(self.session.run, self.session.clock.now()):
                await self._by_itself(directive)

    async def _by_itself(self, directive: Directive) -> None:
        kind = directive.kind
        if kind is DirectiveKind.LAND and self._mine(directive):
            await land_group(self.session, self.workspace, directive.group)
        elif directive.ticket in self.session.run.attempts:
            await self._finish(directive.ticket)
        elif not self.group and (kind is DirectiveKind.COMPLETE or self._stuck()):
            self._take_more()

    def _stuck(self) -> bool:
        """Whether every open group waits for a person, so that another may be begun."""
        kinds = {d.kind for d in decide(self.session.run, self.session.clock.now())}
        return kinds <= {DirectiveKind.ASK, DirectiveKind.WAIT} and DirectiveKind.ASK in kinds

    def _take_more(self) -> None:
        if spent_before(self.session, self.choice):
            return
        after = finished(self.session) if self.session.run.limits.interactive else ""
        if may_go_on(self.session, self.choice, after) == "go-on":
            take_more(self.session, self.workspace, self.choice)

    def _mine(self, directive: Directive) -> bool:
        return not self.group or directive.group == self.group

    # What it is told

    async def _orders(self, directive: Directive) -> list[Order]:
        if directive.group and not self._mine(directive):
            return []
        if directive.ticket and not self.group and not self.flat:
            return [self._milestone_agent(directive.group)]
        if directive.ticket:
            return [await self._hand_out(directive)]
        if directive.kind is DirectiveKind.ASK:
            return [self._question(directive.decision)]
        if directive.kind is DirectiveKind.WAIT and directive.until:
            seconds = max(1, round(directive.until - self.session.clock.now()))
            return [_wait(f"{directive.reason}, for {seconds} s")]
        if directive.kind is DirectiveKind.LAND:
            return [_wait(f"{directive.group} is being landed")]
        return []

    def _milestone_agent(self, group: str) -> Order:
        title = self.session.group(group).plan.title
        return Order(
            DirectiveKind.DISPATCH,
            f"{Role.MILESTONE_AGENT} for {group} ({title})",
            agent=f"{AGENTS}{Role.MILESTONE_AGENT}",
            prompt=f'Run "{program()} next --group {group}" and do what it says until it says complete or halt.',
        )

    async def _hand_out(self, directive: Directive) -> Order:
        with ticket_lock(self.session, directive.ticket) as free:
            if not free:
                return _wait(f"{directive.ticket} is being verified")
            attempt = await self._begun(directive)
            if attempt.step is not Step.WORKING:
                return _wait(f"{attempt.ticket} is verified and waits for the units before it")
            folder = turn_dir(self.session, attempt)
            if badge.is_taken(folder):
                return _wait(
                    f"an agent holds {attempt.ticket}. If it has ended without a report, run "
                    f'{program()} report {attempt.ticket} --status failed --notes "no report"'
                )
            return self._dispatch(directive, attempt)

    async def _begun(self, directive: Directive) -> Attempt:
        """The attempt with a turn that is ready to be taken by an agent of this lead."""
        ticket = directive.ticket
        if ticket not in self.session.run.attempts:
            begin(self.session, self.workspace, self.client or CLIENT, directive)
        attempt = self.session.run.attempts[ticket]
        if attempt.step is not Step.WORKING:
            return attempt
        folder = turn_dir(self.session, attempt)
        if (folder / "prompt.md").exists() and (why := self._stale(folder)):
            await proc.in_thread(lambda: proc.abandon(folder))
            self._end_stale_turn(attempt, why)
        return await self._prepared(self.session.run.attempts[ticket])

    def _stale(self, folder: Path) -> str:
        """Why nobody is at work on a turn that was handed out; nothing while somebody may be."""
        if not badge.is_ours(folder, self.session.holder.token):
            return "the session that had started it has ended"
        return "its agent was interrupted" if interrupted(folder) else ""

    def _end_stale_turn(self, attempt: Attempt, why: str) -> None:
        """Its agent died with the session, or the machine, that had started it, or was stopped: nobody is to blame."""
        if attempt.running:
            gone = TurnResult(ExitClass.STOPPED, reason=why)
            unwatch(self.session, self.workspace, attempt)
            self.session.record(*ended(self.session, attempt, gone))

    async def _prepared(self, attempt: Attempt) -> Attempt:
        folder = turn_dir(self.session, attempt)
        if not attempt.running or not (folder / "prompt.md").exists():
            await prepare(self.session, self.workspace, attempt, folder, again=False)
        badge.admit(self.session, attempt)
        if not badge.is_ours(folder, self.session.holder.token):
            badge.seal(folder, self.session.holder.token)
        return self.session.run.attempts[attempt.ticket]

    def _dispatch(self, directive: Directive, attempt: Attempt) -> Order:
        return Order(
            directive.kind,
            attempt.ticket,
            agent=f"{AGENTS}{attempt.role}",
            model=attempt.model,
            prompt=f'Run "{program()} brief {attempt.ticket}" and do what it says.',
            resume=self._builder(attempt) if attempt.purpose is Purpose.FIX else "",
        )

    def _builder(self, fix: Attempt) -> str:
        """The agent of this session that has built the unit: it knows the code that its fix is about."""
        built = [a for a in self.session.run.attempts.values() if a.unit == fix.unit and a.step is Step.ACCEPTED]
        last = max(built, key=lambda a: a.ended_at, default=None)
        folder = turn_dir(self.session, last) if last else None
        ours = folder is not None and badge.is_ours(folder, self.session.holder.token)
        return badge.agent_of(folder) if folder is not None and ours else ""

    def _question(self, id_: str) -> Order:
        decision = self.session.run.decisions[id_]
        answers = answered_with(id_, decision.options, decision.unit, program=program())
        return Order(DirectiveKind.ASK, id_, text=f"{decision.question}\n  answer: {answers}")

    # How it is put together

    def _answer(self, orders: list[Order], code: int = Exit.DONE, *, over: bool = False) -> Answer:
        again = f"{program()} next{f' --group {self.group}' if self.group else ''}"
        return Answer(self.session.run.id, tuple(orders), "" if over else again, int(code))

    def _answered(self, orders: list[Order]) -> Answer:
        run = self.session.run
        if self.group:
            return self._of_group(orders)
        if run.stop or not orders:
            return self._over(ending(self.session, spent=spent_before(self.session, self.choice)), [])
        if run.limits.auto and all(order.kind is DirectiveKind.ASK for order in orders):
            return self._over(ending(self.session), orders)
        return self._answer(orders)

    def _of_group(self, orders: list[Order]) -> Answer:
        group = self.session.run.groups.get(self.group)
        if self.session.run.stop:
            return self._answer([Order(DirectiveKind.HALT, "", text="stop was asked for")], over=True)
        if group is not None and group.open and _only_questions(self.session, group.id, orders):
            why = f"{self.group} needs a person; end here, the lead asks"
            return self._answer([Order(DirectiveKind.HALT, "", text=why)], over=True)
        if orders:
            return self._answer(orders)
        said = f"{self.group} {_told(self.session, self.group)}"
        return self._answer([Order(DirectiveKind.COMPLETE, "", text=said)], over=True)

    def _over(self, how: Ending, asked: list[Order]) -> Answer:
        """The run has ended, for now: its groups are let go and the hooks have nothing more to look at."""
        end(self.session, how)
        armed.disarm(self.session.project.runs)
        if how.code is Exit.DONE:
            done = sum(1 for g in self.session.run.groups.values() if g.status is GroupStatus.DONE)
            said = Order(DirectiveKind.COMPLETE, "", text=f"{done} milestones done")
        else:
            said = Order(DirectiveKind.HALT, "", text=how.reason or _unfinished(self.session))
        return self._answer([*asked, said], how.code, over=True)

    # What a worker reports

    async def report(self, ticket: str, claim: Claim) -> tuple[str, bool]:
        """Take a claim to its end: the words for the agent, and whether it is through."""
        self.session.renew()
        with ticket_lock(self.session, ticket) as free:
            if not free:
                return _AGAIN.format(ticket), False
            self.session.catch_up()
            attempt = self.session.attempt(ticket)
            if attempt is None:
                return _closed(self.session, ticket), False
            if attempt.step is Step.WORKING:
                self._claimed(attempt, claim)
            return await self._answer_to(ticket)

    def _claimed(self, attempt: Attempt, claim: Claim) -> None:
        place = turn_dir(self.session, attempt)
        place.mkdir(parents=True, exist_ok=True)
        if not attempt.running:
            self.session.record(about(EventType.TURN_STARTED, attempt, {"turn": attempt.turn}))
        write_claim(place, claim)
        unwatch(self.session, self.workspace, attempt)
        result = TurnResult(ExitClass.OK, claim=claim, final=claim.notes, duration_s=_age_s(place / "prompt.md"))
        self.session.record(*ended(self.session, attempt, result))

    async def _answer_to(self, ticket: str) -> tuple[str, bool]:
        try:
            await asyncio.wait_for(self._finish_held(ticket), PATIENCE_S)
        except TimeoutError:
            return _AGAIN.format(ticket), False
        attempt = self.session.run.attempts[ticket]
        said, through = _closed(self.session, ticket), attempt.step is Step.ACCEPTED
        if attempt.live and attempt.step is Step.WORKING:
            said = await self._sent_back(attempt)
        elif attempt.live:
            said, through = f"accepted: {ticket} is verified; it is committed after the units before it", True
        badge.close_tickets(self.session)
        write_views(self.session)
        return said, through

    async def _sent_back(self, attempt: Attempt) -> str:
        before = turn_dir(self.session, attempt).with_name(f"turn-{attempt.turn - 1}")
        prepared = await self._prepared(attempt)
        badge.carry_on(self.session, prepared, before)
        return f"rejected: {news_for(self.session, prepared).strip()}"

    async def _finish(self, ticket: str) -> None:
        """Go on with a claim whose own command was killed in the middle."""
        with ticket_lock(self.session, ticket) as free:
            if free:
                self.session.catch_up()
                await self._finish_held(ticket)

    async def _finish_held(self, ticket: str) -> None:
        while (attempt := self.session.attempt(ticket)) is not None and attempt.step is not Step.WORKING:
            self.session.guard(attempt.group)
            if attempt.step is not Step.VERIFIED:
                await self._check(attempt)
            elif not self._integrated(ticket):
                return

    async def _check(self, attempt: Attempt) -> None:
        if attempt.purpose in _OF_UNITS:
            await accept(self.session, self.workspace, attempt)
        elif attempt.purpose is Purpose.DESIGN:
            finish_design(self.session, self.workspace, attempt)
        else:
            findings = list(reported(self.session, attempt).findings)
            finish_review(self.session, self.workspace, attempt, findings)

    def _integrated(self, ticket: str) -> bool:
        """Commit, one at a time in the whole project; False when units before it are to be committed first."""
        with _lock(self.session, "integrate"):
            self.session.catch_up()
            attempt = self.session.attempt(ticket)
            if attempt is None or attempt.step is not Step.VERIFIED:
                return True
            if not may_integrate(self.session.run, ticket):
                return False
            integrate(self.session, self.workspace, attempt)
            return True


_AGAIN = "still verifying {0}: run the same command again"


def _wait(why: str) -> Order:
    return Order(DirectiveKind.WAIT, "", text=why)


def _once(orders: list[Order]) -> list[Order]:
    return list(dict.fromkeys(orders))


def _only_questions(session: Session, group: str, orders: list[Order]) -> bool:
    return bool(pending_decisions(session.run, group)) and all(order.kind is DirectiveKind.ASK for order in orders)


def _told(session: Session, group_id: str) -> str:
    """What a group has come to, in a few words."""
    group = session.run.groups.get(group_id)
    if group is None:
        return "is not part of this run"
    if group.status is GroupStatus.DONE:
        where = f", pushed to {group.pushed}" if group.pushed else ""
        return f"done ({group.landed[:9]}{where})" if group.landed else "done"
    return f"{group.status}{f': {group.reason}' if group.reason else ''}"


def _unfinished(session: Session) -> str:
    ended_badly = [g for g in session.run.groups.values() if g.status is not GroupStatus.DONE]
    said = [f"{g.id} {_told(session, g.id)}" for g in ended_badly]
    return "; ".join(said + [f"{id_}: {why}" for id_, why in sorted(session.skipped.items())]) or "nothing can be done"


def _closed(session: Session, ticket: str) -> str:
    attempt = session.run.attempts[ticket]
    if attempt.step is not Step.ACCEPTED:
        return f"closed: {ticket} has ended ({attempt.reason or attempt.step}); stop here"
    unit = session.run.units.get(attempt.unit)
    aside = f"; set aside, out of scope: {', '.join(attempt.quarantine[:5])}" if attempt.quarantine else ""
    made = f" as {unit.commit[:9]}" if unit and unit.commit and attempt.purpose in _OF_UNITS else ""
    return f"accepted: {ticket}{made}{aside}; stop here"


def _age_s(path: Path) -> float:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return 0.0


@contextmanager
def ticket_lock(session: Session, ticket: str) -> Iterator[bool]:
    """Hold what a ticket comes to for oneself; gives False when another command is at it."""
    from filelock import Timeout

    lock = _lock(session, f"ticket-{ticket}")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock(session: Session, name: str) -> BaseFileLock:
    from filelock import FileLock

    session.project.locks.mkdir(parents=True, exist_ok=True)
    return FileLock(session.project.locks / f"{name}.lock")
