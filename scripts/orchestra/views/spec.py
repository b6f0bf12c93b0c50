"""The views of a Kiro spec: marks in tasks.md, and how far a sequential run has come, in the older tool's format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from orchestra.core.model import Attempt, Decision, UnitState
from orchestra.core.words import ExitClass, GroupStatus, Purpose, Step, UnitStatus
from orchestra.plans.kiro.marks import BEGUN, DONE, Wanted, marked
from orchestra.state.stamp import iso

from .question import answered_with
from .record import Record, one_line, short, touched

STATE, PROGRESS = "SEQUENTIAL_STATE.json", "SEQUENTIAL_PROGRESS.md"
# Whoever only says whose a unit is has built nothing of it.
_AT_UNITS = (Purpose.BUILD, Purpose.FIX)


def marks(record: Record) -> tuple[Wanted, ...]:
    """The marks that the state asks for: `x` for what is done, `-` for what has been begun."""
    return tuple(_wanted(unit) for unit in record.units if touched(unit) and (_done(unit) or unit.attempts))


def patch(text: str, wanted: tuple[Wanted, ...]) -> str:
    """`text` of a tasks.md with these marks; every other byte stays."""
    return marked(text.encode("utf-8"), wanted)[0].decode("utf-8")


def _wanted(unit: UnitState) -> Wanted:
    needed = tuple((task.id, task.title) for task in unit.plan.subtasks if not task.optional)
    parts = needed if _done(unit) else ()
    return Wanted(short(unit.id), unit.plan.title, DONE if _done(unit) else BEGUN, parts)


def _done(unit: UnitState) -> bool:
    return unit.status is UnitStatus.DONE


def state(record: Record) -> str:
    """The whole of SEQUENTIAL_STATE.json: the older tool's fields, then what it does not know."""
    group, asked = record.group, [decision for decision in record.decisions if decision.pending]
    found: dict[str, Any] = {
        "completed": list(_completed(record)),
        "halted": bool(asked),
        "started_at": iso(group.opened_at),
        "assignments": dict(_assignments(record)),
        **(_halted(record, asked[0]) if asked else {}),
        **({"completed_at": iso(group.closed_at)} if group.status is GroupStatus.DONE else {}),
        "spec": group.plan.path,
        "status": str(group.status),
        "units": {short(unit.id): _unit(unit) for unit in record.units},
        "decisions": [{"id": d.id, "question": d.question, "options": list(d.options)} for d in asked],
    }
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _completed(record: Record) -> Iterator[str]:
    for unit in record.units:
        if _done(unit):
            yield short(unit.id)
            yield from (task.id for task in unit.plan.subtasks if task.done or not task.optional)


def _assignments(record: Record) -> Iterator[tuple[str, dict[str, str]]]:
    for unit in record.units:
        if unit.assignment:
            yield short(unit.id), {"type": str(unit.assignment.kind), "owner_agent": unit.assignment.owner}


def _halted(record: Record, asked: Decision) -> dict[str, str]:
    about = [a for a in record.attempts if a.ended_at and a.unit == (asked.unit or a.unit)]
    task = {"halted_task": short(asked.unit)} if asked.unit else {}
    return {**({"halted_at": iso(about[-1].ended_at)} if about else {}), **task}


def _unit(unit: UnitState) -> dict[str, Any]:
    found: dict[str, Any] = {"status": str(unit.status), "attempts": unit.attempts}
    return {**found, **{key: value for key in ("commit", "reason") if (value := getattr(unit, key))}}


def progress(record: Record) -> str:
    """The whole of SEQUENTIAL_PROGRESS.md: one section for each attempt at a unit."""
    group, units = record.group, {unit.id: unit for unit in record.units}
    tries = [attempt for attempt in record.attempts if attempt.unit in units and attempt.purpose in _AT_UNITS]
    head = (
        "# Sequential Execution Progress",
        "",
        f"**Spec:** {group.plan.path}",
        f"**Started:** {iso(group.opened_at)}",
    )
    lines = [*head, "", "---", ""]
    for number, attempt in enumerate(tries, 1):
        lines += [f"## Iteration {number}", *_iteration(attempt, units[attempt.unit], record), ""]
    lines += _questions(record)
    if group.status is GroupStatus.DONE:
        lines += ["---", f"**Completed:** {iso(group.closed_at)}", ""]
    return "\n".join(lines)


def _iteration(attempt: Attempt, unit: UnitState, record: Record) -> Iterator[str]:
    yield f"- **Task:** {short(unit.id)} - {one_line(unit.plan.title)}"
    yield f"- **Status:** {_status(attempt)}"
    yield f"- **Time:** {iso(attempt.ended_at or attempt.started_at)}"
    yield f"- **Message:** {_message(attempt)}"
    yield f"- **Attempt:** {attempt.ticket} ({attempt.purpose})"
    if attempt.step is Step.ACCEPTED:
        yield from (f"- **Verified:** {one_line(r.name, 40)} exit {r.exit_code}" for r in _receipts(attempt, record))
        last = [each for each in record.tries(unit.id) if each.step is Step.ACCEPTED][-1]
        yield from ([f"- **Commit:** {unit.commit}"] if unit.commit and attempt is last else [])


def _receipts(attempt: Attempt, record: Record) -> list[Any]:
    latest = {receipt.name: receipt for receipt in record.receipts_of(attempt.tree or attempt.ticket)}
    return list(latest.values())


def _status(attempt: Attempt) -> str:
    if attempt.live:
        return "In progress"
    if attempt.step is Step.ACCEPTED:
        return "Completed"
    return "Halted" if attempt.exit_class is ExitClass.HALT else "Failed"


def _message(attempt: Attempt) -> str:
    if attempt.live:
        return "at work"
    if attempt.step is Step.ACCEPTED:
        return one_line(attempt.notes) or "verified"
    halted = attempt.exit_class is ExitClass.HALT
    return one_line(attempt.final if halted and attempt.final else attempt.reason) or "ended without a word"


def _questions(record: Record) -> Iterator[str]:
    for decision in record.decisions:
        if decision.pending:
            yield f"**Waiting for you:** {decision.id}: {one_line(decision.question)}"
            yield f"`{answered_with(decision.id, decision.options, decision.unit)}`"
            yield ""
