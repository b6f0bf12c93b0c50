"""Finds views whose own fields somebody changed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestra.core.words import GroupStatus
from orchestra.files import read_bytes
from orchestra.plans.diagnostics import ERROR, WARNING, Diagnostic
from orchestra.plans.edit import fields
from orchestra.plans.kiro.folders import TASKS
from orchestra.plans.kiro.marks import marked
from orchestra.plans.markdown import front_matter_end, parse, split_lines
from orchestra.plans.reader import is_spec

from . import context, milestone, phase, spec
from .record import Record, one_line, touched
from .snapshot import Snapshot
from .write import folder, views_of

if TYPE_CHECKING:
    from orchestra.core.model import UnitState

CODE = "view-edited"
HINT = "`orchestra views` writes it again; `orchestra ready` asks for another try"
_MAY_BE_READIED = (GroupStatus.FAILED, GroupStatus.BLOCKED, GroupStatus.NEEDS_HUMAN)


def edited(project_root: Path, snapshot: Snapshot) -> list[Diagnostic]:
    """A diagnostic for each view field that differs from the state.

    A field that is missing is no edit, `orchestra views` brings it back; nor is a `Status` of `ready`
    on a group that did not end well, which asks for another try. Groups that a run holds right now are left
    out: their views follow the state a moment later, and planning must not be disturbed by that.
    """
    records = (record for record in snapshot.groups.values() if record.begun and not _held(record))
    return sorted(found for record in records for found in _of_group(project_root, record))


def _held(record: Record) -> bool:
    return record.lease is not None and record.lease.held


def _of_group(root: Path, record: Record) -> Iterator[Diagnostic]:
    home = folder(root, record.group)
    if is_spec(record.group.plan):
        yield from _spec(home, root, record)
        return
    yield from _milestone(home / "milestone.md", root, record)
    for unit in record.units:
        if touched(unit) and unit.plan.path:
            yield from _phase(root / unit.plan.path, root, unit, record)
    text = _text(home / "context.md")
    if text is not None and context.is_view(text) and text != context.render(record):
        line = _differs(text, context.render(record))
        yield _edit(home / "context.md", root, line, 1, "context.md differs from the state")


def _spec(home: Path, root: Path, record: Record) -> Iterator[Diagnostic]:
    """Generated files that differ, and units of which the state knows and tasks.md does not."""
    for name, wanted in views_of(record, home):
        text = _text(home / name)
        if text is not None and text != wanted:
            edit = _edit(home / name, root, _differs(text, wanted), 1, f"{name} differs from the state")
            yield replace(edit, hint="`orchestra views` writes it again")
    text = _text(home / TASKS)
    for id_ in marked(text.encode(), spec.marks(record))[1] if text is not None else ():
        says = f"{id_} has been run, but is gone or has another title here, so its box cannot be ticked"
        yield replace(_edit(home / TASKS, root, 1, 1, says), severity=WARNING, hint="tick it, if that is the same work")


def _milestone(path: Path, root: Path, record: Record) -> Iterator[Diagnostic]:
    wanted = {milestone.STATUS.casefold(): str(record.group.status)}
    lock = milestone.lock_wanted(record)
    for span in fields(_text(path) or ""):
        expected = wanted.get(span.key)
        # Our own mark on a group that nobody holds any more was not written by hand: its view only comes late.
        if span.key == milestone.LOCK.casefold() and lock and milestone.ours(span.value, record):
            expected = lock
        if expected is None or span.value == expected or _asks_again(span.key, span.value, record):
            continue
        says = f"{span.key} says `{one_line(span.value, 60)}`, the state says `{expected}`"
        yield _edit(path, root, span.line + 1, span.start + 1, says)


def _asks_again(key: str, value: str, record: Record) -> bool:
    group = record.group
    return key == "status" and value == GroupStatus.READY and not group.open and group.status in _MAY_BE_READIED


def _phase(path: Path, root: Path, unit: UnitState, record: Record) -> Iterator[Diagnostic]:
    text = _text(path)
    if text is None:
        return
    yield from _phase_status(path, root, unit, text)
    document = parse(text)
    section = document.section(phase.RESULT)
    wanted = phase.result(unit, record).strip()
    if section and section.text.strip() and section.text != wanted:
        yield _edit(path, root, section.start + 1, 1, "the section Result differs from the state")


def _phase_status(path: Path, root: Path, unit: UnitState, text: str) -> Iterator[Diagnostic]:
    lines = split_lines(text)
    for number, line in enumerate(lines[: front_matter_end(lines)]):
        key, colon, rest = line.partition(":")
        value = rest.split(" #")[0].strip().strip("\"'")
        if colon and key.strip("\"' ") == phase.STATUS and not key.startswith(" ") and value not in ("", unit.status):
            says = f"status says `{one_line(value, 60)}`, the state says `{unit.status}`"
            yield _edit(path, root, number + 1, 1, says)


def _differs(text: str, wanted: str) -> int:
    pairs = zip(text.splitlines(), wanted.splitlines(), strict=False)
    return next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 1)


def _text(path: Path) -> str | None:
    data = read_bytes(path)
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _edit(path: Path, root: Path, line: int, column: int, says: str) -> Diagnostic:
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    return Diagnostic(name, line, column, ERROR, CODE, says, HINT)
