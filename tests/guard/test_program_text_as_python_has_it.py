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
    assert [(one.kind, one.text) for one in read] == of_python(code)


@pytest.mark.parametrize("row", UNENDED.strip("\n").split("\n"))
def test_what_does_not_end(row: str) -> None:
    code = row.replace("¶", "\n")
    with pytest.raises(SyntaxError):
        compile(code, "", "exec")
    assert tokens(code, language("python")) is None
