"""Globs, all short ones at all short paths: against the library, and against what a glob means spelled out."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Callable

import pytest

from orchestra.core import paths as core
from orchestra.guard import globs


def joined(pieces: list[str], most: int, between: str) -> list[str]:
    """All texts of one to `most` pieces."""
    sizes = range(1, most + 1)
    return [between.join(one) for size in sizes for one in itertools.product(pieces, repeat=size)]


def test_one_segment_means_what_the_library_says() -> None:
    pieces = ["a", "*", "?", "[b]", "[!a]", "[a-b]", "[]a]", "[!]a]", "[-a]", "[ac-]", "-", "[", "x[ab]"]
    names = [*joined(list("ab]-"), 2, ""), "xab", "xaa", "axb", "[b", "a" * 300, "b" * 299 + "a"]
    for pattern in [*joined(pieces, 3, ""), "*a*b", "*ab*", "a*ab", "*-*a", "*[ab]*[ab]-", "b*a*-a", "?" * 300]:
        matching = [name for name in names if globs.segment_matches(pattern, name)]
        assert matching == fnmatch.filter(names, pattern), pattern


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("\\*", "*", "a \\* \\"),
        ("a\\?", "a?", "ab a\\?"),
        ("ab\\[c]", "ab[c]", "abc"),
        ("\\", "\\", "a"),
        ("\\b", "b", "a c \\b"),
        ("x[^a]", "xb x^", "xa x"),
        ("[^]a]", "b ^", "] a"),
        ("xx[b-d-f]", "xxb xxd xx- xxf", "xxe xxa"),
        ("[a-a]", "a", "b -"),
        ("[b-a]", "", "a b -"),
    ],
)
def test_what_only_these_globs_know(text: str, inside: str, outside: str) -> None:
    assert all(globs.segment_matches(text, one) for one in inside.split())
    assert not any(globs.segment_matches(text, one) for one in outside.split())


NAMES = joined(["a", "b", "other"], 4, "/")


def test_whole_folders_and_what_is_reached_in_them() -> None:
    for glob in [*joined(["a", "b", "*", "**"], 3, "/"), "a/", "*/", "a/*/", "**/", "./a", ".", "./", "..", "a/..", ""]:
        matching = {name for name in NAMES if core.matches(name, [glob])}
        for folder in ["", *(one for one in NAMES if one.count("/") < 2)]:
            below = {one for one in NAMES if not folder or one.startswith(f"{folder}/")}
            covered, whole = globs.covers(folder, [glob]), below <= matching
            assert covered == whole, (glob, folder)
            assert globs.reaches(folder, [glob]) == bool(matching & {*below, folder}), (glob, folder)


@pytest.mark.parametrize(
    ("glob", "texts"),
    [
        ("a", "a"),
        ("{a,b}", "a b"),
        ("x{a,b}y", "xay xby"),
        ("xx{,b}", "xx xxb"),
        ("{a,b}{c,d}", "ac ad bc bd"),
        ("x{a,{b,c}d}", "xa xbd xcd"),
        ("{a}{b,c}", "{a}b {a}c"),
        ("a,b}{c,d}", "a,b}c a,b}d"),
        ("{,{a,b}", "{,a {,b"),
        ("\\{a,b}", "\\{a,b}"),
        ("{a~,b}", "a~ b"),
        ("{a|,b}", "a| b"),
        ("{a\\,b}", "a\\ b"),
        ("{a,b\\}c}", "a b\\}c"),
        ("\\\\{a,b}", "\\\\a \\\\b"),
        ("{a,b", "{a,b"),
        ("x}{", "x}{"),
    ],
)
def test_alternatives(glob: str, texts: str) -> None:
    assert {*globs._alternatives(glob)} == {*texts.split()}


def test_letters_of_two_signs_are_those_of_one() -> None:
    assert globs.normal("e\u0301/./a") == "\u00e9/a"
    assert globs.matches("\u00e9", ["e\u0301"]) and globs.matches("e\u0301", ["?"])


ANSWERS: list[Callable[[str, list[str]], object]] = [globs.matches, globs.rule, globs.covers, globs.reaches]


@pytest.mark.parametrize("answer", ANSWERS)
def test_how_much_one_decision_may_cost(answer: Callable[[str, list[str]], object]) -> None:
    """600,000 signs against signs, of all globs together."""
    half, whole = "b" * 299 + "?", "b" * 2047 + "?"
    answer("a" * 1000, [half, half])
    with pytest.raises(globs.TooComplex):
        answer("a" * 19, [*[whole] * 15, "b" * 858 + "?"])  # 600,001


@pytest.mark.parametrize(
    ("glob", "taken"),
    [
        ("?" * 2048, True),
        ("?" * 2049, False),
        ("{" + "a," * 255 + "b}", True),
        ("{" + "a," * 256 + "b}", False),
        ("{a,b}" * 7 + "{a,b}", True),
        ("{a,b}" * 8 + "{a,b}", False),
    ],
)
def test_how_long_a_glob_may_be(glob: str, taken: bool) -> None:
    assert bool(globs.patterns(glob, [0])) is taken
    try:
        core.check(glob)
    except core.TooComplex:
        assert not taken
    else:
        assert taken
