"""What a driver holds while it works: the run, the store it is recorded in, its leases, and who listens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..core.budget import Spending
from ..core.events import EventType
from ..core.index import forget
from ..core.model import Attempt, Event, GroupState, Run
from ..core.values import replace
from ..errors import UserError
from ..git.branches import PREFIX
from ..git.repo import Repo
from ..proc import clean_env
from ..project import Project
from ..state import leases
from ..state.identity import Holder
from ..state.lease import Lease, LeaseLost
from ..state.reads import logged
from ..state.store import Ahead, Store
from .clock import Clock
from .elsewhere import Elsewhere

if TYPE_CHECKING:
    from ..backends.base import AgentEvent, Task

# What a listener is told: an event as `orchestra log` prints it.
Listener = Callable[[Mapping[str, Any]], None]
# What is asked at each start of a turn, and gives what is told the turn's events.
Onlooker = Callable[["Task"], Callable[["AgentEvent"], None]]


@dataclass
class Session:
    """One driver's hold on one run.

    Every change goes through `record`: one transaction, refused when the group's lease was lost.
    `skipped` says of groups that were not taken in why not; `lost` are those that somebody else took over. A driver
    that comes back to `catch_up` by itself says in `late_s` how many seconds an event may wait for the next one.
    `under_way` is what turns have used that have not ended, by ticket.
    """

    project: Project
    config: Config
    store: Store
    run: Run
    holder: Holder
    elsewhere: Elsewhere | None = None
    clock: Clock = field(default_factory=Clock)
    leases: dict[str, Lease] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    onlookers: list[Onlooker] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    stale_views: set[str] = field(default_factory=set)
    under_way: dict[str, Spending] = field(default_factory=dict)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    late_s: float = 0.0
    _late: Ahead | None = None
    _due: asyncio.TimerHandle | None = None

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """What programs get of the environment that the driver was started in."""
        return clean_env(os.environ, {})

    @cached_property
    def checking_environment(self) -> Mapping[str, str]:
        """What verification commands get."""
        return {**self.environment, "CI": "1", "ORCHESTRA_PROJECT": str(self.project.root)}

    @cached_property
    def branches_before(self) -> frozenset[str]:
        """The branches of groups that there were when this driver looked first, with those of lost runs."""
        repo = Repo(self.project.root)
        listed = repo.git("for-each-ref", "--format=%(refname)", PREFIX).text if repo.is_repository else ""
        return frozenset(listed.split())

    @property
    def ttl_s(self) -> float:
        return self.config.thresholds.lock_timeout_minutes * 60.0

    def record(self, *events: Event) -> Run:
        """Write events, and what follows from them, of one group.

        Raises LeaseLost, after dropping the group from memory, when somebody else owns it now.
        """
        self._settle_others(events[0].group)
        self._write(events[0].group, [self._stamped(event) for event in events])
        return self.run

    def record_soon(self, *events: Event) -> Run:
        """The same for what may be lost in a crash, because whoever goes on comes to it again; in one transaction with
        the next event, or `late_s` from now.

        Until then nobody is told, and nothing may be done outside that cannot be done again. News of other processes
        are taken in as `record` does it, because what comes next rests on them.
        """
        group = events[0].group
        self._settle_others(group)
        if not self.late_s or not self.store.is_current(self._late.written if self._late else self.run):
            return self.record(*events)
        stamped, lease = [self._stamped(event) for event in events], self.leases.get(group)
        self._late = self.store.ahead(self.run, stamped, lease.fence if lease else None, self._late)
        self._due = self._due or asyncio.get_running_loop().call_later(self.late_s, self.stir)
        self.run = self._late.run
        return self.run

    def settle(self) -> None:
        """Write what waits to be written. What belongs to a group that was lost meanwhile is dropped with it."""
        if self._late is not None:
            with suppress(LeaseLost):
                self._write(self._late.events[0].group, [])

    def _settle_others(self, group: str) -> None:
        if self._late is not None and self._late.events[0].group != group:
            self.settle()

    def _write(self, group: str, stamped: list[Event]) -> None:
        lease, late = self.leases.get(group), self._late
        try:
            self.run, news = self.store.recorded(self.run, stamped, lease.fence if lease else None, late)
        except LeaseLost:
            self.drop(group)
            raise
        self._forget_late()
        self._tell(map(logged, news))

    def _forget_late(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._late = self._due = None

    def _is_overdue(self) -> bool:
        return self._due is not None and self._due.when() <= asyncio.get_running_loop().time()

    def _stamped(self, event: Event) -> Event:
        lease = self.leases.get(event.group)
        return replace(event, at=self.clock.now(), run=self.run.id, epoch=lease.epoch if lease else 0)

    def catch_up(self) -> None:
        """Take in what other processes recorded for this run: answers, a wish to stop."""
        if self._late is not None:
            if self._is_overdue() or not self.store.is_current(self._late.written):
                self.settle()
            return
        before = self.run.seq
        self.run = self.store.catch_up(self.run)
        if self.run.seq != before:
            self._tell(self.store.log(since=before, run=self.run.id))

    def _tell(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            if row["group"]:
                self.stale_views.add(row["group"])
            for listener in self.listeners:
                listener(row)
        self.stir()

    def stir(self) -> None:
        # Each waiter holds the event it waits for, so that none can miss a change or eat another's.
        self.moved.set()
        self.moved = asyncio.Event()

    async def wait_for_change(self, timeout_s: float | None = None, since: asyncio.Event | None = None) -> None:
        """Wait until something is recorded for this run, or at most `timeout_s` seconds.

        `since` is what `moved` was when the waiter began to look: what was recorded while it looked counts too.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await (since or self.moved).wait()

    def claim(self, group: str, foreign_text: str = "", foreign_at: float = 0.0) -> Lease:
        """Own a group from now on; raises Held when somebody else does."""
        lease = leases.claim(
            self.store,
            group,
            self.holder,
            self.ttl_s,
            self.clock.now(),
            foreign_at=foreign_at,
            foreign_text=foreign_text,
        )
        if self.elsewhere is not None:
            self._claim_elsewhere(self.elsewhere, lease)
        self.leases[group] = lease
        return lease

    def _claim_elsewhere(self, elsewhere: Elsewhere, lease: Lease) -> None:
        try:
            elsewhere.claim(lease, self.clock.now())
        except UserError:
            leases.release(self.store, lease, self.clock.now())
            raise

    def release(self, group: str) -> None:
        """Let a group go."""
        self.settle()
        lease = self.leases.pop(group, None)
        if lease is None:
            return
        if self.elsewhere is not None:
            self.elsewhere.release(group)
        leases.release(self.store, lease, self.clock.now())

    def drop(self, group: str) -> None:
        """Forget a group that somebody else has taken over: nothing about it may be written any more."""
        self.leases.pop(group, None)
        if self._late is not None and self._late.events[0].group == group:
            self.run = self._late.written
            self._forget_late()
        self.run = forget(self.run, group)
        self.lost.add(group)
        self.stir()

    def guard(self, group: str) -> None:
        """Raise LeaseLost when the group is somebody else's by now: ask before touching its work trees."""
        lease = self.leases.get(group)
        try:
            if lease is None:
                raise LeaseLost(group, 0, leases.get(self.store, group))
            self.store.check(lease.fence)
        except LeaseLost:
            self.drop(group)
            raise

    def guard_remote(self, group: str) -> None:
        """The same with regard to other clones; costs a look at the remote."""
        if self.elsewhere is not None and group in self.leases:
            try:
                self.elsewhere.guard(self.leases[group])
            except LeaseLost:
                self.drop(group)
                raise

    def renew(self) -> None:
        """Send the heartbeat of every lease held."""
        for group, lease in list(self.leases.items()):
            try:
                self.leases[group] = leases.renew(self.store, lease, self.clock.now())
                if self.elsewhere is not None:
                    self.elsewhere.renew(lease, self.clock.now())
            except LeaseLost:
                self.drop(group)

    def group(self, id_: str) -> GroupState:
        return self.run.groups[id_]

    def attempt(self, ticket: str) -> Attempt | None:
        """The attempt as it stands now; None once it has ended or its group was lost."""
        attempt = self.run.attempts.get(ticket)
        return attempt if attempt is not None and attempt.live and attempt.group in self.leases else None


def about(kind: EventType, attempt: Attempt, data: Mapping[str, Any] | None = None) -> Event:
    """An event about an attempt."""
    return Event(kind, group=attempt.group, unit=attempt.unit, attempt=attempt.ticket, data=dict(data or {}))


def of_group(kind: EventType, group: str, data: Mapping[str, Any] | None = None) -> Event:
    """An event about a group as a whole."""
    return Event(kind, group=group, data=dict(data or {}))
