"""One stream of a job: a file that everybody may hold open and that stays bounded.

A pipe is held open by any grandchild and dies with its reader, so a program writes to a file, in append mode.
When that passes its limit, the middle is taken out while the program goes on writing: a hole is punched, which
frees the disk, loses no byte of head or tail and needs no word with the writer. Once the program has ended the
hole is closed with a line that says how much is missing. On a file system without holes the middle is kept
until then.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 18
_BLOCK = 1 << 12
_NOTICE = 128
_F_PUNCHHOLE = 99  # <sys/fcntl.h> of macOS


class Stream:
    """Reads `path` as it grows, from its start, and keeps it below `limit` bytes."""

    def __init__(self, path: Path, limit: int, sink: Callable[[bytes], None] | None = None) -> None:
        self.path = path
        self.size = 0
        self._head = limit // 2
        self._tail = max(limit - self._head - _NOTICE, 0)
        self._limit = limit
        self._sink = sink
        self._position = 0
        self._punched = 0

    def pump(self) -> bool:
        """Hand on what is new and bound the file; True when it has grown."""
        try:
            size = self.path.stat().st_size
        except OSError:
            return False
        grown, self.size = size != self.size, size
        if size > self._position and self._sink:
            with self.path.open("rb") as file:
                self._hand_on(file.fileno(), size, self._sink)
        if size > self._limit:
            self._punch(size)
        return grown

    def _hand_on(self, fd: int, size: int, sink: Callable[[bytes], None]) -> None:
        if size - self._position > self._limit:
            # More has come than will be kept: hand on what the file will say in the end.
            _copy(fd, self._position, self._head, sink)
            sink(b"\n")
            self._position = max(self._position, size - self._tail)
        _copy(fd, self._position, size, sink)
        self._position = size

    def _punch(self, size: int) -> None:
        first = -(-max(self._head, self._punched) // _BLOCK) * _BLOCK
        last = (size - self._tail) // _BLOCK * _BLOCK
        if last <= first:
            return
        with suppress(OSError), self.path.open("r+b") as file:
            punch_hole(file.fileno(), first, last - first)
            self._punched = last

    def close(self) -> None:
        """Hand on the rest and, when the file is over its limit, write it anew without its middle."""
        self.pump()
        if self.size > self._limit:
            with suppress(OSError):
                self._compact()

    def _compact(self) -> None:
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with self.path.open("rb") as old, temporary.open("wb") as new:
                size = os.fstat(old.fileno()).st_size
                _copy(old.fileno(), 0, self._head, new.write)
                new.write(b"\n[... %d bytes dropped ...]\n" % (size - self._head - self._tail))
                _copy(old.fileno(), size - self._tail, size, new.write)
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)


def _copy(fd: int, start: int, end: int, sink: Callable[[bytes], object]) -> None:
    while start < end and (data := os.pread(fd, min(_CHUNK, end - start), start)):
        sink(data)
        start += len(data)


def punch_hole(fd: int, offset: int, length: int) -> None:
    """Give the blocks of a range back, the size of the file unchanged. Raises OSError where that is not possible."""
    if not hasattr(os, "posix_fallocate"):
        fcntl.fcntl(fd, _F_PUNCHHOLE, struct.pack("IIqq", 0, 0, offset, length))
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    # FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE of <linux/falloc.h>; there is no Python function for it.
    if libc.fallocate(fd, 3, ctypes.c_long(offset), ctypes.c_long(length)):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def read_bounded(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a file, empty when there is none."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return os.pread(file.fileno(), limit, max(0, size - limit))
    except OSError:
        return b""
