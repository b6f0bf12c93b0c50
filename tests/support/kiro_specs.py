"""Kiro specs for tests: texts read as they are, and specs in a project."""

from __future__ import annotations

from pathlib import Path

from orchestra.config import Config
from orchestra.core.words import Workflow
from orchestra.plans.diagnostics import Diagnostic
from orchestra.plans.kiro import judge
from orchestra.plans.kiro.folders import SpecFolder, folder
from orchestra.plans.kiro.order import order
from orchestra.plans.kiro.spec import read
from orchestra.plans.kiro.tasks import read_tasks
from orchestra.plans.kiro.units import Part, units_of
from orchestra.plans.milestones import ReadResult
from orchestra.plans.notes import Notes


def parts(text: str) -> list[Part]:
    return units_of(read_tasks(text))


def tree(text: str) -> dict[str, list[str]]:
    """The ids of the units, each with those of its sub-tasks."""
    return {part.id: [task.id for task in part.parts] for part in parts(text)}


def needs(text: str, workflow: Workflow = Workflow.ROUNDTABLE) -> dict[str, tuple[str, ...]]:
    """What each unit waits for."""
    return order(parts(text), workflow, Notes("tasks.md"))


def said(text: str, workflow: Workflow = Workflow.ROUNDTABLE) -> list[Diagnostic]:
    """What is wrong with the text of a tasks.md."""
    notes, file = Notes("tasks.md"), read_tasks(text)
    order(units_of(file), workflow, notes)
    judge.file(file, units_of(file), notes)
    return sorted(notes.found)


def codes(text: str, workflow: Workflow = Workflow.ROUNDTABLE) -> list[tuple[int, str, str]]:
    """The same as (line, severity, code)."""
    return [(one.line, str(one.severity), one.code) for one in said(text, workflow)]


def write(root: Path, tasks: str | bytes, name: str = "login", **beside: str) -> SpecFolder:
    """A spec of the project at `root`; `requirements` and `design` are the files beside tasks.md."""
    path = root / ".kiro/specs" / name
    path.mkdir(parents=True)
    (path / "tasks.md").write_bytes(tasks.encode() if isinstance(tasks, str) else tasks)
    for file, text in beside.items():
        (path / f"{file}.md").write_text(text)
    return folder(path, root)


def plan(root: Path, spec: SpecFolder, workflow: Workflow = Workflow.SEQUENTIAL) -> ReadResult:
    return read(root, spec, Config(), workflow)
