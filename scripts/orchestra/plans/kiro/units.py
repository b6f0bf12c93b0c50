"""The tasks of a spec as units: a task with its sub-tasks, or one that has none, is dispatched as a whole."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass, field

from .tasks import Heading, Task, TaskFile

_CHECKPOINT = re.compile(
    r"[^\w`]*+(?P<last>(?:final|last|最终|最後の|最终的)\s*+)?(?:(?:phase|stage|milestone)\s++\d{1,6}\s++)?"
    r"(?:(?:verification|validation|integration|intermediate|quality)\s++)?"
    r"(?:check-?points?|检查点|檢查點|チェックポイント|체크포인트|kontrollpunkt|punto de control|point de contr[ôo]le"
    r"|ponto de (?:controle|verificação)|контрольная точка)"
    r"(?P<end>\s*+(?:\Z|[:：.,，(（–—\d#]|\*\*|-(?=\s)|(?:ensure|verify|confirm)\b))?",
    re.IGNORECASE,
)
_GENERAL = frozenset(
    {"tasks", "task list", "implementation plan", "implementation tasks", "任务", "实现任务", "任务列表"}
)


@dataclass
class Part:
    """One unit in the making. `parts` are its sub-tasks in document order; `head` its own task, when there is one.

    An inferred unit has no head; its `cover` is the heading with its id, when there is one.
    """

    id: str
    parts: list[Task] = field(default_factory=list)
    head: Task | None = None
    cover: Task | None = None
    title: str = ""

    @property
    def tasks(self) -> list[Task]:
        """What it consists of, in the order of the brief: itself first."""
        return [task for task in (self.head, self.cover) if task] + self.parts

    @property
    def line(self) -> int:
        return self.tasks[0].line

    @property
    def done(self) -> bool:
        """What the box of its head says; without a head, whether all that is required below is ticked."""
        if self.head:
            return self.head.done
        needed = [task for task in self.parts if not task.optional] or self.parts
        return all(task.done for task in needed)

    @property
    def optional(self) -> bool:
        if self.head:
            return self.head.optional
        return bool(self.cover and self.cover.optional) or all(task.optional for task in self.parts)

    @property
    def checkpoint(self) -> bool:
        return is_checkpoint(self.title)


def root_of(task_id: str) -> str:
    """The id of the unit that a task belongs to: `2.1.3` is a part of `2`, and so is the second `2.1`."""
    return task_id if "." not in task_id else task_id.partition(".")[0]


def units_of(file: TaskFile) -> list[Part]:
    """The units in document order. Parents that nobody wrote are inferred from the ids of their sub-tasks."""
    found: dict[str, Part] = {}
    for task in file.tasks:
        root = root_of(task.id)
        part = found.setdefault(root, Part(root))
        if task.id == root:
            part.head = task
        else:
            part.parts.append(task)
    _name(list(found.values()), file)
    return sorted(found.values(), key=lambda part: part.line)


def is_checkpoint(title: str) -> bool:
    """Whether a task only checks what was done before it: `Checkpoint - …`, `Final checkpoint`, `检查点 - …`.

    "Checkpoint manager" is a thing to build.
    """
    match = _CHECKPOINT.match(title)
    return bool(match and (match["last"] or match["end"] is not None))


def _name(parts: list[Part], file: TaskFile) -> None:
    """Titles; an inferred unit has that of the heading with its id, or of the one that holds it alone."""
    labelled = [heading for heading in file.headings if heading.label]
    lines = [heading.line for heading in labelled]
    for part in parts:
        if part.head:
            part.title = part.head.title
            continue
        before = bisect(lines, part.parts[0].line)
        part.cover = _cover(labelled[before - 1], part) if before else None
        part.title = (part.cover.title if part.cover else _shown(_alone(part))) or part.parts[0].title


def _cover(heading: Heading, part: Part) -> Task | None:
    """The heading as a task when it has the part's id; `T1` stands above `1.1` too."""
    if heading.label is None or heading.label.id.removeprefix("T").removeprefix("-") != part.id:
        return None
    label = heading.label
    return Task(part.id, label.title, heading.line, 1, False, label.optional, heading=heading, details=heading.own)


def _alone(part: Part) -> Heading | None:
    """The heading below which the unit's tasks stand, and no other's."""
    heading = part.parts[0].heading
    if heading is None or not heading.line or any(task.heading is not heading for task in part.parts):
        return None
    return heading if all(root_of(task) == part.id for task in heading.tasks) else None


def _shown(heading: Heading | None) -> str:
    return "" if heading is None or heading.title.casefold() in _GENERAL else heading.title
