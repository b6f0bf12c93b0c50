"""The tokens of program text are those of Python's own tokenizer. The rows are in `tokens.txt`; ¶ is a new line."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from orchestra.guard.languages import language
from orchestra.guard.tokens import tokenize as tokens

ROWS = (Path(__file__).parent / "tokens.txt").read_text().splitlines()
UNENDED = r"""
'a
"a
'a\'
"a\\\"
'a¶b'
'''a
'''a'
'''a''¶
a¶'b
a \ b
"""


def of_python(code: str) -> list[tuple[str, str | None]]:
    """Names, signs and strings, as Python reads them; a string with an escape, or of bytes, has no value here."""
    found: list[tuple[str, str | None]] = []
    for one in tokenize.generate_tokens(io.StringIO(code).readline):
        if one.type == tokenize.STRING:
            prefix = one.string[: one.string.index(one.string[-1])].lower()
            known = "b" not in prefix and ("r" in prefix or "\\" not in one.string)
            found.append(('"', ast.literal_eval(one.string) if known else None))
        elif one.string[:1].isalnum() or one.string[:1] == "_":
            found.append(("name", one.string))
        elif one.type != tokenize.COMMENT and (one.string.strip() or one.string == "\n"):
            found += [(char, char) for char in one.string]
    return found


@pytest.mark.parametrize("row", ROWS)
def test_tokens(row: str) -> None:
    code = row.replace("¶", "\n")
    read = tokens(code, language("python"))
    assert read is not None
    known = [(one.kind, one.string if one.kind == '"' else one.text) for one in read]
    assert known == [*of_python(code), ("\n", "\n")]


@pytest.mark.parametrize("row", UNENDED.strip("\n").split("\n"))
def test_what_does_not_end(row: str) -> None:
    code = row.replace("¶", "\n")
    with pytest.raises(SyntaxError):
        compile(code, "", "exec")
    assert tokens(code, language("python")) is None


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("x = /a/g.b", "name = regex name . name"),
        ("/[//]/ / 2", "regex / name"),
        ("/[a]b/ / 2", "regex / name"),
        (r"/\//.b", "regex . name"),
        (r"/[\]/]/.b", "regex . name"),
        ("a / b / c", "name / name / name"),
        ("a++ / b", "name + + / name"),
        ("a + +/b/", "name + + regex"),
        ("a-- / b / c", "name - - / name / name"),
        ("a+++/b/", "name + + + regex"),
        ("a - -/b/", "name - - regex"),
        ("a+-/b/", "name + - regex"),
        ("x.return / b /", "name . name / name /"),
        ("x.if (a) / b", "name . name ( name ) / name"),
        ("of / b", "name / name"),
        ("yield /b/.c / d", None),
        ("await (a) / b", "name ( name ) / name"),
        ("+/b/", "+ regex"),
        ("- +/b/", "- + regex"),
        ("f(a) / b", "name ( name ) / name"),
        ("if (a) /b/", "name ( name ) regex"),
        ("a[0] / b", "name [ name ] / name"),
        ("`a` / b", "` / name"),
        ("'a' / b", '" / name'),
        ("return /b/", "name regex"),
        ("{} / b", "{ } / name"),
        ("{} / b / c", "{ } / name / name"),
        ("{} / b / c / d", None),
        ("{} / 'b' /", None),
        ("/a\nb/", None),
        ("a // b / c\nd", "name \n name"),
        ("a /* b\n*/ / c", "name / name"),
        ("a\ufeff\u00a0\v b", "name name"),
        ("a\u2028b", None),
        ("`${a}${b}`", "` ; name ; ; name ;"),
        ("`${ {a: {}} }`", "` ; { name : { } } ;"),
        ("`a${`b${c}`}` + d", "` ; ` ; name ; ; + name"),
        ("`${a`", None),
        ("`${a)}`", None),
    ],
)
def test_where_programs_for_node_have_regular_expressions_and_holes(code: str, kinds: str | None) -> None:
    read = tokens(code, language("node"))
    assert (read and " ".join(one.kind for one in read)) == (kinds and f"{kinds} \n")
