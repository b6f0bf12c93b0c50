"""Gemini CLI, by what it prints."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from orchestra.backends.base import Usage
from orchestra.backends.claim import Claim
from orchestra.core.words import ExitClass
from tests.support.recorded import Recorded
from tests.support.turns import task

SESSION = "ef7c6c83-bac0-4748-88d2-3b4a6a1da9f5"
INIT = {"type": "init", "timestamp": "t", "session_id": SESSION, "model": "gemini-2.5-pro"}
TOOL = {"type": "tool_use", "tool_name": "run_shell_command", "tool_id": "x", "parameters": {"command": "ls"}}


def said(words: str, role: str = "assistant", delta: bool = True) -> dict[str, Any]:
    return {"type": "message", "timestamp": "t", "role": role, "content": words, "delta": delta}


def result(status: str = "success", **more: Any) -> dict[str, Any]:
    stats = {"total_tokens": 110, "input_tokens": 100, "output_tokens": 10, "cached": 5, "tool_calls": 1}
    return {"type": "result", "timestamp": "t", "status": status, "stats": stats, **more}


def error(words: str) -> dict[str, Any]:
    return result("error", error={"type": "unknown", "message": words})


@pytest.fixture
def gemini(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path, "gemini")


def test_a_turn_is_read_to_its_end(gemini: Recorded) -> None:
    lines = [
        "Loaded cached credentials.",
        INIT,
        said("THE BRIEF", "user"),
        said("let me"),
        TOOL,
        said("THE "),
        said("END"),
    ]
    got = gemini.turn([*lines, result()])
    assert (got.exit_class, got.final, got.claim, got.session) == (ExitClass.OK, "THE END", Claim("done"), SESSION)
    assert got.usage == Usage(100, 10, answers=3)
    assert gemini.kinds() == ["usage", "text", "tool_call run_shell_command", "text", "text", "usage"]


def test_an_echo_of_the_brief_does_not_halt(gemini: Recorded) -> None:
    halt = "To stop, say\n<promise>HALT</promise>\n"
    assert gemini.turn([INIT, said(halt, "user"), said("done"), result()]).exit_class == ExitClass.OK
    pieces = [said("x"), said("\n<promise>HALT</promise>")]
    assert gemini.turn([INIT, *pieces, result()], turn=2).exit_class == ExitClass.HALT
    # Ended in the middle of a sentence, it has not asked for anything.
    assert gemini.turn([INIT, *pieces], code=137, turn=3).exit_class == ExitClass.CRASH


def test_a_turn_without_an_answer_is_a_failure(gemini: Recorded) -> None:
    assert gemini.turn([INIT, said("THE BRIEF", "user"), result()]).exit_class == ExitClass.FAILED
    assert gemini.turn([INIT, said("x")], code=137, turn=2).exit_class == ExitClass.CRASH


DAILY = "[API Error: You have exhausted your daily quota on this model.]\nPlease wait and try again later."


@pytest.mark.parametrize(
    ("words", "code", "errors", "expected", "reset"),
    [
        (DAILY, 173, "message: 'You exceeded your quota. Please retry in 3600.5s.'", ExitClass.LIMIT, 3600.5),
        (DAILY, 173, "", ExitClass.LIMIT, 0.0),
        (
            '[API Error: {"error":{"message":"no keys","code":401}}]',
            145,
            "",
            ExitClass.AUTH,
            0.0,
        ),
        (
            '[API Error: {"error":{"message":"API key not valid.","code":400}}]',
            144,
            "",
            ExitClass.AUTH,
            0.0,
        ),
        ("[API Error: models/foo is not found for API version v1beta]", 1, "", ExitClass.HALT, 0.0),
        ("[API Error: The model is overloaded. Please try again later.]", 247, "", ExitClass.OVERLOADED, 0.0),
        ("[API Error: The input token count (1200000) exceeds the maximum]", 144, "", ExitClass.CONTEXT_OVERFLOW, 0.0),
        ("[API Error: something new]", 144, "", ExitClass.FAILED, 0.0),
    ],
    ids=lambda value: str(value)[:24],
)
def test_errors_have_classes(
    gemini: Recorded, words: str, code: int, errors: str, expected: ExitClass, reset: float
) -> None:
    got = gemini.turn([INIT, error(words)], code=code, errors=errors)
    assert (got.exit_class, got.reset_in) == (expected, reset)


def test_nobody_logged_in_is_said_on_stderr_alone(gemini: Recorded) -> None:
    errors = "Please set an Auth method in your ~/.gemini/settings.json or specify GEMINI_API_KEY"
    assert gemini.turn([], code=41, errors=errors).exit_class == ExitClass.AUTH


def test_a_session_that_is_gone_is_forgotten(gemini: Recorded) -> None:
    errors = 'Error resuming session: Invalid session identifier "x".'
    assert gemini.turn([], code=42, errors=errors, session="x", turn=2).forgotten


def test_the_command_line(gemini: Recorded) -> None:
    words = gemini.argv({"args": ("--debug",)}, model="gemini-2.5-pro", session=SESSION)
    assert words[:3] == ["--output-format", "stream-json", "--skip-trust"]
    assert words[3:] == ["-m", "gemini-2.5-pro", "--approval-mode", "yolo", "-r", SESSION, "--debug"]


def test_the_scope_becomes_a_policy(gemini: Recorded) -> None:
    scope = {"version": 1, "enforcement": "strict", "write": ["src/**", "docs/*.md", "a.b", "!.git/**"]}
    (gemini.base / "scope.json").write_text(json.dumps(scope))
    (gemini.base / "turn-1").mkdir()
    words = gemini.argv()
    file = Path(words[words.index("--policy") + 1])
    rules = tomllib.loads(file.read_text())["rule"]
    tree = str(task(gemini.base).worktree).replace(".", "\\.")
    told = [(rule["argsPattern"], rule["decision"]) for rule in sorted(rules, key=lambda rule: rule["priority"])]
    assert told[0] == ('"file_path":', "deny")
    assert told[1:3] == [('"file_path":"src("|/)', "allow"), (f'"file_path":"{tree}/src("|/)', "allow")]
    assert ('"file_path":"docs/', "allow") in told
    assert ('"file_path":"a\\.b("|/)', "allow") in told
    assert told[-3][0] == '"file_path":"\\.git("|/)'
    assert told[-1] == ('"file_path":"[^"]*\\.\\.', "deny")


REFUSED = "echo 'Attempt 3 failed with status 500. Retrying with backoff... Please try again in 7 seconds.' >&2"


def test_silence_after_a_refusal_is_the_services(gemini: Recorded) -> None:
    begins = f"echo '{json.dumps(INIT)}'"
    got = gemini.turn([], do=f"{begins}; {REFUSED}; sleep 60", idle_s=0.5)
    assert (got.exit_class, got.reset_in) == (ExitClass.OVERLOADED, 7.0)
    assert gemini.turn([], do=f"{begins}; sleep 60", idle_s=0.5, turn=2).exit_class == ExitClass.HANG
