"""Takes the answers of assigners and advisers, as far as they can be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ..backends.command import trailing_json
from ..core import advice, assignments
from ..core.decide import offered
from ..core.events import EventType
from ..core.index import units_of
from ..core.model import Attempt, Event
from ..core.owners import owner_names, subjects
from .accept import check_scope, send_back
from .session import Session, about
from .workspace import Workspace


def finish_assignment(session: Session, workspace: Workspace, attempt: Attempt, answer: str) -> None:
    """Record whose the units are, in one transaction, as far as the answer can be used. Raises LeaseLost."""
    check_scope(session, workspace, attempt)
    # A person may have named an owner for some, or for all, while the agent was thinking.
    units = {short(unit.id): unit for unit in subjects(session.run, attempt) if unit.assignment is None}
    known = [short(unit.id) for unit in units_of(session.run, attempt.group)]
    data = _parsed(answer)
    wrong = assignments.problems(data, list(units), owner_names(session.run.limits), known) if units else []
    if wrong:
        send_back(session, attempt, "", "answer", "your answer cannot be used: " + "\n".join(wrong))
        return
    given = assignments.read(data) if data and units else {}
    assigned = [
        Event(EventType.UNIT_ASSIGNED, group=attempt.group, unit=unit.id, data=given[id_])
        for id_, unit in units.items()
    ]
    session.record(*assigned, about(EventType.ASSIGNMENT_ENDED, attempt))


def finish_advice(session: Session, workspace: Workspace, attempt: Attempt, answer: str) -> None:
    """Record in which order an adviser would begin what may be begun now; whatever else it wants is dropped."""
    check_scope(session, workspace, attempt)
    group = session.group(attempt.group)
    choice = offered(session.run, group, session.clock.now())
    given = advice.read(_parsed(answer), choice)
    data = {"offered": choice, "order": list(given.order), "halt": given.halt, "notes": given.notes}
    session.record(about(EventType.ADVICE_GIVEN, attempt, data | {"dropped": list(given.dropped)}))


def short(unit_id: str) -> str:
    """The unit's number in its file."""
    return unit_id.rpartition("/")[2]


def _parsed(answer: str) -> dict[str, object] | None:
    """The JSON object of an answer: all of it, the last fenced block, or what it ends with."""
    for text in (answer, *_fenced(answer)):
        with suppress(ValueError, RecursionError):
            data = _whole(json.loads(text))
            if isinstance(data, dict):
                return data
    last: dict[str, object] | None = _whole(trailing_json(answer))
    return last


def _whole(data: Any) -> Any:
    """`data` without halves of characters (`\\ud800` in JSON), which no file and no terminal takes."""
    return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


def _fenced(answer: str) -> Iterator[str]:
    parts = answer.split("```")
    for part in reversed(parts[1::2]):
        yield part.partition("\n")[2]
