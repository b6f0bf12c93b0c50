"""Claude Code, by what it prints."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from orchestra.backends.base import Usage
from orchestra.backends.claim import Claim
from orchestra.core.words import ExitClass
from tests.support.recorded import Recorded

SESSION = "491daf61-42ad-4ce0-aaa1-038c194f86c5"
INIT = {"type": "system", "subtype": "init", "cwd": "/w", "session_id": SESSION, "tools": ["Bash"], "model": "m"}


def answer(*content: dict[str, Any], id: str = "msg_1", came_in: int = 100, out: int = 5) -> dict[str, Any]:
    usage = {"input_tokens": came_in, "output_tokens": out, "cache_read_input_tokens": 10}
    message = {"id": id, "role": "assistant", "content": list(content), "usage": usage}
    return {"type": "assistant", "message": message, "parent_tool_use_id": None, "session_id": SESSION}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(command: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": command}}


def result(words: str = "THE END", **more: Any) -> dict[str, Any]:
    used = {"inputTokens": 1000, "outputTokens": 40, "cacheReadInputTokens": 200, "cacheCreationInputTokens": 30}
    return {
        "type": "result", "subtype": "success", "is_error": False, "num_turns": 3, "result": words,
        "session_id": SESSION, "total_cost_usd": 0.25, "usage": {"input_tokens": 7, "output_tokens": 1},
        "modelUsage": {"a": used, "b": {"inputTokens": 1, "outputTokens": 2}}, **more,
    }  # fmt: skip


@pytest.fixture
def claude(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path, "claude")


def test_a_turn_is_read_to_its_end(claude: Recorded) -> None:
    got = claude.turn([INIT, answer(call("ls")), answer(text("THE END"), id="msg_2"), result()])
    assert (got.exit_class, got.final, got.claim, got.session) == (ExitClass.OK, "THE END", Claim("done"), SESSION)
    # Of all models, sub-agents' included.
    assert got.usage == Usage(1231, 42, 0.25, 3)
    assert claude.kinds() == ["usage", "tool_call Bash", "usage", "text", "usage"]


def test_the_last_of_several_results_counts_and_is_not_added(claude: Recorded) -> None:
    got = claude.turn([INIT, result("waiting"), result("woken", total_cost_usd=0.5)])
    assert (got.final, got.usage.cost_usd) == ("woken", 0.5)


def test_no_turn_of_the_model_is_a_failure_whatever_it_calls_itself(claude: Recorded) -> None:
    got = claude.turn([INIT, result("Unknown command: /x", num_turns=0)])
    assert (got.exit_class, got.claim) == (ExitClass.FAILED, None)
    assert "Unknown command: /x" in got.reason


def test_without_a_result_it_crashed_and_its_tokens_are_counted(claude: Recorded) -> None:
    got = claude.turn([INIT, answer(call("a")), answer(call("b")), answer(text("c"), id="msg_2")], code=143)
    assert (got.exit_class, got.session, got.usage) == (ExitClass.CRASH, SESSION, Usage(220, 10, answers=2))
    # SIGINT: exit code 0, and nothing said.
    got = claude.turn([INIT], turn=2)
    assert (got.exit_class, got.reason) == (ExitClass.CRASH, "it ended in the middle of its turn (exit code 0)")


FAILURES = [
    (429, "API Error: Request rejected (429) · This would exceed your account's rate limit.", ExitClass.LIMIT),
    (None, "You've hit your session limit · resets 3pm (Europe/Berlin)", ExitClass.LIMIT),
    (529, "API Error: 529 Overloaded. This is a server-side issue, usually temporary", ExitClass.OVERLOADED),
    (500, "API Error: 500 Internal server error. This is a server-side issue", ExitClass.OVERLOADED),
    (None, "API Error: Unable to connect to API (ConnectionRefused)", ExitClass.OVERLOADED),
    (401, "Invalid API key · Fix external API key", ExitClass.AUTH),
    (None, "Not logged in · Please run /login", ExitClass.AUTH),
    (400, "Prompt is too long · the request is ~210000 tokens (limit 200000)", ExitClass.CONTEXT_OVERFLOW),
    (404, "There's an issue with the selected model (foo). It may not exist", ExitClass.HALT),
    (400, "Credit balance is too low", ExitClass.HALT),
    (None, "Something new", ExitClass.FAILED),
]


@pytest.mark.parametrize(("status", "said", "expected"), FAILURES, ids=[said[:20] for _, said, _ in FAILURES])
def test_errors_have_classes(claude: Recorded, status: int | None, said: str, expected: ExitClass) -> None:
    got = claude.turn([INIT, result(said, is_error=True, api_error_status=status)], code=1)
    assert (got.exit_class, got.claim) == (expected, None)
    assert said[:20] in got.reason


def test_a_used_up_plan_says_when_it_is_there_again(claude: Recorded) -> None:
    info = {"status": "rejected", "resetsAt": int(time.time()) + 7200, "rateLimitType": "five_hour"}
    limit = {"type": "rate_limit_event", "rate_limit_info": info, "session_id": SESSION}
    got = claude.turn([INIT, limit, result("You've hit your session limit", is_error=True)], code=1)
    assert got.exit_class == ExitClass.LIMIT
    assert 7100 < got.reset_in <= 7200
    assert claude.kinds() == ["limit", "usage"]
    warned = {**limit, "rate_limit_info": {**info, "status": "allowed_warning"}}
    assert claude.turn([INIT, warned, result()], turn=2).exit_class == ExitClass.OK


def test_a_session_that_is_gone_is_forgotten_but_only_where_one_was_to_be_resumed(claude: Recorded) -> None:
    said = result("", is_error=True, num_turns=0, errors=["No conversation found with session ID: x"])
    got = claude.turn([said], code=1, session="x", turn=2)
    assert (got.forgotten, got.lost, got.session) == (True, True, "")
    assert not claude.turn([said], code=1, turn=3).forgotten


def test_a_report_stands_whatever_came_after_it(claude: Recorded) -> None:
    report = json.dumps({"status": "blocked", "notes": "which currency?"})
    do = f"echo '{report}' > $ORCHESTRA_TURN_DIR/report.json"
    got = claude.turn([INIT, result("429", is_error=True, api_error_status=429)], code=1, do=do)
    assert (got.exit_class, got.claim) == (ExitClass.OK, Claim("blocked", "which currency?"))


def test_a_reviewer_has_to_say_what_it_found(claude: Recorded) -> None:
    finding = {"severity": "important", "title": "slow", "line": 0}
    said = f"I looked.\n```json\n{json.dumps({'findings': [finding]})}\n```"
    assert claude.turn([INIT, result(said)], role="reviewer").claim == Claim("done", findings=(finding,))
    silent = claude.turn([INIT, result("all is well")], role="reviewer", turn=2)
    assert (silent.exit_class, silent.claim) == (ExitClass.GARBAGE, None)
    strange = claude.turn([INIT, result('{"findings": [{"severity": "huge"}]}')], role="reviewer", turn=3)
    assert (strange.exit_class, strange.claim) == (ExitClass.GARBAGE, None)


def test_halt_counts_only_in_the_final_message(claude: Recorded) -> None:
    halt = "Which one?\n<promise>HALT</promise>"
    assert claude.turn([INIT, result(halt)]).exit_class == ExitClass.HALT
    echoed = [INIT, answer(text(halt)), answer(call("echo '<promise>HALT</promise>'")), result("done")]
    assert claude.turn(echoed, turn=2).exit_class == ExitClass.OK
    quoted = result("I did not need <promise>HALT</promise>.")
    assert claude.turn([INIT, quoted], turn=3).exit_class == ExitClass.OK


@pytest.mark.parametrize(
    "noise", ["warning: x", "{", "[1]", '{"type": null}', '{"type": "assistant", "message": 3}', '{"type": "result"'],
)  # fmt: skip
def test_what_cannot_be_read_is_passed_over(claude: Recorded, noise: str) -> None:
    got = claude.turn([noise, INIT, noise, answer(text("x")), noise, result(usage=3, modelUsage={"a": None}), noise])
    assert (got.exit_class, got.final) == (ExitClass.OK, "THE END")


def test_the_command_line(claude: Recorded) -> None:
    words = claude.argv()
    assert words[:6] == ["-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions"]
    settings = json.loads(words[words.index("--settings") + 1])
    [matched] = settings["hooks"]["PreToolUse"]
    assert matched["hooks"][0]["command"].endswith('/bin/orchestra-guard" pre-tool-use')
    assert settings["disableAllHooks"] is False
    assert "--model" not in words
    agent = {"effort": "high", "access": "acceptEdits", "args": ("--add-dir", "/x y")}
    words = claude.argv(agent, model="opus", session=SESSION)
    assert words[words.index("--permission-mode") + 1] == "acceptEdits"
    assert words[words.index("--resume") + 1] == SESSION
    assert words[-6:] == ["--model", "opus", "--effort", "high", "--resume", SESSION, "--add-dir", "/x y"][-6:]


def test_the_brief_is_its_standard_input(claude: Recorded) -> None:
    got = claude.turn([INIT, result()], do=f"cat > {claude.base}/read")
    assert got.exit_class == ExitClass.OK
    assert (claude.base / "read").read_text() == "THE BRIEF\n"


def test_the_guard_matches_what_the_plugin_matches(claude: Recorded) -> None:
    words = claude.argv()
    hooks = Path(__file__).parents[2] / "hooks/hooks.json"
    [ours] = json.loads(words[words.index("--settings") + 1])["hooks"]["PreToolUse"]
    plugin = json.loads(hooks.read_text())["hooks"]["PreToolUse"][0]
    assert ours["matcher"] == plugin["matcher"]
