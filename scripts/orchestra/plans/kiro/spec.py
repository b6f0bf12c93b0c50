"""Reads a Kiro spec (tasks.md, with requirements.md and design.md beside it) into the plan model."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ...config import Config
from ...core.model import Group, Plan, Subtask, Unit
from ...core.words import GatePolicy, GroupStatus, Pipeline, Workflow
from ...errors import UserError, bad_input, usage
from .. import source
from ..diagnostics import Diagnostic
from ..milestones import ReadResult
from ..notes import Notes
from ..unitfile import guessed_type
from . import judge
from .folders import SpecFolder, folders
from .order import order
from .requirements import Requirement, lookup, read_requirements
from .statements import Kind, paths_named, requirements_named, statements
from .tasks import TaskFile, read_tasks
from .units import Part, units_of

# A spec of 100,000 tasks is one file, unlike a plan of as many phases.
MAX_BYTES = 16_000_000
_SAVING_S = (0.02, 0.2)
BESIDE = ("requirements.md", "design.md")


@dataclass(frozen=True)
class Details:
    """What the brief of a unit says beyond its title.

    `text` are the lines of the unit and its sub-tasks as they stand in tasks.md; `requirements` those that it names,
    with the text that requirements.md has for them; `missing` the ids that are not found there; `paths` the
    spec's files that exist, relative to the project; `ticked` its sub-tasks that are done, `optional` those of the
    others that it is done without.
    """

    text: str
    requirements: tuple[Requirement, ...]
    missing: tuple[str, ...]
    paths: tuple[str, ...]
    barrier: bool
    ticked: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def read(root: Path, spec: SpecFolder, config: Config, workflow: Workflow = Workflow.SEQUENTIAL) -> ReadResult:
    """One spec as a plan of one group. Never raises for bad files: what is wrong is said, the rest is shown."""
    group, found = _read(root, spec, config, workflow, 1)
    return ReadResult(Plan(workflow, (group,)), sorted(found))


def read_all(root: Path, config: Config, workflow: Workflow = Workflow.SEQUENTIAL) -> ReadResult:
    """Every spec below `.kiro/specs`, by name."""
    each = [_read(root, spec, config, workflow, n) for n, spec in enumerate(folders(root), 1)]
    found = [diagnostic for _, diagnostics in each for diagnostic in diagnostics]
    return ReadResult(Plan(workflow, tuple(group for group, _ in each)), sorted(found))


def load(root: Path, spec: SpecFolder) -> TaskFile:
    """The tasks of a spec with every box. Raises UserError (bad input) when tasks.md cannot be read."""
    text, found = source.read(spec.tasks, root, MAX_BYTES)
    if text is None:
        raise bad_input("\n".join(d.to_text() for d in found), "correct tasks.md")
    return read_tasks(text.text)


def details(root: Path, spec: SpecFolder, unit_id: str) -> Details:
    """What the brief of one unit says. Raises UserError when the file cannot be read or has no such unit."""
    part = _part(root, spec, unit_id)
    known, named = _known(root, spec, _identity(spec.path / BESIDE[0])), requirements_of(part)
    found = {id_: lookup(known, id_) for id_ in named}
    return Details(
        text=part_text(part),
        requirements=tuple(requirement for requirement in found.values() if requirement),
        missing=tuple(id_ for id_, requirement in found.items() if not requirement),
        paths=tuple(f"{spec.name}/{name}" for name in ("tasks.md", *BESIDE) if (spec.path / name).is_file()),
        barrier=part.checkpoint,
        ticked=tuple(task.id for task in part.parts if task.done),
        optional=tuple(task.id for task in part.parts if task.optional and not task.done),
    )


def _part(root: Path, spec: SpecFolder, unit_id: str) -> Part:
    """The unit. An editor that saves in place leaves the file short for an instant: what is missing is read again."""
    for pause in _SAVING_S:
        with suppress(UserError):
            if part := _written(root, spec, unit_id):
                return part
        time.sleep(pause)
    if part := _written(root, spec, unit_id):
        return part
    raise _no_unit(spec, unit_id)


def _written(root: Path, spec: SpecFolder, unit_id: str) -> Part | None:
    return _parts(root, spec, _identity(spec.tasks)).get(unit_id.removeprefix(f"{spec.id}/"))


# Each brief of a spec asks for one unit of the same file, which has not changed since the last one asked.
@lru_cache(maxsize=4)
def _parts(root: Path, spec: SpecFolder, identity: tuple[int, ...]) -> dict[str, Part]:
    return {part.id: part for part in units_of(load(root, spec))}


@lru_cache(maxsize=4)
def _known(root: Path, spec: SpecFolder, identity: tuple[int, ...]) -> dict[str, Requirement]:
    return requirements(root, spec)


def _identity(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def requirements(root: Path, spec: SpecFolder) -> dict[str, Requirement]:
    """What requirements.md numbers; nothing when it is missing or cannot be read."""
    text, _ = source.read(spec.path / "requirements.md", root)
    return read_requirements(text.text) if text else {}


def requirements_of(part: Part) -> list[str]:
    """The requirements that a unit and its sub-tasks name, in order."""
    stated = (s for task in part.tasks for s in statements(task) if s.kind is Kind.REQUIREMENTS)
    return list(dict.fromkeys(id_ for statement in stated for id_ in requirements_named(statement.value)))


def part_text(part: Part) -> str:
    """The lines of a unit and its sub-tasks, in document order."""
    lines = {line.number: line.text for task in part.tasks for line in task.details}
    lines |= {task.box.line: task.box.text for task in part.tasks if task.box}
    return "\n".join(lines[number].rstrip() for number in sorted(lines)).strip("\n")


def _no_unit(spec: SpecFolder, unit_id: str) -> UserError:
    return usage(f"there is no unit {unit_id} in {spec.name}", f"`orchestra plan {spec.name}` shows them")


def _read(
    root: Path, spec: SpecFolder, config: Config, workflow: Workflow, number: int
) -> tuple[Group, list[Diagnostic]]:
    text, found = source.read(spec.tasks, root, MAX_BYTES)
    if text is None:
        return _group(spec, "", config, (), number, workflow), found
    file, notes = read_tasks(text.text), Notes(text.name)
    parts = units_of(file)
    needs = order(parts, workflow, notes)
    units = tuple(_unit(spec, part, needs[part.id], n, config, notes, text.name) for n, part in enumerate(parts, 1))
    _linked(root, spec, notes)
    judge.file(file, parts, notes)
    judge.requirements(parts, requirements(root, spec), notes)
    return _group(spec, file.title, config, units, number, workflow), notes.found


def _linked(root: Path, spec: SpecFolder, notes: Notes) -> None:
    """What a run writes beside a spec is told from people's changes by its path, which a link would hide."""
    top, real = root.resolve(), spec.tasks.resolve()
    if real != top / spec.name / spec.tasks.name:
        what = f"the file is really {source.relative(real, top)}"
        notes.error("linked-spec", what, "put the spec's folder itself there instead of a link", (1, 1))


def _group(
    spec: SpecFolder, title: str, config: Config, units: tuple[Unit, ...], number: int, workflow: Workflow
) -> Group:
    quick = config.pipeline.default_pipeline is Pipeline.QUICK
    # In `roundtable` each unit has reviewers of its own.
    unreviewed = quick or config.pipeline.review is GatePolicy.SKIP or workflow is Workflow.ROUNDTABLE
    return Group(
        id=spec.id,
        title=_title(title) or spec.path.name,
        order=number,
        status=GroupStatus.DONE if units and all(unit.done for unit in units) else GroupStatus.READY,
        pipeline=config.pipeline.default_pipeline,
        reviews=0 if unreviewed else 1,
        path=spec.name,
        slug=spec.id,
        units=units,
        workflow=workflow,
    )


def _title(heading: str) -> str:
    """`Implementation Plan: Login` is `Login`; a title that only says that it is a plan is none."""
    head, colon, rest = heading.partition(":")
    general = head.strip().casefold() in (
        "implementation plan",
        "tasks",
        "tasks document",
        "implementation tasks",
        "任务文档",
    )
    return rest.strip() if colon and general else "" if general else heading


def _unit(
    spec: SpecFolder, part: Part, needs: tuple[str, ...], number: int, config: Config, notes: Notes, path: str
) -> Unit:
    return Unit(
        id=f"{spec.id}/{part.id}",
        group=spec.id,
        title=part.title,
        order=number,
        depends_on=tuple(f"{spec.id}/{id_}" for id_ in needs),
        writes=_paths(part, Kind.WRITES, notes),
        reads=_paths(part, Kind.READS, notes),
        complexity=config.pipeline.default_complexity,
        optional=part.optional,
        done=part.done,
        path=path,
        line=part.line,
        subtasks=tuple(Subtask(task.id, task.title, task.done, task.optional, task.line) for task in part.parts),
        commit_type=guessed_type(part.title).value,
        barrier=part.checkpoint,
    )


def _paths(part: Part, kind: Kind, notes: Notes) -> tuple[str, ...]:
    """The globs that a unit and its sub-tasks state, without those that no scope can have."""
    stated = [s for task in part.tasks for s in statements(task) if s.kind is kind]
    entries = [entry for statement in stated for entry in paths_named(statement)]
    for bad in (entry for entry in entries if entry.problem):
        what, hint = f"`{bad.glob[:60]}` {bad.problem}", "write paths of this repository, with commas between them"
        notes.error("bad-scope", what, hint, (bad.line, bad.column))
    return tuple(dict.fromkeys(entry.glob for entry in entries if not entry.problem))
