"""What a window shows of a turn: readable, the same at each telling, and never what drives a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestra.backends.base import AgentEvent, Task, Usage
from orchestra.drive import screen as module
from orchestra.drive.screen import Screen, Speech, heading
from tests.support.turns import task

TURN = [
    AgentEvent("usage", session="s-1"),
    AgentEvent("text", text="I look\nat it."),
    AgentEvent("tool_call", name="Bash", text=json.dumps({"command": "npm test", "description": "tests"})),
    AgentEvent("tool_result", text="all is well", data={"failed": False}),
    AgentEvent("text", text="It ", data={"delta": True}),
    AgentEvent("text", text="works.\nNow", data={"delta": True}),
    AgentEvent("tool_call", name="write", text="a.txt"),
    AgentEvent("tool_result", text="no such\nfile\n", data={"failed": True}),
    AgentEvent("limit", text="usage limit", reset_in=12.3),
    AgentEvent("error", name="overloaded"),
    AgentEvent("usage", usage=Usage(100, 5)),
    AgentEvent("text", text="done"),
]
SEEN = """
── M1/phase-2: worker, attempt 1, turn 1 ──
 I look
 at it.
 > Bash npm test
 It works.
 Now
 > write a.txt
 ! failed: no such file
 ! limit: usage limit
 ! error: overloaded
 done
"""


@pytest.fixture
def one(tmp_path: Path) -> Task:
    return task(tmp_path)


def show(file: Path, one: Task, events: list[AgentEvent]) -> str:
    """What `file` holds after a turn was told."""
    shown, speech = Screen(file), Speech()
    shown.begin(heading(one))
    for event in events:
        shown.add(speech(event))
    return file.read_text()


def plain(text: str) -> str:
    for code in ("\x1b[2m", "\x1b[31m", "\x1b[0m"):
        text = text.replace(code, "")
    return text


def test_a_turn_is_shown_as_a_person_reads_it(tmp_path: Path, one: Task) -> None:
    assert plain(show(tmp_path / "a", one, TURN)) == SEEN


@pytest.mark.parametrize("known", range(len(TURN) + 1))
def test_a_turn_that_is_told_again_is_shown_once(tmp_path: Path, one: Task, known: int) -> None:
    (tmp_path / "a").write_text("the harness said something before\n")
    show(tmp_path / "a", one, TURN[:known])
    assert plain(show(tmp_path / "a", one, TURN)) == f"the harness said something before\n{SEEN}"
    # A write that was cut off in its middle is completed.
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole[: -known - 1])
    show(tmp_path / "a", one, TURN)
    assert (tmp_path / "a").read_bytes() == whole


def test_another_turn_follows_whatever_came_between(tmp_path: Path, one: Task) -> None:
    show(tmp_path / "a", one, TURN)
    with (tmp_path / "a").open("a") as file:
        file.write("tests failed\n")
    both = plain(show(tmp_path / "a", task(tmp_path, turn=2), TURN))
    assert both == f"{SEEN}tests failed\n{SEEN.replace('turn 1', 'turn 2')}"


def test_an_agent_drives_no_terminal_and_makes_no_heading(tmp_path: Path, one: Task) -> None:
    title = heading(one)
    bad = [
        AgentEvent("text", text=f"\x1b]0;title\x07\x1b[2J\r\n{title}\n\ttab"),
        AgentEvent("tool_call", name="\x1b[2J", text='{"command": "a\\u001b[2J\\nb"}'),
        AgentEvent("error", text="\x9b2J"),
    ]
    seen = show(tmp_path / "a", one, bad)
    assert set(plain(seen)) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))} == set()
    assert seen.count(f"\n{title}\n") == 1
    assert show(tmp_path / "a", one, bad) == seen


def test_arguments_that_say_nothing_known_are_shown_whole_up_to_a_length(tmp_path: Path, one: Task) -> None:
    odd = ['{"n": 1}', "[1, 2]", "3", "not json {", '{"command": {"a": 1}}', "x" * 5000, "[" * 5000]
    seen = plain(show(tmp_path / "a", one, [AgentEvent("tool_call", name="t", text=text) for text in odd]))
    lines = seen.splitlines()[2:]
    assert lines[:5] == [' > t {"n": 1}', " > t [1, 2]", " > t 3", " > t not json {", ' > t {"a": 1}']
    assert [len(line) for line in lines[5:]] == [305, 305]


def test_the_file_is_bounded(tmp_path: Path, one: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 10_000)
    many = [AgentEvent("text", text=f"line {number}") for number in range(5000)]
    seen = show(tmp_path / "a", one, many)
    assert 10_000 <= len(seen) < 10_100
    assert show(tmp_path / "a", one, many) == seen
