"""What is wrong with a tasks.md that can be read: nothing to run, ids used twice, work that nobody would do."""

from __future__ import annotations

from collections.abc import Mapping

from ..notes import Notes
from .box import MARKS, Box
from .requirements import Requirement, lookup
from .statements import Kind, Statement, paths_named, requirements_named, statements
from .tasks import Task, TaskFile
from .units import Part


def file(found: TaskFile, parts: list[Part], notes: Notes) -> None:
    """Reports about the file as a whole, its boxes and its units."""
    _nothing(found, notes)
    _open_block(found, notes)
    _loose(found, notes)
    for task in found.tasks:
        _box(task, notes)
        _repeated(task, notes)
    for part in parts:
        if part.done:
            _open_below(part, notes)
        else:
            _beside(part, notes)
            _partial_writes(part, notes)


def requirements(parts: list[Part], known: Mapping[str, Requirement], notes: Notes) -> None:
    """Reports requirements that tasks name and requirements.md does not have; nothing when it numbers none."""
    if not known:
        return
    for part in parts:
        for task in part.tasks:
            for statement in statements(task):
                _unknown(task, statement, known, notes)


def _unknown(task: Task, statement: Statement, known: Mapping[str, Requirement], notes: Notes) -> None:
    if statement.kind is not Kind.REQUIREMENTS:
        return
    missing = [id_ for id_ in requirements_named(statement.value) if lookup(known, id_) is None]
    if missing:
        what = f"{task.id} names {', '.join(missing)[:60]}, which requirements.md does not have"
        notes.info("unknown-requirement", what, "", (statement.line, statement.column))


def _nothing(found: TaskFile, notes: Notes) -> None:
    if found.tasks:
        return
    first = found.loose[0] if found.loose else None
    what = f"none of its {len(found.loose)} boxes has a number" if first else "it holds no task"
    hint = "write tasks as `- [ ] 1. Title`; the number names a task in `depends`, commits and reports"
    notes.error("no-tasks", f"there is nothing to run: {what}", hint, (first.line, first.column) if first else (1, 1))


def _open_block(found: TaskFile, notes: Notes) -> None:
    block = found.open_block
    if block and found.hidden_boxes:
        what = f"this {block.what} is never closed and hides {found.hidden_boxes} tasks below it"
        notes.error("open-block", what, "close it", (block.line, 1))


def _loose(found: TaskFile, notes: Notes) -> None:
    left = [box for box in found.loose if not box.done] if found.tasks else []
    if left:
        what = f"{len(left)} boxes from here on stand under no task and have no number: they are not run"
        hint = "give those a number that are work, as in `- [ ] 7. Title`"
        notes.warning("no-number", what, hint, (left[0].line, left[0].column))


def _box(task: Task, notes: Notes) -> None:
    box = task.box
    if box is None:
        if not task.loose:
            what = f"task {task.id} has no box, so the file cannot say when it is done"
            notes.warning("no-box", what, f"write `- [ ] {task.id}. {task.title[:40]}`", (task.line, 1))
    elif len(box.mark) != 1:
        notes.error("bad-box", f"`[{box.mark}]` is not a box", "write `[ ]` or `[x]`", _at(box))
    elif box.mark not in MARKS:
        what = f"`[{box.mark}]` is no mark that is known; the task counts as open"
        notes.warning("unknown-mark", what, "known: `[ ]`, `[x]`, `[-]`, `[~]`", _at(box))


def _repeated(task: Task, notes: Notes) -> None:
    """An id used twice is an error, unless the second is ticked: a list of what was done, beside the plan."""
    first = task.first
    if first is None:
        return
    what, at = f"{task.repeats} is also the task in line {first.line}", (task.line, task.column)
    if task.done and (first.done or task.heading is not first.heading):
        notes.warning("duplicate-id", f"{what}; this one is ticked and left alone", "remove its number", at)
    else:
        notes.error("duplicate-id", what, "renumber one of them", at)


def _open_below(part: Part, notes: Notes) -> None:
    left = [task for task in part.parts if not task.done and not task.optional]
    if left and part.head:
        what = f"{part.id} is ticked, so {', '.join(t.id for t in left)[:60]} below it will not be run"
        notes.warning("done-with-open", what, f"untick {part.id}, or tick what is done", (left[0].line, left[0].column))

    loose = [box for task in part.tasks for box in task.loose if task.box and not box.done]
    if loose and part.head:
        what = f"{part.id} is ticked, so this box without a number, which is read as a part of it, will not be run"
        notes.warning("done-with-open", what, "tick it, or give it a number if it is a task", _at(loose[0]))


def _beside(part: Part, notes: Notes) -> None:
    """A box without a number that stands as far left as tasks do was perhaps meant as one."""
    for task in part.tasks:
        beside = [box for box in task.loose if task.box and box.indent <= task.box.indent and not box.done]
        if beside:
            what = f"this box has no number, so it is read as a part of {task.id}"
            notes.warning("no-number", what, "give it a number if it is a task, as in `- [ ] 7. Title`", _at(beside[0]))


def _partial_writes(part: Part, notes: Notes) -> None:
    """Some sub-tasks say what they write and others do not: the unit's scope would keep those others out."""
    needed = [task for task in part.parts if not task.done and not task.optional]
    silent = [task for task in needed if not _writes(task)]
    own = part.head or part.cover
    if silent and len(silent) < len(needed) and not (own and _writes(own)):
        what = f"{silent[0].id} does not say what it writes; {part.id} may write only what its other sub-tasks name"
        notes.warning("partial-writes", what, "add `_writes: …_`", (silent[0].line, silent[0].column))


def _writes(task: Task) -> bool:
    return any(s.kind is Kind.WRITES and paths_named(s) for s in statements(task))


def _at(box: Box) -> tuple[int, int]:
    return box.line, box.column
