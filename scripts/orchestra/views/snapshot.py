"""One consistent reading of the state, for everything that shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from orchestra.core.events import EventType
from orchestra.core.model import Attempt, Decision, Event, Finding, GroupState, UnitState

from .record import ReceiptRow, Record

if TYPE_CHECKING:
    from orchestra.state.store import Store

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot:
    """Groups by id with all that is known of them."""

    groups: Mapping[str, Record] = field(default_factory=dict)

    @classmethod
    def from_store(cls, store: Store, group_ids: Iterable[str] | None = None) -> Snapshot:
        """Read these groups (default: all) at one moment; ids that the state does not know are left out."""
        with _one_moment(store):
            ids = _all(store) if group_ids is None else dict.fromkeys(group_ids)
            read = ((id, _record(store, id)) for id in ids)
            return cls({id: record for id, record in read if record is not None})


@contextmanager
def _one_moment(store: Store) -> Iterator[None]:
    store.db.run("BEGIN")
    try:
        yield
    finally:
        store.db.run("COMMIT")


def _all(store: Store) -> list[str]:
    return [id for (id,) in store.query("SELECT id FROM groups ORDER BY ord, id")]


def _record(store: Store, id: str) -> Record | None:
    from orchestra.state.lease import Lease
    from orchestra.state.leases import get

    rows = store.query("SELECT run, data FROM groups WHERE id = ?", id)
    if not rows:
        return None
    run, data = rows[0]
    units = store.query("SELECT data FROM units WHERE group_id = ? ORDER BY ord, id", id)
    lease: Lease | None = get(store, id)
    return Record(
        _value(GroupState, data),
        units=tuple(_value(UnitState, unit) for (unit,) in units),
        attempts=tuple(sorted(_entities(store, "attempts", Attempt, id, run), key=lambda a: (a.started_at, a.ticket))),
        findings=tuple(_entities(store, "findings", Finding, id, run)),
        decisions=tuple(_entities(store, "decisions", Decision, id, run)),
        receipts=tuple(receipt_of(row) for row in store.receipts(group=id)),
        lease=lease,
        marks=frozenset(store.query("SELECT holder, epoch FROM holders WHERE group_id = ?", id)),
        files=_files(store, id),
        reviews=tuple(_reviews(store, id)),
        asked=dict(_asked(store, id)),
    )


def _value(cls: type[T], data: str) -> T:
    kind: Any = cls
    value: T = _decoded(kind, data)
    return value


# A group of 500 units is read for each of them that ends, and most of what is read has not changed since.
@lru_cache(maxsize=2048)
def _decoded(cls: Any, data: str) -> Any:
    from orchestra.state.rows import value_of

    return value_of(cls, data)


def _entities(store: Store, table: str, cls: type[T], group: str, run: str) -> list[T]:
    """The group's rows; a run that adopted the group copied them, and its copy is the newer one."""
    rows = store.query(f"SELECT id, data FROM {table} WHERE group_id = ? ORDER BY run = ?, rowid", group, run)
    newest: dict[str, str] = dict(rows)
    return [_value(cls, data) for data in newest.values()]


def receipt_of(row: Mapping[str, Any]) -> ReceiptRow:
    """A receipt as the log keeps it, with zeros and empty texts for what an older version left out."""
    text = {key: str(row.get(key) or "") for key in ("name", "command", "tree", "log", "log_sha256", "group", "unit")}
    took, at = row.get("duration_ms") or 0.0, row.get("started_at") or row.get("at") or 0.0
    code = row.get("exit_code")
    return ReceiptRow(
        **text,
        exit_code=int(code) if isinstance(code, int) else -1,
        duration_ms=float(took) if isinstance(took, int | float) else 0.0,
        ticket=str(row.get("attempt") or ""),
        at=float(at) if isinstance(at, int | float) else 0.0,
    )


def _files(store: Store, group: str) -> dict[str, tuple[str, ...]]:
    sql = "SELECT unit, data FROM events WHERE group_id = ? AND type = ? ORDER BY seq"
    rows = store.query(sql, group, EventType.UNIT_ACCEPTED.value)
    found: dict[str, set[str]] = {}
    for unit, data in rows:
        found.setdefault(unit, set()).update(str(file) for file in json.loads(data).get("files") or ())
    return {unit: tuple(sorted(files)) for unit, files in found.items() if files}


def _asked(store: Store, group: str) -> Iterator[tuple[str, float]]:
    sql = "SELECT data, at FROM events WHERE group_id = ? AND type = ? ORDER BY seq"
    for data, at in store.query(sql, group, EventType.DECISION_ASKED.value):
        yield str(json.loads(data)["decision"]["id"]), float(at)


def _reviews(store: Store, group: str) -> Iterator[Event]:
    sql = "SELECT type, unit, attempt, data, at FROM events WHERE group_id = ? AND type IN (?, ?) ORDER BY seq"
    kinds = (EventType.UNIT_REVIEWED.value, EventType.UNIT_REVIEW_ENDED.value)
    for type_, unit, attempt, data, at in store.query(sql, group, *kinds):
        yield Event(type_, group, unit, attempt, json.loads(data), at)
