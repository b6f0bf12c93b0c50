"""Small files, by `posix` alone: `os` and `io` are already there, but what opens through them costs more."""

from __future__ import annotations

import posix

# 64 MB, a MB at a time.
_LARGEST = 67_108_864
_CHUNK = 1_048_576


class TooLarge(OSError):
    """There is more to read than any call or scope can be."""


def read_all(descriptor: int) -> bytes:
    """Everything that can be read from an open file. Raises OSError."""
    parts, size = list[bytes](), 0
    while part := posix.read(descriptor, _CHUNK):
        parts.append(part)
        size += len(part)
        if size > _LARGEST:
            raise TooLarge("too much to read")
    return b"".join(parts)


def read(path: str) -> bytes:
    """The bytes of the file at `path`. Raises OSError."""
    descriptor = posix.open(path, posix.O_RDONLY)
    try:
        return read_all(descriptor)
    finally:
        posix.close(descriptor)


def names(path: str) -> list[str]:
    """The names in the directory `path`; none when it cannot be read."""
    try:
        return posix.listdir(path)
    except OSError:
        return []


def exists(path: str) -> bool:
    """Whether anything, a dangling link included, has this name. What cannot be asked counts as there."""
    try:
        posix.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def create(path: str, data: bytes) -> bool:
    """Make the file `path`; False when somebody else has made it first. Raises OSError."""
    try:
        _write(path, posix.O_EXCL, data)
    except FileExistsError:
        return False
    return True


def replace(path: str, data: bytes) -> None:
    """Put `data` at `path` in one step. Raises OSError."""
    beside = f"{path}.{posix.getpid()}.new"
    _write(beside, posix.O_TRUNC, data)
    posix.rename(beside, path)


def append(path: str, data: bytes) -> None:
    """Add `data` to the end of `path` in one write, which others' lines cannot come between. Raises OSError."""
    _write(path, posix.O_APPEND, data)


def make_directory(path: str) -> None:
    """Make the directory `path` unless it is there. Raises OSError."""
    try:
        posix.mkdir(path, 0o755)
    except FileExistsError:
        return


def _write(path: str, how: int, data: bytes) -> None:
    descriptor = posix.open(path, posix.O_WRONLY | posix.O_CREAT | how, 0o644)
    try:
        posix.write(descriptor, data)
    finally:
        posix.close(descriptor)
