"""Transcripts of tool calls: those of honest work must never trip a breaker, those that go in circles must."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from orchestra.backends.agent import called, came_back
from orchestra.backends.calls import call_of, result_of_call
from orchestra.core.circles import Circle, Circles, Tolerance
from orchestra.core.words import Breaker

Line = tuple[str, Any, str, bool]
STANDARD = Tolerance()


def bash(command: str, said: str = "", failed: bool = False, **more: Any) -> Line:
    return "Bash", {"command": command, **more}, said, failed


def read(file: str, offset: int = 0, said: str = "text", **more: Any) -> Line:
    return "Read", {"file_path": file, "offset": offset, **more}, f"{said} from {offset}", False


def edit(file: str, before: str, after: str, error: str = "") -> Line:
    return "Edit", {"file_path": file, "old_string": before, "new_string": after}, error or "updated", bool(error)


def write(file: str, content: str) -> Line:
    return "Write", {"file_path": file, "content": content}, "written", False


def play(lines: Iterable[Line], tolerance: Tolerance = STANDARD) -> tuple[int, Circle | None]:
    """How many calls were made until a breaker tripped, and which."""
    circles = Circles(tolerance)
    made = 0
    for made, (tool, given, said, failed) in enumerate(lines, 1):
        found = circles.call(call_of(called(tool, given, id=str(made))))
        found = found or circles.result(*result_of_call(came_back(str(made), said, failed)))
        if found:
            return made, found
    return made, None


RED = bash("npm test", "Exit code 1\n1 failed: total is 3, expected 4", failed=True)
GREEN = bash("npm test", "4 passed in 0.2s")
NOT_FOUND = "<tool_use_error>String to replace not found in file.\nString: {}</tool_use_error>"
UNREAD = "<tool_use_error>File has not been read yet. Read it first before writing to it.</tool_use_error>"

REFUSED = "Exit code 7\ncurl: connection refused by the server"
FULL = "Exit code 1\nError: ENOSPC: no space left on device"

HONEST: dict[str, list[Line]] = {
    "a test after each edit, red again and again for the same reason": [
        *chain.from_iterable((edit("a.py", f"x = {n}", f"x = {n + 1}"), RED) for n in range(30)),
        GREEN,
    ],
    "the same, with the whole file written anew": [
        *chain.from_iterable((write("a.py", f"x = {n}"), RED) for n in range(30))
    ],
    "the same, with an edit by the shell": [
        *chain.from_iterable((bash(f"sed -i s/{n}/{n + 1}/ a.py"), RED) for n in range(30)),
    ],
    "the same, with an edit that is read again before and after": [
        *chain.from_iterable(
            (read("a.py"), edit("a.py", f"{n}", f"{n + 1}"), read("a.py", said=f"{n}"), RED) for n in range(30)
        ),
    ],
    "the same, where another agent is asked to mend it": [
        *chain.from_iterable((("Agent", {"prompt": f"mend it, {n}"}, "mended", False), RED) for n in range(9)),
    ],
    "tests that are broken on purpose, each edit taken back": [
        *chain.from_iterable(
            (edit("a.py", "a < b", f"a {op} b"), RED, edit("a.py", f"a {op} b", "a < b"), GREEN)
            for op in ("<=", ">", "==", "!=", ">=", "is", "in")
        ),
    ],
    "one attempt that is taken back, and tried again with something else beside it": [
        edit("a.py", "1", "2"),
        RED,
        edit("a.py", "2", "1"),
        edit("b.py", "x", "y"),
        edit("a.py", "1", "2"),
        GREEN,
    ],
    "a long review that comes back to the same files": [
        *chain.from_iterable((read("a.py"), read(f"{n}.py"), bash("git diff"), read("a.py", n)) for n in range(30)),
    ],
    "one file read to its end, and its beginning once more": [
        *(read("a.py", n * 100) for n in range(20)),
        read("a.py"),
    ],
    "searches that find nothing": [bash(f"grep -rn word{n} src", "Exit code 1", failed=True) for n in range(9)],
    "commands that fail without a word": [
        bash(f"test -f {n} && ./run {n}", "Exit code 1", failed=True) for n in range(9)
    ],
    "errors that are not the same one": [
        *(bash("make", f"Exit code 2\nsrc/{n}.c:{n}: error: expected ;", failed=True) for n in range(9)),
    ],
    "a build that is looked at until it is there": [
        *chain.from_iterable((bash("sleep 30"), bash("gh run list", "in progress")) for _ in range(20)),
    ],
    "the same in one call": [bash("sleep 60; gh run list", "in progress") for _ in range(20)],
    "a server that is started and asked until it answers": [
        bash("npm start", "started", run_in_background=True),
        *(bash("curl -s localhost:3000/health", REFUSED, failed=True) for _ in range(20)),
    ],
    "a poll whose answer moves": [bash("kubectl get pods", f"{n} of 9 ready") for n in range(9)],
    "the agent's own notes in between and in a row": [
        *chain.from_iterable((("TodoWrite", {"todos": [n]}, "ok", False), read(f"{n}.py")) for n in range(9)),
    ],
    "edits of other places in one file": [edit("a.py", f"old {n}", f"new {n}") for n in range(30)],
    "the same edit of several places, with others in between": [
        *chain.from_iterable((edit("a.py", "x", "y"), edit("a.py", f"old {n}", f"new {n}")) for n in range(9))
    ],
    "commands that say no": [bash(f"./check {n}", "Exit code 1\nno", failed=True) for n in range(9)],
    "whole files that begin alike": [write("a.py", "x" * 9000 + str(n)) for n in range(9)],
    "edits that missed, looked up in between": [
        *chain.from_iterable((edit("a.py", f"{n}", "x", NOT_FOUND.format(n)), read("a.py", n)) for n in range(9)),
    ],
    "a command that fails the same way while other things are mended": [
        *chain.from_iterable(
            (bash("cargo build", "Exit code 101\nerror: linker `cc` not found", failed=True), bash(f"apt install {n}"))
            for n in range(9)
        ),
    ],
}


@pytest.mark.parametrize("lines", HONEST.values(), ids=HONEST)
def test_honest_work_trips_nothing(lines: list[Line]) -> None:
    made, found = play(lines)
    assert found is None, f"after {made} calls: {found}"


PAGES = [read("src/big.py", offset) for offset in (0, 100, 200)]
CIRCLES: dict[str, tuple[list[Line], int, Breaker, str]] = {
    "the same call": (
        [read("a.py")] * 9,
        3,
        Breaker.STAGNANT,
        "the same call 3 times, each time with the same result: Read a.py",
    ),
    "whatever it says of itself": (
        [bash("ls", "a", description=str(n)) for n in range(9)],
        3,
        Breaker.STAGNANT,
        "Bash: ls",
    ),
    "the same command with looks in between": (
        [*chain.from_iterable((bash("./run", "nothing"), read(f"{n}.py")) for n in range(9))],
        5,
        Breaker.STAGNANT,
        "./run",
    ),
    "with notes in between": (
        [*chain.from_iterable((read("a.py"), ("TodoWrite", {"todos": [n]}, "", False)) for n in range(9))],
        5,
        Breaker.STAGNANT,
        "a.py",
    ),
    "one file, page by page, over and over": (PAGES * 9, 7, Breaker.SPIRAL, "src/big.py was read 3 times over"),
    "the same by the shell": (
        [bash(f"sed -n '{n},{n + 99}p' big.py", f"{n}") for n in (1, 100, 200)] * 9,
        7,
        Breaker.SPIRAL,
        "big.py was read 3 times",
    ),
    "two files in turn": (
        [read("a.py"), read("b.py")] * 9,
        6,
        Breaker.SPIRAL,
        "the same 2 calls, 3 times over: Read a.py, Read b.py",
    ),
    "the same steps over and over": (
        [bash("make clean", "ok"), bash("make", "done"), bash("./run", "Killed")] * 9,
        9,
        Breaker.SPIRAL,
        "the same 3 calls",
    ),
    "edits that revert each other": (
        [edit("a.py", "1", "2"), RED, edit("a.py", "2", "1"), RED] * 9,
        9,
        Breaker.SPIRAL,
        "the same edit of a.py 3 times",
    ),
    "files that are written to and fro": (
        [*chain.from_iterable((write("a.py", "1"), bash(f"try {n}"), write("a.py", "2")) for n in range(9))],
        7,
        Breaker.SPIRAL,
        "taken back in between",
    ),
    "several edits in one call that revert each other": (
        [
            ("MultiEdit", {"file_path": "a", "edits": [{"old_string": one, "new_string": two}]}, "", False)
            for one, two in [("1", "2"), ("2", "1")] * 9
        ],
        5,
        Breaker.SPIRAL,
        "the same edit of a",
    ),
    "the same error of other calls": (
        [bash(f"npm run {n}", FULL, failed=True) for n in range(9)],
        3,
        Breaker.ERROR_ECHO,
        "the same error 3 times: Error: ENOSPC: no space left on device",
    ),
    "the same error at another time": (
        [bash("./deploy", f"12:0{n}:11 login failed after {n}.5 s", failed=True) for n in range(9)],
        3,
        Breaker.ERROR_ECHO,
        "login failed",
    ),
    "the same edit that cannot be made, with reading in between": (
        [edit("a.py", "x", "y", NOT_FOUND.format("x")), read("a.py")] * 9,
        5,
        Breaker.ERROR_ECHO,
        "String to replace not found",
    ),
    "waiting for ever": ([bash("sleep 5; cat state", "no")] * 99, 30, Breaker.STAGNANT, "30 times"),
}


@pytest.mark.parametrize(("lines", "after", "breaker", "said"), CIRCLES.values(), ids=CIRCLES)
def test_circles_trip_their_breaker(lines: list[Line], after: int, breaker: Breaker, said: str) -> None:
    made, found = play(lines)
    assert (made, found and found.breaker) == (after, breaker), found
    assert found
    assert said in found.reason


OFF = {
    "the same call": Tolerance(same_call=0),
    "the same error of other calls": Tolerance(same_error=0),
    "two files in turn": Tolerance(circle=0),
    "one file, page by page, over and over": Tolerance(circle=0),
    "edits that revert each other": Tolerance(undone_edit=0, circle=0),
}


@pytest.mark.parametrize("name", OFF)
def test_each_can_be_switched_off_and_set(name: str) -> None:
    lines, after, breaker, _ = CIRCLES[name]
    assert play(lines, OFF[name])[1] is None
    more, found = play(lines, Tolerance(4, 4, 4, 4))
    assert found
    assert (found.breaker, more > after) == (breaker, True)


def test_each_conversation_is_looked_at_by_itself() -> None:
    """Three agents of one program read the same file once each."""
    circles = Circles(Tolerance())
    for number, agent in enumerate(("", "a", "b", "c", "d")):
        assert circles.call(call_of(called("Read", {"file_path": "a.py"}, id=str(number), agent=agent))) is None
        assert circles.result(*result_of_call(came_back(str(number), "text", False))) is None


def test_calls_of_one_message_that_fail_alike_are_one_failure() -> None:
    circles = Circles(Tolerance())
    for message in range(2):
        files = [f"{message}-{number}" for number in range(5)]
        calls = [called("Edit", {"file_path": f, "old_string": f, "new_string": "x"}, id=f) for f in files]
        assert not any(circles.call(call_of(call)) for call in calls)
        assert not any(circles.result(*result_of_call(came_back(file, UNREAD, True))) for file in files)


def test_a_program_that_prints_no_results_is_judged_by_its_calls() -> None:
    circles = Circles(Tolerance())
    found = [circles.call(call_of(called("Bash", {"command": "ls"}, id=str(n)))) for n in range(3)]
    assert [one and one.breaker for one in found] == [None, None, Breaker.STAGNANT]


def test_codex_does_not_say_how_it_changes_a_file() -> None:
    change: Line = ("file_change", [{"path": "a.py", "kind": "update"}], "completed", False)
    test: Line = ("command_execution", "/bin/bash -lc 'npm test'", "1 failed", True)
    assert play([change, test] * 20)[1] is None
    made, found = play([("command_execution", "/bin/bash -lc \"sed -n '1,9p' a.py\"", "x", False)] * 9)
    assert (made, found and found.breaker) == (3, Breaker.STAGNANT)


def test_gemini_and_opencode_have_names_of_their_own() -> None:
    replaced = [("replace", {"file_path": "a", "old_string": x, "new_string": y}, "", False) for x, y in ("12", "21")]
    assert play(replaced * 9)[0] == 5
    edited = [("edit", {"filePath": "a", "oldString": x, "newString": y}, "", False) for x, y in ("12", "21")]
    assert play(edited * 9)[0] == 5
    paged = [("read_file", {"absolute_path": "a", "offset": n}, str(n), False) for n in (0, 100)]
    assert play(paged * 9)[0] == 5


LOOKS = {
    "git status --short": True,
    "cat a | head -3": True,
    "rg 'a|b' src 2>/dev/null": True,
    "cd x && ls -la": True,
    "sed -n '1,5p;9q' a": True,
    "find . -name '*.py'": True,
    'grep "=>" a': True,
    "git log -3": True,
    "find . -delete": False,
    "sed -i s/a/b/ a": False,
    "echo x > a": False,
    "cat a | tee b": False,
    "npm test": False,
    "git commit -m x": False,
    "cat $(make x)": False,
    "ls; rm a": False,
    "ls\nrm a": False,
    "echo 'unclosed": False,
    "": False,
}


@pytest.mark.parametrize(("command", "looks"), LOOKS.items())
def test_which_commands_only_look(command: str, looks: bool) -> None:
    call = call_of(called("Bash", {"command": command}))
    assert (call.act.name == "LOOK") is looks
