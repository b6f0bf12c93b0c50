"""Tells from an agent's tool calls, as they come, that it goes in circles. Pure.

Work changes something between two looks at it. So a call counts as repeated only when it had the same result and
nothing else was called in between that may have changed anything; a test that runs again after each edit never counts.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from .words import Breaker

# Who waits for something asks again and again, and is right to: this many times more often than anybody else.
PATIENCE = 10
_KEPT = 400
_LONGEST_CIRCLE = 12
# What is left of an error without what differs each time must say something: `grep` that finds nothing does not.
_SHORTEST_ERROR = 12


class Act(Enum):
    """What a call does: only looks; changes files; runs something that may; waits; or keeps the agent's own notes."""

    LOOK = auto()
    CHANGE = auto()
    RUN = auto()
    WAIT = auto()
    NOTE = auto()


@dataclass(frozen=True)
class Call:
    """One tool call. Two with equal `given` (tool and arguments) are the same call; one without it is like no other.

    `id` finds its result, `what` shows it to people. `agent` is the conversation it belongs to and `batch` the message
    in which it was asked for, both empty where that is not known. `file` is what it reads or edits. `edit` is
    (before, after) of an edit, or digests of them, with None as `before` where a whole file is written. `starts`: it
    leaves something running.
    """

    id: str
    act: Act
    given: str
    what: str
    agent: str = ""
    batch: str = ""
    file: str = ""
    edit: tuple[str | None, str] | None = None
    starts: bool = False


@dataclass(frozen=True)
class Result:
    """What a call came to: `said` is its output or a digest of it, `error` what it says when it failed."""

    said: str = ""
    failed: bool = False
    error: str = ""


@dataclass(frozen=True)
class Tolerance:
    """How often an agent may go in a circle before its turn is ended; 0: as often as it likes."""

    same_call: int = 3
    same_error: int = 3
    circle: int = 3
    undone_edit: int = 3


@dataclass(frozen=True)
class Circle:
    """Why an agent was found to go in circles."""

    breaker: Breaker
    reason: str


@dataclass
class _Made:
    """A call that was made, with its result once there is one; `error` is what that says, as it is compared."""

    call: Call
    given: str
    batch: str
    result: Result | None = None
    error: str = ""

    @property
    def key(self) -> tuple[str, Result | None]:
        return self.given, self.result

    @property
    def failed(self) -> bool:
        return self.result is not None and self.result.failed


@dataclass
class _Track:
    """The calls of one conversation, oldest first. `waits`: something that it has started may still be running."""

    made: deque[_Made] = field(default_factory=lambda: deque(maxlen=_KEPT))
    waits: bool = False
    batch: int = 0
    answered: bool = False


class Circles:
    """Follows the calls of one turn. `call` and `result` answer with the circle that they close, or None."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._most = tolerance
        self._tracks: dict[str, _Track] = {}
        self._open: dict[str, tuple[_Track, _Made]] = {}
        self._calls = 0

    def call(self, call: Call) -> Circle | None:
        """A call was made. Its result is not known yet: it counts as repeated where those before had none either."""
        track = self._tracks.setdefault(call.agent, _Track())
        track.batch += track.answered
        track.answered = False
        # Who edits again has what it waited for.
        track.waits = call.starts or (track.waits and call.act is not Act.CHANGE)
        self._calls += 1
        made = _Made(call, call.given or f"unknown {self._calls}", call.batch or str(track.batch))
        track.made.append(made)
        if call.id:
            self._open[call.id] = track, made
        return self._found(track, made)

    def result(self, id: str, result: Result) -> Circle | None:
        """The call `id` has ended."""
        track, made = self._open.pop(id, (None, None))
        if track is None or made is None:
            return None
        track.answered = True
        made.result, made.error = result, _essence(made.call, result)
        return self._found(track, made)

    def _found(self, track: _Track, made: _Made) -> Circle | None:
        patience = PATIENCE if track.waits else 1
        checks = (
            (_same_error(track, made), self._most.same_error * patience),
            (_same_call(track, made), self._most.same_call * (PATIENCE if made.call.act is Act.WAIT else patience)),
            (_undone_edit(track, made), self._most.undone_edit),
            (_same_pages(track, made), self._most.circle * patience),
        )
        found = next((circle(times) for (times, circle), most in checks if 0 < most <= times), None)
        return found or self._same_calls(track, made, patience)

    def _same_calls(self, track: _Track, made: _Made, patience: int) -> Circle | None:
        """Whether the last calls are one sequence of several, over and over."""
        calls = [one for one in track.made if one.call.act is not Act.NOTE]
        if not self._most.circle or not calls or calls[-1] is not made:
            return None
        keys = [one.key for one in calls]
        for length in range(2, _LONGEST_CIRCLE + 1):
            circle = calls[-length:]
            waits = any(one.call.act is Act.WAIT for one in circle)
            times = self._most.circle * (PATIENCE if waits else patience)
            if len(set(keys[-length:])) > 1 and keys[-length * times :] == keys[-length:] * times:
                shown = ", ".join(one.call.what for one in circle[:4])
                return Circle(Breaker.SPIRAL, f"the same {length} calls, {times} times over: {shown}")
        return None


@dataclass(frozen=True)
class _Counted:
    """How a count becomes a circle."""

    breaker: Breaker
    words: str

    def __call__(self, times: int) -> Circle:
        return Circle(self.breaker, self.words.replace("#", str(times), 1))


def _before(track: _Track, made: _Made) -> Iterator[_Made]:
    """What was called before `made`, newest first."""
    calls = reversed(track.made)
    for one in calls:
        if one is made:
            break
    yield from calls


def _same_call(track: _Track, made: _Made) -> tuple[int, _Counted]:
    """How often the call was made with the same result and nothing in between that may have changed anything."""
    times = 1
    for one in _before(track, made):
        if one.key == made.key:
            times += 1
        elif not _between(one.call.act, made.call.act):
            break
    return times, _Counted(Breaker.STAGNANT, f"the same call # times, each time with the same result: {made.call.what}")


def _between(other: Act, act: Act) -> bool:
    """Whether a call may lie between two others that count as one after the other.

    Reading on and coming back is how one reads, so looks count only when they follow each other at once.
    """
    return other is Act.NOTE or (other is Act.LOOK and act in (Act.RUN, Act.CHANGE))


def _same_pages(track: _Track, made: _Made) -> tuple[int, _Counted]:
    """How often a part of a file was read while nothing was done but to read that file, in several parts."""
    times, pages = 1, {made.given}
    words = _Counted(Breaker.SPIRAL, f"{made.call.file} was read # times over, the same parts again and again")
    if made.call.act is not Act.LOOK or not made.call.file:
        return 0, words
    for one in _before(track, made):
        if one.call.act is Act.NOTE:
            continue
        if one.call.act is not Act.LOOK or one.call.file != made.call.file:
            break
        times += one.key == made.key
        pages.add(one.given)
    return (times if len(pages) > 1 else 0), words


def _undone_edit(track: _Track, made: _Made) -> tuple[int, _Counted]:
    """How often the edit was made, having been taken back each time."""
    words = _Counted(Breaker.SPIRAL, f"the same edit of {made.call.file} # times, taken back in between")
    edit = made.call.edit
    if edit is None or made.failed:
        return 0, words
    times, undone = 1, False
    for one in _before(track, made):
        if one.call.file != made.call.file or one.call.edit is None or one.failed:
            continue
        if one.call.edit == edit:
            times, undone = times + undone, False
        else:
            undone = undone or _undoes(one.call.edit, edit)
    return times, words


def _undoes(one: tuple[str | None, str], edit: tuple[str | None, str]) -> bool:
    # Whoever writes the whole file anew has taken back what stood there before.
    return one == (edit[1], edit[0]) or one[0] is None


def _same_error(track: _Track, made: _Made) -> tuple[int, _Counted]:
    """How often a call failed with the same error, whatever was called, while nothing that may change things worked."""
    error = made.error
    words = _Counted(Breaker.ERROR_ECHO, f"the same error # times: {_first_line(made.result)}")
    batches = {made.batch}
    for one in _before(track, made) if error else ():
        if one.error == error:
            batches.add(one.batch)
        elif _worked(one):
            break
    return (len(batches) if error else 0), words


def _worked(one: _Made) -> bool:
    """Whether the call may have changed something. Of an edit that is taken for granted until it has failed."""
    if one.call.act is Act.CHANGE:
        return not one.failed
    return one.call.act in (Act.RUN, Act.WAIT) and one.result is not None and not one.failed


_VOLATILE = (
    re.compile(r"\x1b\[[0-9;]*[A-Za-z]"),
    re.compile(r"</?tool_use_error>"),
    re.compile(r"^\s*(?:error: )?(?:command failed with )?exit (?:code|status):?\s*\d+\.?", re.IGNORECASE),
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
    re.compile(r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?\b"),
    re.compile(r"\b\d+(?:[.,]\d+)?\s*(?:ns|µs|us|ms|s|secs?|seconds?|minutes?)\b"),
    re.compile(r"0x[0-9a-fA-F]+"),
)
# Of several calls in one message, one that fails takes the others with it.
_OF_ANOTHER = re.compile(r"sibling tool call|parallel tool call", re.IGNORECASE)


def _essence(call: Call, result: Result) -> str:
    """What an error says without times and addresses; empty for what is none, or says nothing."""
    if not result.failed or call.act in (Act.LOOK, Act.NOTE):
        return ""
    text = result.error
    for pattern in _VOLATILE:
        text = pattern.sub("", text)
    text = " ".join(text.split())
    return "" if len(text) < _SHORTEST_ERROR or _OF_ANOTHER.search(text) else text


def _first_line(result: Result | None) -> str:
    lines = (line.strip() for line in (result.error if result else "").splitlines())
    return next((line for line in lines if any(char.isalpha() for char in line) and not _bare(line)), "")[:160]


def _bare(line: str) -> bool:
    return bool(re.fullmatch(r"(?:<tool_use_error>)?exit (?:code|status):? ?\d+\.?", line, re.IGNORECASE))
