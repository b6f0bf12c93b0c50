"""Who answers a client's request: turns that are matched, and conversations that remember where they were."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from tests.support.clients.reply import Answer, Call, Reply, Text, reply
from tests.support.clients.request import Request

# Yields answers and is sent the request that each brought; what it returns is said last.
Talk = Generator[Answer, Request, Answer | None]
Behaviour = Callable[[Request], "Answer | Talk"]


@dataclass(frozen=True)
class When:
    """Regular expressions (searched, `.` matches everything); all that are given have to be found.

    `any` looks into the whole body as sent. `tool_result=""` means that no result came back. `tool` is the exact name
    of a tool that is offered. A sub-agent is known by its prompt (`first_user`) or by its agent's body (`system`).
    """

    first_user: str | None = None
    last_user: str | None = None
    system: str | None = None
    tool_result: str | None = None
    any: str | None = None
    model: str | None = None
    tool: str | None = None

    def holds(self, request: Request) -> bool:
        """Whether `request` is meant."""
        searched = (
            (self.first_user, request.first_user),
            (self.last_user, request.last_user),
            (self.system, request.system),
            (self.tool_result or None, request.tool_result),
            (self.any, request.text),
            (self.model, request.model),
        )
        return (
            not (self.tool_result == "" and request.results)
            and (self.tool is None or self.tool in request.tools)
            and all(pattern is None or re.search(pattern, text, re.S) for pattern, text in searched)
        )


@dataclass
class Turn:
    """What is answered when `when` holds: an answer, a function of the request, or a generator function (a Talk).

    A Talk answers all later requests of its conversation, except those that a turn with `interrupts` fits. `times` is
    how often the turn may answer, or begin a Talk; 0 means without end.
    """

    answer: Answer | Behaviour
    when: When = field(default_factory=When)
    times: int = 1
    name: str = ""
    interrupts: bool = False
    used: int = 0


class Brain:
    """The played model: running talks go on, then the first turn that fits, then `default`.

    A talk is found again by the ids of its own tool calls, so that two conversations which begin with the same words
    stay apart, and `--resume` goes on where a killed client was. A request for compaction gets `summary`; to play a
    model that has forgotten what the summary does not say, let a turn that looks for it interrupt the talk.

    `errors` keeps what a behaviour raised; the client is answered 400, so a wrong `assert` ends the run.
    """

    summary = "<summary>WHAT-WAS-SUMMED-UP</summary>"

    def __init__(self, *turns: Turn, default: Answer | None = "DONE") -> None:
        self.turns = turns
        self.default = default
        self.errors: list[Exception] = []
        self.compactions = 0
        self._talks: dict[object, tuple[Talk, str]] = {}
        self._lock = threading.Lock()
        for number, turn in enumerate(turns):
            turn.name = turn.name or getattr(turn.answer, "__name__", f"turn-{number}")

    def answer(self, request: Request) -> Reply:
        """The answer to `request`; never raises."""
        try:
            return (
                self._compacted(request)
                or self._begin(request, interrupts=True)
                or self._go_on(request)
                or self._begin(request)
                or self._otherwise()
            )
        except Exception as problem:
            self.errors.append(problem)
            return Reply(name="(error)", status=400, error=f"the script failed: {problem!r}")

    def unused(self) -> list[str]:
        """The names of turns that never answered."""
        return [turn.name for turn in self.turns if not turn.used]

    def check(self) -> None:
        """Raise what a behaviour raised, and complain about turns that were not used."""
        if self.errors:
            raise self.errors[0]
        assert self.unused() == []

    def _compacted(self, request: Request) -> Reply | None:
        if not request.compaction:
            return None
        self.compactions += 1
        return reply(self.summary, "(compaction)")

    def _go_on(self, request: Request) -> Reply | None:
        keys: list[object] = [*reversed(request.calls), (request.first_user, (request.said or [""])[-1])]
        found = next((self._talks[key] for key in keys if key in self._talks), None)
        return None if request.fresh or found is None else self._ask(request, *found)

    def _ask(self, request: Request, talk: Talk, name: str) -> Reply | None:
        """The next answer of a talk; None when it ended before."""
        if inspect.getgeneratorstate(talk) == inspect.GEN_CLOSED:
            return None
        try:
            given = reply(talk.send(request), name)
        except StopIteration as end:
            given = reply("DONE" if end.value is None else end.value, name)
        return self._remember(request, given, talk)

    def _begin(self, request: Request, *, interrupts: bool = False) -> Reply | None:
        turn = self._take(request, interrupts)
        if turn is None:
            return None
        answer = turn.answer(request) if callable(turn.answer) else turn.answer
        if not isinstance(answer, Generator):
            return reply(answer, turn.name)
        try:
            first = reply(next(answer), turn.name)
        except StopIteration as end:
            return reply("DONE" if end.value is None else end.value, turn.name)
        return self._remember(request, first, answer)

    def _take(self, request: Request, interrupts: bool) -> Turn | None:
        with self._lock:
            left = (one for one in self.turns if not one.times or one.used < one.times)
            fits = (one for one in left if one.interrupts >= interrupts and one.when.holds(request))
            turn = next(fits, None)
            if turn is not None:
                turn.used += 1
        return turn

    def _otherwise(self) -> Reply:
        if self.default is None:
            return Reply(name="(no turn)", status=400, error="no turn fits")
        return reply(self.default, "(default)")

    def _remember(self, request: Request, given: Reply, talk: Talk) -> Reply:
        calls = [block.id for block in given.blocks if isinstance(block, Call)]
        texts = [block.text for block in given.blocks if isinstance(block, Text)]
        keys: list[object] = [*calls] or [(request.first_user, (texts or [""])[-1])]
        for key in keys:
            self._talks[key] = (talk, given.name)
        return given


def in_turn(*answers: Answer) -> Behaviour:
    """A talk that gives `answers` one after the other, whatever comes back."""

    def talk(_request: Request) -> Talk:
        for answer in answers[:-1]:  # noqa: UP028 (what is sent to a talk cannot be passed on to a tuple)
            yield answer
        return answers[-1]

    return talk
