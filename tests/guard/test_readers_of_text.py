"""Where the readers of documents, patterns and program text stop, and what they say."""

from __future__ import annotations

import fnmatch
import itertools
import json

import pytest

from orchestra.guard import document, scanning
from orchestra.guard.inline import arguments
from orchestra.guard.languages import language
from orchestra.guard.marks import matches, short, wild


def scan(code: str, name: str = "python") -> scanning.Found:
    return scanning.scan(code, language(name))


# -- documents


@pytest.mark.parametrize("blanks", [" " * size for size in range(9)] + ["\n", "\t\r\n "])
def test_blanks_around_a_document_are_nothing(blanks: str) -> None:
    text = f'{blanks}{{"a": "{" " * len(blanks)}"}}{blanks}'
    assert document.parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "text", ['{"a": "\n"}', '{"a": "\t"}', '{"a": 1, "a": 1}', '{"a": 1, "a": 1, "b": 2}', "{} {}"]
)
def test_documents_that_readers_differ_about_are_none(text: str) -> None:
    with pytest.raises(document.Malformed):
        document.parse(text.encode())


# -- patterns


def test_brackets_match_as_everywhere() -> None:
    members = ["a", "c", "-", "!", "^", "a-c", "b-b", "]"]
    insides = ["".join(some) for size in (1, 2, 3) for some in itertools.product(members, repeat=size)]
    # The library takes another sign for negation, and differs about a bracket that is not the first.
    insides = [one for one in insides if not one.startswith("^") and "]" not in one.removeprefix("!")[1:]]
    for pattern in [f"x[{inside}]" for inside in insides] + [f"[{inside}]*b" for inside in insides[:200]]:
        names = [f"{before}{one}" for before in ("x", "") for one in "abc-!^]"] + ["ab", "bab", "-b", "b", "x"]
        assert [name for name in names if matches(wild(pattern), name)] == fnmatch.filter(names, pattern), pattern


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("[^a]", "b ^", "a"),
        ("[^]a]", "b ^", "] a"),
        ("[a", "[a", "a"),
        ("[", "[", "a ["[:1]),
        ("x[[:]", "x[ x:", "x x[["),
        ("[[:x]", "[ : x", "[:x :]"),
        ("[[:alpha:]b]", "a b", "a] ab"),
        ("a[[.-.]z]", "a- az", "az]"),
        ("[:a:]", ": a", "[ ]"),
        ("xx[=a=]", "xxa xx=", "xx] xx"),
    ],
)
def test_brackets_that_libraries_do_not_know(pattern: str, inside: str, outside: str) -> None:
    assert all(matches(wild(pattern), one) for one in inside.split())
    assert not any(matches(wild(pattern), one) for one in outside.split())


@pytest.mark.parametrize("size", [59, 60, 61])
def test_a_name_is_shown_up_to_sixty_signs(size: int) -> None:
    assert short("*" * size) == "*" * min(size, 60)


# -- limits of what is read of code


@pytest.mark.parametrize(("size", "read"), [(99_999, True), (100_000, True), (100_001, False)])
def test_code_is_read_up_to_a_size(size: int, read: bool) -> None:
    assert scanning.MOST_LOOKED_AT == 100_000
    assert (scan("#" * size).hidden == "") is read


@pytest.mark.parametrize(("names", "known"), [(57, True), (58, True), (59, False), (60, False)])
def test_lists_of_names_are_followed_up_to_a_length(names: int, known: bool) -> None:
    """What opens a list belongs to it."""
    listed = " ".join(f"n{number}" for number in range(names))
    shorter = listed.rpartition(" ")[0]
    for code in (f"({listed}) => 1", f"for ( {listed} in x) 1", f"[{shorter}] = x", f"{listed} n = x"):
        found = scan(f'let p = "f"; {code}; fs.unlinkSync(p)', "node")
        assert (found.writes == [("f", False)]) is known, code
        assert bool(found.hidden) is not known


@pytest.mark.parametrize(("names", "runs"), [(1, "./m"), (98, "./m"), (99, ""), (100, "")])
def test_the_module_of_an_import_is_looked_for_up_to_a_length(names: int, runs: str) -> None:
    listed = ", ".join(f"n{number}" for number in range(names))
    found = scan(f'import {{{listed}}} from "./m"', "node")
    assert (found.runs, bool(found.hidden)) == (runs, not runs)


# -- what a reason says


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", ""),
        ('eval("x")', "with eval"),
        ('unlink "f"', "that may write or run something (unlink)"),
        ("$x->y", "that may write or run something (a reference)"),
    ],
)
def test_why_code_is_hidden(code: str, why: str) -> None:
    assert scan(code, "perl" if "unlink" in why or "reference" in why else "python").hidden == why


# -- arguments of interpreters


@pytest.mark.parametrize(
    ("name", "words", "codes", "operands", "module", "edits"),
    [
        ("python", "-c a b -c", "a", "b -c", "", ""),
        ("python", "-Wx -Xy -W z -c a", "a", "", "", ""),
        ("python", "-m a b -c c", "", "b -c c", "a", ""),
        ("python", "-ma b", "", "b", "a", ""),
        ("python", "-m", "", "", "", ""),
        ("python", "- a", "", "- a", "", ""),
        ("python", "-- -c a", "", "-c a", "", ""),
        ("python", "--check-hash-based-pycs x y", "", "y", "", ""),
        ("python", "--x y -c a", "a", "y -c a", "", ""),
        ("python", "--x -B y -c a", "", "y -c a", "", ""),
        ("python", "--x=z y -c a", "", "y -c a", "", ""),
        ("python", "--x --y=z y -c a", "", "y -c a", "", ""),
        ("node", "-e a b", "a", "b", "", ""),
        ("node", "-p -e a", "a", "", "", ""),
        ("node", "-p", "", "", "", ""),
        ("node", "-pe a b", "a", "b", "", ""),
        ("node", "--eval=a --print b", "a b", "", "", ""),
        ("node", "-r x y", "", "y", "", ""),
        ("php", "-d x -f y z", "", "y z", "", ""),
        ("php", "-f y z w v", "", "y z w v", "", ""),
        ("php", "-B a -R b c", "a b", "c", "", ""),
        ("ruby", "-i -ne a b", "a", "b", "", "-"),
        ("ruby", "-i.x -ne a b", "a", "b", "", ".x"),
        ("perl", "-l012e a b", "a", "b", "", ""),
        ("perl", "-F: -e a b", "a", "b", "", ""),
        ("perl", "-Fe a b", "", "a b", "", ""),
        ("perl", "-0e a", "a", "", "", ""),
        ("perl", "-Mx -e", "", "", "", ""),
        ("lua", "-l x -e a b", "a", "b", "", ""),
    ],
)
def test_arguments(name: str, words: str, codes: str, operands: str, module: str, edits: str) -> None:
    expected = codes.split(), operands.split(), module, (edits,) if edits.startswith(".") else edits
    found = arguments(words.split(), language(name))
    assert ([one for one in found[0] if one], *found[1:]) == expected
