"""The YAML block at the top of a phase file."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import yamltext
from .diagnostics import ERROR, Diagnostic
from .markdown import front_matter_end, split_lines
from .source import Source
from .yamltext import Item


@dataclass(frozen=True)
class FrontMatter:
    """The keys with their places. `present` says whether there was a block; `lines` how many lines it takes."""

    items: dict[str, Item] = field(default_factory=dict)
    present: bool = False
    lines: int = 0

    def at(self, key: str) -> tuple[int, int]:
        """Line and column of the value of `key`, or of the block's first line; both count from 1."""
        item = self.items.get(key)
        return (item.line, item.column) if item else (1, 1)


def read(source: Source) -> tuple[FrontMatter, list[Diagnostic]]:
    """The front matter of a file, empty when there is none, with what is wrong with it."""
    lines = split_lines(source.text)
    if not lines or lines[0].lstrip("\ufeff").rstrip() != "---":
        return FrontMatter(), []
    end = front_matter_end(lines)
    if not end:
        hint = "close the block with a line `---` (is the file complete?)"
        return FrontMatter(), [Diagnostic(source.name, 1, 1, ERROR, "frontmatter", "the block is not closed", hint)]
    return _block(source.name, "".join(lines[1 : end - 1]), end)


def _block(name: str, text: str, end: int) -> tuple[FrontMatter, list[Diagnostic]]:
    root, found = yamltext.read(text, name, first_line=1)
    if root is None:
        return FrontMatter(present=True, lines=end), found
    if not isinstance(root.value, dict) or text.lstrip().startswith("{"):
        hint = "write one `key: value` a line"
        what = "the block is not a list of keys"
        found.append(Diagnostic(name, root.line, root.column, ERROR, "frontmatter", what, hint))
        return FrontMatter(present=True, lines=end), found
    return FrontMatter(root.mapping, True, end), found
