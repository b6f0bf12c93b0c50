"""Files as they are, byte for byte: no line-ending conversion, no clean or smudge filter."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from . import paths
from .changes import executable
from .diff import ABSENT, Entry
from .repo import Worktree


def record(tree: Worktree, wanted: Iterable[str]) -> dict[str, Entry]:
    """Store the paths `wanted` of a work tree as blobs and return their modes and objects (`ABSENT`: no file)."""
    chosen = list(wanted)
    found = dict.fromkeys(chosen, ABSENT)
    there = [path for path in chosen if paths.is_file(tree.path, path)]
    plain = [path for path in there if "\n" not in path and not (tree.path / path).is_symlink()]
    for path, sha in zip(plain, _hashed(tree, plain), strict=True):
        found[path] = (_mode(tree, path), sha)
    for path in set(there) - set(plain):
        found[path] = (_mode(tree, path), _one(tree, path))
    return found


def _hashed(tree: Worktree, plain: list[str]) -> list[str]:
    # "./" because a line that starts with a quote would be unquoted.
    lines = b"".join(b"./" + os.fsencode(path) + b"\n" for path in plain)
    return tree.git("hash-object", "-w", "--no-filters", "--stdin-paths", input=lines).text.split()


def _one(tree: Worktree, path: str) -> str:
    place = tree.path / path
    data = os.fsencode(place.readlink()) if place.is_symlink() else place.read_bytes()
    return tree.git("hash-object", "-w", "--no-filters", "--stdin", input=data).text


def _mode(tree: Worktree, path: str) -> str:
    if (tree.path / path).is_symlink():
        return "120000"
    return "100755" if executable(tree.path / path) else "100644"


def write(tree: Worktree, path: str, entry: Entry) -> None:
    """Make `path` of the work tree hold a recorded entry: written beside and renamed, or removed."""
    if entry == ABSENT:
        paths.remove(tree.path, path)
        return
    target = tree.path / path
    _make_room(tree.path, path)
    temporary = target.with_name(f".{secrets.token_hex(6)}.orchestra-tmp")
    try:
        _write(tree, temporary, entry)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _make_room(top: Path, path: str) -> None:
    """Only an empty directory gives way: who calls has made sure that nothing else is there."""
    target = top / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        target.rmdir()


def _write(tree: Worktree, place: Path, entry: Entry) -> None:
    mode, sha = entry
    if mode == "120000":
        place.symlink_to(os.fsdecode(tree.git("cat-file", "blob", sha).out))
        return
    with place.open("wb") as file:
        tree.git("cat-file", "blob", sha, stdout=file)
        os.fsync(file.fileno())
    if mode == "100755":
        place.chmod(place.stat().st_mode | (place.stat().st_mode & 0o444) >> 2)
