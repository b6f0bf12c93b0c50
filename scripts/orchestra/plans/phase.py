"""A phase file: what its sections say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import bad_input
from . import source
from .markdown import Document, Section, parse

SECTIONS = ("Objective", "Context", "Technical Decisions", "Scope", "References", "Acceptance Criteria", "Constraints")

_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[(?P<mark>[ xX])\][ \t]*)?(?P<text>.*)\Z")
_ID = re.compile(r"(?:\*\*)?\(?(AC-?\d{1,4})\)?(?:\*\*)?[:.)\s]\s*", re.IGNORECASE)
_CHECK = re.compile(r"\(?\bcheck:\s*`([^`]+)`\)?", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Criterion:
    """One acceptance criterion. `check` is a shell command that decides it, or empty; `line` counts from 1."""

    id: str
    text: str
    checked: bool
    check: str = ""
    line: int = 1


@dataclass(frozen=True)
class PhaseText:
    """The sections of a phase as people wrote them, comments removed; a missing one is empty."""

    title: str = ""
    objective: str = ""
    context: str = ""
    decisions: str = ""
    scope: str = ""
    references: str = ""
    criteria: tuple[Criterion, ...] = ()
    constraints: str = ""


def sections(path: Path, root: Path | None = None) -> PhaseText:
    """Reads a phase file. `root` is the project (default: the file's own folder).

    Raises UserError (bad input) when the file cannot be read.
    """
    text, found = source.read(path, root or path.parent)
    if text is None:
        raise bad_input("\n".join(d.to_text() for d in found), f"correct {path.name}")
    return read(parse(text.text))


def read(document: Document) -> PhaseText:
    """The sections of a document."""

    def text(name: str) -> str:
        section = document.section(name)
        return _COMMENT.sub("", section.text).strip() if section else ""

    return PhaseText(
        title=title(document),
        objective=text("Objective"),
        context=text("Context"),
        decisions=text("Technical Decisions"),
        scope=text("Scope"),
        references=text("References"),
        criteria=tuple(criteria(document)),
        constraints=text("Constraints"),
    )


def title(document: Document) -> str:
    """`# Phase 1: Title` is `Title`; without a heading, the first line of the Objective."""
    heading = next((h.title for h in document.headings if h.level == 1), "")
    bare = re.sub(r"^phase[\s-]*\d*\s*[:.—–-]*\s*", "", heading, flags=re.IGNORECASE).strip()
    section = document.section("Objective")
    first = _COMMENT.sub("", section.text).strip().split("\n")[0] if section and not bare else ""
    return bare or first.strip().strip("*_-# ").rstrip(".")


def items(section: Section | None, document: Document) -> list[tuple[int, re.Match[str]]]:
    """The bullets of a section with their lines (from 1), outside code and comments."""
    if section is None:
        return []
    lines = enumerate(section.lines, section.start + 2)
    found = ((number, _ITEM.match(line)) for number, line in lines if number - 1 not in document.hidden)
    return [(number, match) for number, match in found if match]


def criteria(document: Document) -> list[Criterion]:
    """The acceptance criteria in order. Ids are the ones written (`AC3: …`), else `AC` and the position."""
    section = document.section("Acceptance Criteria")
    if section is None:
        return []
    bullets = items(section, document)
    stops = [*(number for number, _ in bullets), section.end + 1][1:]
    return [
        _criterion(n, number, match, _continuation(document, number, stop))
        for n, ((number, match), stop) in enumerate(zip(bullets, stops, strict=True), 1)
    ]


def _continuation(document: Document, number: int, stop: int) -> str:
    """The indented lines below a bullet belong to it."""
    lines = []
    for line in document.lines[number : stop - 1]:
        if not line.startswith((" ", "\t")):
            break
        lines.append(line.strip())
    return " ".join(lines)


def _criterion(position: int, line: int, match: re.Match[str], more: str) -> Criterion:
    text = f"{match['text'].strip()} {more}".strip()
    check = _CHECK.search(text)
    text = _CHECK.sub("", text).strip(" —–-") if check else text
    own = _ID.match(text)
    name = own[1].upper().replace("-", "") if own else f"AC{position}"
    bare = text[own.end() :] if own else text
    return Criterion(name, bare.strip(), (match["mark"] or " ") in "xX", check[1].strip() if check else "", line)
