"""opencode, by what it prints and what it logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestra.backends.base import Usage
from orchestra.backends.claim import Claim
from orchestra.backends.opencode import last_error
from orchestra.core.words import ExitClass
from tests.support.recorded import Recorded
from tests.support.turns import task

SESSION = "ses_e014795d5ffexQoiGwBntsgYYs"
LOGGED = (
    'timestamp=2026-11-21T15:38:53.374Z level=INFO run={run} message="creating instance" directory={place}\n'
    'timestamp=2026-11-21T15:39:00.867Z level=ERROR run={run} message="stream error" providerID=p modelID=m '
    'session.id=ses_1 small=false agent=build mode=primary error.error="AI_APICallError: {said}"\n'
)


def event(kind: str, **part: Any) -> dict[str, Any]:
    return {"type": kind, "timestamp": 1, "sessionID": SESSION, "part": part}


def step(reason: str = "stop", came_in: int = 100, out: int = 5, cost: float = 0.01) -> dict[str, Any]:
    tokens = {"total": 0, "input": came_in, "output": out, "reasoning": 2, "cache": {"write": 0, "read": 10}}
    return event("step_finish", reason=reason, tokens=tokens, cost=cost)


TOOL = event("tool_use", tool="bash", callID="c", state={"status": "completed", "input": {"command": "ls"}})
TURN = [event("step_start"), TOOL, step("tool-calls"), event("step_start"), event("text", text="THE END"), step()]


@pytest.fixture
def opencode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("OPENCODE_PERMISSION", raising=False)
    return Recorded(tmp_path, "opencode")


def test_a_turn_is_read_to_its_end(opencode: Recorded) -> None:
    got = opencode.turn(TURN)
    assert (got.exit_class, got.final, got.claim, got.session) == (ExitClass.OK, "THE END", Claim("done"), SESSION)
    assert got.usage == Usage(220, 14, 0.02, 2)
    assert opencode.kinds() == ["tool_call bash", "tool_result", "usage", "text", "usage"]


def test_an_end_in_the_middle_is_a_crash(opencode: Recorded) -> None:
    for number, lines in enumerate((TURN[:4], TURN[:3], []), 1):
        assert opencode.turn(lines, turn=number).exit_class == ExitClass.CRASH


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"name": "APIError", "data": {"message": "Incorrect API key provided", "statusCode": 401}}, ExitClass.AUTH),
        ({"name": "UnknownError", "data": {"message": "Model not found: a/b."}}, ExitClass.HALT),
        ({"name": "ContextOverflowError", "data": {"message": "too long"}}, ExitClass.CONTEXT_OVERFLOW),
        ({"name": "APIError", "data": {"message": "x", "statusCode": 503}}, ExitClass.OVERLOADED),
        ({"name": "MessageAbortedError"}, ExitClass.FAILED),
    ],
    ids=lambda value: str(value)[:30],
)
def test_errors_have_classes(opencode: Recorded, error: dict[str, Any], expected: ExitClass) -> None:
    lines = [{"type": "error", "timestamp": 1, "sessionID": SESSION, "error": error}]
    assert opencode.turn(lines, code=1).exit_class == expected
    assert opencode.kinds() == ["error session"]


def test_a_session_that_is_gone_is_forgotten(opencode: Recorded) -> None:
    assert opencode.turn([], code=1, errors="Error: Session not found", session="ses_1", turn=2).forgotten


@pytest.mark.parametrize(
    ("said", "expected", "reset"),
    [
        ("Rate limit reached. Please try again in 1h.", ExitClass.LIMIT, 3600.0),
        ("Internal server error", ExitClass.OVERLOADED, 0.0),
        ("nothing known", ExitClass.HANG, 0.0),
    ],
)
def test_silence_is_what_its_log_says(opencode: Recorded, said: str, expected: ExitClass, reset: float) -> None:
    log = opencode.base / "data/opencode/log/opencode.log"
    log.parent.mkdir(parents=True)
    place = task(opencode.base).worktree
    log.write_text(LOGGED.format(run="a1", place=place, said=said))
    got = opencode.turn([], do="sleep 100", idle_s=0.5)
    assert (got.exit_class, got.reset_in) == (expected, reset)


def test_other_sessions_errors_and_earlier_ones_are_not_this_ones(tmp_path: Path) -> None:
    log = tmp_path / "log"
    here, there = Path("/w/here"), Path("/w/here-too")
    log.write_text(LOGGED.format(run="a1", place=here, said="old") + LOGGED.format(run="b2", place=there, said="other"))
    assert last_error(here, log) == "AI_APICallError: old"
    with log.open("a") as file:
        file.write(LOGGED.format(run="c3", place=here, said="x").splitlines(keepends=True)[0])
    assert last_error(here, log) == ""
    assert last_error(here, tmp_path / "none") == ""


def test_the_command_line(opencode: Recorded) -> None:
    words = opencode.argv({"effort": "high", "args": ("--agent", "build")}, model="p/m")
    assert words[:6] == ["run", "--format", "json", "--auto", "--title", "T-1"]
    assert words[6:] == ["-m", "p/m", "--variant", "high", "--agent", "build"]
    assert opencode.argv({"access": ""}, session=SESSION) == ["run", "--format", "json", "-s", SESSION]
    assert opencode.argv({"assigner": "gawain"}, role="assigner")[-2:] == ["--agent", "gawain"]
    assert "gawain" not in opencode.argv({"assigner": "gawain"})


def test_the_scope_becomes_its_permissions(opencode: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = {"version": 1, "enforcement": "strict", "write": ["src/**", "docs/*.md", "a.txt", "!.git/**"]}
    (opencode.base / "scope.json").write_text(json.dumps(scope))
    monkeypatch.setenv("OPENCODE_PERMISSION", '{"webfetch": "deny", "edit": "allow"}')
    given = json.loads(opencode.backend().env(task(opencode.base))["OPENCODE_PERMISSION"])
    assert given["webfetch"] == "deny"
    assert list(given["edit"].items()) == [
        ("*", "deny"), ("src", "allow"), ("src/*", "allow"), ("docs/*", "allow"), ("a.txt", "allow"),
        ("a.txt/*", "allow"), (".git", "deny"), (".git/*", "deny"),
    ]  # fmt: skip
    (opencode.base / "scope.json").write_text(json.dumps({**scope, "enforcement": "off"}))
    assert "OPENCODE_PERMISSION" not in opencode.backend().env(task(opencode.base))
