"""YAML that people write, read with positions and without its dangerous parts.

Anchors, aliases, tags, merges and deep nesting are refused before anything is built from them, so that no
text can expand into more than it is. Dates stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .diagnostics import ERROR, Diagnostic

if TYPE_CHECKING:
    import yaml

MAX_CHARS = 200_000
MAX_DEPTH = 20

# Line breaks to YAML but to no editor: left in, they would shift every line number.
_UNUSUAL_BREAKS = re.compile("[\x85\u2028\u2029]")

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Item:
    """A value with the place where it stands; `line` and `column` count from 1. `written` is how a boolean is written:
    YAML has six words for two values."""

    value: Scalar | dict[str, Item] | list[Item]
    line: int
    column: int
    key_line: int = 0
    key_column: int = 0
    written: str = ""

    @property
    def mapping(self) -> dict[str, Item]:
        return self.value if isinstance(self.value, dict) else {}

    def plain(self) -> object:
        """The value as ordinary dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value


class _Refused(Exception):
    """`place` is (line, column) from 0, as PyYAML counts."""

    def __init__(self, code: str, message: str, hint: str, place: tuple[int, int] = (0, 0)) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint
        self.line, self.column = place


def read(text: str, file: str, first_line: int = 0) -> tuple[Item | None, list[Diagnostic]]:
    """One YAML document, or None and why not. An empty document is an empty mapping.

    `first_line` is the number of lines of `file` before `text`. Duplicate keys are errors and the first one counts.
    """
    reader = _Reader(file, first_line)
    text = _UNUSUAL_BREAKS.sub(" ", text)
    try:
        return reader.document(text), reader.found
    except _Refused as error:
        reader.say(error.code, error.message, error.hint, error.line, error.column)
    except RecursionError:
        reader.say("yaml", "the nesting is too deep", "", 0, 0)
    reader.found[-1] = _inside(reader.found[-1], text, first_line)
    return None, reader.found


def _inside(diagnostic: Diagnostic, text: str, first_line: int) -> Diagnostic:
    """PyYAML points behind the last line when a document ends too early; people look at the last line."""
    last = first_line + max(1, len(re.findall(r"\r\n|\r|\n", text.rstrip("\r\n"))) + 1)
    return replace(diagnostic, line=min(diagnostic.line, last))


class _Reader:
    def __init__(self, file: str, first_line: int) -> None:
        self.file, self.first_line, self.found = file, first_line, list[Diagnostic]()

    def say(self, code: str, message: str, hint: str, line: int, column: int) -> None:
        where = (self.first_line + line + 1, column + 1)
        self.found.append(Diagnostic(self.file, *where, ERROR, code, message, hint))

    def document(self, text: str) -> Item:
        if len(text) > MAX_CHARS:
            raise _Refused("too-large", f"more than {MAX_CHARS} characters of YAML", "shorten it")
        if (simple := _simple(text, self.first_line)) is not None:
            return simple
        node = self._compose(text)
        return Item({}, self.first_line + 1, 1) if node is None else self._item(node)

    def _compose(self, text: str) -> yaml.Node | None:
        import yaml

        try:
            _refuse_dangerous(yaml.parse(text, Loader=yaml.SafeLoader))
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (mark.line, mark.column) if mark else (0, 0)
            what = f"not valid YAML: {error.problem or error.context}"
            raise _Refused("yaml", what, _hint(text, place[0], what), place) from None
        except yaml.reader.ReaderError as error:
            raise _control_character(text, error.position) from None
        except (ValueError, OverflowError, yaml.YAMLError) as error:
            raise _Refused("yaml", f"not valid YAML: {error}", "") from None

    def _item(self, node: yaml.Node, key: yaml.Node | None = None) -> Item:
        import yaml

        start = node.start_mark
        at = (self.first_line + start.line + 1, start.column + 1)
        key_at = (self.first_line + key.start_mark.line + 1, key.start_mark.column + 1) if key else (0, 0)
        if isinstance(node, yaml.MappingNode):
            return Item(self._mapping(node), *at, *key_at)
        if isinstance(node, yaml.SequenceNode):
            return Item([self._item(child) for child in node.value], *at, *key_at)
        value = _scalar(node.tag, str(node.value))
        return Item(value, *at, *key_at, str(node.value) if isinstance(value, bool) else "")

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Item]:
        result: dict[str, Item] = {}
        for key, value in node.value:
            mark, name = key.start_mark, str(key.value) if isinstance(key.value, str) else ""
            if not isinstance(key.value, str):
                self.say("yaml", "a key must be a word", "", mark.line, mark.column)
            elif name in result:
                hint = f"the first one is in line {result[name].key_line}; remove one of them"
                self.say("duplicate-key", f"`{name}` is given twice", hint, mark.line, mark.column)
            else:
                result[name] = self._item(value, key)
        return result


# What most front matters consist of, and what no two readers of YAML take for different things.
_SIMPLE = re.compile(
    r"([a-z][a-z_]*): (?:([a-z][a-z0-9_-]*)|(0|[1-9][0-9]{0,8})|\[((?:[a-z][a-z0-9_-]*(?:, (?!\])|(?=\])))*)\])"
)
_WORD = re.compile(r"[a-z][a-z0-9_-]*")
_NO_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


def _simple(text: str, first_line: int) -> Item | None:
    """The document when each of its lines is a key with a word, a number or a list of words; None otherwise.

    PyYAML says the same, and takes a hundred times as long.
    """
    items: dict[str, Item] = {}
    for line, written in enumerate(text.removesuffix("\n").split("\n"), first_line + 1):
        match = _SIMPLE.fullmatch(written)
        if match is None or match[1] in items or not _NO_TEXT.isdisjoint(_WORD.findall(written)):
            return None
        items[match[1]] = Item(_simple_value(match, line), line, match.end(1) + 3, line, 1)
    return Item(items, first_line + 1, 1)


def _simple_value(match: re.Match[str], line: int) -> str | int | list[Item]:
    if match[4] is None:
        return match[2] or int(match[3])
    return [Item(word[0], line, word.start() + 1) for word in _WORD.finditer(match.string, *match.span(4))]


def _refuse_dangerous(events: Iterator[yaml.Event]) -> None:
    import yaml

    depth = documents = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            hint = "write the value out; anchors and aliases are not read"
            raise _Refused("yaml-alias", "anchors and aliases are refused", hint, _place(event))
        if (getattr(event, "tag", None) or "!").strip("!"):
            raise _Refused("yaml-tag", "YAML tags are refused", "write a plain value", _place(event))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH:
            raise _Refused("yaml", f"nested deeper than {MAX_DEPTH} levels", "", _place(event))
        if documents > 1:
            raise _Refused("yaml", "a second YAML document starts here", "keep one", _place(event))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line, mark.column) if mark else (0, 0)


def _control_character(text: str, position: int) -> _Refused:
    before = text[:position]
    place = (before.count("\n"), position - (before.rfind("\n") + 1))
    return _Refused("yaml", "a control character is not allowed here", "remove it", place)


def _hint(text: str, line: int, what: str) -> str:
    lines = text.splitlines()
    if line < len(lines) and "\t" in lines[line]:
        return "indent with spaces: YAML does not allow tabs"
    if re.search(r"stream end|end of stream|',' or '[\]}]'", what):
        return "close the bracket or the quote that is open here or above"
    return "quote the value if it holds `: `, `#`, or starts with a special character"


def _scalar(tag: str, text: str) -> Scalar:
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind == "int" and re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        return int(text)
    if kind == "float" and re.fullmatch(r"[-+]?[0-9]{0,18}\.?[0-9]{1,18}", text):
        return float(text)
    return text
