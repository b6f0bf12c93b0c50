"""Streams that no program should print: nothing of them may end a run, or come into its records."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestra.backends.base import EventLog, Meter, OpenCalls, TurnResult
from orchestra.backends.calls import call_of, result_of_call
from orchestra.backends.make import make
from orchestra.backends.resets import LONGEST_S
from orchestra.core.circles import Circles, Tolerance
from orchestra.proc import Ended
from tests.support.turns import task

SESSION = "0199d1b0-5e5e-7730-8b54-dd90ebbff581"
STREAMS: dict[str, list[Any]] = {
    "claude": [
        {"type": "system", "subtype": "init", "session_id": SESSION},
        {
            "type": "assistant", "session_id": SESSION, "parent_tool_use_id": None,
            "message": {
                "id": "m1", "usage": {"input_tokens": 3, "output_tokens": 4},
                "content": [
                    {"type": "text", "text": "hello"},
                    {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
                    {"type": "tool_use", "id": "t2", "name": "Edit", "input": {
                        "file_path": "x", "edits": [{"old_string": "a", "new_string": "b"}],
                    }},
                ],
            },
        },
        {"type": "user", "session_id": SESSION, "message": {"content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "x"}], "is_error": True},
        ]}},
        {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 1}, "session_id": SESSION},
        {
            "type": "result", "subtype": "success", "is_error": True, "num_turns": 3, "result": "END", "errors": ["x"],
            "api_error_status": 429, "session_id": SESSION, "total_cost_usd": 0.2, "usage": {"input_tokens": 1},
            "modelUsage": {"a": {"inputTokens": 1, "outputTokens": 2}},
        },
    ],
    "codex": [
        {"type": "thread.started", "thread_id": SESSION},
        {"type": "item.started", "item": {"id": "1", "type": "command_execution", "command": "ls"}},
        {"type": "item.completed", "item": {
            "id": "1", "type": "command_execution", "aggregated_output": "x", "exit_code": 0, "status": "completed",
        }},
        {"type": "item.started", "item": {"id": "2", "type": "mcp_tool_call", "server": "a", "arguments": {"x": 1}}},
        {"type": "item.completed", "item": {"id": "3", "type": "agent_message", "text": "END"}},
        {"type": "turn.completed", "usage": {"input_tokens": 3, "output_tokens": 4}},
        {"type": "turn.failed", "error": {"message": "e"}},
    ],
    "opencode": [
        {"type": "step_start", "sessionID": SESSION, "part": {}},
        {"type": "tool_use", "sessionID": SESSION, "part": {"tool": "bash", "callID": "c", "state": {
            "status": "completed", "input": {"command": "ls"}, "output": "o", "metadata": {"exit": 0},
        }}},
        {"type": "text", "sessionID": SESSION, "part": {"text": "END"}},
        {"type": "step_finish", "sessionID": SESSION, "part": {
            "reason": "stop", "tokens": {"input": 3, "output": 4, "cache": {"read": 1, "write": 2}}, "cost": 0.1,
        }},
        {"type": "error", "sessionID": SESSION, "error": {"name": "E", "data": {"message": "m", "statusCode": 429}}},
    ],
    "gemini": [
        {"type": "init", "session_id": SESSION},
        {"type": "tool_use", "tool_name": "run_shell_command", "parameters": {"command": "ls"}, "tool_id": "t"},
        {"type": "tool_result", "tool_id": "t", "status": "error", "error": {"message": "x"}},
        {"type": "message", "role": "assistant", "content": "END", "delta": True},
        {"type": "error", "message": "m"},
        {"type": "result", "status": "error", "error": {"message": "m"}, "stats": {"input_tokens": 3}},
    ],
}  # fmt: skip
ODD = (
    *(None, True, -5, 1.5, float("nan"), float("inf"), -float("inf"), 10**400, 10**30, 1e308, "12", "NaN"),
    *("", "\ud83d", "\x00", "--help", [], ["x"], [[1]], {}, {"type": ["x"]}, {"a": 1}),
)
ALL = pytest.mark.parametrize("name", STREAMS)


def turn(base: Path, name: str, lines: list[str], kept: int = 0) -> TurnResult:
    """What a turn comes to that has printed these lines, and all that a run does with them on the way.

    Of the lines, the output file has the last `kept`, or all of them.
    """
    backend, one = make(name, {"agent": {"program": "/bin/true"}}), task(base)
    one.dir.mkdir(exist_ok=True)
    (one.dir / "stdout").write_text("\n".join(lines[-kept:]) + "\n")
    log, open_calls, meter, circles = EventLog(), OpenCalls(), Meter(), Circles(Tolerance())
    for event in (event for line in lines for event in backend.events(line)):
        log.add(event), open_calls.add(event), meter.add(event)
        if event.kind == "tool_call":
            circles.call(call_of(event))
        elif event.kind == "tool_result":
            circles.result(*result_of_call(event))
    return backend.finish(one, Ended("exit", 0, 1.0, one.dir / "stdout", one.dir / "stderr"), log.events())


def check(result: TurnResult) -> None:
    """It can be recorded, shown, added up, waited for, and named on a command line."""
    usage = result.usage
    assert all(0 <= one < 1 << 53 for one in (usage.input, usage.output, usage.cost_usd, usage.answers)), usage
    assert 0 <= result.reset_in <= LONGEST_S
    assert "\\ud83d" not in ascii(result.final + result.reason + result.session)
    assert not result.session.startswith("-") and "\0" not in result.session


def changed(value: Any) -> Iterator[Any]:
    """`value` with each of its parts in turn replaced by each odd one."""
    yield from ODD
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        for other in changed(part):
            new = copy.copy(value)
            new[key] = other
            yield new


@ALL
def test_any_part_of_a_stream_may_be_anything(tmp_path: Path, name: str) -> None:
    lines = [json.dumps(one) for one in STREAMS[name]]
    for number, one in enumerate(STREAMS[name]):
        for other in changed(one):
            check(turn(tmp_path, name, [*lines[:number], json.dumps(other), *lines[number + 1 :]]))


@ALL
def test_a_number_may_be_written_so_that_it_is_none(tmp_path: Path, name: str) -> None:
    for number in ("1e999", "-1e999", "NaN", "Infinity", "9" * 400, "0." + "9" * 400):
        lines = [json.dumps(one).replace(": 3", f": {number}") for one in STREAMS[name]]
        check(turn(tmp_path, name, lines))


@ALL
def test_half_a_character_does_not_come_through(tmp_path: Path, name: str) -> None:
    lines = [json.dumps(one).replace("END", "Which \\ud83d one? \\ud83d\\ude00 \\\\ud83d") for one in STREAMS[name]]
    result = turn(tmp_path, name, lines)
    assert ascii(result.final) == ascii("Which ? one? \U0001f600 \\ud83d")


@ALL
def test_lines_may_be_cut_mixed_and_deep(tmp_path: Path, name: str) -> None:
    lines = [json.dumps(one) for one in STREAMS[name]]
    deep = "[" * 5000 + "]" * 5000
    noise = ["", "{", "}", "[]", "null", '{"type": ' + deep + "}", lines[1][:-1], f"warning{lines[1]}", lines[1] * 2]
    clean = turn(tmp_path, name, lines)
    assert turn(tmp_path, name, [*noise, *(part for line in lines for part in (line, *noise))]) == clean


@pytest.mark.parametrize("name", ["claude", "opencode"])
def test_what_the_output_file_has_lost_of_a_long_turn_is_counted(tmp_path: Path, name: str) -> None:
    """Both say with each answer what it has used; a file is bounded, and the one has no sum at its end when killed."""
    [answer] = [
        one for one in STREAMS[name] if "3, " in json.dumps(one) and one["type"] in ("assistant", "step_finish")
    ]
    lines = [json.dumps(answer).replace('"m1"', f'"m{number}"') for number in range(100)]
    result = turn(tmp_path, name, lines, kept=10)
    assert (result.usage.input, result.usage.output) == (100 * (3 if name == "claude" else 6), 400)
