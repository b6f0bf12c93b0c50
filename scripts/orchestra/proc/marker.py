"""The files of a job's directory that decide who may run: marker, tombstone, exit code, cause.

    pid         first line `<pid> <start> <boot>` of the one shell that may run the program, or the tombstone;
                then the control group that it enters, where there is one
    rc          the program's exit code, then what `run` answered, so that it answers the same again
    cause       why a supervisor ended the program (`timeout`, `idle`, `stopped`), written before the first signal

The first line of `pid` decides. It is created with O_EXCL and appended to, and appends are ordered, so a
creator that was killed (or starved) between the two steps can be shut out by appending the tombstone:
whoever finds another first line than its own must not run. `rc` needs no rename either: a line without its end does
not count, which is the same promise without a process for `mv`, and of several answers the first one stands.

Names are put together as text: each unit needs many, and making a Path of one takes longer than the rest of the look.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..process import read_small
from .identity import Identity

TOMBSTONE = Identity(0, "tombstone", "-")
# Bytes that are read of any of these files.
_MOST = 4096


@dataclass(frozen=True)
class Ended:
    """How a program ended. `code` is the shell's (128 + signal), None when nobody learnt it; times in seconds.

    Causes: `exit` by itself; `timeout`, `idle`, `stopped` ended by a supervisor; `lost` when it died with its
    shell, or with the machine; `refused` when a tombstone forbade it to start. After any of them nothing of it runs.
    """

    cause: str
    code: int | None
    duration_s: float
    stdout: Path
    stderr: Path


def read_mark(job: Path) -> Identity | None:
    """The first line of the marker; None when there is no complete one yet (see `exists`)."""
    line = _line(f"{job}/pid")
    words = line.split() if line else []
    if len(words) == 3 and words[0].isdecimal() and len(words[0]) < 10:
        return Identity(int(words[0]), words[1], words[2])
    # Garbage can be nobody's own line, so no shell runs under it: it is as good as a tombstone.
    return TOMBSTONE if line is not None else None


def read_place(job: Path) -> str:
    """The line behind the marker, which says in which control group its maker is; empty when there is none."""
    lines = _head(f"{job}/pid").split(b"\n")
    return os.fsdecode(lines[1]) if len(lines) > 2 else ""


def exists(job: Path) -> bool:
    """Whether anybody has made the marker, even if its line is not there yet."""
    return os.path.exists(f"{job}/pid")  # noqa: PTH110


def bury(job: Path) -> Identity:
    """Make the tombstone unless someone was first; answers with whoever holds the marker now."""
    _append(job / "pid", TOMBSTONE)
    return read_mark(job) or TOMBSTONE


def _append(path: Path, who: Identity) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, f"{who.pid} {who.start} {who.boot}\n".encode())
    finally:
        os.close(fd)


def read_code(job: Path) -> int | None:
    """The exit code that the shell wrote, None when it did not (or not wholly)."""
    line = _line(f"{job}/rc")
    return int(line) if line and line.isdecimal() and len(line) < 4 else None


def read_cause(job: Path) -> str:
    """Why a supervisor ended the program, empty when none did."""
    return _line(f"{job}/cause") or ""


def write_cause(job: Path, cause: str) -> None:
    """Record why the program is about to be ended; the first cause stays. A full disk does not stop the ending."""
    with suppress(OSError):
        _once(job / "cause", f"{cause}\n".encode())


def read_ended(job: Path) -> Ended | None:
    """What `run` answered for this directory, None when it has not answered."""
    with suppress(OSError):
        return _answer(job, _head(f"{job}/rc"))
    return None


def write_ended(job: Path, cause: str, code: int | None, duration_s: float) -> Ended:
    """Record the answer and return the one that stands; the first stays. Without disk space nothing is recorded."""
    data = {"cause": cause, "code": code, "duration_s": round(duration_s, 3)}
    stands = None
    with suppress(OSError):
        stands = _answer(job, _added(f"{job}/rc", json.dumps(data).encode() + b"\n"))
    return stands or _ended(job, cause, code, duration_s)


def _answer(job: Path, text: bytes) -> Ended | None:
    """The first answer in `text` that is whole; what a kill or a full disk cut off may stand before it in its line."""
    for line in text.split(b"\n")[:-1]:
        with suppress(ValueError, KeyError, TypeError):
            data = json.loads(line[line.rindex(b"{") :])
            return _ended(job, data["cause"], data["code"], float(data["duration_s"]))
    return None


def _added(path: str, line: bytes) -> bytes:
    """Append a line to a small file; what the file holds then."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(fd, line)
        return os.pread(fd, _MOST, 0)
    finally:
        os.close(fd)


def refused(job: Path) -> Ended:
    return _ended(job, "refused", None, 0.0)


def _ended(job: Path, cause: str, code: int | None, duration_s: float) -> Ended:
    return Ended(cause, code, duration_s, job / "stdout", job / "stderr")


def _once(path: Path, data: bytes) -> None:
    """Create `path` whole, or leave the one that is there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        temporary.write_bytes(data)
        with suppress(FileExistsError):
            _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _publish(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        temporary.replace(path)


def _line(path: str) -> str | None:
    """The first line of a small file, None while it has no end."""
    head, end, _ = _head(path).partition(b"\n")
    return head.decode("utf-8", "replace").strip() if end else None


def _head(path: str) -> bytes:
    """What a small file holds, nothing where there is none."""
    try:
        return read_small(path, _MOST)
    except (FileNotFoundError, NotADirectoryError):
        return b""
