"""Reads a file that a person wrote, without trusting it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .diagnostics import ERROR, Diagnostic

MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class Source:
    """A file's text with its BOM and line endings. `name` is its path relative to the project."""

    path: Path
    name: str
    text: str


def relative(path: Path, root: Path) -> str:
    """`path` as people read it: relative to the project where that can be said."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def read(path: Path, root: Path, limit: int = MAX_BYTES) -> tuple[Source | None, list[Diagnostic]]:
    """The file's text, or None and the reason as a diagnostic.

    Refused: files that are missing, unreadable, not regular, above `limit` bytes, binary, not UTF-8, or that a
    symbolic link places outside `root`. Never raises for anything a path can hold.
    """
    name = relative(path, root)
    try:
        if not _real(path).startswith(_real_root(root)):
            return None, [_problem(name, "outside-project", "leads out of the project", "replace the link by a file")]
        data = _bytes(path, limit)
    except (OSError, ValueError, RuntimeError) as error:
        return None, [_unreadable(name, error)]
    return _decoded(path, name, data, limit)


@lru_cache(maxsize=16)
def _real_root(root: Path) -> str:
    return _real(root)


def _real(path: Path) -> str:
    """Where a path leads, with a slash at its end."""
    return os.path.realpath(path).rstrip(os.sep) + os.sep


def _bytes(path: Path, limit: int) -> bytes | None:
    """The content, or None for what is not a regular file. O_NONBLOCK: opening a FIFO must not wait for a writer."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        return file.read(limit + 1)


def _decoded(path: Path, name: str, data: bytes | None, limit: int) -> tuple[Source | None, list[Diagnostic]]:
    if data is None:
        return None, [_problem(name, "not-a-file", "is not a regular file", "a plain text file is expected here")]
    if len(data) > limit:
        what = f"is larger than {limit // 1_000_000} MB"
        return None, [_problem(name, "too-large", what, "split it; agents read these files whole")]
    if (at := data.find(b"\0")) >= 0:
        return None, [_problem(name, "binary", "holds binary data", "write it as UTF-8 text", data, at)]
    try:
        return Source(path, name, data.decode("utf-8")), []
    except UnicodeDecodeError as error:
        return None, [_problem(name, "encoding", "is not valid UTF-8", "save it as UTF-8", data, error.start)]


def _problem(name: str, code: str, what: str, hint: str, data: bytes = b"", at: int = 0) -> Diagnostic:
    before = data[:at]
    line, column = before.count(b"\n") + 1, at - before.rfind(b"\n")
    return Diagnostic(name, line, column if data else 1, ERROR, code, f"the file {what}", hint)


def _unreadable(name: str, error: Exception) -> Diagnostic:
    if isinstance(error, FileNotFoundError):
        return _problem(name, "missing-file", "does not exist", "")
    reason = getattr(error, "strerror", None) or str(error)
    return _problem(name, "unreadable", f"cannot be read: {reason}", "check its permissions and links")
