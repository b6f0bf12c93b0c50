"""Runs Orchestra in forked children that kill themselves at a chosen point, as a power cut would.

Forking from a process that has imported everything makes a run cost what the run costs, so that every point can be tried.
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
import orchestra.views.write  # noqa: F401
from orchestra import main as command_line
from orchestra.git import run as git_run
from orchestra.state.database import Database

Hook = Callable[[str], None]


class Counter:
    """Counts kill points, and kills this process at one of them. Points are written to `trace` as they pass."""

    def __init__(self, at: int = 0, trace: Path | None = None) -> None:
        self.at = at
        self.passed = 0
        self.trace = trace.open("w") if trace else None

    def __call__(self, name: str) -> None:
        self.passed += 1
        if self.trace:
            print(name, file=self.trace, flush=True)
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def install(hook: Hook) -> None:
    """Call `hook` around every state transaction and every git step of this process."""
    real_git, real_writing = git_run.git, Database.writing

    def git(cwd: Path, *args: str, **options: Any) -> Any:
        words = " ".join(arg for arg in args if not arg.startswith(("--git-dir", "--work-tree")))[:120]
        hook(f"before git {words}")
        result = real_git(cwd, *args, **options)
        hook(f"after git {words}")
        return result

    @contextmanager
    def writing(self: Database) -> Iterator[None]:
        hook("before transaction")
        with real_writing(self):
            yield
            hook("before commit")
        hook("after commit")

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
            sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115, PTH123
            sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115, PTH123
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def orchestra(project: Path, words: Sequence[str], hook: Hook | None = None, log: Path | None = None) -> int:
    """One command in a forked child."""

    def work() -> int:
        if hook is not None:
            install(hook)
        return int(command_line.main(["-C", str(project), *words]))

    return in_child(work, log or project.parent / "log")


def copy(template: Path, place: Path) -> Path:
    """A fresh copy of a prepared directory."""
    return Path(shutil.copytree(template, place, symlinks=True))
