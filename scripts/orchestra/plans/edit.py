"""Edits of files that people own: one field or section changes, every other byte stays.

All functions are pure, text in, text out. Read files with `newline=""` and plain UTF-8, so that CRLF and a
BOM are part of the text and survive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .markdown import Document, front_matter_end, parse, split_lines

FIELDS = ("status", "priority", "complexity", "prd", "created", "locked-by", "depends-on")

_ROW = re.compile(
    r"(?P<lead>\ufeff* {0,3}\|[ \t]*(?P<key>[^|\r\n]*?)[ \t]*\|[ \t]*)(?P<value>(?:\\.|[^|\\\r\n])*?)"
    r"(?P<tail>[ \t]*(?:\|[^\r\n]*)?)\Z"
)
_ENTRY = re.compile(
    r"(?P<lead>\ufeff* {0,3}(?:[-*+][ \t]+)?(?:\*\*|__)?(?P<key>[A-Za-z][A-Za-z _-]{0,30}?)"
    r"(?:\*\*|__)?[ \t]*:(?:\*\*|__)?[ \t]*)(?P<value>[^\r\n]*?)(?P<tail>[ \t]*)\Z"
)
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*\Z")
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


@dataclass(frozen=True)
class FieldSpan:
    """Where a field of milestone.md stands: `line` and `start`/`end` columns count from 0; `row` says table or line."""

    key: str
    value: str
    line: int
    start: int
    end: int
    row: bool


def fields(text: str) -> list[FieldSpan]:
    """Every known field of a milestone file, in document order, from its table or its `Name: value` lines.

    Only what stands before the first `##` heading counts, unless no field stands there: tables further
    down belong to people.
    """
    known = [span for span in _all_spans(text) if span.key in FIELDS]
    return _in_head(text, known) or known


def all_fields(text: str) -> list[FieldSpan]:
    """Every row and `Name: value` line before the first `##` heading, known or not."""
    return _in_head(text, _all_spans(text))


def _all_spans(text: str) -> list[FieldSpan]:
    hidden, lines = parse(text).hidden, split_lines(text)
    first = front_matter_end(lines)
    return [span for n, line in enumerate(lines) if n >= first and n not in hidden for span in _spans(n, line)]


def _in_head(text: str, spans: list[FieldSpan]) -> list[FieldSpan]:
    head = next((h.line for h in parse(text).headings if h.level > 1), None)
    return spans if head is None else [span for span in spans if span.line < head]


def field_key(name: str) -> str:
    """`Locked By`, `**locked_by**` and `Locked-By` are one field."""
    return re.sub(r"[\s_-]+", "-", name.strip().strip("*`_").strip()).casefold()


def set_table_field(text: str, field: str, value: str | None) -> str:
    """Sets one field of milestone.md, or removes it when `value` is None.

    A missing row is added below the last one (a missing table: as a line below the title). Adding
    a row and removing it again gives back the same text. Raises ValueError for a value of several lines.
    """
    _one_line(value)
    bom, text = _split_bom(text)
    spans = fields(text)
    here = next((s for s in spans if s.key == field_key(field)), None)
    lines = split_lines(text)
    if here and value is not None:
        lines[here.line] = _put(lines[here.line], here, value)
    elif here:
        _drop(lines, here.line)
    elif value is not None:
        _add_field(lines, spans, field, value, parse(text))
    return bom + "".join(lines)


def set_frontmatter_field(text: str, key: str, value: str | None) -> str:
    """Sets one top-level key of the front matter to a scalar, or removes it when `value` is None.

    A comment behind the value stays; a missing key is added last, a missing front matter before
    everything. Raises ValueError for a value of several lines and for front matter in flow style.
    """
    _one_line(value)
    bom, text = _split_bom(text)
    lines = split_lines(text)
    end = front_matter_end(lines)
    if not end:
        return bom + (text if value is None else _new_front_matter(text, key, value))
    if any(line.lstrip().startswith("{") for line in lines[1:2]):
        raise ValueError("front matter in flow style cannot be edited")
    at = next((n for n in range(1, end - 1) if _key_line(key).match(lines[n])), None)
    if at is None:
        lines[end - 1 : end - 1] = [] if value is None else [f"{key}: {_scalar(value)}{_eol(lines[0])}"]
    else:
        stop = _continued(lines, at, end - 1)
        lines[at:stop] = [] if value is None else [_set_key(lines[at], key, value)]
    return bom + "".join(lines)


def replace_section(text: str, heading: str, body: str | None) -> str:
    """Replaces what stands under a heading (`Result` or `## Result`; level 2 unless marked), or
    removes the section when `body` is None. A missing section is added at the end.

    Headings inside `body` that would end the section are escaped.
    """
    marks, title = _split_heading(heading)
    document, lines = parse(text), split_lines(text)
    section = document.section(title, len(marks))
    eol = _eol(text)
    if section is None:
        return text if body is None else _append_section(text, f"{marks} {title}", body, eol)
    last = section.end >= len(lines)
    if body is None:
        start = section.start - 1 if last and section.start and not lines[section.start - 1].strip() else section.start
        return "".join(lines[:start] + lines[section.end :])
    head = lines[section.start] if lines[section.start].endswith(("\r", "\n")) else lines[section.start] + eol
    inner = head + eol + _tame(body, len(marks), eol) + ("" if last else eol)
    return "".join(lines[: section.start]) + inner + "".join(lines[section.end :])


def _split_bom(text: str) -> tuple[str, str]:
    rest = text.lstrip("\ufeff")
    return text[: len(text) - len(rest)], rest


def _one_line(value: str | None) -> None:
    if value is not None and re.search(r"[\r\n\x00\x85\u2028\u2029]", value):
        raise ValueError("a field holds one line")


def _spans(number: int, line: str) -> list[FieldSpan]:
    bare = line.rstrip("\r\n")
    if len(bare) > 4000:
        return []
    for pattern, row in ((_ROW, True), (_ENTRY, False)):
        if match := pattern.match(bare):
            value = match["value"].replace("\\|", "|") if row else match["value"]
            return [FieldSpan(field_key(match["key"]), value, number, match.start("value"), match.end("value"), row)]
    return []


def _put(line: str, span: FieldSpan, value: str) -> str:
    shown = value.replace("|", "\\|") if span.row else value
    lead, tail = line[: span.start], line[span.end :]
    if not lead.endswith((" ", "\t")):
        lead += " "
    return lead + shown + (" " if tail.startswith("|") else "") + tail


def _drop(lines: list[str], at: int) -> None:
    last_without_eol = at == len(lines) - 1 and at > 0 and not lines[at].endswith(("\r", "\n"))
    del lines[at]
    if last_without_eol:
        lines[-1] = lines[-1].rstrip("\r\n")


def _add_field(lines: list[str], spans: list[FieldSpan], field: str, value: str, document: Document) -> None:
    last = spans[-1] if spans else None
    title = next((h.line for h in document.headings if h.level == 1), front_matter_end(lines) - 1)
    row = last.row if last else False
    shown = f"| {field} | {value.replace('|', chr(92) + '|')} |" if row else f"{field}: {value}"
    _insert(lines, (last.line if last else title) + 1, shown)


def _insert(lines: list[str], at: int, shown: str) -> None:
    eol = _eol("".join(lines[:3]))
    if at and not lines[at - 1].endswith(("\r", "\n")):
        lines[at - 1] += eol
        lines.insert(at, shown)
    else:
        lines.insert(at, shown + eol)


def _eol(text: str) -> str:
    match = re.search(r"\r\n|\n|\r", text)
    return match[0] if match else "\n"


def _key_line(key: str) -> re.Pattern[str]:
    return re.compile(rf"""(?P<q>["']?){re.escape(key)}(?P=q)[ \t]*:(?=[ \t\r\n]|\Z)""")


def _continued(lines: list[str], at: int, end: int) -> int:
    """The line after a key's value: indented lines belong to it, and so do list items at its own column."""
    stop = at + 1
    while stop < end and (lines[stop][:1] in (" ", "\t") or re.match(r"-[ \t\r\n]", lines[stop])):
        stop += 1
    return stop


def _set_key(line: str, key: str, value: str) -> str:
    bare = line.rstrip("\r\n")
    match = _key_line(key).match(bare)
    after = bare[match.end() :] if match else ""
    space = re.match(r"[ \t]*", after)
    gap = space[0] if space and space[0] else " "
    tail = _comment(after)
    return bare[: match.end() if match else 0] + gap + _scalar(value) + tail + line[len(bare) :]


def _comment(after: str) -> str:
    """What stands behind a scalar: its comment with the space before it, or trailing space."""
    quoted = re.match(r"""[ \t]*(?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*')""", after)
    start = quoted.end() if quoted else 0
    comment = re.search(r"[ \t]+#.*\Z|[ \t]*\Z", after[start:])
    return comment[0] if comment else ""


def _scalar(value: str) -> str:
    if _PLAIN.match(value) and value.casefold() not in _YAML_WORDS and not re.match(r"[0-9+.-]", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _new_front_matter(text: str, key: str, value: str) -> str:
    eol = _eol(text)
    return f"---{eol}{key}: {_scalar(value)}{eol}---{eol}{text}"


def _split_heading(heading: str) -> tuple[str, str]:
    match = re.match(r"(#{1,6})[ \t]+", heading)
    return (match[1], heading[match.end() :].strip()) if match else ("##", heading.strip())


def _append_section(text: str, head: str, body: str, eol: str) -> str:
    closing = _closing(text)
    gap = "" if not text else eol if text.endswith(("\n", "\r")) else eol + eol
    return text + gap + (closing + eol + eol if closing else "") + head + eol + eol + _tame(body, head.index(" "), eol)


def _tame(body: str, level: int, eol: str) -> str:
    """The body as lines that cannot end their section: open blocks closed, headings of its level escaped."""
    lines = [line.rstrip("\r\n") for line in split_lines(body.strip("\r\n"))]
    # At the margin these would close a front matter that somebody left open.
    lines = [" " + line if line.rstrip() in ("---", "...") else line for line in lines]
    inside = parse("\n" + "\n".join(lines))
    for heading in inside.headings:
        if heading.level <= level:
            lines[heading.line - 1] = lines[heading.line - 1].replace("#", "\\#", 1)
    closing = _closing("\n".join(["", *lines]))
    return "".join(line + eol for line in [*lines, *([closing] if closing else [])])


def _closing(text: str) -> str:
    """The line that ends a code or HTML block which `text` leaves open; empty when there is none."""
    fences = [mark * max(3, *(len(run) for run in re.findall(f"{mark}+", text)), 0) for mark in "`~"]
    for line in ("", *fences, "-->", "</pre>", "</script>", "</style>", "</textarea>", "?>", "]]>", ">"):
        document = parse(f"{text}\n{line}\n\n## x\n")
        if document.headings and document.headings[-1].line == len(document.lines) - 1:
            return line
    return ""
