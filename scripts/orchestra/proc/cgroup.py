"""A control group (cgroups(7), version 2) around a job: what is started in it stays in it, wherever it runs to.

It is made below the group that this process is in, where the system lets its user do that: as root, and in what systemd
has delegated. Elsewhere there is none, and descendants are found in other ways (`tree`).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ..process import read_small
from . import marker

_PREFIX = "orchestra-"


def make(job: Path) -> Path | None:
    """A group for the job of a directory, whose marker will name it; None where the system allows none."""
    group = _place(job)
    try:
        if group is not None:
            group.mkdir(exist_ok=True)
    except OSError:
        return None
    return group


def tidy(job: Path) -> None:
    """Remove the group of a program that was not started any more: its supervisor was killed before the marker."""
    remove(_place(job))


def _place(job: Path) -> Path | None:
    above = base()
    return above / f"{_PREFIX}{sha256(os.fsencode(job)).hexdigest()[:24]}" if above is not None else None


def of(job: Path) -> Path | None:
    """The group that a job's marker names, also after a restart from another group; None when it has none."""
    line = marker.read_place(job)
    group = Path(line)
    return group if line.startswith("/") and "\0" not in line and group.name.startswith(_PREFIX) else None


def pids(group: Path | None) -> set[int]:
    """Who is in a group and in those below it."""
    if group is None or _is_empty(group):
        return set()
    return {pid for one in _below(group) for pid in _members(one)}


def remove(group: Path | None) -> None:
    """Remove a group in which nobody is any more; one in which somebody is stays."""
    if group is None:
        return
    try:
        group.rmdir()
    except OSError:
        for one in reversed(list(_below(group))):
            with suppress(OSError):
                one.rmdir()


def _is_empty(group: Path) -> bool:
    """Whether the kernel says that nobody is in it or below it."""
    try:
        return b"populated 0" in read_small(f"{group}/cgroup.events")
    except OSError:
        return False


def _below(group: Path) -> Iterator[Path]:
    """The group and those that programs have made in it, parents first."""
    for at, _, _ in os.walk(group):
        yield Path(at)


def _members(group: Path) -> list[int]:
    try:
        return [int(word) for word in (group / "cgroup.procs").read_bytes().split()]
    except (OSError, ValueError):
        # Of a group of threads, the processes cannot be listed.
        return []


@functools.cache
def base() -> Path | None:
    """The group of this process, when groups can be made in it and processes moved there; None otherwise."""
    try:
        own = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
        root, mount = next(_mounts())
    except (OSError, StopIteration):
        return None
    if not own.startswith(root):
        return None
    found = Path(mount) / own.removeprefix(root).lstrip("/")
    return found if os.access(found, os.W_OK) and os.access(found / "cgroup.procs", os.W_OK) else None


def _mounts() -> Iterator[tuple[str, str]]:
    """(root, mount point) of each hierarchy of version 2, from proc_pid_mountinfo(5)."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        head, _, tail = line.partition(" - ")
        if tail.startswith("cgroup2 "):
            words = head.split()
            yield words[3], words[4].replace("\\040", " ")
