"""What a turn has used, while it runs: nothing is counted twice."""

from __future__ import annotations

import json
from typing import Any

from orchestra.backends.base import Meter, Usage
from orchestra.backends.make import make


def read(name: str, *lines: dict[str, Any]) -> list[Usage]:
    """The total after each line that a program prints."""
    backend, meter, totals = make(name, {}), Meter(), []
    for line in lines:
        for event in backend.events(json.dumps(line)):
            meter.add(event)
        totals.append(meter.total)
    return totals


def answer(id: str, came_in: int, out: int) -> dict[str, Any]:
    usage = {"input_tokens": came_in, "output_tokens": out}
    return {"type": "assistant", "message": {"id": id, "content": [{"type": "text", "text": "x"}], "usage": usage}}


def test_the_parts_of_an_answer_are_one_answer_and_the_result_is_all_of_it() -> None:
    result = {
        "type": "result",
        "num_turns": 2,
        "total_cost_usd": 0.5,
        "usage": {"input_tokens": 33, "output_tokens": 9},
    }
    woken = {**result, "num_turns": 3, "total_cost_usd": 0.7}
    said = read("claude", answer("a", 10, 1), answer("a", 10, 4), answer("b", 20, 1), result, answer("c", 1, 1), woken)
    assert said == [
        Usage(10, 1, 0.0, 1),
        Usage(10, 4, 0.0, 1),
        Usage(30, 5, 0.0, 2),
        Usage(33, 9, 0.5, 2),
        Usage(34, 10, 0.5, 3),
        Usage(33, 9, 0.7, 3),
    ]


def test_steps_and_calls_are_added() -> None:
    tokens = {"input": 10, "output": 1, "cache": {"read": 5, "write": 0}}
    step = {"type": "step_finish", "part": {"tokens": tokens, "cost": 0.25}}
    assert read("opencode", step, step)[-1] == Usage(30, 2, 0.5, 2)
    call = {"type": "item.started", "item": {"id": "1", "type": "command_execution", "command": "ls"}}
    back = {"type": "item.completed", "item": {**call["item"], "exit_code": 0}}
    message = {"type": "item.completed", "item": {"id": "2", "type": "agent_message", "text": "x"}}
    assert read("codex", call, back, message)[-1] == Usage(answers=2)
