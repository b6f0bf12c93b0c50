"""The marks that a run sets in a tasks.md: what is done, and what has been begun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .box import Box
from .tasks import Task, read_tasks
from .tick import tick_all
from .units import Part, units_of

DONE, BEGUN = "x", "-"


@dataclass(frozen=True)
class Wanted:
    """The mark of one unit. `parts` are the (id, title) of the sub-tasks that are ticked with it."""

    id: str
    title: str
    mark: str
    parts: tuple[tuple[str, str], ...] = ()


def marked(data: bytes, wanted: Iterable[Wanted]) -> tuple[bytes, list[str]]:
    """The content of a tasks.md with these marks, and the ids that it does not have, or has under another title.

    What a person ticked stays ticked, and every byte but the marks stays. Raises ValueError when `data` is not UTF-8.
    """
    known = {part.id: part for part in units_of(read_tasks(data.decode("utf-8")))}
    missing: list[str] = []
    ticks: list[tuple[Box, str]] = []
    for each in wanted:
        part = known.get(each.id)
        if part is None or part.title != each.title:
            missing.append(each.id)
            continue
        boxes = _boxes(part, each, missing)
        ticks += [(box, each.mark) for box in boxes if not box.done and len(box.mark) == 1]
    return tick_all(data, ticks), missing


def _boxes(part: Part, wanted: Wanted, missing: list[str]) -> Iterator[Box]:
    if part.head:
        yield from _of_head(part.head, wanted.mark)
    below = {task.id: task for task in part.parts}
    for id_, title in wanted.parts:
        task = below.get(id_)
        if task is None or task.title != title:
            missing.append(id_)
        elif task.box:
            yield task.box


def _of_head(head: Task, mark: str) -> Iterator[Box]:
    """The box of the unit itself; a heading has those without a number below it, or one after the word `Status`."""
    if head.box:
        yield head.box
    elif mark == DONE:
        yield from head.loose
    elif head.heading and head.heading.status:
        yield head.heading.status


def details_in(data: bytes) -> dict[str, tuple[str, ...]]:
    """The lines below each task of a tasks.md, by the task's id; nothing when `data` is not UTF-8."""
    try:
        file = read_tasks(data.decode("utf-8"))
    except ValueError:
        return {}
    tasks = {task.id: task for part in units_of(file) for task in part.tasks}
    return {id_: tuple(_lines(task)) for id_, task in tasks.items()}


def _lines(task: Task) -> Iterator[str]:
    for line in task.details:
        if text := line.text.strip().removeprefix("- ").strip():
            yield text
