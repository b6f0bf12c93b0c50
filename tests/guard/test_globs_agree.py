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


def test_tools_that_spare_git_by_themselves_are_not_held_up_by_what_every_scope_leaves_out():
    assert not globs.covers("", ["**", *NEVER])
    assert globs.covers("", ["**", *NEVER], spared=True)
    assert not globs.covers("", ["**", "!vendor/**"], spared=True)


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
    many = "{a,b}" * 9
    assert not globs.matches("a" * 9, [many])
    assert not core.matches("a" * 9, [many])
