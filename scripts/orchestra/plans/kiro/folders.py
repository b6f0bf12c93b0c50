"""The folders of Kiro specs: which there are, and what a run calls them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import usage
from ...project import not_inside
from ..diagnostics import did_you_mean
from ..source import relative

SPECS = ".kiro/specs"
TASKS = "tasks.md"

_TAKEN = re.compile(r"[Mm]\d+(?:-.*)?\Z|failed\Z|HEAD\Z", re.IGNORECASE)
_LONGEST = 60


@dataclass(frozen=True)
class SpecFolder:
    """One spec. `id` names it in tickets and branches, `name` is its path relative to the project."""

    id: str
    path: Path
    name: str

    @property
    def tasks(self) -> Path:
        return self.path / TASKS


def spec_id(name: str) -> str:
    """The folder's name where it can stand in a ticket, a branch and a file name; else one like it with a digest.

    A digest keeps apart what would look the same; milestones (`M1`) and branches of Orchestra's own are never met.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    safe = re.sub(r"\.lock\Z", "-lock", re.sub(r"\.{2,}", ".", safe)).strip("-.")
    if safe == name and len(name) <= _LONGEST and not _TAKEN.match(safe):
        return safe
    safe = safe[: _LONGEST - 20].strip("-.")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"spec-{safe}-{digest}" if safe else f"spec-{digest}"


def folder(path: Path, root: Path) -> SpecFolder:
    """The spec in the directory `path` of the project at `root`."""
    return SpecFolder(spec_id(path.name), path, relative(path, root))


def folders(root: Path) -> list[SpecFolder]:
    """The specs below `.kiro/specs`, by name; a folder without tasks.md is not one yet."""
    try:
        entries = sorted((root / SPECS).iterdir())
    except OSError:
        return []
    return [folder(entry, root) for entry in entries if _has_tasks(entry)]


def _has_tasks(path: Path) -> bool:
    """Whether a folder has a tasks.md. Where nobody may look, reading it says so, and the other specs stay readable."""
    try:
        return (path / TASKS).is_file()
    except PermissionError:
        return True


def find(root: Path, directory: Path, text: str) -> SpecFolder:
    """The spec that `text` means: its folder, its tasks.md, or its name below `.kiro/specs`.

    Paths are taken from `directory`. Raises UserError (usage) when there is none in the project.
    """
    listed = folders(root)
    for path in (directory / text, root / text, root / SPECS / text):
        if (found := at(path)) is not None:
            if not found.is_relative_to(root):
                raise not_inside(text, found, root)
            # One whose folder is a link has the name of the link, as where nobody names it.
            return next((spec for spec in listed if at(spec.path) == found), None) or folder(found, root)
    for spec in listed:
        if text == spec.path.name:
            return spec
    known = [spec.path.name for spec in listed]
    hint = did_you_mean(text, known) if known else f"specs are folders below {SPECS} with a {TASKS}"
    raise usage(f"there is no spec {text}", hint)


def at(path: Path) -> Path | None:
    """The folder of the spec that `path` is (a folder with tasks.md, or a tasks.md itself), or None."""
    try:
        if path.name == TASKS and path.is_file():
            return path.parent.resolve()
        return path.resolve() if (path / TASKS).is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None
