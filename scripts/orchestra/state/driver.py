"""Whether a run has a driver: the kernel frees a driver's lock with its process, so a dead one never seems alive."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


def lock_file(locks: Path, run: str) -> Path:
    """The file that the driver of `run` keeps locked (flock) for as long as it lives."""
    return locks / f"run-{run}.lock"


def any_driven(locks: Path) -> bool:
    """Whether any run has a driver that is alive."""
    return any(is_driven(locks, path.stem.removeprefix("run-")) for path in locks.glob("run-*.lock"))


def is_driven(locks: Path, run: str) -> bool:
    """Whether a driver that is alive holds this run."""
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
