"""What the system says of a process, and of the boot and the name space that it belongs to.

A process id alone is recycled; with its start time and the boot it names one process for ever.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LINUX = sys.platform.startswith("linux")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stat:
    """What the kernel says of a process now.

    `start` is compared and never read. `cpu` is in seconds and includes children it has waited for. `state` is the
    letter that `ps` shows.
    """

    pid: int
    start: str
    parent: int
    session: int
    cpu: float
    state: str

    @property
    def zombie(self) -> bool:
        return self.state in ("Z", "X", "x")


def read_stat(pid: int) -> Stat | None:
    """/proc/<pid>/stat, or None when there is no such process (Linux only)."""
    try:
        data = read_small(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The command's name may hold blanks and brackets: fields are counted from the last bracket (proc(5)).
    rest = data[data.rfind(b")") + 2 :].split()
    if len(rest) < 20:
        return None
    cpu = sum(map(int, rest[11:15])) / _TICKS
    return Stat(pid, rest[19].decode(), int(rest[1]), int(rest[3]), cpu, rest[0].decode())


def read_small(path: str, limit: int = 1024) -> bytes:
    """The first `limit` bytes of a file that is given out at once, as those of the kernel are. Raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, limit)
    finally:
        os.close(fd)


def ask_ps(pid: int) -> tuple[str, str] | None:
    """State letter and start time of a process as `ps` prints them, None when it cannot be seen."""
    # lstart is printed in local time: without a fixed zone, a traveller's laptop would change everybody's birthday.
    out = _output(["ps", "-o", "stat=,lstart=", "-p", str(pid)])
    state, _, started = out.strip().partition(" ")
    return (state[:1], " ".join(started.split())) if state and started.strip() else None


@cache
def boot() -> str:
    """One word for this boot of the machine, empty when it cannot be known."""
    if LINUX:
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return ""
    # Not kern.boottime: macOS moves it when the clock is set.
    return _output(["sysctl", "-n", "kern.bootsessionuuid"]).strip()


@cache
def space() -> str:
    """One word for this process id name space: the same number is another process in another container."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino) if LINUX else ""
    except OSError:
        return ""


def _output(argv: list[str]) -> str:
    # Imported here because Linux, with /proc, never needs it.
    import subprocess

    env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}
    try:
        return subprocess.run(argv, capture_output=True, text=True, env=env, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
