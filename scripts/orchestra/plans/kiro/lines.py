"""The lines of a tasks.md: which of them say something, and which stand in code or in a comment.

One pass, linear in the text. A full Markdown parser takes half a minute for a file of this size, and it calls indented
boxes code, which people mean as tasks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..markdown import front_matter_end, split_lines

_MARKER = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?=[ \t]|\Z)[ \t]*")
_FENCE = re.compile(r"(`{3,})[^`]*\Z|(~{3,}).*\Z")
_BOXED = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]*+\*?\[[^\[\]]?\]")
_TAB = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its ending. `number` counts from 1, `indent` in columns (a tab stop is 4)."""

    number: int
    indent: int
    text: str
    hidden: bool = False

    @property
    def body(self) -> str:
        return self.text.strip()


@dataclass(frozen=True)
class OpenBlock:
    """A code fence or a comment that is never closed: everything from `line` on is hidden."""

    line: int
    what: str


@dataclass
class _Scan:
    """What is open at a line: `base` is the column of the block's list item, `stack` those of all items."""

    stack: list[int] = field(default_factory=list)
    closing: str = ""
    base: int = 0
    since: int = 0

    def takes(self, line: Line) -> bool:
        """Whether the line is hidden; what it opens or closes is remembered."""
        if self.closing and line.body and line.indent < self.base:
            self.closing = ""  # a list item that ends takes its open blocks with it (CommonMark 5.2)
        if self.closing:
            self._close(line.body)
            return True
        return bool(line.body) and self._open(line)

    def _close(self, body: str) -> None:
        if self.closing == "-->":
            closed = "-->" in body
        else:
            closed = len(body) >= len(self.closing) and not body.strip(self.closing[0])
        if closed:
            self.closing = ""

    def _open(self, line: Line) -> bool:
        body = self._inside_items(line)
        fence = _FENCE.match(body)
        comment = body.startswith("<!--")
        if fence:
            self.closing = fence[1] or fence[2]
        elif comment and "-->" not in body[4:]:
            self.closing = "-->"
        if self.closing:
            self.base, self.since = self.stack[-1] if self.stack else 0, line.number
        return bool(fence) or comment

    def _inside_items(self, line: Line) -> str:
        """What follows the bullets of a line, whose columns are remembered."""
        while self.stack and self.stack[-1] > line.indent:
            self.stack.pop()
        body, column = line.body, line.indent
        while len(self.stack) < 100 and (marker := _MARKER.match(body)):
            column += marker.end()
            self.stack.append(column)
            body = body[marker.end() :]
        return body


def scan(text: str) -> tuple[list[Line], OpenBlock | None]:
    """The lines of `text` (with or without BOM and front matter), and the block that is open at its end."""
    raw, state, lines = split_lines(text), _Scan(), list[Line]()
    front = front_matter_end(raw)
    if any(map(_BOXED.match, raw[:front])):
        front = 0  # tasks between two rules: no YAML has boxes
    for number, whole in enumerate(raw, 1):
        shown = whole.rstrip("\r\n")
        if number == 1:
            shown = shown.lstrip("\ufeff")
        line = Line(number, _indent(shown), shown)
        hidden = number <= front or state.takes(line)
        lines.append(Line(number, line.indent, shown, True) if hidden else line)
    what = "comment" if state.closing == "-->" else "code block"
    return lines, OpenBlock(state.since, what) if state.closing else None


def _indent(text: str) -> int:
    column = 0
    for character in text:
        if character == "\t":
            column += _TAB - column % _TAB
        elif character == " ":
            column += 1
        else:
            break
    return column
