"""The headless driver: carries directives out by starting agent programs, until nothing is left to do.

The loop is level-triggered. Each round it asks `decide` what holds, starts what it is not doing yet, and lets go of
what no longer holds; so a driver that was killed is told the same again and finds its agents still running.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .. import proc
from ..backends.base import Backend
from ..core.decide import decide
from ..core.events import EventType
from ..core.model import Decision, Directive, Event
from ..core.words import DirectiveKind, ExitClass, GroupStatus
from ..errors import Exit, UserError
from ..state.lease import LeaseLost
from .ask import Asker
from .carry import carry
from .ending import end, ending
from .groups import (
    Place,
    close_ended,
    forget_old_questions,
    land_group,
    may_go_on,
    resume_groups,
    spent_before,
    take_more,
    write_views,
)
from .intake import Choice
from .session import Session, about, of_group
from .turn_files import landing_dir, turn_dir
from .watching import unwatch

_BEGINS = (DirectiveKind.DISPATCH, DirectiveKind.REVIEW, DirectiveKind.LAND)
# What is recorded before anything is done for it; for the rest, what it rests on has to be on the disk.
_RECORD_FIRST = (DirectiveKind.DISPATCH, DirectiveKind.REVIEW, DirectiveKind.WAIT)
# Seconds between looks at what other processes recorded, between writings of views, and that an event may wait.
POLL_S = 0.25
VIEWS_S = 1.0
LATE_S = 0.05


@dataclass
class Headless:
    """One `orchestra run`: the session, the place, the agent program, and the tasks under way.

    `another` makes the programs of owners who have one of their own. `begins` says what this driver may begin, None
    for everything: when nothing of that is left, it stops. `finished` is the group that was done last, and `spent` the
    budget that keeps the next one from starting.
    """

    session: Session
    workspace: Place
    backend: Backend
    choice: Choice
    asker: Asker | None = None
    another: Callable[[str], Backend] | None = None
    begins: Callable[[Directive], bool] | None = None
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    interrupted: bool = False
    finished: str = ""
    spent: str = ""

    async def drive(self) -> Exit:
        """Run until complete, halted, or waiting for a person; returns the exit code of the command."""
        keeper = asyncio.create_task(self._keep())
        self.session.late_s = LATE_S
        try:
            forget_old_questions(self.session)
            resume_groups(self.session, self.workspace)
            moved = self.session.moved
            while not await self._round():
                await self.session.wait_for_change(POLL_S, moved)
                self.session.catch_up()
                moved = self.session.moved
            return self._end()
        except BaseException:
            # Whatever made the driver give up, no agent may go on without anybody watching.
            await self._end_agents()
            raise
        finally:
            keeper.cancel()
            await self._leave()

    def interrupt(self) -> None:
        """Stop as `orchestra stop` would: what Ctrl-C and SIGTERM do."""
        self.interrupted = True
        if not self.session.run.stop:
            self.session.record(Event(EventType.STOP_REQUESTED, data={"by": "signal"}))

    async def _round(self) -> bool:
        """Start what must be done and is not under way; True when the run is over for now."""
        self._reap()
        self._drop_answered()
        directives = [d for d in decide(self.session.run, self.session.clock.now()) if self._may(d)]
        if any(directive.kind not in _RECORD_FIRST for directive in directives):
            self.session.settle()
        for directive in directives:
            if directive.kind is DirectiveKind.HALT:
                await self._halt(directive.reason)
                return True
            if directive.kind is DirectiveKind.COMPLETE:
                return not self.tasks and not self._take_more()
            self._start(directive)
        if self._has_begun_all(directives):
            self.session.record(Event(EventType.STOP_REQUESTED, data={"by": "round"}))
            return True
        return self._only_waiting_for_person(directives) and not self._take_more()

    def _may(self, directive: Directive) -> bool:
        new = directive.kind in _BEGINS and directive.ticket not in self.session.run.attempts
        return not new or self.begins is None or self.begins(directive)

    def _has_begun_all(self, directives: list[Directive]) -> bool:
        """Whether a driver that may not begin everything has done what it may."""
        moves = any(d.kind in _BEGINS or d.until for d in directives)
        return self.begins is not None and not self.tasks and not moves

    def _only_waiting_for_person(self, directives: list[Directive]) -> bool:
        asked = any(d.kind is DirectiveKind.ASK for d in directives)
        moves = any(d.kind not in (DirectiveKind.ASK, DirectiveKind.WAIT) or d.until for d in directives)
        return asked and not moves and not self.tasks and self.asker is None

    def _take_more(self) -> bool:
        """Take the next milestone in; True when there is more to do, if only to wait for a person's yes."""
        self.spent = spent_before(self.session, self.choice)
        if self.spent:
            return False
        said = may_go_on(self.session, self.choice, self.finished) if self.asker is not None else "go-on"
        if said != "go-on":
            return said == ""
        return bool(take_more(self.session, self.workspace, self.choice))

    def _start(self, directive: Directive) -> None:
        key = directive.ticket or directive.decision or f"{directive.kind} {directive.group}"
        if directive.kind is DirectiveKind.WAIT or key in self.tasks:
            return
        if directive.kind is DirectiveKind.ASK:
            self._ask(key, directive)
        elif directive.kind is DirectiveKind.LAND:
            self._spawn(
                key, self._while_ours(directive.group, land_group(self.session, self.workspace, directive.group))
            )
        else:
            work = carry(self.session, self.workspace, self._backend(directive.backend), directive)
            self._spawn(key, self._while_ours(directive.group, work))

    def _backend(self, name: str) -> Backend:
        """The agent program of that name, the driver's own for none."""
        if not name or name == self.backend.name or self.another is None:
            return self.backend
        return self.another(name)

    async def _while_ours(self, group: str, work: Awaitable[None]) -> None:
        """What fails because somebody took the group over in the middle of it is a lost lease and nothing else."""
        try:
            await work
        except Exception:
            self.session.guard(group)
            raise

    def _spawn(self, key: str, work: object) -> None:
        assert asyncio.iscoroutine(work)
        task = asyncio.create_task(work, name=key)
        task.add_done_callback(lambda _: self.session.stir())
        self.tasks[key] = task

    def _ask(self, key: str, directive: Directive) -> None:
        if self.asker is not None:
            self._spawn(key, self._answer(self.session.run.decisions[directive.decision]))

    def _drop_answered(self) -> None:
        """What was answered with `orchestra decide` meanwhile is no longer asked at the terminal."""
        for key, task in self.tasks.items():
            decision = self.session.run.decisions.get(key)
            if decision is not None and not decision.pending:
                task.cancel()

    async def _answer(self, decision: Decision) -> None:
        assert self.asker is not None
        try:
            answer, comment = await self.asker.ask(decision)
        except EOFError:
            # Nobody is there any more; the question stays for `orchestra decide`.
            self.asker = None
            return
        data = {"id": decision.id, "answer": answer, "comment": comment, "by": "terminal"}
        if self.session.run.decisions[decision.id].pending:
            self.session.record(of_group(EventType.DECISION_ANSWERED, decision.group, data))

    def _reap(self) -> None:
        """Collect tasks that have ended; a lost lease ends only what belongs to it, anything else ends the run."""
        for key, task in list(self.tasks.items()):
            if not task.done():
                continue
            del self.tasks[key]
            error = task.exception() if not task.cancelled() else None
            if error is not None and not isinstance(error, LeaseLost):
                raise error
        self._close_groups()

    # Groups

    def _close_groups(self) -> None:
        ended = {g.id for g in self.session.run.groups.values() if g.status is GroupStatus.DONE}
        mine = ended & set(self.session.leases)
        close_ended(self.session, self.workspace, self._stop_agents)
        self.finished = min(mine, default=self.finished)

    def _stop_agents(self, group_id: str) -> None:
        if any(not t.done() and key.startswith(f"{group_id}.") for key, t in self.tasks.items()):
            self._cancel_group(group_id)

    def _cancel_group(self, group_id: str) -> None:
        for key, task in self.tasks.items():
            if key.startswith(f"{group_id}."):
                task.cancel()
                self._stop_agent(key)

    # Ending

    async def _halt(self, reason: str) -> None:
        """End every agent, in order: first the processes, then what is known of them."""
        tickets = await self._end_agents()
        for ticket in tickets:
            attempt = self.session.attempt(ticket)
            if attempt is not None and attempt.running:
                data = {"exit_class": str(ExitClass.STOPPED), "reason": reason}
                self.session.record(about(EventType.TURN_ENDED, attempt, data))

    async def _end_agents(self) -> list[str]:
        """End every process of this driver, verification included; returns the tickets that were under way."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        self.tasks.clear()
        runs, run = self.session.project.runs, self.session.run
        tickets = [ticket for tickets in run.live.values() for ticket in tickets]
        folders = [runs / run.attempts[ticket].run / ticket for ticket in tickets]
        folders += [landing_dir(self.session, group) for group in run.groups]
        await asyncio.gather(*(proc.in_thread(partial(_end_processes, folder)) for folder in folders))
        for ticket in tickets:
            unwatch(self.session, self.workspace, run.attempts[ticket])
        return tickets

    def _stop_agent(self, ticket: str) -> None:
        attempt = self.session.run.attempts.get(ticket)
        if attempt is not None:
            _end_processes(turn_dir(self.session, attempt).parent)

    def _end(self) -> Exit:
        how = ending(self.session, spent=self.spent, interrupted=self.interrupted)
        end(self.session, how)
        return how.code

    async def _leave(self) -> None:
        """However the loop ended, nothing is left half told: views as state has them."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        self.session.late_s = 0.0
        self.session.settle()
        write_views(self.session)

    # Beside the loop

    async def _keep(self) -> None:
        """Heartbeats and views, for as long as the loop runs."""
        beat = max(0.05, min(30.0, self.session.ttl_s / 4))
        since = cost = 0.0
        while True:
            # The views of a huge group take long to write: never more than a twentieth of the time.
            pause = min(beat, max(VIEWS_S, 20 * cost))
            await asyncio.sleep(pause)
            since += pause
            begun = time.monotonic()
            write_views(self.session)
            cost = time.monotonic() - begun
            if since >= beat:
                # What keeps one heartbeat from being sent (a full disk, no network) may be over at the next.
                with suppress(UserError):
                    self.session.renew()
                since = 0.0


def _end_processes(folder: Path) -> None:
    """End what runs for a ticket or a landing: turns, verification, set-up."""
    # Unlike a glob, a walk takes a folder that somebody deletes just now for an empty one.
    for place, _, files in os.walk(folder):
        # A turn that has not made its marker yet must not begin any more.
        if "pid" in files or Path(place).name.startswith("turn-"):
            proc.abandon(Path(place))
