"""The guard and the acceptance check must mean the same by a glob."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestra.core import paths as core
from orchestra.drive.scope import NEVER
from orchestra.guard import globs

PIECES = [*"ab.*?[]!^-{},\\/", "**", "**/", "/**", "é", "é", "[a-b]", "[!a]", "{a,b}", "*/", "./", "../", ".git"]
GLOB = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
GLOBS = st.lists(st.one_of(GLOB, GLOB.map(lambda text: "!" + text)), max_size=3)
NAME = st.text(st.sampled_from("ab.]-[!*,{}\\é"), max_size=3)
PATH = st.one_of(st.lists(NAME, max_size=4).map("/".join), st.sampled_from(["a", "a/b", ".git/config", "../a", "/a"]))


@settings(max_examples=600, deadline=None)
@given(PATH, GLOBS)
def test_both_give_the_same_answer(path, written):
    for written_globs in (written, [*written, *NEVER]):
        assert globs.matches(path, written_globs) == core.matches(path, written_globs)


@settings(max_examples=300, deadline=None)
@given(PATH, GLOBS)
def test_the_rule_is_the_glob_that_decided(path, written):
    if globs.matches(path, written):
        assert globs.matches(path, [globs.rule(path, written)])


@settings(max_examples=600, deadline=None)
@given(
    st.lists(NAME.filter(bool), max_size=3).map("/".join), GLOBS, st.lists(NAME.filter(bool), min_size=1, max_size=3)
)
def test_what_is_covered_holds_everything_below(path, written, below):
    whole = "/".join([*filter(None, [path]), *below])
    if globs.normal(whole) and (not path or globs.normal(path)) and ".." not in whole and globs.covers(path, written):
        assert core.matches(whole, written)


@pytest.mark.parametrize(
    ("path", "written", "covered"),
    [
        ("src", ["src/**"], True),
        ("src", ["src"], True),
        ("src", ["src/"], True),
        ("src/a", ["src/**"], True),
        ("src", ["**"], True),
        ("", ["**"], True),
        ("", ["."], True),
        ("", ["src/**"], False),
        ("src", ["src/*"], False),
        ("src", ["src/**/*.py"], False),
        ("src", ["src/**/*"], True),
        ("src", ["**/**/*"], True),
        ("src", ["src/*/"], True),
        ("", ["*/"], True),
        ("src", ["src/**/*/*"], False),
        ("src/a", ["src/**/*/*"], True),
        ("src", ["src/**/*", "!src/keep/**"], False),
        ("src", ["src/a/**"], False),
        ("src", ["src/**", "!src/keep/**"], False),
        ("src/a", ["src/**", "!src/keep/**"], True),
        ("src", ["src/**", "!**/*.lock"], False),
        ("src", ["!src/**", "src/**"], True),
        ("src", ["{src,tests}/**"], True),
        ("src", [""], False),
        ("src", ["../src"], False),
        ("/src", ["**"], False),
    ],
)
def test_a_whole_folder(path, written, covered):
    assert globs.covers(path, written) is covered


@pytest.mark.parametrize(
    ("glob", "inside", "outside"),
    [
        ("src/[a-c]", "a b c", "d - ab"),
        ("src/[xa-ce]", "x a b c e", "d -"),
        ("src/[!a-c]", "d -", "a b c"),
        ("src/[^a-c]", "d ^", "a b c"),
        ("src/[a-]", "a -", "b"),
        ("src/[-a]", "a -", "b"),
        ("src/[a-b-c]", "a b - c", "d"),
        ("src/[]a]", "] a", "b"),
        ("src/[!]a]", "b !", "] a"),
        ("src/[a!]", "a !", "b"),
        ("src/[a", "[a", "a"),
        ("src/[]", "[]", "["),
        ("src/\\*", "*", "x \\*"),
        ("src/\\a\\b", "ab", "\\a\\b"),
        ("src/a\\", "a\\", "a"),
        ("src/?b", "ab bb", "b abb"),
        ("src/a*b*c", "abc aXbYc abbc", "abcd ab"),
        ("src/*a", "a ba aa", "ab"),
        ("src/**/b", "b a/b a/a/b", "a b/a"),
        ("src/{a,b{c,d}}", "a bc bd", "b c {a"),
        ("src/{a}", "{a}", "a"),
        ("src/{,a}b", "b ab", "a"),
        ("src/\\{a,b}", "{a,b}", "a b a}"),
        ("src/a", "a a/b", "ab"),
        ("src/a/", "a a/b", "ab"),
        ("src/a?", "ab", "a/b ab/c"),
    ],
)
def test_what_a_glob_means(glob, inside, outside):
    for names, meant in ((inside, True), (outside, False)):
        for name in names.split():
            assert globs.matches(f"src/{name}", [glob]) is core.matches(f"src/{name}", [glob]) is meant, name


def test_tools_that_spare_git_by_themselves_are_not_held_up_by_what_every_scope_leaves_out():
    assert not globs.covers("", ["**", *NEVER])
    assert globs.covers("", ["**", *NEVER], spared=True)
    assert not globs.covers("", ["**", "!vendor/**"], spared=True)
    assert not globs.covers("", ["**", "!.github/**"], spared=True)


def test_the_rule_of_a_path_is_the_last_glob_that_matches_it():
    written = ["src/**", "!src/keep/**", "src/keep/a"]
    assert globs.rule("src/x", written) == "src/**"
    assert globs.rule("src/keep/b", written) == "!src/keep/**"
    assert globs.rule("src/keep/a", written) == "src/keep/a"
    assert globs.rule("docs/a", written) == globs.rule("../src/x", written) == ""


def test_the_most_that_one_decision_may_cost():
    """Half a million comparisons of characters; a plan of some hundred globs and a long path stays far below."""
    many = [f"src/module{n}/**/*.py" for n in range(300)]
    assert not globs.matches("src/" + "a/" * 100 + "b.js", many)


@pytest.mark.parametrize(
    ("path", "written", "reached"),
    [("src", ["src/lib/**"], True), ("src/lib/x", ["src/lib/**"], True), ("docs", ["src/**"], False), ("a", [], False)],
)
def test_whether_anything_below_is_in_the_scope(path, written, reached):
    assert globs.reaches(path, written) is reached


def test_every_star_costs_one_pass_and_no_more():
    """Backtracking would need 30 ** 20 steps."""
    assert not globs.matches("a" * 30 + "!", ["*a" * 20 + "b"])
    assert not globs.matches("/".join("a" * 60), ["**/a/" * 20 + "b"])


def test_a_glob_that_is_too_long_to_compare_is_an_error_not_a_wait():
    with pytest.raises(globs.TooComplex):
        globs.matches("a" * 250, ["*a" * 900 + "b"] * 3)


def test_too_many_alternatives_match_nothing():
    for many, name in (("{a,b}" * 9, "a" * 9), ("{a,b,c}" * 6, "a" * 6), ("{a,b}" * 8 + "{c}", "a" * 8 + "{c}")):
        few = many.count(",") == 8
        assert globs.matches(name, [many]) is core.matches(name, [many]) is few
