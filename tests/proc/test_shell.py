"""What `argv` makes of a command line, compared with what real shells make of it."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestra.proc.shell import argv

# Built-ins that do what the programs of their names do.
SAME = {"[", "echo", "false", "printf", "pwd", "test", "true"}


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "a; b",
        "a && b",
        "a | b",
        "a > b",
        "a &",
        "a\nb",
        "a $b",
        "a `b`",
        "a 'b'",
        'a "b"',
        "a \\b",
        "a *.py",
        "a ?",
        "a [b]",
        "a ~",
        "a # b",
        "a {b,c}",
        "! a",
        "(a)",
        "A=b c",
        "exec a",
        "cd a",
        ". a",
        ": a",
        "exit 3",
        "a é",
        "a\rb",
        "a\x0bb",
    ],
)
def test_what_only_a_shell_can_do_is_left_to_a_shell(line: str) -> None:
    assert argv(line) == ("/bin/sh", "-c", line)


def test_words_alone_are_started_as_they_stand() -> None:
    line = " python3 -m\tpytest -q tests/a-b_c.py --x=1,2 %d +3 @4 a:5 "
    assert argv(line) == tuple(line.split())
    assert argv(":") == ("true",)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("Aa0_@%+:,./=-", min_size=1, max_size=6), min_size=1, max_size=4))
def test_words_mean_to_a_shell_what_they_say(words: list[str]) -> None:
    program = [sys.executable, "-ISc", "import sys; print(sys.argv[1:])"]
    taken = argv(" ".join(["program", *words]))
    assert taken == ("program", *words)
    # `"$0"` keeps the words as the shell has read them, from the text of its line.
    line = '"$0" "$1" "$2" ' + " ".join(words)
    said = subprocess.run(["/bin/sh", "-c", line, *program], capture_output=True, text=True, check=True).stdout
    assert said == f"{words}\n"


@pytest.mark.parametrize("kind", ["-b", "-k"])
def test_every_word_of_a_shell_is_left_to_it(kind: str) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    names = subprocess.run(["bash", "-c", f"compgen {kind}"], capture_output=True, text=True, check=True).stdout.split()
    assert len(names) > 15
    taken = {name for name in names if argv(f"{name} x") != ("/bin/sh", "-c", f"{name} x")}
    assert taken <= SAME
