"""Writes new milestones: whole folders that appear at once, and never over something."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import UserError, bad_input, usage
from .folders import MILESTONES, folders

_ASIDE = ".new-"
_FILE = re.compile(
    r"(?P<folder>M\d{1,6}-[a-z0-9][a-z0-9-]*)/(?:(?:milestone|prd|grooming|rfc)\.md|phases/phase-\d{1,6}\.md)\Z"
)


def next_number(root: Path, spent: Collection[int] = ()) -> int:
    """The number after the highest one in use or `spent`; also names that are not understood keep their number."""
    directory = root / MILESTONES
    names = os.listdir(directory) if directory.is_dir() else []  # noqa: PTH208
    used = [int(match[1]) for name in names if (match := re.match(r"[Mm]0*(\d{1,6})", name))]
    return max([*used, *spent], default=0) + 1


def refuse_existing(root: Path, number: int, spent: Collection[int] = ()) -> None:
    """Raises UserError when a milestone has this number already, or had it when a run carried it out."""
    taken = next((f for f in folders(root)[0] if f.number == number), None)
    hint = f"the next free one is M{next_number(root, spent)}"
    if taken:
        raise UserError(f"M{number} exists already: {taken.name}", hint=hint)
    if number in spent:
        raise UserError(f"M{number} was another milestone, which a run has carried out", hint=hint)


def write_folders(root: Path, files: Mapping[str, str]) -> list[str]:
    """Writes new milestone folders; keys are paths below `.orchestra/milestones`. Returns paths relative to `root`.

    Each folder is made aside and renamed into place, so that a reader sees all of it or nothing, and a
    kill leaves at most a hidden folder behind. Raises UserError for a path that is not a milestone's
    file and for a folder that exists.
    """
    grouped = _by_folder(files)
    home = root / MILESTONES
    with explained():
        home.mkdir(parents=True, exist_ok=True)
        for name in grouped:
            _refuse_taken(home / name)
        for name, texts in grouped.items():
            _write_folder(home, name, texts)
    return [f"{MILESTONES}/{path}" for path in files]


def sweep(root: Path) -> None:
    """Removes what a killed `write_folders` left behind. Call it only while nobody else writes milestones."""
    for left in (root / MILESTONES).glob(f"{_ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def explained() -> Iterator[None]:
    """Turns what the file system refuses into a UserError that names the path."""
    try:
        yield
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        hint = "make room, or make the place writable, and run the command again"
        raise UserError(f"cannot write{where}: {error.strerror or error}", hint=hint) from error


def _refuse_taken(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise UserError(f"{MILESTONES}/{path.name} exists already", hint="choose another name or number")


def _by_folder(files: Mapping[str, str]) -> dict[str, dict[str, str]]:
    grouped: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        match = _FILE.match(path)
        if not match:
            raise bad_input(f"`{path[:80]}` is not a file of a milestone", "as in M1-name/phases/phase-1.md")
        grouped.setdefault(match["folder"], {})[path.partition("/")[2]] = text
    return grouped


def _write_folder(home: Path, name: str, texts: Mapping[str, str]) -> None:
    with _aside(home) as made:
        (made / "phases").mkdir()
        for path, text in texts.items():
            _write_synced(made / path, text)
        os.rename(made, home / name)  # noqa: PTH104  (Path.rename is the same, but hides that an empty target is replaced)


@contextmanager
def _aside(home: Path) -> Iterator[Path]:
    made = home / f"{_ASIDE}{secrets.token_hex(6)}"
    made.mkdir()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write_synced(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def parse_name(text: str, root: Path, spent: Collection[int] = ()) -> tuple[int, str]:
    """`M3-user-auth` is (3, "user-auth"); `user-auth` takes the next free number. Raises UserError (usage)."""
    match = re.fullmatch(r"(?:[Mm](\d{1,6})(?:-|\Z))?([A-Za-z0-9][A-Za-z0-9-]*)?", text)
    if not match or not (match[1] or match[2]) or len(text) > 80:
        raise usage(f"`{text[:80]}` is not a name for a milestone", "as in M3-user-auth: letters, digits and dashes")
    return int(match[1]) if match[1] else next_number(root, spent), (match[2] or "").lower()
