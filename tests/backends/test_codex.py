"""Codex, by what it prints."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from orchestra.backends.base import Usage
from orchestra.backends.claim import Claim
from orchestra.core.words import ExitClass
from tests.support.recorded import Recorded

THREAD = "01a1feb9-1483-7603-98c7-db6c3b0514ec"
BEGIN = ({"type": "thread.started", "thread_id": THREAD}, {"type": "turn.started"})
NOISE = {"type": "item.completed", "item": {"id": "item_0", "type": "error", "message": "hook trust is bypassed"}}


def message(words: str) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": "item_3", "type": "agent_message", "text": words}}


def done(came_in: int = 1000, out: int = 20) -> dict[str, Any]:
    used = {"input_tokens": came_in, "cached_input_tokens": 900, "output_tokens": out, "reasoning_output_tokens": 3}
    return {"type": "turn.completed", "usage": used}


def failed(words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"type": "error", "message": words}, {"type": "turn.failed", "error": {"message": words}}


@pytest.fixture
def codex(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path, "codex")


def test_a_turn_is_read_to_its_end(codex: Recorded) -> None:
    run = {"id": "item_2", "type": "command_execution", "command": "/bin/bash -lc ls", "status": "in_progress"}
    patch = {"id": "item_3", "type": "file_change", "changes": [{"path": "/w/a.py", "kind": "add"}]}
    started = [{"type": "item.started", "item": item} for item in (run, patch)]
    got = codex.turn([*BEGIN, NOISE, *started, message("looking"), message("THE END"), done()])
    assert (got.exit_class, got.final, got.claim, got.session) == (ExitClass.OK, "THE END", Claim("done"), THREAD)
    assert got.usage == Usage(1000, 20, answers=4)
    assert codex.kinds() == ["usage", "tool_call command_execution", "tool_call file_change", "text", "text"]


def test_a_resumed_thread_is_not_counted_again(codex: Recorded) -> None:
    assert codex.turn([*BEGIN, message("a"), done(1000, 20)]).usage == Usage(1000, 20, answers=1)
    second = codex.turn([*BEGIN, message("b"), done(1500, 50)], turn=2, session=THREAD)
    assert second.usage == Usage(500, 30, answers=1)
    # Killed before it could print its sums: they are in the next turn's.
    killed = codex.turn([*BEGIN], code=143, turn=3, session=THREAD)
    assert (killed.exit_class, killed.usage) == (ExitClass.CRASH, Usage())
    assert codex.turn([*BEGIN, message("d"), done(1800, 60)], turn=4, session=THREAD).usage == Usage(300, 10, answers=1)


def test_another_thread_is_counted_from_its_start(codex: Recorded) -> None:
    codex.turn([*BEGIN, message("a"), done(1000, 20)])
    other = {"type": "thread.started", "thread_id": "another"}
    assert codex.turn([other, message("b"), done(1400, 5)], turn=2, session=THREAD).usage == Usage(1400, 5, answers=1)
    assert codex.turn([*BEGIN, message("c"), done(1500, 30)], turn=5, session=THREAD).usage == Usage(500, 10, answers=1)
    assert codex.turn([*BEGIN, message("b"), done(1100, 25)], turn=3).usage == Usage(1100, 25, answers=1)


def test_a_prompt_that_a_hook_blocked_is_a_failure(codex: Recorded) -> None:
    got = codex.turn([*BEGIN, done(0, 0)])
    assert (got.exit_class, got.claim) == (ExitClass.FAILED, None)


def test_a_connection_that_came_back_is_no_failure(codex: Recorded) -> None:
    again = {"type": "error", "message": "Reconnecting... 1/5 (stream disconnected)"}
    assert codex.turn([*BEGIN, again, message("THE END"), done()]).exit_class == ExitClass.OK


FAILURES = [
    ("exceeded retry limit, last status: 429 Too Many Requests", ExitClass.LIMIT, 0.0),
    (
        "You've hit your usage limit. Upgrade (https://x) or try again in 2 hours 5 minutes.",
        ExitClass.LIMIT,
        7500,
    ),
    ("Rate limit reached for gpt-5.5. Please try again in 11.054s.", ExitClass.LIMIT, 11.054),
    ("Quota exceeded. Check your plan and billing details.", ExitClass.HALT, 0.0),
    ("Selected model is at capacity. Please try a different model.", ExitClass.OVERLOADED, 0.0),
    ("We’re currently experiencing high demand, which may cause temporary errors.", ExitClass.OVERLOADED, 0.0),
    ("unexpected status 401 Unauthorized: Incorrect API key provided, url: http://x", ExitClass.AUTH, 0.0),
    ("unexpected status 502 Bad Gateway", ExitClass.OVERLOADED, 0.0),
    ("Codex ran out of room in the model's context window. Start a new thread", ExitClass.CONTEXT_OVERFLOW, 0.0),
    ("The model `foo` does not exist or you do not have access to it.", ExitClass.HALT, 0.0),
    ("Something new", ExitClass.FAILED, 0.0),
]


@pytest.mark.parametrize(("said", "expected", "reset"), FAILURES, ids=[said[:20] for said, *_ in FAILURES])
def test_errors_have_classes(codex: Recorded, said: str, expected: ExitClass, reset: float) -> None:
    got = codex.turn([*BEGIN, *failed(said)], code=1)
    assert (got.exit_class, got.reset_in, got.session) == (expected, reset, THREAD)
    assert said[:20] in got.reason


def test_a_thread_that_is_gone_is_forgotten(codex: Recorded) -> None:
    said = "Error: thread/resume failed: no rollout found for thread id 0199"
    assert codex.turn([], code=1, errors=said, session="0199", turn=2).forgotten


def test_the_command_line(codex: Recorded) -> None:
    words = codex.argv({"effort": "high", "args": ("--search",)}, model="gpt-5.5")
    assert words[0] == "exec"
    assert words[-4:] == ["-m", "gpt-5.5", "--search", "-"]
    assert "--dangerously-bypass-hook-trust" in words
    given = tomllib.loads("\n".join(words[at + 1] for at, word in enumerate(words) if word == "-c"))
    assert (given["sandbox_mode"], given["approval_policy"]) == ("danger-full-access", "never")
    assert given["model_reasoning_effort"] == "high"
    assert given["allow_login_shell"] is False
    [matched] = given["hooks"]["PreToolUse"]
    assert matched["hooks"][0]["command"].endswith('/bin/orchestra-guard" pre-tool-use')
    assert codex.argv(session=THREAD)[:3] == ["exec", "resume", THREAD]


def test_what_was_logged_before_it_was_killed_is_not_why(codex: Recorded) -> None:
    """Else a program that runs out of memory would be parked and started again for ever."""
    log = "ERROR mcp: connection refused; 401 Unauthorized; rate limit"
    assert codex.turn(BEGIN, code=137, errors=log).exit_class == ExitClass.CRASH
    assert codex.turn(BEGIN, code=1, errors="rate limit", turn=2).exit_class == ExitClass.LIMIT
    assert codex.turn([*BEGIN, *failed("rate limit")], code=143, turn=3).exit_class == ExitClass.LIMIT
