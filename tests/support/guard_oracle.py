"""Real bash against the reader: a box of files, what a command really changed in it, and what was predicted."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
from pathlib import Path

from orchestra.guard.effects import Effects, Env, effects

# Deep enough that no generated `cd ..` climbs out of the box.
DEEP = "b/b/b/b/b/b/b/b/b/b/b/b"
# Seconds after which a generated command is taken for one that waits for itself.
ENDLESS = 10
FILES = ("qa.txt", "qb.txt", "q c.txt", "qd/x.txt", "qd/y.log", "qe/sub/z.txt", "qe/-n.txt", ".qhidden")


class Box:
    """A throw-away directory with a work tree, a home and a temp directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / DEEP / "work"
        self.home = folder / DEEP / "home"
        self.temp = folder / DEEP / "temp"
        for one in (self.work, self.home, self.temp):
            one.mkdir(parents=True)
        for name in FILES:
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name}\none\ntwo\n")
        (self.work / "qf").mkdir()

    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "TMPDIR": str(self.temp), "LC_ALL": "C.UTF-8"}

    def snapshot(self) -> dict[str, tuple[int, str]]:
        """Every path below the box: its type and mode, and a digest of what it holds."""
        return {str(path): facts(path) for path in self.folder.rglob("*")}

    def run(self, command: str, shell: str = "bash") -> None:
        """Runs a command to its end. One that has none is ended: what it changed until then counts, too."""
        argv = [shell, "-c", command]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(argv, cwd=self.work, env=self.environment(), start_new_session=True, **quiet)
        try:
            process.wait(ENDLESS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def predict(self, command: str, cwd: Path | None = None) -> Effects:
        return effects(command, str(cwd or self.work), surroundings(str(self.home), str(self.temp)))


def facts(path: Path) -> tuple[int, str]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return mode, str(path.readlink())
    return mode, hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""


def surroundings(home: str, temp: str, variables: dict[str, str] | None = None) -> Env:
    """An Env over the real disk."""
    return Env(home, temp, {"HOME": home, "TMPDIR": temp, **(variables or {})}, kind, os.listdir)


def kind(path: str) -> int:
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return 0
    return 2 if stat.S_ISDIR(mode) else 1 if stat.S_ISREG(mode) else 3


def changed(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def uncovered(paths: set[str], found: Effects, after: dict[str, tuple[int, str]]) -> list[str]:
    """The changed paths that no predicted write covers."""
    return sorted(path for path in paths if not covered(path, found, after))


def covered(path: str, found: Effects, after: dict[str, tuple[int, str]]) -> bool:
    for one in found.writes:
        known = os.path.normpath(one.path)
        if path == known or (one.tree and (path + "/").startswith(known + "/")):
            return True
        made = path in after and stat.S_ISDIR(after[path][0])
        if made and one.how in ("mkdir", "install") and known.startswith(path + "/"):
            return True
    return False
