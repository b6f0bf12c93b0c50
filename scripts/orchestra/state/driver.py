"""Whether a run has a driver: the kernel frees a driver's lock with its process, so a dead one never seems alive."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from orchestra.errors import locked

from . import armed

if TYPE_CHECKING:
    from filelock import BaseFileLock

# How long a start waits for another one: that is over in moments, unless somebody has stopped the process.
STARTING_S = 60.0
# How often a start asks whether those who only look at a run's lock have let it go.
_LOOKS_S = 0.001


@contextmanager
def starting(locks: Path) -> Iterator[None]:
    """Nobody else begins to drive meanwhile: that nobody does, and that one does from now on, is one step.

    Raises UserError (exit 75) when another process takes very long over it.
    """
    from filelock import FileLock, Timeout

    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / "start.lock", timeout=STARTING_S):
            yield
    except Timeout as error:
        raise locked("another process is about to drive a run here", "run the same command again") from error


def lock_file(locks: Path, run: str) -> Path:
    """The file that the driver of `run` keeps locked (flock) for as long as it lives."""
    return locks / f"run-{run}.lock"


def hold(locks: Path, run: str) -> BaseFileLock | None:
    """Become the driver of `run` until the lock is released; None when it has one.

    Whoever looks whether there is one shares the lock for a moment: that is waited for. Raises UserError (exit 75) when
    somebody looks very long.
    """
    from filelock import FileLock, Timeout

    lock, deadline = FileLock(lock_file(locks, run), timeout=0), time.monotonic() + STARTING_S
    while time.monotonic() < deadline:
        with suppress(Timeout):
            lock.acquire()
            return lock
        if is_supervised(locks, run):
            return None
        time.sleep(_LOOKS_S)
    raise locked(f"another process looks at {run} and has stopped", "end it, and run the same command again")


def any_driven(locks: Path) -> bool:
    """Whether any run has a driver that is alive."""
    led = armed.read(locks.parent / "runs")
    supervised = (path.stem.removeprefix("run-") for path in locks.glob("run-*.lock"))
    return (led is not None and not led.dead) or any(is_supervised(locks, run) for run in supervised)


def is_driven(locks: Path, run: str) -> bool:
    """Whether a driver that is alive holds this run: a supervisor, or a lead inside a client."""
    return is_supervised(locks, run) or armed.leads(locks.parent / "runs", run)


def is_supervised(locks: Path, run: str) -> bool:
    """Whether a supervisor that is alive holds this run."""
    try:
        descriptor = os.open(lock_file(locks, run), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        with suppress(OSError):
            os.close(descriptor)
