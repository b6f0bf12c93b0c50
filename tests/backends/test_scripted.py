"""The scripted agent: a real process that follows a script."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from orchestra.backends.base import AgentEvent, TurnResult, Usage
from orchestra.backends.claim import Claim
from orchestra.backends.scripted import ScriptedBackend, check_script
from orchestra.core.words import ExitClass
from orchestra.errors import Exit, UserError
from orchestra.proc import abandon
from tests.support.turns import take, task


def backend(base: Path, text: str) -> ScriptedBackend:
    script = base / "script.yml"
    script.write_text(text)
    check_script(script)
    return ScriptedBackend(script, base / "counts")


def turn(base: Path, text: str, heard: list[AgentEvent] | None = None, **more: object) -> TurnResult:
    return take(backend(base, text), task(base, **more), heard)


def test_it_does_all_that_a_script_says(tmp_path: Path) -> None:
    (tmp_path / "message.md").write_text("from a file")
    heard: list[AgentEvent] = []
    result = turn(
        tmp_path,
        """
- do:
    - write: {path: src/a.py, text: "x = 1\\r\\n", mode: "755"}
    - write: {path: src/gone.py, text: ""}
    - append: {path: src/a.py, text: "y = 2\\n"}
    - delete: src/gone.py
    - mode: {path: src/a.py, mode: 0700}
    - run: "echo ran > ran.txt; echo said; exit 3"
    - sleep: 0.01
    - say: working
    - say_file: message.md
    - usage: {input: 1200, output: 300, cost_usd: 0.01}
    - usage: {input: 1}
    - report: {status: blocked, notes: n, learnings: [a, b]}
    - findings: [{severity: blocking, file: src/a.py, line: 3, title: t, detail: d}]
""",
        heard,
    )
    tree = tmp_path / "tree"
    assert (tree / "src/a.py").read_bytes() == b"x = 1\r\ny = 2\n"
    assert (tree / "src/a.py").stat().st_mode & 0o777 == 0o700
    assert not (tree / "src/gone.py").exists()
    assert (tree / "ran.txt").read_text() == "ran\n"
    finding = {"severity": "blocking", "title": "t", "line": 3, "file": "src/a.py", "detail": "d"}
    assert result.claim == Claim("blocked", "n", ("a", "b"), (finding,))
    assert (result.exit_class, result.final) == (ExitClass.OK, "from a file")
    assert result.usage == Usage(1201, 300, 0.01)
    assert [event.name for event in heard if event.kind == "tool_call"] == [
        "write", "write", "append", "delete", "mode", "run",
    ]  # fmt: skip
    ran = next(event for event in heard if event.name == "run")
    assert ran.data == {"exit": 3, "output": "said\n"}


def test_without_a_report_it_is_done(tmp_path: Path) -> None:
    result = turn(tmp_path, "- do: []\n")
    assert (result.exit_class, result.claim) == (ExitClass.OK, Claim("done"))


@pytest.mark.parametrize(
    ("end", "exit_class"),
    [
        ("overloaded", ExitClass.OVERLOADED),
        ("auth", ExitClass.AUTH),
        ("crash", ExitClass.CRASH),
        ("garbage", ExitClass.GARBAGE),
        ("halt", ExitClass.HALT),
        ("context-overflow", ExitClass.CONTEXT_OVERFLOW),
    ],
)
def test_every_bad_end_has_its_class(tmp_path: Path, end: str, exit_class: ExitClass) -> None:
    result = turn(tmp_path, f"- do: [say: before, fail: {end}]\n")
    assert (result.exit_class, result.claim) == (exit_class, None)
    assert result.reason


def test_a_limit_says_when_it_ends(tmp_path: Path) -> None:
    result = turn(tmp_path, "- do:\n    - fail: limit\n      reset_in: 5\n")
    assert (result.exit_class, result.reset_in) == (ExitClass.LIMIT, 5.0)


def test_a_hang_is_found_by_its_silence(tmp_path: Path) -> None:
    assert turn(tmp_path, "- do: [fail: hang]\n", idle_s=0.5).exit_class == ExitClass.HANG


def test_a_turn_that_was_abandoned_does_nothing(tmp_path: Path) -> None:
    one = task(tmp_path)
    assert abandon(one.dir)
    result = take(backend(tmp_path, "- do: [run: touch ../ran]\n"), one)
    assert result.exit_class == ExitClass.STOPPED
    assert not (tmp_path / "ran").exists()


def test_the_first_rule_that_fits_answers(tmp_path: Path) -> None:
    script = """
- {when: {unit: M2/*}, do: [say: other unit]}
- {when: {role: "review*"}, do: [say: reviewer]}
- {when: {attempt: 2}, do: [say: second attempt]}
- {when: {turn: 2}, do: [say: second turn]}
- {when: {purpose: fix}, do: [say: fix]}
- {when: {ticket: "T-[2-9]"}, do: [say: ticket]}
- {do: [say: rest]}
"""
    asked = [
        ({}, "rest"),
        ({"unit": "M2/phase-1"}, "other unit"),
        ({"role": "reviewer"}, "reviewer"),
        ({"attempt": 2}, "second attempt"),
        ({"purpose": "fix"}, "fix"),
        ({"ticket": "T-3"}, "ticket"),
    ]
    for number, (more, said) in enumerate(asked):
        assert turn(tmp_path, script, dir=tmp_path / f"t{number}", **more).final == said
    assert turn(tmp_path, script, turn=2).final == "second turn"


def test_no_rule_is_a_failure_that_names_who_asked(tmp_path: Path) -> None:
    result = turn(tmp_path, "- {when: {role: reviewer}}\n")
    assert (result.exit_class, result.claim) == (ExitClass.FAILED, None)
    for word in ("unit M1/phase-2", "role worker", "attempt 1", "turn 1", "purpose build", "script.yml"):
        assert word in result.reason


def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    result = turn(tmp_path, "- do:\n    - write: {path: a, text: x}\n    - write: {path: a/b, text: x}\n")
    assert result.exit_class == ExitClass.FAILED
    assert "a" in result.reason


# --- times -----------------------------------------------------------------------------------------------------

TWICE = "- {times: 2, do: [say: limited]}\n- {do: [say: rest]}\n"


def test_times_are_used_up_by_turns_not_by_runs_of_a_turn(tmp_path: Path) -> None:
    def said(turn_number: int, again: int) -> str:
        return turn(tmp_path, TWICE, turn=turn_number, dir=tmp_path / f"{turn_number}-{again}").final

    assert [said(1, again) for again in range(4)] == ["limited"] * 4
    assert [said(number, 0) for number in (2, 3)] == ["limited", "rest"]
    assert [said(number, 1) for number in (1, 2, 3)] == ["limited", "limited", "rest"]


def test_agents_that_run_at_once_share_the_times(tmp_path: Path) -> None:
    agent = backend(tmp_path, TWICE)
    said: list[str] = []

    def one(number: int) -> None:
        said.append(take(agent, task(tmp_path, ticket=f"T-{number}", dir=tmp_path / f"d{number}")).final)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(said) == Counter({"limited": 2, "rest": 6})


# --- scripts that cannot be used -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "list of rules"),
        ("a: 1\n", 1, "list of rules"),
        ("- 3\n", 1, "a rule is not a mapping"),
        ("- do: []\n- when: {units: x}\n", 2, "when has no 'units'"),
        ("- do: []\n  dо: []\n", 2, "a rule has no"),
        ("- when: {unit: [a]}\n", 1, "one glob"),
        ("- times: 0\n", 1, "times"),
        ("- times: many\n", 1, "times"),
        ("- times: true\n", 1, "times"),
        ("- do: 3\n", 1, "list of steps"),
        ("- do:\n    - wrte: {}\n", 2, "a step is one of"),
        ("- do:\n    - {say: a, run: b}\n", 2, "a step is one of"),
        ("- do:\n    - say: a\n      reset_in: 3\n", 2, "a step is one of"),
        ("- do:\n    - say: 3\n", 2, "say: needs a text"),
        ("- do:\n    - sleep: -1\n", 2, "needs a number"),
        ("- do:\n    - write: {text: x}\n", 2, "write: needs"),
        ("- do:\n    - write: {path: x, mode: rwx}\n", 2, "write:"),
        ("- do:\n    - report: {status: perfect}\n", 2, "report: status"),
        ("- do:\n    - findings: [{severity: bad, title: t}]\n", 2, "findings: severity"),
        ("- do:\n    - usage: {inputs: 3}\n", 2, "usage:"),
        ("- do:\n    - fail: often\n", 2, "fail: is one of"),
        ("- do: []\n- do: [}\n", 2, "not YAML"),
        ("- do:\n\t- say: x\n", 2, "not YAML"),
        ("- times: 1\n  times: 2\n", 2, "twice"),
        ("- do: []\n\xff", 2, "not UTF-8"),
        ("- do: !!python/object/apply:os.system [x]\n", 1, "a step"),
        ("- do:\n    - say: !!python/object/apply:os.system [x]\n", 2, "constructor"),
        ("- &a [*a]\n", 1, "a rule is not a mapping"),
    ],
)
def test_a_bad_script_is_refused_with_its_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    script = tmp_path / "script.yml"
    script.write_bytes(text.encode("latin-1") if "\xff" in text else text.encode())
    with pytest.raises(UserError) as raised:
        check_script(script)
    assert raised.value.code == Exit.BAD_INPUT
    assert f"script.yml:{line}:" in raised.value.message
    assert why in raised.value.message


def test_a_script_of_nothing_but_brackets_or_of_great_size_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "script.yml"
    for data in (b"[" * 200_000, b"# " + b"x" * (5 << 20), b"\0\1\2"):
        script.write_bytes(data)
        with pytest.raises(UserError):
            check_script(script)


def test_crlf_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    (tmp_path / "script.yml").write_bytes(b"\xef\xbb\xbf- times: 1\r\n  do: [say: x]\r\n")
    check_script(tmp_path / "script.yml")
