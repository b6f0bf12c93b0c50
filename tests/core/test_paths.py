"""Globs as sets of paths: membership and overlap, checked against each other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestra.core import paths
from orchestra.core.paths import TooComplex, check, matches, normal, overlap

IN = [
    ("src/a.py", "src/a.py"),
    ("src/a.py", "src"),
    ("src/a.py", "src/"),
    ("src/a.py", "./src/**"),
    ("src/a/b/c.py", "src/**"),
    ("src/a.py", "src/*.py"),
    ("src/.env", "src/*"),
    ("a/b", "**"),
    ("b", "**/b"),
    ("x/y/b", "**/b"),
    ("a/b", "a/**/b"),
    ("a/x/y/b", "a/**/b"),
    ("a/bx.py", "a/{b,c}*.py"),
    ("q/z", "{q,r/s}/z"),
    ("r/s/z", "{q,r/s}/z"),
    ("a/b", "a/[a-c]"),
    ("a/d", "a/[!a-c]"),
    ("a/]", "a/[]]"),
    ("a/*", r"a/\*"),
    ("{a", "{a"),
    ("a", "."),
    ("a", "./"),
    ("caf\u00e9/x", "cafe\u0301/**"),
    ("ab", "{a,{b,ab}}"),
    ("src/app/[id]/page.tsx", r"src/app/\[id\]/page.tsx"),
]
OUT = [
    ("src", "src/**"),
    ("srcx/a", "src"),
    ("a/b/c", "a/*"),
    ("a/b", "*"),
    ("a", "a/*"),
    ("a/d", "a/[a-c]"),
    ("a/b", "a?b"),
    ("a", ""),
    ("", "**"),
    ("../a", "**"),
    ("a/../../b", "**"),
    ("/etc/passwd", "**"),
    ("etc/passwd", "../**"),
    ("a/x", r"a/\*"),
]


@pytest.mark.parametrize(("path", "glob"), IN)
def test_in_the_set(path, glob):
    assert matches(path, [glob])


@pytest.mark.parametrize(("path", "glob"), OUT)
def test_not_in_the_set(path, glob):
    assert not matches(path, [glob])


def test_the_last_glob_that_matches_decides():
    globs = ["src/**", "!src/api/**", "src/api/open.py"]
    assert matches("src/x.py", globs)
    assert not matches("src/api/x.py", globs)
    assert matches("src/api/open.py", globs)
    assert not matches("src/x.py", ["!src/**"])


def test_no_globs_match_nothing_but_may_overlap_everything():
    assert not matches("a", [])
    assert overlap([], ["a"])
    assert overlap(["a"], [])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (["src/auth/**"], ["src/auth/login.py"], True),
        (["src/auth/"], ["src/auth"], True),
        (["src"], ["src/a/*.py"], True),
        (["src/a*"], ["src/*b"], True),
        (["src/a/**"], ["src/b/**"], False),
        (["*.py"], ["a/*.py"], False),
        (["**/*.py"], ["a/b/*.ts"], False),
        (["**/*.py"], ["a/**"], True),
        (["src/a.py"], ["src/a.pyc"], False),
        (["{a,b}/x"], ["{b,c}/x"], True),
        (["{a,b}/x"], ["{c,d}/x"], False),
        (["a/[a-m]*"], ["a/[n-z]*"], False),
        (["src/**", "!src/api/**"], ["src/api/**"], False),
        (["src/**", "!src/api/v1/**"], ["src/api/**"], True),
        (["src/**", "!src/*"], ["src/*.py"], False),
        (["../a"], ["../a"], False),
        (["."], ["any/thing"], True),
    ],
)
def test_overlap(a, b, expected):
    assert overlap(a, b) is expected
    assert overlap(b, a) is expected


def test_hostile_globs_are_decided_and_not_expanded():
    bomb = "{a,b}" * 40
    with pytest.raises(TooComplex):
        check(bomb)
    assert not matches("a" * 40, [bomb])
    assert overlap([bomb], ["a" * 40])
    assert not matches("a" * 3000, ["*a" * 200 + "b"])
    assert overlap(["{" * 500 + "a"], ["{" * 500 + "a"])
    assert not matches("x", ["[" * 900])


def test_normal_never_leaves_the_root():
    assert normal("./a//b/../c") == "a/c"
    assert normal("a/../..") == ""


NAMES = ["/".join(p) for n in (1, 2, 3) for p in itertools.product(["a", "b", "ab"], repeat=n)]
GLOB = st.lists(
    st.sampled_from(["a", "b", "ab", "*", "**", "?", "a*", "*b", "[ab]", "{a,ab}", "[!a]*"]), min_size=1, max_size=3
)
SET = st.lists(st.tuples(st.sampled_from(["", "", "!"]), GLOB.map("/".join)).map("".join), min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(SET, SET)
def test_overlap_agrees_with_membership(a, b):
    """Three segments over two letters hold a witness for every pair these globs can form."""
    common = [name for name in NAMES if matches(name, a) and matches(name, b)]
    if common:
        assert overlap(a, b), common
    if not overlap(a, b):
        assert not common


@settings(max_examples=150, deadline=None)
@given(GLOB.map("/".join), GLOB.map("/".join))
def test_no_overlap_is_invented(a, b):
    deep = NAMES + ["/".join(p) for p in itertools.product(["a", "b", "ab", "ba", "aa"], repeat=3)]
    deep += ["/".join(p) for p in itertools.product(["a", "b", "ab", "ba"], repeat=4)] + ["bb", "ba", "aa", "b/ba"]
    deep += ["/".join(p) for p in itertools.product(["a", "b", "ab"], repeat=5)]
    if overlap([a], [b]) and "[!" not in a + b:
        assert any(matches(name, [a]) and matches(name, [b]) for name in deep), (a, b)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_a_path_and_a_glob(path, glob):
    matches(path, [glob])
    overlap([glob], [path, "!" + glob])
    assert paths.matches("x/y", ["**"])
