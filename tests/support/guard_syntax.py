"""What three readers see in a command: the names of its simple commands and the targets of its redirections.

Only plain words are compared: letters, digits and a few signs, without quotes or expansions.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestra.guard import grammar

Seen = tuple[Counter[str], Counter[str]]
PLAIN = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")
# tree-sitter has nodes of their own for these, and brackets are a command to one reader and a test to another.
APART = {"export", "declare", "local", "readonly", "typeset", "unset", "unsetenv", "let", "time", "[", "[["}


def plain(text: str | None) -> bool:
    return bool(text) and set(text or "") <= PLAIN and text not in APART


def ours(command: str) -> Seen:
    """As the guard's reader sees it. Raises `grammar.Unreadable`."""
    names, targets = Counter[str](), Counter[str]()
    for node in nodes(grammar.parse(command, 0, [0])):
        if node.kind == "simple" and node.words and plain(node.words[0].bare()):
            names[node.words[0].bare()] += 1
        for one in node.redirects:
            if one.operator not in ("<<", "<<-") and plain(one.target.bare()):
                targets[one.target.bare()] += 1
    return names, targets


def nodes(node: grammar.Node) -> Iterator[grammar.Node]:
    yield node
    for item in node.items:
        yield from nodes(item)
    words = [*node.words, *(word for case in node.cases for word in case)]
    for one in node.assigns:
        words += [one.word, *(one.items or [])]
    for redirect in node.redirects:
        words += [redirect.target, *([redirect.body] if redirect.body else [])]
    for word in words:
        yield from inside(word)


def inside(word: grammar.Word) -> Iterator[grammar.Node]:
    for part in word.parts:
        if part.body is not None:
            yield from nodes(part.body)
        for other in (part.word, part.index):
            if other is not None:
                yield from inside(other)


def tree_sitter(command: str) -> Seen | None:
    """As tree-sitter-bash sees it; None when it reports an error."""
    import tree_sitter
    import tree_sitter_bash

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
    tree = parser.parse(command.encode())
    if tree.root_node.has_error:
        return None
    names, targets = Counter[str](), Counter[str]()
    todo = [tree.root_node]
    while todo:
        node = todo.pop()
        todo.extend(node.children)
        text = ""
        if node.type == "command_name":
            text = (node.text or b"").decode()
            names.update([text] if plain(text) else [])
        if node.type in ("file_redirect", "herestring_redirect"):
            found = node.children_by_field_name("destination") if node.type == "file_redirect" else node.children[-1:]
            text = (found[0].text or b"").decode() if found else ""
            targets.update([text] if plain(text) else [])
    return names, targets


def shfmt(command: str, program: Path) -> Seen | None:
    """As shfmt sees it; None when it finds an error."""
    argv = [str(program), "--to-json", "-ln", "bash"]
    done = subprocess.run(argv, input=command.encode(), capture_output=True, timeout=20)
    if done.returncode:
        return None
    names, targets = Counter[str](), Counter[str]()
    todo: list[Any] = [json.loads(done.stdout)]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo.extend(one)
        elif isinstance(one, dict):
            todo.extend(one.values())
            if one.get("Type") == "CallExpr" and one.get("Args"):
                names.update(literal(one["Args"][0]))
            if "Redirs" in one:
                # A heredoc's word is its end, not a target.
                targets.update(
                    text
                    for redirect in one["Redirs"]
                    if "Hdoc" not in redirect and not here(redirect)
                    for text in literal(redirect["Word"])
                )
    return names, targets


def here(redirect: dict[str, Any]) -> bool:
    """Whether a redirection is a heredoc, by its operator's number: `<<` and `<<-`."""
    return "Hdoc" in redirect or redirect.get("Op") in HEREDOCS


HEREDOCS: set[int] = set()


def learn_operators(program: Path) -> None:
    """shfmt numbers its operators differently from version to version."""
    for text in ("cat <<E\nE\n", "cat <<-E\nE\n"):
        done = subprocess.run([str(program), "--to-json"], input=text.encode(), capture_output=True, check=True)
        tree = json.loads(done.stdout)
        HEREDOCS.add(tree["Stmts"][0]["Redirs"][0]["Op"])


def literal(word: dict[str, Any]) -> list[str]:
    parts = word.get("Parts", [])
    text = parts[0].get("Value") if len(parts) == 1 and parts[0].get("Type") == "Lit" else None
    return [text] if text is not None and plain(text) else []
