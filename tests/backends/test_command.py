"""Any program as an agent."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from orchestra.backends.base import AgentEvent
from orchestra.backends.claim import Claim
from orchestra.backends.command import CommandBackend, trailing_findings, trailing_json
from orchestra.core.words import ExitClass
from tests.support.turns import take, task

FINDING = {"severity": "important", "title": "slow", "line": 0}


def turn(base: Path, command: str, **more: object):  # type: ignore[no-untyped-def]
    return take(CommandBackend(command), task(base, **more))


def test_exit_0_is_done_and_stdout_is_the_final_message(tmp_path: Path) -> None:
    result = turn(tmp_path, "echo one; echo two; echo noise >&2")
    assert (result.exit_class, result.claim, result.final) == (ExitClass.OK, Claim("done"), "one\ntwo")


def test_another_code_is_failed_with_the_last_words(tmp_path: Path) -> None:
    result = turn(tmp_path, "echo why it failed >&2; exit 3")
    assert result.exit_class == ExitClass.FAILED
    assert result.claim is not None
    assert result.claim.status == "failed"
    assert result.reason == "exit code 3: why it failed"


def test_75_is_a_limit_with_a_reset(tmp_path: Path) -> None:
    result = turn(tmp_path, "exit 75")
    assert (result.exit_class, result.reset_in, result.claim) == (ExitClass.LIMIT, 60.0, None)


def test_a_command_that_does_not_exist_says_so(tmp_path: Path) -> None:
    assert "command not found" in turn(tmp_path, "no-such-command-here").reason


def test_a_signal_is_a_crash(tmp_path: Path) -> None:
    assert turn(tmp_path, "kill -9 $$").exit_class == ExitClass.CRASH


def test_a_report_stands_whatever_the_code(tmp_path: Path) -> None:
    said = json.dumps({"status": "blocked", "notes": "needs a key"})
    result = turn(tmp_path, f"echo '{said}' > $ORCHESTRA_TURN_DIR/report.json; exit 1")
    assert (result.exit_class, result.claim) == (ExitClass.OK, Claim("blocked", "needs a key"))


def test_a_report_of_garbage_is_not_done(tmp_path: Path) -> None:
    result = turn(tmp_path, 'echo \'{"status": "great"}\' > $ORCHESTRA_TURN_DIR/report.json')
    assert (result.exit_class, result.claim) == (ExitClass.GARBAGE, None)
    assert "great" in result.reason


def test_time_outs_have_classes_of_their_own(tmp_path: Path) -> None:
    assert turn(tmp_path, "sleep 100", wall_s=0.2).exit_class == ExitClass.TIMEOUT
    assert turn(tmp_path, "sleep 100", turn=2, idle_s=0.3).exit_class == ExitClass.HANG


def test_halt_is_the_promise_alone_on_a_line(tmp_path: Path) -> None:
    assert turn(tmp_path, "echo no more; echo '<promise>HALT</promise>'").exit_class == ExitClass.HALT
    assert turn(tmp_path, "echo 'say <promise>HALT</promise> to halt'", turn=2).exit_class == ExitClass.OK


def test_output_of_any_bytes_is_text(tmp_path: Path) -> None:
    assert "\ufffd" in turn(tmp_path, "printf '\\377\\376 \\000 end'").final


def test_a_long_final_message_is_cut_at_its_start(tmp_path: Path) -> None:
    final = turn(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end").final
    assert len(final) <= 64 << 10
    assert final.endswith("\nend")


@pytest.mark.parametrize("data", [{"findings": [FINDING]}, [FINDING]], ids=["an object", "the list of the brief"])
def test_findings_at_the_end_of_stdout_are_the_claims(tmp_path: Path, data: object) -> None:
    wide = json.dumps(data, indent=2)
    for number, text in enumerate([json.dumps(data), wide, f"```json\n{wide}\n```"]):
        (tmp_path / "said").write_text(f"I looked at [1].\n{text}\n")
        result = turn(tmp_path, f"cat {tmp_path}/said", turn=number, role="reviewer")
        assert result.claim == Claim("done", findings=(FINDING,))


@pytest.mark.parametrize("text", ['{"findings": [{"severity": "huge", "title": "t"}]}', '[{"severity": "huge"}]'])
def test_findings_that_cannot_be_read_are_not_an_approval(tmp_path: Path, text: str) -> None:
    (tmp_path / "said").write_text(text)
    result = turn(tmp_path, f"cat {tmp_path}/said", role="reviewer")
    assert (result.exit_class, result.claim) == (ExitClass.GARBAGE, None)
    assert "huge" in result.reason


@pytest.mark.parametrize("text", ["see\n[1]", "see [1]", "[", '[{"a": 1}] and more'])
def test_other_lists_are_no_findings(text: str) -> None:
    assert trailing_findings(text) is None


def test_what_a_worker_prints_is_no_list_of_findings(tmp_path: Path) -> None:
    assert turn(tmp_path, """echo '[{"made": "src/a.py"}]'""").claim == Claim("done")


@pytest.mark.parametrize("text", ["", "}", "{", "text }", "[1]", '{"a": 1} and more', "{" * 10_000 + "}"])
def test_other_ends_hold_no_json(text: str) -> None:
    assert trailing_json(text) is None


def test_the_environment_is_the_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/outer")
    monkeypatch.setenv("ORCHESTRA_SECRET", "outer")
    dump = "import json, os; print(json.dumps([dict(os.environ), os.getcwd()]))"
    result = turn(tmp_path, f"{sys.executable} -c '{dump}'", project_bin="/ours/bin")
    environment, cwd = json.loads(result.final)
    ours = {key: value for key, value in environment.items() if key.startswith("ORCHESTRA_")}
    assert ours == {
        "ORCHESTRA_TICKET": "T-1",
        "ORCHESTRA_UNIT": "M1/phase-2",
        "ORCHESTRA_ROLE": "worker",
        "ORCHESTRA_ATTEMPT": "1",
        "ORCHESTRA_PROMPT_FILE": str(tmp_path / "prompt.md"),
        "ORCHESTRA_SCOPE": str(tmp_path / "scope.json"),
        "ORCHESTRA_PROJECT": str(tmp_path),
        "ORCHESTRA_TURN_DIR": str(tmp_path / "turn-1"),
        "ORCHESTRA_JOB": str(tmp_path / "turn-1"),
    }
    assert "GIT_DIR" not in environment
    assert environment["PATH"].startswith(f"/ours/bin{os.pathsep}")
    assert cwd == str(tmp_path / "tree")


def test_a_finished_turn_is_read_again_from_its_files(tmp_path: Path) -> None:
    command = "echo x >> ../ran; echo said; exit 3"
    heard: list[AgentEvent] = []
    first = turn(tmp_path, command)
    assert take(CommandBackend(command), task(tmp_path), heard) == first
    assert [event.text for event in heard] == ["said"]
    assert (tmp_path / "ran").read_text() == "x\n"
