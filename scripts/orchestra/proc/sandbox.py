"""A box around a program: it reads everything and writes only where it is told to (bubblewrap, Linux).

The box has a process name space of its own: what is started in it sees and signals nothing outside, and ends with it.
It has no way to be ended by its supervisor's death: a program is found again by the next one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import UserError
from .identity import LINUX

PROGRAM = "bwrap"
# A user name space also for root: it would own every file of the machine, and /proc/<pid>/root of its processes.
_SPACES = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL")
_BASE = (*_SPACES, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
# Root owns what lies there even without any capability, and it belongs to the whole machine (proc(5)).
_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
# Sockets of programs that would write on our behalf (docker, systemd, tmux) lie in /run and /tmp.
_PRIVATE = ("/tmp", "/var/tmp", "/run")
# Without these no name is resolved where /etc/resolv.conf leads there.
_NEEDED = ("/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf", "/run/nscd")
# Caches that programs must be able to write; they begin empty.
_CACHES = (".cache", ".npm")
_UNSET = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "TMUX", "TMUX_PANE", "DOCKER_HOST", "SSH_AUTH_SOCK")
OBJECTS = Path("/run/orchestra/objects")
_PROBE_S = 20.0


@dataclass(frozen=True)
class Own:
    """A directory `real` that a program has for itself: what it writes there goes to `kept`, which it finds again.

    What is in the real one can be read, but for the names that fit `hidden`; files that fit `logins` may be changed.
    """

    real: Path
    kept: Path
    hidden: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """What a program may write (`writes`), what lies in there that it may not (`protects`), and what it must be able
    to read though it lies in a directory of temporary files or of sockets (`reads`).

    `objects` is a repository's object directory and the one that takes what is added to it, which lies in its place.
    """

    writes: tuple[Path, ...]
    protects: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    home: Path | None = None
    objects: tuple[Path, Path] | None = None
    own: tuple[Own, ...] = ()

    def argv(self, cwd: Path, program: Sequence[str]) -> tuple[str, ...]:
        """The argument list that runs `program` in `cwd` inside the box."""
        words = [*_BASE, *_machine(), *_home(self.home, self.writes)]
        words += [word for own in self.own for word in _own(own)]
        words += _mounts(self) + _environment()
        return (PROGRAM, *words, "--chdir", str(cwd), "--", *program)


def _machine() -> Iterator[str]:
    for name in _PROC:
        if os.path.lexists(f"/proc/{name}"):
            yield from ("--ro-bind", f"/proc/{name}", f"/proc/{name}")
    for path in _PRIVATE:
        if not Path(path).is_symlink() and Path(path).is_dir():
            yield from ("--tmpfs", path)
    for path in _NEEDED:
        yield from ("--ro-bind-try", path, path)


def _home(home: Path | None, writes: tuple[Path, ...]) -> Iterator[str]:
    """A home directory of its own that shows what is in the real one; nothing that is written there stays."""
    if home is None or not home.is_dir() or home == Path("/") or any(home.is_relative_to(path) for path in writes):
        return
    yield from ("--tmpfs", str(home))
    for entry in sorted(os.scandir(home), key=lambda entry: entry.name):
        if entry.name in _CACHES:
            yield from ("--dir", entry.path)
        elif entry.is_symlink():
            yield from ("--symlink", os.readlink(entry.path), entry.path)  # noqa: PTH115
        elif entry.is_dir() or entry.is_file():
            yield from ("--ro-bind", entry.path, entry.path)


def _own(own: Own) -> Iterator[str]:
    yield from ("--bind", str(own.kept), str(own.real))
    for entry in sorted(os.scandir(own.real), key=lambda entry: entry.name):
        if _fits(entry.name, own.hidden) or not (entry.is_dir() or entry.is_file()):
            continue
        how = "--bind" if _fits(entry.name, own.logins) else "--ro-bind"
        yield from (how, entry.path, entry.path)


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _mounts(box: Box) -> list[str]:
    """Parents before what lies in them, so that the innermost word counts."""
    kinds = {_real(path): "--ro-bind" for path in box.reads}
    kinds |= {_real(path): "--bind" for path in box.writes}
    kinds |= {_real(path): "--ro-bind" for path in box.protects if os.path.lexists(path)}
    words: list[str] = []
    for path in sorted(kinds, key=lambda path: len(path.parts)):
        words += [kinds[path], str(path), str(path)]
    if box.objects is not None:
        real, own = box.objects
        words += ["--ro-bind", str(_real(real)), str(OBJECTS), "--bind", str(own), str(_real(real))]
    return words


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _environment() -> list[str]:
    words = [word for name in _UNSET for word in ("--unsetenv", name)]
    return [*words, "--setenv", "TMPDIR", "/tmp"]


def own_objects(place: Path, real: Path) -> tuple[Path, Path]:
    """An object directory at `place` that borrows from `real`, for `Box.objects`."""
    (place / "info").mkdir(parents=True, exist_ok=True)
    (place / "pack").mkdir(exist_ok=True)
    lines = [str(OBJECTS), *_borrowed(real)]
    (place / "info/alternates").write_text("".join(f"{line}\n" for line in lines))
    return real, place


def _borrowed(real: Path) -> list[str]:
    """What `real` itself borrows, by absolute paths: relative ones are meant from where it really lies."""
    try:
        lines = (real / "info/alternates").read_text().splitlines()
    except OSError:
        return []
    return [str((real / line).resolve()) for line in lines if line and not line.startswith("#")]


def why_not() -> UserError | None:
    """What keeps programs from running in a box on this machine, found by starting one; None when nothing does."""
    if not LINUX:
        return UserError("sandbox: bwrap works on Linux only.", hint="Set sandbox: none in .orchestra/config.yml.")
    if shutil.which(PROGRAM) is None:
        hint = "Install it (`apt-get install bubblewrap`), or set sandbox: none."
        return UserError("bubblewrap is not installed.", hint=hint)
    words = Box(writes=()).argv(Path("/"), ("/bin/sh", "-c", ":"))
    try:
        done = subprocess.run(words, capture_output=True, timeout=_PROBE_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return _refused(str(error))
    return None if done.returncode == 0 else _refused(done.stderr.decode("utf-8", "replace").strip())


def _refused(said: str) -> UserError:
    last = said.splitlines()[-1] if said else "it failed without a word"
    hint = (
        "Allow unprivileged user namespaces (`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, "
        "`kernel.unprivileged_userns_clone=1` on older Debian, `--security-opt seccomp=unconfined` for a Docker "
        "container), or set sandbox: none."
    )
    return UserError(f"bubblewrap does not work here: {last}.", hint=hint)
