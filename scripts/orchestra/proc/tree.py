"""Everything that a program has started, found again even when it has run away from its parent.

A process belongs to a job when it is in the job's control group (`cgroup`, where the system allows one), descends from
the job's root, shares the root's session, was seen to descend from it earlier (so a daemon whose parents are gone is
remembered), or carries ORCHESTRA_JOB=<dir> in the environment it was started with. Each is kept as (pid, start time),
so a reused pid is never signalled. What escapes without a control group: a process that empties its environment,
starts a session of its own and loses its parents, all between two looks. A sandbox with a pid name space ends those.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ..process import Stat, read_small, read_stat
from . import cgroup, identity
from .identity import Identity, alive, boot_id, send

MARK = "ORCHESTRA_JOB"
_PATIENCE_S = 5.0
_WRAPPER_S = 0.5
# Numbers are handed out upwards: what a program starts has a higher one than its own, until they have come round.
# That shows in the last number handed out, except when they have come round for longer than this.
_YOUNG_S = 1.0
_LAST_NUMBER = "/proc/sys/kernel/ns_last_pid"
_FEW = 64

Members = dict[int, Stat]


class Tree:
    """The processes of one root. `job` is the directory named by the environment mark, empty for none.

    `fresh` says that the root lives, or has ended only now: no other session can have its number. `newborn` says that
    it was started only now: then its control group is given, because its marker may not be there yet.
    """

    def __init__(
        self, root: Identity, job: str = "", *, fresh: bool = False, newborn: bool = False, group: Path | None = None
    ) -> None:
        self.root = root
        self._mark = f"{MARK}={job}".encode() if job else b""
        self.group = cgroup.of(Path(job)) if job and not newborn else group
        # The same pid and start time may belong to a stranger of this boot.
        self._seen: dict[int, str] = {root.pid: root.start} if root.boot == boot_id() else {}
        self._fresh = fresh
        self._young_until = time.monotonic() + _YOUNG_S if newborn else 0.0

    def look(self, *, deep: bool = False) -> Members:
        """The members that live now, by pid. `deep` also reads the environment of strangers."""
        living = alive(self.root)
        young = time.monotonic() < self._young_until
        inside = cgroup.pids(self.group)
        table = processes({*self._seen, *inside}, above=self.root.pid if young else 0)
        found = {pid for pid, start in self._seen.items() if pid in table and table[pid].start == start}
        found |= inside & table.keys()
        if living or self._fresh:
            found |= {one.pid for one in table.values() if one.session == self.root.pid}
        found = _spread(table, found)
        if deep and self._mark:
            strangers = {one.pid for one in table.values() if self._may_follow(one)} - found
            found = _spread(table, found | {pid for pid in strangers if self._mark in _environment(pid)})
        found.discard(os.getpid())
        self._fresh = living
        self._seen = {pid: table[pid].start for pid in found}
        # Parents first: a shell that is told to end before its program is has no time to complain of the program's end.
        return {pid: table[pid] for pid in sorted(found)}

    def _may_follow(self, one: Stat) -> bool:
        # What started before the root cannot be its doing, and most of a machine did. Elsewhere than on Linux the start
        # time is a text without order.
        start = self.root.start
        return not (start.isdecimal() and one.start.isdecimal()) or int(one.start) >= int(start)

    def end(self, grace_s: float, *, wrapper: bool = False) -> bool:
        """SIGTERM, then after `grace_s` SIGKILL, to every member; True when all are proved gone.

        With `wrapper` the root is a job's shell: it goes last, so that it can still write what its program
        came to. Blocks up to `grace_s` + 5 seconds.
        """
        return _end(lambda: self.look(deep=True), grace_s, self.root.pid if wrapper else 0)


def kill_tree(pid: int, grace_s: float) -> bool:
    """End a process and everything below it; True when all are proved gone. Blocks up to `grace_s` + 5 seconds."""
    if not identity.start_of(pid):
        return True
    return Tree(identity.identify(pid)).end(grace_s)


def _end(look: Callable[[], Members], grace_s: float, wrapper: int) -> bool:
    start = time.monotonic()
    told: set[tuple[int, str]] = set()
    alone_since = 0.0
    pause = 0.002
    while members := look():
        age = time.monotonic() - start
        if age > grace_s + _PATIENCE_S:
            return False
        others = [one for one in members.values() if one.pid != wrapper]
        alone_since = 0.0 if others else alone_since or time.monotonic()
        _terminate(one for one in members.values() if (one.pid, one.start) not in told)
        told |= {(one.pid, one.start) for one in members.values()}
        if age >= grace_s:
            _kill(others)
        if alone_since and time.monotonic() - alone_since > _WRAPPER_S:
            _kill(members.values())
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    return True


def _terminate(members: Iterable[Stat]) -> None:
    for one in members:
        send(one.pid, one.start, signal.SIGTERM)
        # A stopped process takes no SIGTERM until it goes on.
        send(one.pid, one.start, signal.SIGCONT)


def _kill(members: Iterable[Stat]) -> None:
    for one in members:
        send(one.pid, one.start, signal.SIGKILL)


def _spread(table: Members, roots: set[int]) -> set[int]:
    """`roots` with all their descendants and the sessions they lead."""
    below: dict[int, list[int]] = {}
    for one in table.values():
        below.setdefault(one.parent, []).append(one.pid)
        below.setdefault(one.session, []).append(one.pid)
    found, todo = set(roots), list(roots)
    while todo:
        fresh = [pid for pid in below.get(todo.pop(), ()) if pid not in found]
        found.update(fresh)
        todo += fresh
    return found


def _environment(pid: int) -> list[bytes]:
    if not identity.LINUX:
        return _environment_by_psutil(pid)
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:  # noqa: PTH123
            return file.readall().split(b"\0")
    except OSError:
        return []


def _environment_by_psutil(pid: int) -> list[bytes]:
    import psutil

    try:
        return [f"{key}={value}".encode() for key, value in psutil.Process(pid).environ().items()]
    except (psutil.Error, OSError):
        return []


def processes(also: Iterable[int] = (), *, above: int = 0) -> Members:
    """The living processes, or only those with a number from `above` and those of `also`."""
    if not identity.LINUX:
        return _processes_by_psutil()
    table = (read_stat(pid) for pid in {*_pids(above), *also})
    return {one.pid: one for one in table if one is not None and not one.zombie}


def _pids(above: int) -> list[int]:
    if above and _none_since(above):
        return []
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    # Asked after the list was made: whatever is in it was handed out before, unless numbers have come round.
    last = _last_number()
    return [pid for pid in pids if above <= pid <= last] if 0 < above <= last else pids


def _none_since(first: int) -> bool:
    """Whether nobody has any of the numbers that were handed out from `first` on; False when that is not cheap to say.

    After most programs nothing is left, and a list of all processes would cost more than the rest of the look.
    """
    above = first
    while (last := _last_number()) >= first:
        if last - first >= _FEW or any(_is_number(pid) for pid in range(first, last + 1)):
            return False
        # What was handed out meanwhile may belong to a child of one that has ended meanwhile.
        first = last + 1
    return above < first == last + 1


def _last_number() -> int:
    """The number handed out last in this process's name space, 0 where the kernel does not say.

    Not from /proc/loadavg: containers may be shown one that is seconds old.
    """
    try:
        return int(read_small(_LAST_NUMBER))
    except (OSError, ValueError):
        return 0


def _is_number(pid: int) -> bool:
    # A thread has one too, and so has somebody else's process.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _processes_by_psutil() -> Members:
    import psutil

    table = (identity.stat_by_psutil(pid) for pid in psutil.pids())
    return {one.pid: one for one in table if one is not None and not one.zombie}
