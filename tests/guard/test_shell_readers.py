"""The small readers of the shell's text, each against the real thing."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from orchestra.guard import commands, marks
from orchestra.guard.grammar import Unreadable, ansi_escape, parse
from orchestra.guard.marks import SEGMENT, UNKNOWN


def bash(script: str) -> list[str]:
    """What a real bash prints, in pieces that end with NUL."""
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["bash", "-c", script], capture_output=True, env=env, cwd="/", check=False)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


def test_escapes_mean_what_they_mean_to_bash():
    texts = [
        "\\n",
        "\\t\\a\\b\\e\\E\\f\\v\\r",
        "\\x41\\x4",
        "\\u00e9\\U0001F600",
        "\\101\\7",
        "\\cA\\cz",
        "\\q\\\\",
        '\\?\\"',
    ]
    texts += ["a\\'b", "\\x", "\\u", "a\\0b", "\\1012", "\\x41f\\u00e9f\\U0001F600f", "\\U0010FFFF\\ud7ff\\ue000"]
    real = bash("".join(f"printf '%s\\0' $'{text}';" for text in texts))
    assert [parse(f"$'{text}'", 0, [0]).items[0].words[0].literal() for text in texts] == real


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff", "\\U00110000", "\\x{41}"])
def test_escapes_that_shells_read_differently_make_a_command_unreadable(text):
    with pytest.raises(Unreadable):
        ansi_escape(text, 1)


def test_bracket_patterns_match_at_least_what_bash_matches():
    patterns = ["[ab]", "[!ab]", "[^ab]", "[a-c]", "[]a]", "[!]a]", "[[:alpha:]]", "[[:digit:]x]", "[[=a=]]", "[[.a.]]"]
    patterns += ["[a", "[", "a[", "[a-]", "[[]", "?[b]*", "[!a-c]x", "[a-cx-]", "[--b]", "[c-a]"]
    names = ["a", "b", "c", "d", "]", "-", "[", "1", "x", "a[", "[a", "ab", "abc", "dx", "-x", "c-"]
    pairs = [(pattern, name) for pattern in patterns for name in names]
    script = "".join(f"[[ '{name}' == {pattern} ]] && printf 'y\\0' || printf 'n\\0';" for pattern, name in pairs)
    real = bash(script)
    assert len(real) == len(pairs)
    missed = [
        pair
        for pair, said in zip(pairs, real, strict=True)
        if said == "y" and not marks.matches(marks.wild(pair[0]), pair[1])
    ]
    assert not missed
    # Classes are taken to hold everything; all else is exact.
    more = [
        pair
        for pair, said in zip(pairs, real, strict=True)
        if said == "n" and marks.matches(marks.wild(pair[0]), pair[1])
    ]
    assert [pattern for pattern, _ in more if "[[" not in pattern] == []


PRINTED = [
    *("echo", "echo -n a", "echo -nE a b", "echo -x a", "echo - a", "echo -e 'a\\n'", "echo '-n' -n a", "echo -ne"),
    *("printf a", "printf '%s-%s\\n' a b c", "printf %d 7", "printf %i 010", "printf '%d' x", "printf -- %s a"),
    *("printf '\\t%%\\101\\n'", "printf 'a\\'", "printf '\\x41'", "printf '%5s' a", "printf ''", "printf '%s'"),
    *(
        "basename /",
        "basename //",
        "basename a/b/",
        "basename a.b .b",
        "basename .b .b",
        "basename a b c",
        "basename -s a b",
        "basename a.b b",
        "basename / x",
    ),
    *("dirname /", "dirname a", "dirname a/b/", "dirname /a", "dirname a b", "dirname ''", "basename ''", "dirname"),
    *("seq 3", "seq 2 4", "seq 4 2", "seq 1 2 9", "seq 0", "seq 1000", "seq 01 03"),
]


def test_what_is_said_to_be_printed_is_printed():
    real = bash("".join(f"{command}; printf '\\0';" for command in PRINTED))
    told = [commands.PRINTERS[argv[0]](argv[1:]) for argv in map(shlex.split, PRINTED)]
    wrong = [
        (command, ours, theirs) for command, ours, theirs in zip(PRINTED, told, real, strict=True) if ours != theirs
    ]
    assert all(UNKNOWN in ours for _, ours, _ in wrong), wrong
    assert sum(UNKNOWN in ours for ours in told) < len(told) / 2


@pytest.mark.parametrize("form", ["+%s", "+%Y-%m-%d_%H%M%S", "+x%F"])
def test_a_date_with_a_number_is_a_name(form):
    assert commands.dated([form]) == SEGMENT + "\n"


@pytest.mark.parametrize(
    "form", ["+..", "+.", "+%D", "+%d %m", "+%Y/%m", "+%e%d", "+%-d/..", "-u", "+%A", f"+%Y{UNKNOWN}"]
)
def test_a_date_that_could_be_a_way_elsewhere_is_not(form):
    assert commands.dated([form]) == UNKNOWN
