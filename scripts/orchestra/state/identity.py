"""Who holds something, and whether that exact process still lives.

Both answers fail closed: `proved_dead` returns True only when this process can prove the exact recorded owner is dead,
`proved_alive` only when it can prove that it lives. In between, nobody knows, and time decides. The shape is that of
filelock's `_identity.py`: a process id alone is recycled, a process id with its start time and boot is not.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache

from orchestra import process


@dataclass(frozen=True)
class Holder:
    """One owner. `pid` is 0 for a claim made by hand: then nothing but time or a person ends it.

    `started` is what the system says of the process's start, compared and never read. `space` is its process id
    name space: the same number means another process in another container.
    """

    host: str
    boot_id: str = ""
    pid: int = 0
    started: str = ""
    token: str = ""
    space: str = ""
    name: str = ""
    user: str = ""

    @property
    def text(self) -> str:
        """One word for people and for `Locked-By`: host/pid/token8, or host/name/token8 for a claim by hand."""
        who = str(self.pid) if self.pid else self.name or self.user or "hand"
        return "/".join(_word(part) for part in (self.host, who, self.token[:8]))


def me(token: str | None = None) -> Holder:
    """This process as a holder, with a new random token unless one is given."""
    pid = os.getpid()
    seen = _process(pid)
    started = seen[1] if seen else ""
    return Holder(_host(), process.boot(), pid, started, token or new_token(), process.space(), user=_user())


def of(pid: int) -> Holder:
    """Another process as a holder. Its token follows from who it is, so that all its children hold the same."""
    seen = _process(pid)
    started = seen[1] if seen else ""
    token = hashlib.sha256(f"{_host()} {process.boot()} {process.space()} {pid} {started}".encode()).hexdigest()[:32]
    return Holder(_host(), process.boot(), pid, started, token, process.space(), user=_user())


def by_hand(name: str = "") -> Holder:
    """A person or script that claims and goes away: it has no process to look at."""
    return Holder(_host(), token=new_token(), name=name, user=_user())


def new_token() -> str:
    return os.urandom(16).hex()


def proved_dead(holder: Holder) -> bool:
    """True only when this process can prove the exact recorded owner is dead.

    Same host and: another boot, no such process, another start time, or a zombie.
    """
    if not holder.pid or holder.host != _host():
        return False
    if _differ(holder.boot_id, process.boot()):
        return True
    if holder.boot_id != process.boot() or holder.space != process.space():
        return False
    seen = _process(holder.pid)
    if seen is None:
        return _no_such_process(holder.pid)
    return seen[0] == "Z" or _differ(holder.started, seen[1])


def proved_alive(holder: Holder) -> bool:
    """True only when the exact recorded owner runs here: same host, boot and start time, neither zombie nor stopped."""
    if not holder.pid or (holder.host, holder.boot_id, holder.space) != (_host(), process.boot(), process.space()):
        return False
    seen = _process(holder.pid)
    return seen is not None and bool(holder.started) and holder.started == seen[1] and seen[0] not in "ZTtXx"


def _differ(recorded: str, found: str) -> bool:
    """Two values that are both known and not the same: an unknown one proves nothing."""
    return bool(recorded) and bool(found) and recorded != found


def _no_such_process(pid: int) -> bool:
    # With /proc mounted hidepid=2 another user's process is invisible there, but kill still says EPERM.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _process(pid: int) -> tuple[str, str] | None:
    """State letter and start time of a process, None when it cannot be seen."""
    if not process.LINUX:
        return process.ask_ps(pid)
    seen = process.read_stat(pid)
    return (seen.state, seen.start) if seen else None


@cache
def _host() -> str:
    return os.uname().nodename or "localhost"


@cache
def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _word(text: str) -> str:
    # It stands in a Markdown table cell, between spaces: no bar, no white space, no line end.
    return re.sub(r"[^A-Za-z0-9._@+-]+", "-", text)[:64] or "-"
