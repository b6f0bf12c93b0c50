"""What earlier runs left of a group, read from the store."""

from __future__ import annotations

import json
from typing import Any

from ..core.codec import decode
from ..core.model import GroupState, UnitState
from ..state.store import Store


def group(store: Store, id_: str) -> GroupState | None:
    """The group as the store knows it, whichever run did it; None when no run has taken it in."""
    rows = store.query("SELECT data FROM groups WHERE id = ?", id_)
    return decode(GroupState, json.loads(rows[0][0])) if rows else None


def units(store: Store, group_id: str) -> dict[str, UnitState]:
    """The group's units that are done or skipped, by id."""
    sql = "SELECT id, data FROM units WHERE group_id = ? AND status IN ('done', 'skipped')"
    return {str(id_): decode(UnitState, json.loads(data)) for id_, data in store.query(sql, group_id)}


def snapshot(store: Store, id_: str) -> dict[str, Any]:
    """The data of a `group-adopted` event: all that is known of the group, ready to go on in another run."""
    (run, data) = store.query("SELECT run, data FROM groups WHERE id = ?", id_)[0]

    def all_of(table: str) -> list[Any]:
        found = store.query(f"SELECT data FROM {table} WHERE run = ? AND group_id = ?", run, id_)
        return [json.loads(text) for (text,) in found]

    return {
        "from": run,
        "group": json.loads(data),
        "units": all_of("units"),
        "attempts": all_of("attempts"),
        "findings": all_of("findings"),
        "decisions": all_of("decisions"),
    }
