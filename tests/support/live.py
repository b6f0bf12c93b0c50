"""Commands that run beside the test, as in another terminal, and waiting for what they do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.projects import World

DEADLINE_S = 60.0
SCRIPTS = Path(__file__).parents[2] / "scripts"


def until(condition: Callable[[], object], what: str) -> None:
    """Poll until `condition` holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


def command(*words: str) -> list[str]:
    """`orchestra` with these words, as a program of its own."""
    return [sys.executable, "-m", "orchestra", *words]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SCRIPTS), **more}


@contextmanager
def background(place: World, *words: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`orchestra run` with a scripted agent, in a process of its own."""
    with started(place, *place.words(*words), **env) as running:
        yield running


@contextmanager
def started(place: World, *words: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Any verb in a process of its own; whatever is left of it at the end is killed."""
    with place.log.open("ab") as log:
        running = subprocess.Popen(
            command("-C", str(place.root), *words),
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield running
    finally:
        kill(running)


def kill(running: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the supervisor alone."""
    with suppress(ProcessLookupError):
        running.kill()
    running.wait()


def working_in(folder: Path) -> list[psutil.Process]:
    """Every process whose working directory is below `folder`: agents, verifications and what they started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


def power_cut(place: World, running: subprocess.Popen[bytes]) -> None:
    """Kill the supervisor and everything that works for it, as a machine does that stops."""
    kill(running)
    runs = str(place.root / ".orchestra")
    for process in [*working_in(place.root / ".orchestra"), *_naming(runs)]:
        with suppress(psutil.Error):
            process.kill()
    until(lambda: not working_in(place.root / ".orchestra"), "the end of every process")


def _naming(text: str) -> list[psutil.Process]:
    """Processes whose command line names `text`: wrappers that have a working directory of their own."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and any(text in word for word in process.cmdline()):
                found.append(process)
    return found
