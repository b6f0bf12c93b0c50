"""The view in a phase file: `status` in its front matter and the `## Result` section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestra.core.model import Attempt, UnitState
from orchestra.core.words import Step
from orchestra.plans.edit import replace_section, set_frontmatter_field

from .record import Record, minutes, one_line, retries, seconds

STATUS, RESULT = "status", "Result"


def patch(text: str, status: str, result: str) -> str:
    """`text` of a phase file with this status and this body of its result; every other byte stays.

    Raises ValueError when the front matter has a form in which a single field cannot be edited.
    """
    return replace_section(set_frontmatter_field(text, STATUS, status), RESULT, result)


def result(unit: UnitState, record: Record) -> str:
    """The body of `## Result`: what became of the unit, and the evidence for it."""
    tries = record.tries(unit.id)
    lines = [f"- status: {unit.status}"]
    if unit.commit:
        lines.append(f"- commit: {unit.commit}")
    lines.append(
        f"- attempts: {unit.attempts} | verification_retries: {retries(tries)} | duration: {minutes(seconds(tries))}"
    )
    lines += [*_verified(tries, record), *_set_aside(tries), *_words(unit, tries)]
    return "\n".join(lines) + "\n"


def _verified(tries: Iterable[Attempt], record: Record) -> Iterator[str]:
    # A receipt belongs to a tree, whichever attempt made it; without git there are no trees, only attempts.
    keys = [a.tree or a.ticket for a in tries if a.step is Step.ACCEPTED]
    latest = {receipt.name: receipt for key in keys for receipt in record.receipts_of(key)}
    for name, receipt in latest.items():
        tree = f", tree {receipt.tree[:12]}" if receipt.tree else ""
        yield f"- verified: {one_line(name, 40)} exit {receipt.exit_code}{tree}"


def _set_aside(tries: Iterable[Attempt]) -> Iterator[str]:
    for attempt in tries:
        if attempt.quarantine:
            paths = ", ".join(one_line(path, 120) for path in attempt.quarantine[:10])
            yield f"- set aside: .orchestra/quarantine/{attempt.ticket}.patch ({paths})"


def _words(unit: UnitState, tries: Iterable[Attempt]) -> Iterator[str]:
    if unit.reason:
        yield f"- reason: {one_line(unit.reason)}"
    for attempt in tries:
        if attempt.step is Step.ACCEPTED and attempt.notes:
            yield f"- notes: {one_line(attempt.notes)}"
