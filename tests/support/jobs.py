"""Real programs as jobs, and waiting for what they do."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestra.proc import Ended, Job, run
from orchestra.proc.identity import start_of

DEADLINE_S = 30.0


def job(dir: Path, command: str, **more: Any) -> Job:
    """A shell command as a job in `dir`, with `dir`'s parent as working directory."""
    return Job(dir, ("/bin/sh", "-c", command), more.pop("cwd", dir.parent), more.pop("env", dict(os.environ)), **more)


def finish(one: Job, **more: Any) -> Ended:
    """Run a job to its end."""
    return asyncio.run(run(one, **more))


def until(condition: Callable[[], Any], what: str = "") -> Any:
    """Poll until `condition` is true and return its value."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.005)
    raise AssertionError(f"waited in vain for {what or condition}")


def number_in(path: Path) -> int:
    """The number that a program has written to a file, once it is there."""

    def read() -> int:
        with suppress(OSError, ValueError):
            text = path.read_text()
            return int(text) if text.endswith("\n") else 0
        return 0

    return int(until(read, str(path)))


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    return not start_of(pid)


@contextmanager
def cleared(*files: Path) -> Iterator[None]:
    """End the processes whose pids are in the files, whatever the test has come to."""
    try:
        yield
    finally:
        for file in files:
            with suppress(OSError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)
