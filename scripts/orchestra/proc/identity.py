"""Who a process is: its pid, its start time and the boot it belongs to.

Invariant: `alive` says yes only for the exact process that was recorded. A reused pid has another
start time, and after a reboot every recorded process is dead.
"""

from __future__ import annotations

import calendar
import functools
import os
import signal
import time
from dataclasses import dataclass

from .. import process
from ..process import LINUX as LINUX
from ..process import Stat, read_stat

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Identity:
    """One process of this machine; `start` is opaque (clock ticks on Linux, `ps` text elsewhere)."""

    pid: int
    start: str
    boot: str


@functools.cache
def boot_id() -> str:
    """One word for this boot and this process id name space, `<boot>:<space>`.

    The same pid is another process in another container, though both see one boot.
    """
    return f"{process.boot()}:{process.space()}"


def elsewhere(who: Identity) -> bool:
    """Whether the process belongs to another container of this running machine: nothing can be said of it here."""
    return who.boot != boot_id() and who.boot.partition(":")[0] == boot_id().partition(":")[0]


def start_of(pid: int, *, zombies: bool = False) -> str:
    """The start time of `pid`, empty when it is gone (or a zombie, unless `zombies`)."""
    stat = read_stat(pid) if LINUX else stat_by_psutil(pid)
    return "" if stat is None or (stat.zombie and not zombies) else stat.start


def stat_by_psutil(pid: int) -> Stat | None:
    """What `read_stat` says, on systems without /proc."""
    import psutil

    try:
        seen = psutil.Process(pid)
        with seen.oneshot():
            zombie = seen.status() == psutil.STATUS_ZOMBIE
            times = (0.0, 0.0) if zombie else seen.cpu_times()
            start = _as_ps_says(seen.create_time())
            return Stat(pid, start, seen.ppid(), _session(pid), times[0] + times[1], "Z" if zombie else "S")
    except (psutil.Error, OSError):
        return None


def _as_ps_says(seconds: float) -> str:
    # As `ps -o lstart=` prints it, which others ask (`process.ask_ps`); both read the same field of the kernel.
    at = time.gmtime(seconds)
    day, month = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][at.tm_wday], _MONTHS[at.tm_mon - 1]
    return f"{day}_{month}_{at.tm_mday}_{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}_{at.tm_year}"


def age_s(start: str) -> float:
    """How many seconds a process has run that started at `start`; by a clock that nobody sets, where there is one."""
    if LINUX and start.isdigit():
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(start) / os.sysconf("SC_CLK_TCK"))
    try:
        return max(0.0, time.time() - calendar.timegm(time.strptime(start, "%a_%b_%d_%H:%M:%S_%Y")))
    except ValueError:
        return 0.0


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def identify(pid: int) -> Identity:
    """The identity of a process that is known to exist now, zombies included."""
    return Identity(pid, start_of(pid, zombies=True), boot_id())


def alive(who: Identity) -> bool:
    """Whether exactly this process still runs; a zombie does not."""
    return who.pid > 0 and bool(who.start) and who.boot == boot_id() and start_of(who.pid) == who.start


def send(pid: int, start: str, number: signal.Signals) -> None:
    """Signal exactly the process that started at `start`; nothing happens when it is gone or not ours."""
    fd = open_pidfd(pid, start)
    try:
        if fd is not None:
            signal.pidfd_send_signal(fd, number)
        elif not has_pidfd() and start_of(pid) == start:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        if fd is not None:
            os.close(fd)


@functools.cache
def has_pidfd() -> bool:
    """Whether the system has them: macOS has not, nor kernels before 5.3, and some containers forbid them."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def own_pidfd(pid: int) -> int | None:
    """A pidfd of a child that nobody has waited for, so that its number is its own; None where there are none."""
    try:
        return os.pidfd_open(pid) if has_pidfd() else None
    except OSError:
        return None


def open_pidfd(pid: int, start: str) -> int | None:
    """A pidfd of exactly this process (the caller closes it), or None when it is gone or the system has none.

    The start time is compared after the descriptor is open, so that the pid cannot change hands between.
    """
    if not has_pidfd():
        return None
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return None
    if start_of(pid, zombies=True) == start:
        return fd
    os.close(fd)
    return None
