"""What a milestone is asked for: the acceptance criteria of its files, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.model import Group
from . import phase, source
from .markdown import Document, parse

_OWN = ("prd.md", "milestone.md")


@dataclass(frozen=True)
class Requirement:
    """One thing that was asked for. `unit` is empty for what the milestone as a whole is asked for.

    `check` is a shell command that decides it, or empty; `file` is relative to the project, `line` counts from 1.
    """

    id: str
    unit: str
    text: str
    check: str = ""
    file: str = ""
    line: int = 1


def of(root: Path, group: Group) -> list[Requirement]:
    """The requirements of a milestone, in the order of its files. A phase without criteria is asked for its Objective.

    Files that cannot be read have none; `validate` says why.
    """
    own = [found for name in _OWN for found in _criteria(root, f"{group.path}/{name}", f"{group.id}/{name[:-3]}", "")]
    return own + [found for unit in group.units for found in _phase(root, unit.path, unit.id)]


def _phase(root: Path, name: str, unit: str) -> Iterator[Requirement]:
    found = list(_criteria(root, name, unit, unit))
    if found:
        yield from found
    elif (document := _read(root, name)) is not None:
        text = phase.read(document).objective or phase.title(document)
        yield Requirement(f"{unit}/objective", unit, text, file=name)


def _criteria(root: Path, name: str, prefix: str, unit: str) -> Iterator[Requirement]:
    document = _read(root, name)
    for one in phase.criteria(document) if document else ():
        yield Requirement(f"{prefix}/{one.id}", unit, one.text, one.check, name, one.line)


def _read(root: Path, name: str) -> Document | None:
    text, _ = source.read(root / name, root)
    return parse(text.text) if text else None
