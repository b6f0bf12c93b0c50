"""state.db: what happened, and what it came to, in one transaction a command.

A run is a value; the database holds the same value in tables and the events that led to it. Whoever records first
catches up with what other processes recorded for that run, then is checked against the leases it writes under, then
appends and folds. So every process may hold an old value of a run, and none can write over another's news.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from immutables import Map

from orchestra.core.model import Event, Run
from orchestra.core.values import replace
from orchestra.errors import bad_input

from . import reads, rows
from .database import PATIENCE_S, Database, Row
from .lease import Fence, LeaseLost
from .leases import lease_of
from .opening import open_for_reading, open_for_writing

Apply = Callable[[Run, Event], Run]
Settle = Callable[[Run, Event], list[Event]]

_EVENT = "seq, at, run, epoch, type, group_id, unit, attempt, data"
# More consequences than units can have: policy that answers itself for ever is a bug, and must not fill the disk.
_MOST_EVENTS = 1_000_000


@dataclass(frozen=True)
class Ahead:
    """Events that are folded and not written yet: the run that is written, what was recorded, what that came to.

    `seq` is the last event of the log that was known when the first of them was folded.
    """

    written: Run
    seq: int
    events: tuple[Event, ...]
    run: Run
    taken: tuple[Event, ...]


class Store:
    """The state database of one project. A context manager; use it from one thread."""

    def __init__(self, db: Database, apply: Apply | None, settle: Settle | None, clock: Callable[[], float]) -> None:
        self.db = db
        self.clock = clock
        self._apply = apply
        self._settle = settle
        self._seen: dict[str, tuple[int, int]] = {}

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        readonly: bool = False,
        apply: Apply | None = None,
        settle: Settle | None = None,
        clock: Callable[[], float] = time.time,
        patience_s: float = PATIENCE_S,
    ) -> Store:
        """Open the database at `path`, made or migrated if need be. `readonly` reads a missing one as empty.

        `apply` and `settle` default to those of `core`; `clock` gives Unix time; `patience_s` is how long a write waits
        for its turn. Raises UserError: 65 for a damaged, foreign or newer file or a network file system, 75 when
        another process keeps it locked, 1 when the disk refuses. Every method raises the same for the same reasons.
        """
        db = open_for_reading(path, patience_s) if readonly else open_for_writing(path, patience_s)
        return cls(db, apply, settle, clock)

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def record(self, run: Run, events: Sequence[Event], fence: Fence | Sequence[Fence] | None = None) -> Run:
        """Append events, and all that `settle` draws from them, to a run; all of it or nothing.

        A run whose id is empty is given the next one (`r1`, `r2`, …). Returns the run as it is now, others' news
        included. Raises LeaseLost (75) when a fence no longer holds, and whatever `apply` raises; then nothing
        is written.
        """
        return self.recorded(run, events, fence)[0]

    def recorded(
        self,
        run: Run,
        events: Sequence[Event],
        fence: Fence | Sequence[Fence] | None = None,
        ahead: Ahead | None = None,
    ) -> tuple[Run, list[Event]]:
        """The same, with every event that the run has now and had not before: others' news come first.

        What is `ahead` is written before `events`, under the same fences.
        """
        fences = _by_group(fence)
        with self.db.writing():
            run, news, before = self._before(run, ahead, fences)
            for one in fences.values():
                self.check(one)
            run, taken = self._fold(run, events, fences, self._last_seq() + len(before))
            taken = [*before, *taken]
            rows.write_events(self.db, taken)
            rows.drop_unplanned(self.db, run, taken)
            rows.write_run(self.db, run)
            version = self._data_version()
        self._seen[run.id] = (version, run.seq)
        return replace(run, dirty=Map()), [*news, *taken]

    def ahead(self, run: Run, events: Sequence[Event], fence: Fence | None, ahead: Ahead | None = None) -> Ahead:
        """What recording these events would come to, on top of what is `ahead` already. Nothing is written.

        Hand it to `recorded`, which folds anew when somebody else has recorded anything meanwhile.
        """
        seq = ahead.seq + len(ahead.taken) if ahead else self._last_seq()
        after, taken = self._fold(run, events, _by_group(fence), seq)
        if ahead is None:
            return Ahead(run, seq, tuple(events), after, tuple(taken))
        return Ahead(ahead.written, ahead.seq, (*ahead.events, *events), after, (*ahead.taken, *taken))

    def _before(
        self, run: Run, ahead: Ahead | None, fences: Mapping[str, Fence]
    ) -> tuple[Run, list[Event], Sequence[Event]]:
        """The run as it is when the next event is folded, others' news, and what is ahead."""
        if ahead is None:
            return *self._caught_up(self._named(run)), ()
        if self._last_seq() == ahead.seq:
            return ahead.run, [], ahead.taken
        run, news = self._caught_up(self._named(ahead.written))
        run, taken = self._fold(run, ahead.events, fences, self._last_seq())
        return run, news, taken

    def append(self, events: Sequence[Event]) -> None:
        """Add events that belong to no run (`plan-reviewed`, `group-readied`) to the log."""
        with self.db.writing():
            self.write(events)

    def write(self, events: Sequence[Event]) -> None:
        """The same as `append`, inside a transaction that is open already."""
        seq, now = self._last_seq(), self.clock()
        numbered = enumerate(events, seq + 1)
        rows.write_events(self.db, [replace(e, seq=n, at=e.at or now, data=_plain(e.data)) for n, e in numbered])

    def _named(self, run: Run) -> Run:
        return run if run.id else replace(run, id=self.new_run_id())

    def check(self, fence: Fence) -> None:
        """Raise LeaseLost (75) when a lease is somebody else's by now, or nobody's."""
        row = self.db.one("SELECT epoch, token, held FROM leases WHERE group_id = ?", fence.group)
        if row != (fence.epoch, fence.token, 1):
            raise LeaseLost(fence.group, fence.epoch, lease_of(self.db, fence.group))

    def _fold(
        self, run: Run, events: Sequence[Event], fences: Mapping[str, Fence], seq: int
    ) -> tuple[Run, list[Event]]:
        apply, settle = self._rules()
        now = self.clock()
        queue, taken = deque(events), list[Event]()
        while queue:
            event = queue.popleft()
            seq += 1
            epoch = fences[event.group].epoch if event.group in fences else event.epoch
            # As it will be read back, so that replaying it comes to the same.
            event = replace(event, seq=seq, run=run.id, epoch=epoch, at=event.at or now, data=_plain(event.data))
            run = replace(apply(run, event), seq=seq)
            taken.append(event)
            queue.extendleft(reversed(settle(run, event)))
            if len(taken) > _MOST_EVENTS:
                raise RuntimeError(f"{event.type} brings about events without end")
        return run, taken

    def _rules(self) -> tuple[Apply, Settle]:
        if self._apply is None or self._settle is None:
            from orchestra.core.apply import apply
            from orchestra.core.settle import settle

            self._apply, self._settle = self._apply or apply, self._settle or settle
        return self._apply, self._settle

    def _last_seq(self) -> int:
        row = self.db.one("SELECT max(seq) FROM events")
        return int(row[0] or 0) if row else 0

    # Catching up

    def is_current(self, run: Run) -> bool:
        """Whether nobody else has written anything since `run` was read or recorded here. Costs one pragma."""
        return self._seen.get(run.id) == (self._data_version(), run.seq)

    def catch_up(self, run: Run) -> Run:
        """The run with what other processes recorded for it since. Costs one pragma when nothing was written."""
        version = self._data_version()
        if self._seen.get(run.id) == (version, run.seq):
            return run
        run, _ = self._caught_up(run)
        self._seen[run.id] = (version, run.seq)
        return run

    def _caught_up(self, run: Run) -> tuple[Run, list[Event]]:
        found = self.db.rows(f"SELECT {_EVENT} FROM events WHERE run = ? AND seq > ? ORDER BY seq", run.id, run.seq)
        news = [rows.event_of(row) for row in found]
        return self._refolded(run, news), news

    def _refolded(self, run: Run, found: Iterable[Event]) -> Run:
        apply, dirty = self._rules()[0], run.dirty
        for event in found:
            run = replace(apply(run, event), seq=event.seq)
        # Whoever recorded these wrote their rows too.
        return run if run.dirty is dirty else replace(run, dirty=dirty)

    def _data_version(self) -> int:
        row = self.db.one("PRAGMA data_version")
        return int(row[0]) if row else 0

    # Reading

    def load(self, run_id: str) -> Run | None:
        """A run from the tables, with everything derived; None when there is no such run.

        A group that a later run worked on is that run's, and is missing here.
        """
        from orchestra.core.index import index

        with self.db.reading():
            run = rows.read_run(self.db, run_id)
        return None if run is None else replace(index(run), dirty=Map())

    def replay(self, run_id: str) -> Run:
        """The run that all its events make of an empty one: what `load` must equal."""
        found = self.db.rows(f"SELECT {_EVENT} FROM events WHERE run = ? ORDER BY seq", run_id)
        return replace(self._refolded(Run(id=run_id), map(rows.event_of, found)), dirty=Map())

    def latest_run_id(self) -> str | None:
        """The id of the newest run, None when there was none."""
        row = self.db.one("SELECT id FROM runs WHERE n = (SELECT max(n) FROM runs)")
        return str(row[0]) if row else None

    def new_run_id(self) -> str:
        """The id that the next run will get. It is not reserved: record a run without id to have it."""
        row = self.db.one("SELECT max(n) FROM runs")
        return f"r{int(row[0] or 0) + 1 if row else 1}"

    def query(self, sql: str, *values: object) -> list[Row]:
        """The rows of a SELECT of your own, on the tables of `schema`."""
        return self.db.rows(sql, *values)

    def log(self, since: int = 0, run: str | None = None, group: str | None = None) -> Iterator[dict[str, Any]]:
        """Events with seq > `since`, oldest first, in the shape of `log --json-lines`. Reads as it is consumed."""
        return reads.log(self.db, since, run, group)

    def last_event(self, type_: str, group: str) -> dict[str, Any] | None:
        """The newest event of that type for that group, in the shape of `log`."""
        return reads.last_event(self.db, type_, group)

    def receipts(self, *, run: str = "", group: str = "", unit: str = "", attempt: str = "") -> list[dict[str, Any]]:
        """Receipts in the order they were made, as their event's data with seq, run, group, unit and attempt."""
        return reads.receipts(self.db, {"run": run, "group_id": group, "unit": unit, "attempt": attempt})

    def known_receipt(self, name: str, command: str, tree: str, unit: str = "") -> dict[str, Any] | None:
        """The newest receipt of exactly this command on exactly this tree, passed or not; of `unit` if one is named."""
        return reads.known_receipt(self.db, name, command, tree, unit)

    def usage(self, *, run: str = "", group: str = "", unit: str = "") -> dict[str, Any]:
        """Tokens and cost: {"input", "output", "cost_usd", "turns"}."""
        return reads.usage(self.db, {"run": run, "group_id": group, "unit": unit})

    def summary(self, run_id: str | None = None) -> reads.Summary:
        """A run (the newest), every group with counts of its units by status, and the questions that wait."""
        return reads.summary(self.db, run_id or self.latest_run_id())

    def units_json(self, liveness: dict[str, str] | None = None) -> dict[str, str]:
        """For each group a JSON array of its units as `status --json` shows them, as text.

        `liveness` has a word for each unit that is being worked on; others are null.
        """
        return reads.units_json(self.db, liveness or {})

    def live_units(self) -> list[str]:
        """The ids of the units that are in progress."""
        return reads.live_units(self.db)


def _by_group(fence: Fence | Sequence[Fence] | None) -> dict[str, Fence]:
    fences = [fence] if isinstance(fence, Fence) else fence or ()
    return {one.group: one for one in fences}


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    found = json.loads(rows.to_json(data))
    if not isinstance(found, dict):
        raise bad_input("An event's data must be an object.")
    return found
