"""Markdown as blocks with line numbers: headings, sections, and the lines that are not prose.

Line numbers count from 0 here, as in markdown-it. Readers and editors share this module, so that what is
read as a section is also what is replaced as one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")


@dataclass(frozen=True)
class Heading:
    """An ATX heading at the top level of a document. `line` counts from 0."""

    level: int
    title: str
    line: int


@dataclass(frozen=True)
class Section:
    """A heading and what follows it up to the next heading of its level or above.

    `start` is the heading's line, `end` the line after the section, both from 0; `lines` are the lines
    between them without line endings.
    """

    title: str
    level: int
    start: int
    end: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


@dataclass(frozen=True)
class Document:
    """A text with its headings. `hidden` are the lines inside code or comments, which say nothing."""

    lines: tuple[str, ...]
    headings: tuple[Heading, ...]
    hidden: frozenset[int]

    def sections(self, level: int = 2) -> list[Section]:
        """The sections whose heading has `level`, in document order."""
        return [self._section(h) for h in self.headings if h.level == level]

    def section(self, title: str, level: int = 2) -> Section | None:
        """The first section called `title` (case does not matter), or None."""
        wanted = title.casefold()
        return next(
            (self._section(h) for h in self.headings if h.level == level and h.title.casefold() == wanted), None
        )

    def _section(self, heading: Heading) -> Section:
        later = (h.line for h in self.headings if h.line > heading.line and h.level <= heading.level)
        end = next(later, len(self.lines))
        return Section(heading.title, heading.level, heading.line, end, self.lines[heading.line + 1 : end])


def split_lines(text: str) -> list[str]:
    """The lines of `text` with their endings, cut where Markdown cuts them (LF, CRLF, CR)."""
    return _LINE.findall(text)


def front_matter_end(lines: list[str]) -> int:
    """How many of `lines` belong to a YAML front matter with its closing fence; 0 when there is none."""
    if not lines or lines[0].lstrip("\ufeff").rstrip() != "---":
        return 0
    return next((n + 1 for n, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), 0)


@lru_cache(maxsize=2048)
def parse(text: str) -> Document:
    """Reads `text` (with or without BOM and front matter). Never raises; any text is some document."""
    lines = split_lines(text)
    skip = front_matter_end(lines)
    body = [""] * skip + [line.rstrip("\r\n") for line in lines[skip:]]
    if body:
        body[0] = body[0].lstrip("\ufeff")
    return Document(tuple(body), *_blocks(body))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    md = MarkdownIt("commonmark")
    md.core.ruler.enableOnly(["normalize", "block"])
    return md


# Lines that mean the same wherever they stand in a document of nothing but such lines: headings, prose, bullets and
# blank lines, none indented. No code, comment, quotation or underlined heading can begin in one.
_SIMPLE = re.compile(r"(?:#{1,6} \S.*|(?:[-*+] )?(?:[^\W\d_]|\||`(?!`)).*|[-*+] \[[ xX]\] .*|[ \t]*)\Z")


def _blocks(body: list[str]) -> tuple[tuple[Heading, ...], frozenset[int]]:
    if all(map(_SIMPLE.match, body)):
        return tuple(_heading(n, body) for n, line in enumerate(body) if line.startswith("#")), frozenset()
    headings, hidden = [], set[int]()
    for token in _parser().parse("\n".join(body)):
        if token.map is None:
            continue
        if token.type == "heading_open" and token.level == 0 and token.markup.startswith("#"):
            headings.append(_heading(token.map[0], body))
        elif token.type in ("fence", "code_block") or (token.type == "html_block" and "<!--" in token.content):
            hidden.update(range(*token.map))
    return tuple(headings), frozenset(hidden)


def _heading(line: int, body: list[str]) -> Heading:
    match = _ATX.match(body[line])
    marks, title = (match[1], match[2] or "") if match else ("#", body[line].strip("# \t"))
    return Heading(len(marks), title.strip(), line)
