"""context.md: where a milestone stands, in the format that the older tool resumes from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from orchestra.core.model import UnitState
from orchestra.core.words import Step, UnitStatus

from .record import Record, few, minutes, one_line, retries, seconds, short

MARK = "<!-- Written by orchestra from its state: changes made here are overwritten. -->"
_FILES_SHOWN = 20
_ENDED_BADLY = (UnitStatus.FAILED, UnitStatus.NEEDS_HUMAN, UnitStatus.BLOCKED)


def render(record: Record) -> str:
    """The whole of context.md. The same record always gives the same bytes."""
    parts = (
        ("Status", _status(record)),
        ("Phases", (_phase(unit, record) for unit in record.units)),
        ("Codebase Map", _map(record)),
        ("Decisions", _decisions(record)),
        ("Metrics", _metrics(record)),
    )
    body = "\n".join("\n".join((f"## {title}", *lines, "")) for title, lines in parts)
    return f"{body}\n{MARK}\n"


def is_view(text: str) -> bool:
    """Whether a context.md was written by `render`, so that nothing of a person's or another tool's is in it."""
    return MARK in text


def _status(record: Record) -> Iterator[str]:
    plan = record.group.plan
    yield f"milestone: {one_line(plan.slug or plan.id)}"
    yield f"started: {_day(record.group.opened_at)}"
    yield f"pipeline: {plan.pipeline}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(min(max(at, 0.0), 253402300799.0), UTC).strftime("%Y-%m-%d") if at else "-"


def _phase(unit: UnitState, record: Record) -> str:
    parts = [f"- {short(unit.id)}: {unit.status}"]
    if unit.commit:
        parts.append(f"commit: {unit.commit[:12]}")
    if files := record.files.get(unit.id):
        parts.append("files: " + few([one_line(file, 200) for file in files], _FILES_SHOWN))
    if unit.status in _ENDED_BADLY and unit.reason:
        parts.append(f"error: {one_line(unit.reason)}, {retries(record.tries(unit.id))} retries")
        if unit.learned:
            parts.append(f"last-error: {one_line(unit.learned[-1])}")
    return " | ".join(parts)


def _map(record: Record) -> Iterator[str]:
    phases: dict[str, list[str]] = {}
    for unit in record.units:
        for file in record.files.get(unit.id, ()):
            phases.setdefault(file, []).append(short(unit.id))
    for file in sorted(phases):
        yield f"- {one_line(file, 200)} — changed by {', '.join(phases[file])}"


def _decisions(record: Record) -> Iterator[str]:
    if record.group.rfc:
        yield f"- rfc: {one_line(record.group.rfc)}"
    for unit in record.units:
        for attempt in record.tries(unit.id):
            if attempt.step is Step.ACCEPTED and attempt.notes:
                yield f"- {short(unit.id)}: {one_line(attempt.notes)}"
    for decision in record.decisions:
        if not decision.pending:
            comment = f" ({one_line(decision.comment)})" if decision.comment else ""
            yield f"- {decision.gate}: {one_line(decision.question)} {one_line(decision.answer)}{comment}"


def _metrics(record: Record) -> Iterator[str]:
    for unit in record.units:
        if tries := record.tries(unit.id):
            spent = minutes(seconds(tries))
            yield f"- {short(unit.id)}: duration: {spent} | verification_retries: {retries(tries)}"
