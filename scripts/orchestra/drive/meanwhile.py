"""Says of work that goes on for long that it does, and what was last seen of it.

The intervals grow: after 1, 5, 10 and 20 minutes, then every 20.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..backends.base import AgentEvent, Task
from ..core.model import Attempt
from ..core.words import Step
from .screen import called
from .session import Session

LOOK_S = 5.0
_FIRST = (0, 1, 5, 10)
_THEN = 20
_CALL_CHARS = 80


@dataclass
class _Turn:
    """Where the files of a turn lie, and the last call of a tool in it."""

    dir: Path
    call: str = ""


@dataclass
class _Work:
    """Since when something goes on (Unix time), and for how many minutes that was said last."""

    since: float
    told: int = 0


class Meanwhile:
    """Looks at the attempts of a session now and then, and says a line about those that take long.

    `clock` gives Unix time, as files have it.
    """

    def __init__(self, session: Session, say: Callable[[str], None], clock: Callable[[], float] = time.time) -> None:
        self._session, self._say, self._clock = session, say, clock
        self._turns: dict[str, _Turn] = {}
        self._work: dict[tuple[str, int, Step], _Work] = {}
        session.onlookers.append(self._onlooker)

    async def keep(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Say what is to be said now."""
        run, now = self._session.run, self._clock()
        live = [run.attempts[ticket] for tickets in run.live.values() for ticket in tickets]
        self._turns = {one.ticket: self._turns[one.ticket] for one in live if one.ticket in self._turns}
        known, self._work = self._work, {}
        for attempt in filter(self._goes_on, live):
            key = (attempt.ticket, attempt.turn, attempt.step)
            work = self._work[key] = known.get(key) or _Work(self._since(attempt, now))
            minutes = int(now - work.since) // 60
            if _mark(minutes) > work.told:
                work.told = _mark(minutes)
                self._say(f"  {attempt.unit or attempt.group} {self._line(attempt, now - work.since, now)}")

    def _onlooker(self, task: Task) -> Callable[[AgentEvent], None]:
        turn = self._turns[task.ticket] = _Turn(task.dir)

        def hear(event: AgentEvent) -> None:
            if event.kind == "tool_call":
                turn.call = called(event)[:_CALL_CHARS]

        return hear

    def _goes_on(self, attempt: Attempt) -> bool:
        at_work = attempt.step is Step.WORKING and attempt.running and attempt.ticket in self._turns
        return at_work or attempt.step is Step.REPORTED

    def _since(self, attempt: Attempt, now: float) -> float:
        if attempt.step is not Step.WORKING:
            return now
        # A turn that was found again after a restart has begun with its brief.
        return min(now, _changed(self._turns[attempt.ticket].dir / "prompt.md") or now)

    def _line(self, attempt: Attempt, took_s: float, now: float) -> str:
        if attempt.step is not Step.WORKING:
            return f"has been checked for {_span(took_s)} so far"
        turn = self._turns[attempt.ticket]
        last = _changed(turn.dir / "stdout")
        heard = f"last output {_span(now - last)} ago" if last else "no output yet"
        call = f", last call: {turn.call}" if turn.call else ""
        return f"{attempt.role} has been at work for {_span(took_s)}, {heard}{call}"


def _mark(minutes: int) -> int:
    """The last number of minutes, up to these, at which something is said."""
    return minutes - minutes % _THEN if minutes >= _THEN else max(one for one in _FIRST if one <= max(0, minutes))


def _changed(file: Path) -> float | None:
    """When a file was written last, in Unix time; None for one that is empty or not there."""
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_mtime if seen.st_size else None


def _span(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
