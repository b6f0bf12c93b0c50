"""What the evidence says of an agent at work: growth of its files and whether its process is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestra.core.words import Liveness

QUIET_S = 60.0
WEDGED_S = 20 * 60.0


def liveness(
    ticket_dir: Path,
    turn: int,
    now: float,
    *,
    parked_until: float = 0.0,
    asked: bool = False,
    wedged_s: float = WEDGED_S,
) -> Liveness:
    """The word for an attempt whose files lie in `ticket_dir`, at `now` (Unix time).

    `parked_until` is when its backend may go on, `asked` whether a question about it waits for a person.
    Files that grew within a minute mean working, within `wedged_s` seconds quiet; no sign for longer, or a turn
    whose process is gone and left no result, means wedged.
    """
    if asked:
        return Liveness.WAITING_FOR_YOU
    if parked_until > now:
        return Liveness.PARKED
    if _died(ticket_dir / f"turn-{turn}"):
        return Liveness.WEDGED
    age = now - max(_times(ticket_dir), default=now)
    if age < QUIET_S:
        return Liveness.WORKING
    return Liveness.QUIET if age < wedged_s else Liveness.WEDGED


def _died(turn_dir: Path) -> bool:
    """Whether the marker names a process that is gone although no result was written."""
    try:
        pid = int((turn_dir / "pid").read_text(encoding="ascii").split()[0])
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return not (turn_dir / "rc").exists()
    except (OSError, ValueError, IndexError):
        return False
    return False


def _times(directory: Path, depth: int = 2) -> Iterator[float]:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.stat(follow_symlinks=False).st_mtime
            if depth and entry.is_dir(follow_symlinks=False):
                yield from _times(Path(entry.path), depth - 1)
