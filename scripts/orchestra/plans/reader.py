"""What a run needs of a plan format. One reader for each: milestones, and Kiro specs in two orders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..config import Config
from ..core.model import Group, Plan, Unit
from ..core.words import Workflow
from ..errors import UserError, bad_input, usage
from . import milestones
from .diagnostics import Diagnostic
from .kiro import folders as specs
from .kiro import spec
from .milestones import ReadResult
from .phase import Criterion, PhaseText, sections

# A file that cannot be read at all does not say whether its group is still being planned.
_UNREADABLE = frozenset({"outside-project", "not-a-file", "too-large", "binary", "encoding", "unreadable"})


@dataclass(frozen=True)
class UnitText:
    """What a plan says of a unit beyond its title: the sections of a phase, or the details of a spec's unit."""

    phase: PhaseText | None = None
    details: spec.Details | None = None

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The acceptance criteria, where the format has such."""
        return tuple(self.phase.criteria) if self.phase else ()


class Reader(Protocol):
    """A plan format as drivers see it."""

    @property
    def workflow(self) -> Workflow:
        """The workflow whose plans these are."""

    @property
    def noun(self) -> str:
        """What people call a group."""

    def heads(self, root: Path, config: Config) -> ReadResult:
        """Every group without its units, with what is wrong with it as far as that can be seen."""

    def read_group(self, root: Path, config: Config, group_id: str) -> ReadResult:
        """One group with its units. Raises UserError (usage) when there is none."""

    def find(self, root: Path, directory: Path, text: str) -> str:
        """The id of the group that a person means by `text`. Raises UserError (usage) when there is none."""

    def unclear(self, group: Group, error: Diagnostic) -> bool:
        """Whether `error` leaves open if the group is to be run at all."""

    def again(self, group: Group) -> str:
        """The command that tries a group once more which has failed."""

    def text(self, root: Path, group: Group, unit: Unit) -> UnitText:
        """What a brief says of the unit. Raises UserError (bad input) when the plan no longer has it."""

    def documents(self, root: Path, group: Group) -> tuple[tuple[str, str], ...]:
        """The group's files that there are, as (name, absolute path)."""


class Milestones:
    """`.orchestra/milestones/`."""

    workflow = Workflow.MILESTONES
    noun = "milestone"

    def heads(self, root: Path, config: Config) -> ReadResult:
        return milestones.heads(root, config)

    def read_group(self, root: Path, config: Config, group_id: str) -> ReadResult:
        return milestones.read_group(root, config, group_id)

    def find(self, root: Path, directory: Path, text: str) -> str:
        return milestones.find_group(root, text).id

    def unclear(self, group: Group, error: Diagnostic) -> bool:
        if error.file != f"{group.path}/milestone.md":
            return False
        return error.code in _UNREADABLE or error.message.startswith("Status ")

    def again(self, group: Group) -> str:
        return f"orchestra run {group.id}"

    def text(self, root: Path, group: Group, unit: Unit) -> UnitText:
        return UnitText(phase=sections(root / unit.path) if unit.path else None)

    def documents(self, root: Path, group: Group) -> tuple[tuple[str, str], ...]:
        return _existing(root / group.path, ("prd.md", "milestone.md", "grooming.md", "rfc.md"))


@dataclass(frozen=True)
class Specs:
    """Kiro specs below `.kiro/specs`; `workflow` says which of their units wait for which."""

    workflow: Workflow
    noun = "spec"

    def heads(self, root: Path, config: Config) -> ReadResult:
        found = [
            Group(each.id, each.path.name, number, path=each.name, slug=each.id, workflow=self.workflow)
            for number, each in enumerate(specs.folders(root), 1)
        ]
        return ReadResult(Plan(self.workflow, tuple(found)), [])

    def read_group(self, root: Path, config: Config, group_id: str) -> ReadResult:
        return spec.read(root, _spec(root, group_id), config, self.workflow)

    def find(self, root: Path, directory: Path, text: str) -> str:
        found = specs.find(root, directory, text)
        if found.path.parent.resolve() != (root / specs.SPECS).resolve():
            raise usage(f"{found.name} is not in {specs.SPECS}", f"a spec that is run lies in {specs.SPECS}/NAME")
        return found.id

    def unclear(self, group: Group, error: Diagnostic) -> bool:
        return True

    def again(self, group: Group) -> str:
        return f"orchestra run --workflow {self.workflow} --plan {group.path}"

    def text(self, root: Path, group: Group, unit: Unit) -> UnitText:
        try:
            return UnitText(details=spec.details(root, specs.folder(root / group.path, root), unit.id))
        except UserError as error:
            raise bad_input(error.message, error.hint) from error

    def documents(self, root: Path, group: Group) -> tuple[tuple[str, str], ...]:
        return _existing(root / group.path, (*spec.BESIDE, specs.TASKS))


def of_workflow(workflow: Workflow) -> Reader:
    """The reader of a workflow's plans. Raises UserError (usage) for one whose plans this version cannot read."""
    if workflow is Workflow.MILESTONES:
        return Milestones()
    if workflow in (Workflow.SEQUENTIAL, Workflow.ROUNDTABLE):
        return Specs(workflow)
    raise usage(f"the workflow {workflow} is not there yet", "known: milestones, sequential, roundtable")


def of_group(group: Group) -> Reader:
    """The reader of a group that was read before, whichever run did that."""
    return of_workflow(group.workflow)


def is_spec(group: Group) -> bool:
    """Whether the group is a Kiro spec."""
    return group.workflow in (Workflow.SEQUENTIAL, Workflow.ROUNDTABLE)


def _existing(folder: Path, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(folder / name)) for name in names if (folder / name).is_file())


def _spec(root: Path, group_id: str) -> specs.SpecFolder:
    found = next((each for each in specs.folders(root) if each.id == group_id), None)
    if found is None:
        raise usage(f"there is no spec {group_id}", f"specs are folders below {specs.SPECS} with a {specs.TASKS}")
    return found
