"""What the real programs print of their tool calls is enough to tell that an agent goes in circles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestra.backends.base import AgentEvent
from orchestra.backends.calls import call_of, result_of_call
from orchestra.backends.make import make
from orchestra.core.circles import Circles, Tolerance
from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.headless import FOUR, Headless
from tests.support.clients.request import Request
from tests.support.clients.world import World

ERROR = "nothing of that name is to be found anywhere"


@pytest.fixture
def headless(tmp_path: Path, all_clients: Path) -> Iterator[Headless]:
    with World(tmp_path / "world", all_clients) as world:
        yield Headless(world)


def printed(headless: Headless, name: str, *commands: str) -> list[AgentEvent]:
    """The events of a turn in which the program is told to run these commands."""

    def talk(request: Request) -> Talk:
        for command in commands:
            yield headless.shell(name, command)
        return "END"

    model = headless.play(Brain(Turn(talk, When(first_user="BRIEF"), 1, "talk"), default=None))
    result = headless.turn(name, "BRIEF")
    model.brain.check()
    assert result["exit_class"] == "ok", result
    lines = (headless.base / "turn-1/stdout").read_text().splitlines()
    return [event for line in lines for event in make(name, {}).events(line)]


@FOUR
def test_calls_come_with_results_and_circles_are_seen(headless: Headless, name: str) -> None:
    failing = [f"echo {ERROR} >&2; exit {code}" for code in (1, 2, 3)]
    events = printed(headless, name, "echo 42", *failing, *["ls src"] * 3)
    calls = [call_of(event) for event in events if event.kind == "tool_call"]
    results = dict(result_of_call(event) for event in events if event.kind == "tool_result")
    assert [call.id in results for call in calls] == [True] * 7, events
    # Gemini CLI calls a command a success that has failed.
    told = name != "gemini"
    assert [results[call.id].failed for call in calls] == [False, told, told, told, False, False, False]
    assert (ERROR in results[calls[1].id].error) is told
    assert breakers(events) == (["error-echo", "stagnant"] if told else ["stagnant"])


def breakers(events: list[AgentEvent]) -> list[str]:
    circles = Circles(Tolerance())
    found = []
    for event in events:
        if event.kind == "tool_call":
            found.append(circles.call(call_of(event)))
        elif event.kind == "tool_result":
            found.append(circles.result(*result_of_call(event)))
    return [str(one.breaker) for one in found if one]


@pytest.mark.parametrize("given", [{"answers_left": 1}, {"cost_left_usd": 0.0001}], ids=["turns", "money"])
def test_claude_code_ends_itself_when_it_has_used_what_is_left(headless: Headless, given: dict[str, float]) -> None:
    def talk(request: Request) -> Talk:
        for number in range(9):
            yield headless.shell("claude", f"echo {number}")
        return "END"

    headless.play(Brain(Turn(talk, When(first_user="BRIEF"), 1, "talk"), default=None))
    result = headless.turn("claude", "BRIEF", **given)
    assert (result["exit_class"], result["claim"]) == ("spent", None), result
    assert 0 < result["usage"]["answers"] < 9
