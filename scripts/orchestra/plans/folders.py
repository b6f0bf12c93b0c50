"""The folders of milestones: which there are, and which names are understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import usage
from .diagnostics import Diagnostic, did_you_mean
from .notes import Notes
from .values import group_id

MILESTONES = ".orchestra/milestones"

_NAME = re.compile(r"[Mm]0*(?P<number>\d{1,6})(?:-[A-Za-z0-9][A-Za-z0-9._-]*)?\Z")
_PHASE = re.compile(r"phase-0*(?P<number>\d{1,6})(?:-[A-Za-z0-9][A-Za-z0-9._-]*)?\.md\Z")


@dataclass(frozen=True)
class Folder:
    """One milestone's folder. `id` is `M3`, `slug` the folder's name, `name` its path relative to the project."""

    id: str
    number: int
    slug: str
    path: Path
    name: str


@dataclass(frozen=True)
class PhasePath:
    """One phase's file; `name` is its path relative to the project."""

    number: int
    path: Path
    name: str


def folders(root: Path) -> tuple[list[Folder], list[Diagnostic]]:
    """The milestones' folders in numeric order (M2 before M10), and what is wrong with other names."""
    notes, found = Notes(MILESTONES), dict[str, Folder]()
    for entry in _listing(root, root / MILESTONES, notes):
        folder = _folder(root, entry, notes)
        if folder and folder.id in found:
            _say(notes, folder.name, "duplicate-id", f"{folder.id} is also {found[folder.id].name}", "renumber one")
        elif folder:
            found[folder.id] = folder
    return sorted(found.values(), key=lambda f: f.number), notes.found


def find_group(root: Path, text: str) -> Folder:
    """The folder that `M1`, `m1` or `M1-user-auth` means. Raises UserError (usage) when there is none."""
    known, _ = folders(root)
    wanted = group_id(text.strip().rstrip("/"))
    found = next((f for f in known if f.id == wanted), None)
    if found is None:
        hint = did_you_mean(text, [f.id for f in known]) if known else "write one with `orchestra new M1-name`"
        raise usage(f"there is no milestone {text}", hint)
    return found


def phase_files(root: Path, folder: Folder) -> tuple[list[PhasePath], list[Diagnostic]]:
    """The phase files of a milestone in numeric order, and what is wrong with other names."""
    notes, found = Notes(f"{folder.name}/phases"), dict[int, PhasePath]()
    for entry in _listing(root, folder.path / "phases", notes):
        phase = _phase(folder, entry, notes)
        if phase and phase.number in found:
            what = f"phase {phase.number} is also {found[phase.number].name}"
            _say(notes, phase.name, "duplicate-id", what, "renumber one of them")
        elif phase:
            found[phase.number] = phase
    return sorted(found.values(), key=lambda p: p.number), notes.found


def _listing(root: Path, directory: Path, notes: Notes) -> list[Path]:
    try:
        if not directory.resolve().is_relative_to(root.resolve()):
            notes.error("outside-project", "the folder leads out of the project", "replace the link by a folder")
            return []
        return sorted(entry for entry in directory.iterdir() if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, RuntimeError) as error:
        notes.error("unreadable", f"the folder cannot be read: {error}", "check its permissions and links")
        return []


def _folder(root: Path, entry: Path, notes: Notes) -> Folder | None:
    name = f"{MILESTONES}/{entry.name}"
    if not entry.is_dir():
        return None
    match = _NAME.match(entry.name)
    if match is None or ".." in entry.name:
        _bad_name(entry, name, notes)
        return None
    if not _inside(root, entry):
        _say(notes, name, "outside-project", "the folder leads out of the project", "replace the link by a folder")
        return None
    return Folder(f"M{int(match['number'])}", int(match["number"]), entry.name, entry, name)


def _inside(root: Path, entry: Path) -> bool:
    try:
        return entry.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _bad_name(entry: Path, name: str, notes: Notes) -> None:
    """A name that was meant as a milestone is an error; any other folder with a plan in it is passed over aloud."""
    hint = "name it `M<number>-<words-with-dashes>`"
    if re.match(r"[Mm]\s*-?\d", entry.name):
        _say(notes, name, "bad-id", f"`{entry.name}` is not a milestone's name", hint)
    elif (entry / "milestone.md").exists():
        before = notes.file
        notes.file = name
        notes.warning("bad-id", f"`{entry.name}` is not a milestone's name and is not read", hint)
        notes.file = before


def _phase(folder: Folder, entry: Path, notes: Notes) -> PhasePath | None:
    name = f"{folder.name}/phases/{entry.name}"
    match = _PHASE.match(entry.name)
    if match and ".." not in entry.name:
        return PhasePath(int(match["number"]), entry, name)
    if entry.name.casefold().startswith("phase"):
        _say(notes, name, "bad-id", f"`{entry.name}` is not a phase's name", "name it `phase-<number>.md`")
    return None


def _say(notes: Notes, file: str, code: str, message: str, hint: str) -> None:
    before, notes.file = notes.file, file
    notes.error(code, message, hint)
    notes.file = before
