"""The tree that is read of a command, written down: what stands in which of its fields. See `tree` for how."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.guard.grammar import Node, Part, Redirect, Unreadable, Word, ends_alone, joined_lines, parse

ROWS = [line.rsplit("  | ", 1) for line in (Path(__file__).parent / "trees.txt").read_text().split("\n") if line]


def tree(node: Node) -> str:
    """Kind and text of a node, then its words, assignments, items with what joins them, branches and redirections."""
    said = [node.kind + (f":{node.text}" if node.text else ""), *map(word, node.words)]
    for one in node.assigns:
        index = f"[{word(one.index)}]" if one.index else ""
        items = " ".join(map(word, one.items or []))
        said.append(f"{one.name}{index}{'+' * one.append}={word(one.word)}" + (f"[{items}]" if one.items else ""))
    said += ["/".join(map(word, one)) + ")" for one in node.cases]
    said += map(tree, node.items)
    return f"({' '.join([*said, *node.ops, *map(redirect, node.redirects)])})"


def redirect(one: Redirect) -> str:
    body = f"={word(one.body)}" if one.body.parts else ""
    return f"{one.fd}{one.operator}{word(one.target)}{body}"


def word(one: Word) -> str:
    """Its parts; what is quoted stands in quotes of its own."""
    text = "".join(f'"{part(each)}"' if each.quoted else part(each) for each in one.parts)
    return text.replace("\n", "¶") + "{}" * one.braces or "_"


def part(one: Part) -> str:
    if one.kind == "text":
        return one.text
    index = f"[{word(one.index)}]" if one.index else ""
    operand = word(one.word) if one.word and one.word.parts else ""
    body = tree(one.body) if one.body else ""
    return f"<{one.kind} {one.text}{index}{one.operator}{operand}{body}>".replace(" >", ">")


@pytest.mark.parametrize(("command", "expected"), ROWS)
def test_a_command_is_read_so(command: str, expected: str) -> None:
    assert tree(parse(command.replace("¶", "\n"), 0, [0])) == expected


@pytest.mark.parametrize(
    ("command", "cost"),
    [("a", 10), ("a b c", 20), ("a | b", 15), ("a; b", 20), ("a >b", 15), ("a (", None), ("x=(a b)", 20)],
)
def test_what_reading_costs(command: str, cost: int | None) -> None:
    spent = [0]
    if cost is None:
        with pytest.raises(Unreadable):
            parse(command, 0, spent)
    else:
        parse(command, 0, spent)
        assert spent == [cost]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a", ["a"]),
        ("a\nb", ["a", "b"]),
        ("ab\\\ncd\nef", ["abcd", "ef"]),
        ("ab\\\\\ncd", ["ab\\\\", "cd"]),
        ("ab\\\\\\\ncd", ["ab\\\\cd"]),
        ("a\\b\nc\\\nd\\\ne", ["a\\b", "cde"]),
        ("a\\\n", ["a"]),
    ],
)
def test_lines_that_are_joined(text: str, lines: list[str]) -> None:
    assert joined_lines(text) == lines


@pytest.mark.parametrize(
    ("body", "alone"),
    [
        ("a\n", True),
        ("a\\\nb\n", True),
        ("a\\\n", False),
        ("E\\\n\n", False),
        ("E\\\n\na\n", False),
        ("\\\nEa\n", True),
    ],
)
def test_an_end_of_a_heredoc_that_lines_are_joined_to(body: str, alone: bool) -> None:
    if alone:
        ends_alone(body, "E")
    else:
        with pytest.raises(Unreadable):
            ends_alone(body, "E")
