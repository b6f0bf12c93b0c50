"""Proposes what the agents of a group have learnt, when the group is done."""

from __future__ import annotations

from ..core.events import EventType
from ..core.words import Step
from ..errors import UserError
from ..files import write_atomic
from ..views.learnings import learned, proposal
from ..views.snapshot import Snapshot
from .session import Session, of_group

_SQL = (
    "SELECT events.unit, events.attempt, learnt.value FROM events, json_each(events.data, '$.learnings') AS learnt "
    "WHERE events.group_id = ? AND events.type = ? ORDER BY events.seq"
)


def propose(session: Session, group_id: str) -> None:
    """Write a patch for the nearest AGENTS.md into the run's folder, and say where it is; once for each group."""
    record = Snapshot.from_store(session.store, [group_id]).groups[group_id]
    accepted = frozenset(attempt.ticket for attempt in record.attempts if attempt.step is Step.ACCEPTED)
    rows = session.store.query(_SQL, group_id, EventType.TURN_ENDED.value)
    found = [(str(unit), str(attempt), text) for unit, attempt, text in rows]
    patch = proposal(session.project.root, learned(found, accepted), record.files)
    place = session.project.runs / session.run.id / f"learnings-{group_id}.patch"
    if not patch or place.exists():
        return
    try:
        write_atomic(place, patch.encode("utf-8", "surrogateescape"))
    except UserError:
        # A proposal is worth less than the end of a group, which a full disk must not hold up.
        return
    shown = place.relative_to(session.project.root)
    text = f"what its agents learnt is proposed for AGENTS.md: git apply {shown}"
    session.record(of_group(EventType.NOTE, group_id, {"text": text}))
