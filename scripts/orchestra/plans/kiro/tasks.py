"""A tasks.md as numbered tasks, each with the lines that belong to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ..diagnostics import printable
from .box import Box, Label, label, read_box
from .lines import Line, OpenBlock, scan

_HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*))?\Z")
_BREAK = re.compile(r"(?:\*[ \t]*){3,}\Z|(?:-[ \t]*){3,}\Z|(?:_[ \t]*){3,}\Z")
_BULLET = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:[ \t]|\Z)")
_STATUS = re.compile(
    r"[-*+]?[ \t]*(?:\*\*|__)?status(?:\*\*|__)?[ \t]*:[ \t]*(?:\*\*|__)?[ \t]*\[(?P<mark>[ xX~-])\]", re.I
)


@dataclass
class Heading:
    """A heading and what stands directly below it: `own` are its lines, `loose` the boxes without a number."""

    line: int
    level: int
    title: str
    label: Label | None = None
    own: list[Line] = field(default_factory=list)
    loose: list[Box] = field(default_factory=list)
    status: Box | None = None
    tasks: list[str] = field(default_factory=list)


@dataclass
class Task:
    """One numbered task. `box` is None for a heading that is one.

    `details` are its lines below the box, code and comments among them (`Line.hidden`); `loose` the boxes without a
    number among those; `heading` where it stands.
    """

    id: str
    title: str
    line: int
    column: int
    done: bool
    optional: bool = False
    box: Box | None = None
    heading: Heading | None = None
    details: list[Line] = field(default_factory=list)
    loose: list[Box] = field(default_factory=list)
    repeats: str = ""
    first: Task | None = None


@dataclass(frozen=True)
class TaskFile:
    """What a tasks.md says. `tasks` are in document order with ids of their own: the second `1` is `1_2`.

    `loose` are boxes without a number that stand under no task.
    """

    title: str
    tasks: tuple[Task, ...]
    headings: tuple[Heading, ...]
    loose: tuple[Box, ...]
    open_block: OpenBlock | None
    hidden_boxes: int

    def boxes(self) -> list[Box]:
        """Every box that a tick can be set in: those of tasks, and those without a number below them."""
        return sorted((b for task in self.tasks for b in [task.box, *task.loose] if b), key=lambda box: box.line)


def read_tasks(text: str) -> TaskFile:
    """Reads the text of a tasks.md. Never raises; linear in the text."""
    lines, open_block = scan(text)
    reader = _Reader()
    for line in lines:
        reader.take(line)
    tasks = _with_headings(reader)
    _rename(tasks)
    title = next((h.title for h in reader.headings if h.level == 1), "")
    owned = {box.line for task in tasks for box in task.loose}
    loose = [b for h in [reader.top, *reader.headings] for b in h.loose if b.line not in owned]
    hidden = sum(
        1 for line in lines if line.hidden and open_block and line.number > open_block.line and _numbered(line)
    )
    return TaskFile(title, tuple(tasks), tuple(reader.headings), tuple(loose), open_block, hidden)


def _numbered(line: Line) -> bool:
    box = read_box(line)
    return bool(box and box.id)


class _Reader:
    """Puts each line below the task or heading that it belongs to.

    `stack` holds the boxes that the line may stand in, outermost first; `last` is the task whose list goes on, for
    details that are not indented.
    """

    def __init__(self) -> None:
        self.top = Heading(0, 0, "")
        self.headings: list[Heading] = []
        self.tasks: list[Task] = []
        self.stack: list[tuple[int, Task]] = []
        self.last: Task | None = None
        self.after_blank = False

    @property
    def here(self) -> Heading:
        return self.headings[-1] if self.headings else self.top

    def take(self, line: Line) -> None:
        if not line.body:
            self._detail(line)
            self.after_blank = True
            return
        if not line.hidden and self._structure(line):
            self.after_blank = False
            return
        self._text(line)
        self.after_blank = False

    def _structure(self, line: Line) -> bool:
        """Whether the line begins something: a heading, a list after a break, or a box."""
        within = self.stack and line.indent > self.stack[0][0] + 1
        heading = _HEADING.match(line.body) if not within and line.indent < 4 else None
        if heading:
            self._heading(line, len(heading[1]), heading[2] or "")
        elif not within and _BREAK.match(line.body):
            self.stack, self.last = [], None
        else:
            box = read_box(line)
            if box:
                self._box(line, box)
            return box is not None
        return True

    def _heading(self, line: Line, level: int, title: str) -> None:
        self.stack, self.last = [], None
        bare = title.rstrip("#").rstrip() if title.rstrip("#").endswith((" ", "\t")) else title
        self.headings.append(Heading(line.number, level, printable(bare), label(bare)))

    def _box(self, line: Line, box: Box) -> None:
        while self.stack and self.stack[-1][0] >= line.indent:
            self.stack.pop()
        box = self._placed(box)
        if box.id:
            self._task(box)
            return
        owner = self.stack[-1][1] if self.stack else self.last
        if owner:
            owner.details.append(line)
            owner.loose.append(box)
        else:
            self.here.own.append(line)
            self.here.loose.append(box)

    def _placed(self, box: Box) -> Box:
        """The box with the id that it has where it stands.

        Inside a task, `1. [ ]` is a step of it, and neither `2 tests pass` nor a name such as CORE-2 is an id.
        """
        if not self.stack:
            return box
        if box.step:
            return replace(box, id=f"{self.stack[-1][1].id}.{box.id}")
        return replace(box, id="") if box.bare or box.id[:1].isalpha() else box

    def _task(self, box: Box) -> None:
        title = box.title or f"Task {box.id}"
        heading = self.here
        task = Task(box.id, title, box.line, box.column - 1, box.done, box.optional, box, heading)
        heading.tasks.append(box.id)
        self.tasks.append(task)
        self.stack.append((box.indent, task))
        self.last = task

    def _text(self, line: Line) -> None:
        while self.stack and self.stack[-1][0] >= line.indent and not line.hidden:
            self.stack.pop()
        # Prose at the margin after an empty line is about the whole plan; a bullet there still belongs to its task.
        if not self.stack and self.after_blank and not line.hidden and not _BULLET.match(line.body):
            self.last = None
        self._detail(line)
        status = _STATUS.match(line.text) if not line.hidden else None
        if status and self.last is None:
            self.here.status = self.here.status or _status(line, status)

    def _detail(self, line: Line) -> None:
        owner = self.stack[-1][1] if self.stack else self.last
        (owner.details if owner else self.here.own).append(line)


def _status(line: Line, match: re.Match[str]) -> Box:
    return Box(line.number, match.start("mark") + 1, line.indent, line.text, match["mark"], "", "", False)


def _with_headings(reader: _Reader) -> list[Task]:
    """The tasks, and the headings that are some: `### Task 3: …`, or `### 3. …` above boxes that have no number."""
    found, known = list(reader.tasks), {t.id for t in reader.tasks}
    for number, heading in enumerate(reader.headings):
        if heading.label is None:
            continue
        below = _below(reader.headings, number)
        boxes = [box for one in below for box in one.loose]
        named = any(one.tasks for one in below)
        if not named and (boxes or (heading.label.explicit and heading.label.id not in known)):
            found.append(_heading_task(heading, heading.label, below, boxes))
    return sorted(found, key=lambda task: task.line)


def _below(headings: list[Heading], number: int) -> list[Heading]:
    """A heading and those inside it, up to the next one that has an id or stands as high."""
    mine, end = headings[number], number + 1
    while end < len(headings) and headings[end].level > mine.level and headings[end].label is None:
        end += 1
    return headings[number:end]


def _heading_task(heading: Heading, named: Label, below: list[Heading], boxes: list[Box]) -> Task:
    status = heading.status
    done = status.done if status else bool(boxes) and all(box.done for box in boxes)
    title = named.title or f"Task {named.id}"
    task = Task(named.id, title, heading.line, 1, done, named.optional, None, heading)
    task.details = [line for one in below for line in one.own]
    task.loose = sorted([*boxes, *([status] if status else [])], key=lambda box: box.line)
    return task


def _rename(tasks: list[Task]) -> None:
    """Gives a task whose id is taken an id of its own, so that a broken plan can still be shown."""
    seen: dict[str, Task] = {}
    count: dict[str, int] = {}
    for task in tasks:
        first = seen.get(task.id)
        if first is not None:
            task.repeats, task.first = task.id, first
            count[task.id] = count.get(task.id, 1) + 1
            task.id = f"{task.id}_{count[task.id]}"
        seen.setdefault(task.id, task)
