"""requirements.md: the numbered requirements and their acceptance criteria, each with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .lines import Line, scan

_HEADING = re.compile(
    r"#{1,6}[ \t]+(?:\*\*)?(?:(?:requirements?|req|需求|要求|要件)[ \t]*)?"
    r"(?P<id>(?:[A-Za-z]{1,5}-?)?\d{1,6}(?:\.\d{1,6}){0,6})(?:[.:：)、]|[ \t*]|\Z)",
    re.IGNORECASE,
)
_ANY_HEADING = re.compile(r"#{1,6}(?:[ \t]|\Z)")
_CRITERION = re.compile(
    r"(?:[-*+][ \t]+)?(?:\*\*)?(?P<id>(?:[A-Za-z]{1,5}-?)?\d{1,6}(?:\.\d{1,6}){0,6})"
    r"(?:[.:：)]|\*\*|(?=[ \t]))[*:.]{0,3}[ \t]+(?=\S)"
)


@dataclass(frozen=True)
class Requirement:
    """A requirement (`1`) or one of its acceptance criteria (`1.2`): its first line, from 1, and its text."""

    id: str
    line: int
    text: str


def read_requirements(text: str) -> dict[str, Requirement]:
    """The requirements of a requirements.md by id; the first of two with one id counts. Linear in the text."""
    lines, _ = scan(text)
    found: dict[str, list[Line]] = {}
    open_: list[str] = []
    for line in lines:
        if not line.body or line.hidden:
            continue
        open_ = _opened(line, open_, found)
        for id_ in open_:
            found[id_].append(line)
    return {id_: Requirement(id_, own[0].number, "\n".join(line.text for line in own)) for id_, own in found.items()}


def lookup(known: Mapping[str, Requirement], id_: str) -> Requirement | None:
    """The requirement that a task means by `id_`: `R1.2` is `1.2` where nothing else has that name."""
    bare = re.sub(r"\A[A-Za-z]+[-_ ]?", "", id_)
    return known.get(id_) or known.get(id_.upper()) or known.get(bare)


def _opened(line: Line, open_: list[str], found: dict[str, list[Line]]) -> list[str]:
    """The ids that a line belongs to: a requirement, and within it one of its criteria."""
    if heading := _HEADING.match(line.body):
        return _begin([], heading["id"], found)
    if _ANY_HEADING.match(line.body):
        # "Acceptance Criteria" stays within its requirement; a chapter of its own ends it.
        return open_[:1] if line.body.startswith("###") else []
    criterion = _CRITERION.match(line.body) if line.indent < 4 else None
    if criterion is None:
        return open_ if line.indent or len(open_) < 2 else open_[:1]
    id_ = criterion["id"]
    plain = id_.isdigit()
    if plain and not open_:
        return open_
    return _begin(open_[:1], f"{open_[0]}.{id_}" if plain else id_, found)


def _begin(above: list[str], id_: str, found: dict[str, list[Line]]) -> list[str]:
    if id_ in found:
        return above
    found[id_] = []
    return [*above, id_]
