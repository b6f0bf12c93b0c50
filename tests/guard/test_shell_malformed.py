"""Text that is no honest command: the reader always answers, and never says that such a thing only reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestra.guard.effects import Effects, effects
from tests.support.guard_oracle import surroundings

PIECES = st.sampled_from(
    [
        *"abX=;&|<>(){}[]$`\"'\\ \n\t!#~*?,-:+%@/\r\x01é",
        *("$(", "${", "$((", "))", "<<", "<<<", ">&"),
        *("if ", "then ", "fi ", "do ", "done ", "case ", "esac ", "for ", "in ", "f() "),
        *("rm ", "cd ", "eval ", "xargs ", "git ", "awk "),
        *("bash -c ", "sed -i ", "python3 -c ", "node -e ", "perl -e ", "find . -exec ", "E\n"),
    ]
)


def read(command: str) -> Effects:
    return effects(command, "/nowhere", surroundings("/home/someone", "/scratch"))


def hidden(found: Effects) -> bool:
    return any(one.startswith("hidden: ") for one in found.unknown)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_answered(command: str) -> None:
    found = read(command)
    assert all(one.startswith(("runs: ", "hidden: ")) for one in found.unknown)
    assert all(
        one.path.startswith("/") and not set(one.path) & set("\0\ud801\ud802\ud803\ud804\ud805\ud806")
        for one in found.writes
    )
    assert not any("\0" in word for argv in found.runs for word in argv)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_characters_are_answered(command: str) -> None:
    read(command)


@pytest.mark.parametrize(
    "command", ["echo \0 > f", "echo \ud800", "echo $'\\ud801' > f", "echo 'a", "(", "a )", "$(", "${", "cat <<$(x)\n"]
)
def test_what_cannot_be_read_is_hidden(command: str) -> None:
    assert hidden(read(command))


LARGE = 1_500_000


@pytest.mark.parametrize(
    "command",
    [
        "(" * 3000 + "rm f" + ")" * 3000,
        "$(" * 3000,
        "{ " * 3000,
        "if a; then " * 3000,
        "((" * 3000 + "1" + "))" * 3000,
        "echo ${X:-" * 3000,
        "f() { f; f; }; f",
        ":(){ :|:& };:",
        "rm " + "{a,b}" * 30,
        "rm {1..1000000}",
        "a;" * (LARGE // 2),
        "echo " + "\\n" * (LARGE // 2),
        "xargs " * 3000 + "rm f <<< a",
        "nice " * 3000 + "rm f",
        "for i in 1 2 3 4 5 6 7 8 9; do " * 8 + "rm f" + "; done" * 8,
        "X=aaaaaaaaaa; " + "X=$X$X; " * 40 + "rm $X",
        "node -e '" + "f(" * 20_000 + "'",
        "X='" + "*a" * 2000 + "'; rm ${X##" + "*a" * 500 + "}",
        "cat <<E > f\n" + "$X\n" * (LARGE // 3) + "E\n",
    ],
    ids=range(19),
)
def test_what_is_too_much_is_hidden(command: str) -> None:
    assert hidden(read(command))


def test_what_is_only_large_is_read() -> None:
    assert read("echo " + "A" * LARGE).reads_only
    assert read("echo '" + "A\n" * (LARGE // 2) + "'").reads_only
    assert [one.path for one in read("cat <<'E' > f\n" + "a $b `c`\n" * (LARGE // 9) + "E\n").writes] == ["/nowhere/f"]
    assert [one.path for one in read("rm -rf d; echo " + "A" * LARGE).writes] == ["/nowhere/d"]
    assert [one.path for one in read("echo " + "é" * LARGE + " > f").writes] == ["/nowhere/f"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    found = read("ln -s b a; ln -s a b; echo > a/x")
    assert found.writes


def test_what_was_found_before_the_end_of_reading_is_kept() -> None:
    found = read("rm f; " + "f() { f; f; }; f")
    assert "/nowhere/f" in [one.path for one in found.writes]
    assert hidden(found)
