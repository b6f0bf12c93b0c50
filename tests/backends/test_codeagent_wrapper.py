"""codeagent-wrapper, by what it prints and how it ends; the program here behaves as version 5.4.0 does."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.backends.agent import Settings
from orchestra.backends.base import Usage
from orchestra.backends.claim import Claim
from orchestra.backends.codeagent_wrapper import program as chosen
from orchestra.backends.make import check, make
from orchestra.core.words import ExitClass
from orchestra.errors import UserError
from tests.support.launching import program
from tests.support.recorded import Recorded
from tests.support.turns import task

SESSION = "01a1feb9-1483-7603"
TRAILER = f"\n---\nSESSION_ID: {SESSION}"
HALT = "<promise>HALT</promise>"


@pytest.fixture
def wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.delenv("CODEAGENT_WRAPPER", raising=False)
    monkeypatch.delenv("CODEAGENT_WRAPPER_PATH", raising=False)
    return Recorded(tmp_path, "codeagent-wrapper")


def test_a_turn_is_read_to_its_end(wrapper: Recorded) -> None:
    got = wrapper.turn([f"I did it.\nTHE END{TRAILER}"])
    assert (got.exit_class, got.final, got.claim) == (ExitClass.OK, "I did it.\nTHE END", Claim("done"))
    assert (got.session, got.usage) == (SESSION, Usage(answers=1))


def test_it_reads_the_brief_and_is_told_where(wrapper: Recorded) -> None:
    got = wrapper.turn(
        [f"ok{TRAILER}"], do=f"cat > {wrapper.base}/read; pwd > {wrapper.base}/pwd; env > {wrapper.base}/env"
    )
    assert got.exit_class == ExitClass.OK
    assert (wrapper.base / "read").read_text() == "THE BRIEF\n"
    assert (wrapper.base / "pwd").read_text() == f"{wrapper.base / 'tree'}\n"
    assert "\nCODEX_BYPASS_SANDBOX=1\n" in (wrapper.base / "env").read_text()


def test_the_command_line(wrapper: Recorded) -> None:
    tree = str(wrapper.base / "tree")
    assert wrapper.argv() == ["--skip-permissions", "-", tree]
    agent = {"access": "", "args": ("--backend", "claude")}
    assert wrapper.argv(agent, session=SESSION) == ["--backend", "claude", "resume", SESSION, "-", tree]


@pytest.mark.parametrize(("wall_s", "limit"), [(5400.0, "5460000"), (0.0, "604800000"), (0.5, "60500")])
def test_its_own_time_limit_is_later_than_ours_and_in_milliseconds(
    wrapper: Recorded, wall_s: float, limit: str
) -> None:
    made = wrapper.backend()
    assert made.env(task(wrapper.base, wall_s=wall_s))["CODEX_TIMEOUT"] == limit
    assert wrapper.backend(env=("CODEX_TIMEOUT=77",)).env(task(wrapper.base))["CODEX_TIMEOUT"] == "77"


ENDS = [
    (0, "", "", ExitClass.FAILED),
    (1, "", "codex completed without agent_message output", ExitClass.FAILED),
    (1, "", "You've hit your usage limit. Try again in 2 seconds.", ExitClass.LIMIT),
    (1, "", "401 Unauthorized: Incorrect API key provided", ExitClass.AUTH),
    (124, "half of it", "codex execution timeout", ExitClass.TIMEOUT),
    (127, "", "codex: command not found in PATH", ExitClass.HALT),
    (130, "", "", ExitClass.CRASH),
    (7, "", "", ExitClass.FAILED),
]


@pytest.mark.parametrize(("code", "said", "errors", "expected"), ENDS)
def test_exit_codes_have_classes(wrapper: Recorded, code: int, said: str, errors: str, expected: ExitClass) -> None:
    got = wrapper.turn([said] if said else [], code=code, errors=errors)
    assert (got.exit_class, got.claim) == (expected, None)
    assert got.reason


def test_only_its_own_trailer_counts(wrapper: Recorded) -> None:
    quoted = "It prints this:\n---\nSESSION_ID: not-this-one\nand then ends."
    got = wrapper.turn([f"{quoted}{TRAILER}"])
    assert (got.final, got.session) == (quoted, SESSION)
    # Of some agents it does not learn the session.
    bare = wrapper.turn(["THE END"], turn=2)
    assert (bare.exit_class, bare.final, bare.session) == (ExitClass.OK, "THE END", "")


def test_halt_counts_alone_on_a_line_of_the_message(wrapper: Recorded) -> None:
    assert wrapper.turn([f"Which one?\n{HALT}{TRAILER}"]).exit_class == ExitClass.HALT
    assert wrapper.turn([f"I did not need `{HALT}`.{TRAILER}"], turn=2).exit_class == ExitClass.OK
    assert wrapper.turn([], code=1, errors=f"{HALT}", turn=3).exit_class == ExitClass.FAILED


def test_a_burst_and_a_slow_message_come_whole(wrapper: Recorded) -> None:
    burst = "\n".join(f"line {n} {'x' * 100}" for n in range(600))
    assert wrapper.turn([f"{burst}{TRAILER}"]).final == burst
    slow = "for n in 1 2 3; do printf 'part %s ' $n; sleep 0.1; done"
    assert wrapper.turn([f"THE END{TRAILER}"], do=slow, turn=2).final == "part 1 part 2 part 3 THE END"


def test_a_reviewer_has_to_say_what_it_found(wrapper: Recorded) -> None:
    found = '{"findings": [{"severity": "important", "title": "slow", "file": "a.py", "line": 3}]}'
    got = wrapper.turn([f"I looked.\n```json\n{found}\n```{TRAILER}"], role="reviewer")
    assert got.claim
    assert got.claim.findings[0]["title"] == "slow"
    assert wrapper.turn([f"fine{TRAILER}"], role="reviewer", turn=2).exit_class == ExitClass.GARBAGE


def test_a_server_that_it_leaves_behind_does_not_hold_up_the_end(wrapper: Recorded) -> None:
    got = wrapper.turn([f"THE END{TRAILER}"], do="sleep 1000 & echo $! > server")
    assert (got.exit_class, got.final) == (ExitClass.OK, "THE END")


def test_a_session_that_is_gone_is_forgotten(wrapper: Recorded) -> None:
    got = wrapper.turn([], code=1, errors="Error: thread/resume failed: no rollout found", session=SESSION, turn=2)
    assert got.forgotten


def test_the_user_may_name_it_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = program(tmp_path / "mine", "echo codeagent-wrapper version 5.4.0")
    monkeypatch.setenv("CODEAGENT_WRAPPER", str(mine))
    assert check("codeagent-wrapper", {}) == "5.4.0"
    assert make("codeagent-wrapper", {}).argv(task(tmp_path))[4] == str(mine)
    assert chosen(Settings("/other")) == "/other"
    # One that says no version can be used all the same.
    program(mine, "exit 3")
    assert check("codeagent-wrapper", {}) == ""
    mine.unlink()
    with pytest.raises(UserError, match="is not installed"):
        check("codeagent-wrapper", {})
