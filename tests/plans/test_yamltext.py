"""YAML with positions, without its dangerous parts."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestra.plans import yamltext

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_values_have_their_place():
    root, found = yamltext.read("a: 1\nb:\n  c: [x, 2]\n", "f", first_line=3)
    assert (root.plain(), found) == ({"a": 1, "b": {"c": ["x", 2]}}, [])
    item = root.mapping["b"].mapping["c"]
    assert (item.line, item.column, item.key_line, item.key_column) == (6, 6, 6, 3)


def test_dates_and_long_numbers_stay_text():
    root, _ = yamltext.read("a: 2026-99-99\nb: " + "9" * 6000 + "\nc: 0x1F\nd: 1:30\ne: 1.5\nf: yes\ng:\n", "f")
    assert [v if not isinstance(v, str) else v[:10] for v in root.plain().values()] == [
        "2026-99-99", "9999999999", "0x1F", "1:30", 1.5, True, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: [1\n", "yaml", 1, 4),
        ("a: 1\n\tb: 2\n", "yaml", 2, 1),
        ("a: 1\nb: c: d\n", "yaml", 2, 5),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
        ("a: &x 1\nb: *x\n", "yaml-alias", 1, 4),
        (BOMB, "yaml-alias", 1, 4),
        ("a: 1\nb: !!python/object:os.system x\n", "yaml-tag", 2, 4),
        ("a: 1\n---\nb: 2\n", "yaml", 2, 1),
        ("a: \x07\n", "yaml", 1, 4),
        ("a: '\n", "yaml", 1, 4),
        ('a: "\\UFFFFFFFF"\n', "yaml", 1, 1),
        ("[" * 5000, "yaml", 1, 21),
        ("? [a]\n: b\n", "yaml", 1, 3),
    ],
)
def test_refused(text, code, line, column):
    _, found = yamltext.read(text, "f")
    assert [(d.code, d.line) for d in found[:1]] == [(code, line)]
    assert found[0].column == column or code == "yaml"


def test_a_hint_about_tabs():
    _, found = yamltext.read("a:\n\tb: 1\n", "f")
    assert "spaces" in found[0].hint


def test_large_documents_are_refused():
    assert yamltext.read("a: b\n" * 100_000, "f")[1][0].code == "too-large"


def test_unusual_line_breaks_do_not_shift_lines():
    _, found = yamltext.read("a: x\u2028y\x85z\nb: 1\nb: 2\nc: 3\nd: 4\n", "f")
    assert [(d.code, d.line) for d in found] == [("duplicate-key", 3)]


def test_depth_is_limited_before_anything_is_built():
    _, found = yamltext.read("[" * 21 + "]" * 21, "f")
    assert "20 levels" in found[0].message


def test_nothing_is_an_empty_mapping():
    assert yamltext.read("# only a comment\n", "f")[0].plain() == {}


words = st.sampled_from(
    ["a", "b-1", "e5", "on", "null", "y", "n", "no", "x_", "0", "7", "07", "1_0", "12345678901", "-", "~"]
)
lists = st.lists(words, max_size=3).map(lambda found: f"[{', '.join(found)}]")
values = st.one_of(
    words, lists, st.sampled_from(["", "[]", "[a,b]", "[a, ]", "[ ]", "a b", "a: b", "1.5", "'a'", "a # c"])
)
lines = st.tuples(
    st.sampled_from(["a", "b", "a_b", "on", "A", "1", "- a"]), st.sampled_from([": ", ":", ":  "]), values
)
near_simple = st.tuples(
    st.lists(lines.map("".join), max_size=4).map("\n".join), st.sampled_from(["", "\n", "\n\n", "\r\n", "\n b\n"])
).map("".join)


@given(near_simple)
@example("a: b\nc_d: [a, b-1]\ne: 12\nf: []\n")
@example("a: null\n")
@example("a: [b, no]\n")
@example("on: a\n")
@example("a: 08\n")
@example("a: b\na: c\n")
def test_what_is_read_without_a_yaml_reader_is_what_it_would_have_read(text):
    read = yamltext.read(text, "f", 3)
    with patch.object(yamltext, "_simple", lambda *_: None):
        assert read == yamltext.read(text, "f", 3)


def test_a_simple_front_matter_needs_no_yaml_reader():
    with patch.object(yamltext._Reader, "_compose", side_effect=AssertionError):
        root, _ = yamltext.read("status: pending\norder: 2\ndepends_on: [phase-1, M2]\nskills: []\n".lower(), "f")
    assert root.plain() == {"status": "pending", "order": 2, "depends_on": ["phase-1", "m2"], "skills": []}
