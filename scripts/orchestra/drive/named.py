"""What was said of units before a run had them: whose they are, and how much care they need."""

from __future__ import annotations

import json
from typing import Any

from ..core.events import EventType
from ..core.model import Event
from ..core.words import AssignedBy
from ..state.store import Store

_SQL = "SELECT unit, data FROM events WHERE group_id = ? AND type = ? AND run = '' AND seq > ? ORDER BY seq"
_PERSON = "SELECT 1 FROM events WHERE {} AND type = ? AND json_extract(data, '$.source') = ? LIMIT 1"
# Both are in an index.
_PLACES = ("run = ''", "group_id IN (SELECT id FROM groups)")


def name(store: Store, group: str, units: dict[str, dict[str, Any]]) -> None:
    """Keep the data of `unit-assigned` for these units of a group until a run takes it in."""
    store.append([Event(EventType.UNIT_ASSIGNED, group=group, unit=id_, data=data) for id_, data in units.items()])


def named(store: Store, group: str) -> dict[str, dict[str, Any]]:
    """The data of `unit-assigned` by unit, as it was last said since a run has opened the group.

    One that was killed between reading and opening leaves it to the next.
    """
    opened = store.last_event(EventType.GROUP_OPENED, group)
    rows = store.query(_SQL, group, EventType.UNIT_ASSIGNED.value, opened["seq"] if opened else 0)
    return {str(unit): json.loads(data) for unit, data in rows}


def by_people(store: Store) -> bool:
    """Whether a person has ever said whose a unit is."""
    words = (EventType.UNIT_ASSIGNED.value, AssignedBy.PERSON.value)
    return any(store.query(_PERSON.format(place), *words) for place in _PLACES)
