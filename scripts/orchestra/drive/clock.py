"""The supervisor's clock: Unix time that never jumps while the process lives."""

from __future__ import annotations

import time


class Clock:
    """Wall time at the start plus what a steady clock has counted since, so that setting the clock moves nothing."""

    def __init__(self) -> None:
        self._wall = time.time()
        self._steady = _steady()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._wall + _steady() - self._steady


def _steady() -> float:
    # CLOCK_BOOTTIME also counts while the machine is asleep; macOS counts so in CLOCK_MONOTONIC already.
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()
