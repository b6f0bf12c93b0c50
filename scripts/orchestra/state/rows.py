"""How the values of a run lie in their tables: one upsert a kind, one read a kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from immutables import Map

from orchestra.core.codec import decode, encode
from orchestra.core.model import Attempt, Decision, Event, Finding, GroupState, Run, UnitState
from orchestra.errors import bad_input

from .database import Database, Row

T = TypeVar("T")

_ENTITIES = ("groups", "units", "attempts", "findings", "decisions")
_STORED_MAPS = frozenset({"parks", "past"})
# Everything else that is a Map has tables of its own or is derived, and `index` brings it back.
_SKIPPED = frozenset(f.name for f in fields(Run) if str(f.type).startswith("Map[")) - _STORED_MAPS

# What a column of integers can hold; a backend may claim anything.
_MOST = 2**63 - 1

_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=encode)

_GROUP_READ = ("group-read", "group-adopted")


def to_json(value: Any) -> str:
    """Compact JSON that any reader accepts. UserError 65 for what it cannot hold (NaN, a foreign object)."""
    try:
        return _JSON.encode(value)
    except (TypeError, ValueError) as error:
        raise bad_input(f"This cannot be recorded: {error}.") from error


def _group_row(run: str, value: GroupState) -> Row:
    plan = value.plan
    return (plan.id, run, plan.order, value.status, value.stage, plan.title, plan.path, to_json(encode(value)))


def _unit_row(run: str, value: UnitState) -> Row:
    plan = value.plan
    columns = (plan.id, run, plan.group, plan.order, value.status, value.attempts, value.commit)
    return (*columns, brief(value), to_json(encode(value)))


def brief(value: UnitState, liveness: str | None = None) -> str:
    """A unit as `status --json` shows it, ready to be printed."""
    found = {"id": value.id, "status": value.status, "attempts": value.attempts, "liveness": liveness}
    return to_json({**found, "commit": value.commit or None})


def _attempt_row(run: str, value: Attempt) -> Row:
    columns = (run, value.ticket, value.group, value.unit, value.step, value.started_at)
    return (*columns, to_json(encode(value)))


def _finding_row(run: str, value: Finding) -> Row:
    return (run, value.id, value.group, value.status, value.severity, to_json(encode(value)))


def _decision_row(run: str, value: Decision) -> Row:
    return (run, value.id, value.group, value.gate, int(value.pending), to_json(encode(value)))


@dataclass(frozen=True)
class _Kind:
    table: str
    cls: type
    row: Callable[[str, Any], Row]
    columns: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def upsert(self) -> str:
        names, marks = ", ".join(self.columns), ", ".join("?" * len(self.columns))
        sets = ", ".join(f"{name} = excluded.{name}" for name in self.columns if name not in self.keys)
        conflict = f"ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {sets}"
        return f"INSERT INTO {self.table} ({names}) VALUES ({marks}) {conflict}"


def _kind(table: str, cls: type, row: Callable[[str, Any], Row], columns: str, keys: str) -> _Kind:
    return _Kind(table, cls, row, tuple(columns.split()), tuple(keys.split()))


_KINDS = {
    "group": _kind("groups", GroupState, _group_row, "id run ord status stage title path data", "id"),
    "unit": _kind("units", UnitState, _unit_row, "id run group_id ord status attempts commit_id brief data", "id"),
    "attempt": _kind("attempts", Attempt, _attempt_row, "run id group_id unit step started_at data", "run id"),
    "finding": _kind("findings", Finding, _finding_row, "run id group_id status severity data", "run id"),
    "decision": _kind("decisions", Decision, _decision_row, "run id group_id gate pending data", "run id"),
}
_UPSERTS = {name: kind.upsert for name, kind in _KINDS.items()}


def write_run(db: Database, run: Run) -> None:
    """The run's own row, and the rows of what `run.dirty` names."""
    values = (int(run.id[1:]), run.id, run.state, run.seq, run.started_at, to_json(encode(run, skip=_SKIPPED)))
    db.run(
        "INSERT INTO runs (n, id, state, seq, started_at, data) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (n) DO UPDATE "
        "SET state = excluded.state, seq = excluded.seq, started_at = excluded.started_at, data = excluded.data",
        *values,
    )
    changed: dict[str, list[Row]] = {}
    for name, key in run.dirty:
        kind = _KINDS[name]
        value = getattr(run, kind.table).get(key)
        if value is not None:
            changed.setdefault(name, []).append(kind.row(run.id, value))
    for name, rows in changed.items():
        db.many(_UPSERTS[name], rows)


def write_events(db: Database, events: Iterable[Event]) -> None:
    """Append events that have their `seq`, with the receipts and the usage that they carry."""
    events = list(events)
    db.many(
        "INSERT INTO events (seq, at, run, epoch, type, group_id, unit, attempt, data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(e.seq, e.at, e.run, e.epoch, str(e.type), e.group, e.unit, e.attempt, to_json(e.data)) for e in events],
    )
    db.many(
        "INSERT INTO receipts (seq, run, group_id, unit, attempt, name, command, tree, exit_code, data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_receipt_row(e) for e in events if e.type == "receipt"],
    )
    db.many(
        "INSERT INTO usage (seq, run, group_id, unit, attempt, input, output, cost_usd) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [_usage_row(e) for e in events if e.type == "turn-ended" and e.data.get("usage")],
    )


def _receipt_row(event: Event) -> Row:
    data = event.data
    columns = (event.seq, event.run, event.group, event.unit, event.attempt)
    found = (str(data.get(name, "")) for name in ("name", "command", "tree"))
    code = data.get("exit_code")
    return (*columns, *found, code if isinstance(code, int) else None, to_json(data))


def _usage_row(event: Event) -> Row:
    used = event.data["usage"]
    columns = (event.seq, event.run, event.group, event.unit, event.attempt)
    tokens = (min(int(used.get(name, 0)), _MOST) for name in ("input", "output"))
    return (*columns, *tokens, float(used.get("cost_usd", 0.0)))


def drop_unplanned(db: Database, run: Run, events: Iterable[Event]) -> None:
    """Delete the rows of units that a group had when it was read before, and has no more."""
    for group in {event.group for event in events if event.type in _GROUP_READ}:
        known = db.rows("SELECT id FROM units WHERE group_id = ?", group)
        db.many("DELETE FROM units WHERE id = ?", [(uid,) for (uid,) in known if uid not in run.units])


def read_run(db: Database, run_id: str) -> Run | None:
    """A run with its entities, without what is derived; None when there is no such run."""
    row = db.one("SELECT data FROM runs WHERE id = ?", run_id)
    if row is None:
        return None
    run = value_of(Run, row[0])
    found: dict[str, Any] = {kind.table: _entities(db, kind, run_id) for kind in _KINDS.values()}
    return replace(run, **found)


def _entities(db: Database, kind: _Kind, run_id: str) -> Map[str, Any]:
    key = "ticket" if kind.table == "attempts" else "id"
    rows = db.rows(f"SELECT data FROM {kind.table} WHERE run = ?", run_id)
    values: Iterable[Any] = (value_of(kind.cls, data) for (data,) in rows)
    return Map({getattr(value, key): value for value in values})


def value_of(cls: type[T], data: str) -> T:
    """The value of a `data` column. UserError 65 when the row is not one of ours."""
    try:
        return decode(cls, json.loads(data))
    except (TypeError, ValueError, AttributeError) as error:
        raise bad_input(f"A {cls.__name__} in the state database cannot be read: {error}.") from error


def event_of(row: Row) -> Event:
    """An event from its columns seq, at, run, epoch, type, group_id, unit, attempt, data."""
    seq, at, run, epoch, type_, group, unit, attempt, data = row
    return Event(type_, group, unit, attempt, json.loads(data), at, run, epoch, seq)
