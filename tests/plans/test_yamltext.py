"""YAML with positions, without its dangerous parts."""

from __future__ import annotations

import pytest

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
