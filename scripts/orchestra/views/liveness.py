"""What the evidence says of an agent at work: growth of its files, its process, and what that has started."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestra import process
from orchestra.core.words import Liveness

QUIET_S = 60.0
WEDGED_S = 20 * 60.0
_START_S = 10.0


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
    whose process is gone and left no result, means wedged. For as long as something runs that was started after its
    last words, such as a long test, it is quiet.
    """
    if asked:
        return Liveness.WAITING_FOR_YOU
    if parked_until > now:
        return Liveness.PARKED
    place = _newest(ticket_dir, turn)
    if _died(place):
        return Liveness.WEDGED
    age = now - max(_times(ticket_dir), default=now)
    if age < QUIET_S:
        return Liveness.WORKING
    return Liveness.QUIET if age < wedged_s or _waits(place, age) else Liveness.WEDGED


def is_over(ticket_dir: Path, turn: int) -> bool:
    """Whether the agent of a turn has ended: what it came to is only to be taken in."""
    return (_newest(ticket_dir, turn) / "rc").exists()


def _newest(ticket_dir: Path, turn: int) -> Path:
    """Where a turn runs: one whose agent vanished is started again beside itself."""
    starts = sorted(ticket_dir.glob(f"turn-{turn}.[0-9]"))
    return starts[-1] if starts else ticket_dir / f"turn-{turn}"


def _waits(turn_dir: Path, silent_s: float) -> bool:
    """Whether a descendant runs that was started when the program had said its last word, and not with the program."""
    from orchestra import proc

    who = proc.running(turn_dir)
    if who is None:
        return False
    oldest = min(silent_s, proc.age_s(who.start) - 2 * _START_S) + _START_S
    return any(proc.age_s(one.start) < oldest for one in proc.Tree(who, fresh=True).look().values())


def _died(turn_dir: Path) -> bool:
    """Whether the marker names a process that is gone although no result was written."""
    try:
        words = (turn_dir / "pid").read_text(encoding="ascii").partition("\n")[0].split()
        gone = _is_gone(int(words[0]), *words[1:3])
    except (OSError, ValueError, IndexError):
        return False
    return gone and not (turn_dir / "rc").exists()


def _is_gone(pid: int, start: str = "", at: str = "") -> bool:
    """Whether the process is not there any more that had this number, start and boot: another may have the number."""
    boot, _, space = at.partition(":")
    if boot == process.boot() and space not in ("", process.space()):
        # It is in another container of this machine.
        return False
    if boot and boot != process.boot():
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        pass
    stat = process.read_stat(pid) if process.LINUX and at else None
    return stat is not None and (stat.zombie or stat.start != start)


def _times(directory: Path, depth: int = 2) -> Iterator[float]:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.stat(follow_symlinks=False).st_mtime
            if depth and entry.is_dir(follow_symlinks=False):
                yield from _times(Path(entry.path), depth - 1)
