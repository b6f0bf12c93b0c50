"""Runs Orchestra in forked children that kill themselves at a chosen point, as a power cut would.

Forking from a process that has imported everything makes a run cost what the run costs, so that every point can be
tried.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orchestra.commands.run
import orchestra.drive.headless
import orchestra.drive.launch
import orchestra.views.write
from orchestra import main as command_line
from orchestra.git import run as git_run
from orchestra.state.database import Database

# Git commands that change nothing: killed before or after one, the disk is the same.
READS = frozenset({
    "rev-parse", "config", "symbolic-ref", "ls-files", "ls-tree", "ls-remote", "diff", "diff-files", "diff-index",
    "diff-tree", "log", "merge-base", "cat-file", "for-each-ref", "check-ignore", "status", "version",
})  # fmt: skip
_CHANGES = frozenset({
    "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.utime",
    "os.kill", "os.fork", "os.posix_spawn", "subprocess.Popen", "shutil.move", "shutil.copyfile",
})  # fmt: skip


class Counter:
    """Counts kill points, and kills this process at one of them.

    With `trace`, each point is written there as it passes; a `=` before it says that nothing has changed on disk since
    the point before, so that a kill at one is a kill at the other.
    """

    def __init__(self, at: int = 0, trace: Path | None = None) -> None:
        self.at = at
        self.passed = 0
        self.changed = True
        self.quiet = False
        self.trace = trace.open("w") if trace else None

    def __call__(self, name: str) -> None:
        self.passed += 1
        if self.trace:
            self.quiet = True
            print(f"{'' if self.changed else '='}{name}", file=self.trace, flush=True)
            self.quiet = self.changed = False
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit hook (PEP 578): notes what this process does to the disk between two points."""
        if self.quiet or self.changed:
            return
        writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        self.changed = event in _CHANGES or bool(writes)


def install(counter: Counter) -> None:
    """Have `counter` count around every state transaction and every git step of this process."""
    real_git, real_writing = git_run.git, Database.writing
    sys.addaudithook(counter.watch)

    def git(cwd: Path, *args: str, **options: Any) -> Any:
        plain = [arg for arg in args if not arg.startswith(("--git-dir", "--work-tree"))]
        counter(f"before git {' '.join(plain)[:120]}")
        counter.quiet = True
        result = real_git(cwd, *args, **options)
        counter.quiet = False
        counter.changed = counter.changed or plain[0] not in READS or "--delete" in plain
        counter(f"after git {' '.join(plain)[:120]}")
        return result

    @contextmanager
    def writing(self: Database) -> Iterator[None]:
        counter("before transaction")
        with real_writing(self):
            yield
            counter("before commit")
            counter.changed = True
        counter("after commit")

    git_run.git = git
    Database.writing = writing  # type: ignore[method-assign]


def in_child(work: Callable[[], int], log: Path) -> int:
    """Run `work` in a forked child with its output in `log`; return its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.setsid()
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except BaseException:  # a test that took too long must not leave its child behind
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def orchestra(project: Path, words: Sequence[str], counter: Counter | None = None, log: Path | None = None) -> int:
    """One command in a forked child."""

    def work() -> int:
        if counter is not None:
            install(counter)
        return int(command_line.main(["-C", str(project), *words]))

    return in_child(work, log or project.parent / "log")


def copy(template: Path, place: Path) -> Path:
    """A fresh copy of a prepared directory."""
    return Path(shutil.copytree(template, place, symlinks=True))
