"""Paths as git knows them: relative to the top, `/` between the parts, any bytes but NUL."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

# Made by merely running things. Never committed and never reported unless the project tracks them.
EPHEMERAL = (
    "__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
    ".DS_Store", "node_modules", ".coverage", ".tox", ".nox", ".venv", ".gradle", "*.orchestra-tmp",
)  # fmt: skip

# What an agent that is started in a work tree obeys: its client's settings, and Orchestra's own folder.
STEERING = (".claude", ".codex", ".orchestra", ".mcp.json", "CLAUDE.local.md")


# What Orchestra writes beside a Kiro spec, and ticks in it. Like `.orchestra/` these lie in the user's checkout alone.
SPECS = ".kiro/specs"
_SPEC = f"{SPECS}/*/"
# Those that are written elsewhere too, where somebody wants them.
ANYWHERE = ("TASKS_PARSED.json", "AGENT_STATE.json", "PROJECT_PULSE.md")
_OF_SPECS = ("tasks.md", "SEQUENTIAL_STATE.json", "SEQUENTIAL_PROGRESS.md", *ANYWHERE)
VIEWS = tuple(_SPEC + name for name in _OF_SPECS)
_VIEW = re.compile(r"\.kiro/specs/[^/]+/(?:" + "|".join(map(re.escape, _OF_SPECS)) + r")/?\Z")


def is_view(path: str) -> bool:
    """Whether Orchestra writes `path`, relative to the top of the checkout, for a Kiro spec."""
    return _VIEW.match(path) is not None


def joined(paths: Iterable[str]) -> bytes:
    """Paths as the input of a git command that reads `-z`."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether any part of `path` is one of the names `patterns` (fnmatch, case-sensitive)."""
    parts = path.split("/")
    return any(fnmatchcase(part, pattern) for pattern in patterns for part in parts)


def below(path: str, folders: Iterable[str]) -> bool:
    """Whether `path` is one of `folders` or lies in one."""
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def related(path: str, others: Iterable[str]) -> bool:
    """Whether `path` and one of `others` cannot both be files: one is a parent of the other."""
    return any(path != other and (below(path, [other]) or below(other, [path])) for other in others)


def plain_parent(top: Path, path: str) -> bool:
    """Whether every parent of `path` below `top` is a real directory, no symbolic link."""
    here = top
    for part in path.split("/")[:-1]:
        here = here / part
        if here.is_symlink() or not here.is_dir():
            return False
    return True


def is_file(top: Path, path: str) -> bool:
    """Whether git could record what lies at `path`: a regular file or a symbolic link in real directories."""
    try:
        mode = os.lstat(top / path).st_mode
    except (OSError, ValueError):
        return False
    return (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) and plain_parent(top, path)


def in_the_way(top: Path, path: str, free: Collection[str]) -> bool:
    """Whether something lies at `path`, or in the place of one of its parents, that is not among the paths `free`."""
    target = top / path
    if target.is_dir() and not target.is_symlink():
        return any(name not in free for name in _files(top, target))
    parents = [parent for parent in target.parents if parent.is_relative_to(top) and parent != top]
    file = next((parent for parent in parents if parent.is_symlink() or parent.is_file()), None)
    if file is not None:
        return file.relative_to(top).as_posix() not in free
    return os.path.lexists(target) and path not in free


def _files(top: Path, folder: Path) -> Iterator[str]:
    """Everything below `folder` that is no directory, relative to `top`."""
    for at, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(at) / name).is_symlink()]
        yield from ((Path(at) / name).relative_to(top).as_posix() for name in (*files, *links))


def remove(top: Path, path: str) -> None:
    """Remove the file, link or directory at `path`, then the parents that this leaves empty.

    Does nothing when `path` is gone or would lead through a symbolic link.
    """
    if not plain_parent(top, path):
        return
    remove_tree(top / path)
    for parent in (top / path).parents:
        if parent == top or not _rmdir(parent):
            return


def remove_tree(path: Path) -> None:
    """Remove whatever lies at `path`, write-protected directories included; links are not followed."""
    try:
        if path.is_symlink() or not path.is_dir():
            _unlink(path)
        elif path.is_dir():
            shutil.rmtree(path, onerror=_unprotect)
    except FileNotFoundError:
        return


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except PermissionError:
        path.parent.chmod(0o700)
        path.unlink()


def _unprotect(function: Any, path: str, _error: Any) -> None:
    """Go's module cache and careful programs leave directories without the write bit."""
    target = Path(path)
    if not target.exists() and not target.is_symlink():
        return
    with suppress(FileNotFoundError):
        target.parent.chmod(0o700)
        if target.is_dir() and not target.is_symlink():
            target.chmod(0o700)
            shutil.rmtree(target)
        else:
            target.unlink()


def _rmdir(path: Path) -> bool:
    try:
        path.rmdir()
    except OSError:
        return False
    return True


def ref_part(name: str) -> str:
    """`name` as one part of a ref's name (git-check-ref-format(1)); different names stay different."""
    safe = re.sub(rb"[^A-Za-z0-9._-]", lambda match: b"%%%02X" % match.group()[0], os.fsencode(name)).decode()
    safe = re.sub(r"^[.-]|(?<=\.)\.|\.$|\.(?=lock$)", lambda match: f"%{ord(match.group()):02X}", safe)
    return safe or "%"
