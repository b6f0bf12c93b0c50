"""Reads `.orchestra/milestones/` into the plan model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import Config
from ..core.model import Group, Plan
from ..core.words import Workflow
from . import lint
from .diagnostics import Diagnostic
from .folders import Folder, find_group, folders, phase_files
from .graph import cut_loops
from .groupfile import GroupFile, read_group_file
from .notes import Notes
from .unitfile import done_in_context, read_unit_file, resolve

__all__ = ["ReadResult", "find_group", "heads", "read", "read_group"]


@dataclass(frozen=True)
class ReadResult:
    """What was read, as far as it can be: dependencies are resolved and without loops even in a broken plan."""

    plan: Plan
    diagnostics: list[Diagnostic]

    def about(self, group_id: str) -> list[Diagnostic]:
        """The diagnostics about the files of one group."""
        paths = [g.path for g in self.plan.groups if g.id == group_id]
        return [d for d in self.diagnostics if any(d.file == p or d.file.startswith(p + "/") for p in paths)]


def read(project_root: Path, config: Config) -> ReadResult:
    """Every milestone of the project in numeric order, with what is wrong with them. Never raises for bad files."""
    known, found = folders(project_root)
    files, diagnostics = (
        zip(*(_read_folder(project_root, folder, config) for folder in known), strict=True) if known else ((), ())
    )
    found += [d for each in diagnostics for d in each]
    ordered, more = _without_loops(files)
    return ReadResult(Plan(Workflow.MILESTONES, tuple(ordered)), sorted(found + more))


def heads(project_root: Path, config: Config) -> ReadResult:
    """The same without phases: each milestone.md and nothing else. What is wrong with phases is not looked for."""
    known, found = folders(project_root)
    files = [read_group_file(project_root, folder, config) for folder in known]
    ordered, more = _without_loops(files)
    found += [d for file in files for d in file.found]
    return ReadResult(Plan(Workflow.MILESTONES, tuple(ordered)), sorted(found + more))


def read_group(root: Path, config: Config, group_id: str) -> ReadResult:
    """One milestone, without checking its dependencies on others. Raises UserError when there is none."""
    file, found = _read_folder(root, find_group(root, group_id), config)
    return ReadResult(Plan(Workflow.MILESTONES, (file.group,)), sorted(found))


def _read_folder(root: Path, folder: Folder, config: Config) -> tuple[GroupFile, list[Diagnostic]]:
    head = read_group_file(root, folder, config)
    paths, found = phase_files(root, folder)
    done = done_in_context(root, folder)
    phases = [read_unit_file(root, folder, path, config, done) for path in paths]
    units, more = resolve(folder, phases)
    group = replace(head.group, units=units)
    found += head.found + more + [d for phase in phases for d in phase.found]
    return replace(head, group=group), found + lint.group(root, group, head, phases, config)


def _without_loops(files: Sequence[GroupFile]) -> tuple[list[Group], list[Diagnostic]]:
    by_id, notes = {file.group.id: file for file in files}, Notes("")
    for file in files:
        notes.file = file.name
        for missing in (needed for needed in file.group.depends_on if needed not in by_id):
            what = f"{file.group.id} depends on {missing}, which does not exist"
            notes.error("dangling-dependency", what, "remove it", file.waits_at)
    left, loops = cut_loops({id_: [n for n in file.group.depends_on if n in by_id] for id_, file in by_id.items()})
    for loop in loops:
        first = by_id[loop[0]]
        notes.file, what = first.name, f"milestones wait for each other: {' → '.join(loop)}"
        notes.error("dependency-loop", what, "remove one dependency", first.waits_at)
    return [replace(file.group, depends_on=tuple(left[file.group.id])) for file in files], notes.found
