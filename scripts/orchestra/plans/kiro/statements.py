"""What a task's details state: requirements, paths it writes and reads, tasks it waits for.

A statement is a whole detail (`_writes: a.py_`, `**Dependencies:** 1, 2`, `Depends on 3`), never words inside one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..scope import Entry, entry, looks_like_path
from ..values import is_nothing
from .box import label
from .lines import Line
from .tasks import Task


class Kind(StrEnum):
    """What a statement is about."""

    REQUIREMENTS = "requirements"
    WRITES = "writes"
    READS = "reads"
    DEPENDS = "depends"


_KEYS = {
    Kind.REQUIREMENTS: "requirements?|validates|验证|驗證|需求|要求|要件|requisitos?|exigences?|anforderungen",
    Kind.WRITES: "writes?",
    Kind.READS: "reads?",
    Kind.DEPENDS: "depends?(?:[ \\t]+on)?|depends[_-]on|dependenc(?:y|ies)|依赖|依賴|依存",
}
_STATEMENT = re.compile(
    r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<em>[*_]{0,3})(?:"
    + "|".join(f"(?P<{kind}>{words})" for kind, words in _KEYS.items())
    + r")(?P<inner>[*_]{0,3})[ \t]*[:：](?P<outer>[*_]{0,3})[ \t]*+(?P<value>.*)\Z",
    re.IGNORECASE,
)
# Without a colon only what is nothing but a list of tasks counts: "depends on Node 20" is prose.
_PROSE = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(?P<em>[*_]{0,2})depends?[ \t]+on[ \t]+(?P<value>[^:]*)\Z", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)|（[^（）]*）")
_LISTED = re.compile(r"[,;，；、&]|(?<=[\s\d])(?:and|und|et|y|и|和|及)(?=\s)", re.IGNORECASE)
_NUMBER = r"(\d{1,6}(?:\.\d{1,6}){0,15})"
_RANGE = re.compile(rf"{_NUMBER}\s*+(?:[-–—~]|to|bis)\s*+{_NUMBER}\Z", re.IGNORECASE)
_LETTERED = re.compile(r"(?:[A-Z][A-Z0-9]{0,30}-\d{1,6}|T-?\d{1,6})\Z")
_REQUIREMENT = re.compile(r"(?:[A-Za-z]{1,8}[-_ ]?)?\d{1,4}(?:\.\d{1,4}){0,6}")
_WORD = re.compile(r"\b(?:requirements?|req|需求|要求)\b[ \t#:.]*", re.IGNORECASE)
_MOST = 200


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: `column` (from 1) is where its value starts; `marked` says that it is emphasised as one."""

    kind: Kind
    value: str
    line: int
    column: int
    marked: bool


def statements(task: Task) -> Iterator[Statement]:
    """The statements among the details of a task, in order; code and comments state nothing."""
    for line in task.details:
        found = None if line.hidden else _statement(line)
        if found:
            yield found


def _statement(line: Line) -> Statement | None:
    match = _STATEMENT.match(line.text)
    if match:
        kind = next(kind for kind in Kind if match[kind])
        marked = bool(match["em"]) or (kind is Kind.DEPENDS and not match[kind].casefold().startswith("dependenc"))
        open_ = match["em"] if not (match["inner"] or match["outer"]) else ""
        value = match["value"].rstrip()
        return Statement(kind, _unwrapped(value, open_), line.number, match.start("value") + 1, marked)
    prose = _PROSE.match(line.text)
    if prose and tasks_named(value := _unwrapped(prose["value"].rstrip(), prose["em"])).only:
        return Statement(Kind.DEPENDS, value, line.number, prose.start("value") + 1, True)
    return None


def _unwrapped(value: str, emphasis: str) -> str:
    """The value without the emphasis that began before the key: `_writes: b_` names `b`."""
    if emphasis and value.endswith(emphasis):
        value = value[: -len(emphasis)]
    return value.strip()


@dataclass(frozen=True)
class Named:
    """The ids that a statement names, and its entries that are none. `only`: it names ids and nothing else."""

    ids: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def only(self) -> bool:
        return bool(self.ids) and not self.others


def tasks_named(value: str) -> Named:
    """The tasks in `1, 2.1`, `Tasks 1 and 3 (done)`, `1-3`; `none` names none."""
    ids, others = list[str](), list[str]()
    for part in _LISTED.split(_ASIDE.sub(" ", value), _MOST):
        bare = part.strip().strip("`*_").rstrip(".。").strip()
        if not bare or is_nothing(bare):
            continue
        found = _ids(bare)
        ids += found
        others += [] if found else [bare]
    return Named(tuple(dict.fromkeys(ids)), tuple(others))


def _ids(text: str) -> list[str]:
    if _LETTERED.match(text):
        return [text]
    bare = re.sub(r"\A[a-z\u0080-\uffff]+[ \t]*(?=\d)", lambda m: "" if label(m[0] + "1") else m[0], text, flags=re.I)
    bare = bare.removeprefix("#")
    if span := _RANGE.match(bare):
        return _span(span[1], span[2])
    return [bare] if re.fullmatch(_NUMBER, bare) else []


def _span(first: str, last: str) -> list[str]:
    """`1.2-1.4` is `1.2, 1.3, 1.4`; nothing when the two are no span of one list."""
    head, _, start = first.rpartition(".")
    other, _, end = last.rpartition(".")
    if head != other or not int(start) < int(end) <= int(start) + _MOST:
        return []
    return [f"{head}.{n}" if head else str(n) for n in range(int(start), int(end) + 1)]


def requirements_named(value: str) -> list[str]:
    """The ids in `1.1, 2.3`, `Requirements 1.1-1.3`, `FR-2.1`; words such as "All" are none."""
    found: list[str] = []
    for part in _LISTED.split(_ASIDE.sub(" ", value), _MOST):
        bare = _WORD.sub("", part).strip().strip("`*_").rstrip(".").strip()
        if span := _RANGE.match(bare):
            found += _span(span[1], span[2]) or [span[1], span[2]]
        elif _REQUIREMENT.fullmatch(bare):
            found.append(bare)
    return list(dict.fromkeys(found))


def paths_named(statement: Statement) -> list[Entry]:
    """The paths of `writes` or `reads`, as globs; what cannot be one has a problem.

    Prose that only begins like a statement ("Writes: the log to disk") names none.
    """
    parts = [_path(part) for part in _split_paths(statement.value)]
    parts = [part for part in parts if part and not is_nothing(part)]
    if not statement.marked and not all(looks_like_path(part) for part in parts):
        return []
    return [_entry(part, statement) for part in parts]


def _entry(path: str, at: Statement) -> Entry:
    if re.search(r"\s", path):
        return Entry(path, at.line, at.column, "is not a path")
    return entry(path, at.line, at.column)


def _path(text: str) -> str:
    return _ASIDE.sub("", text).strip().strip("`").strip() if "`" not in text.strip()[1:-1] else text.strip()


def _split_paths(value: str) -> list[str]:
    """Cuts at commas outside `{a,b}`."""
    parts, depth, start = list[str](), 0, 0
    for at, character in enumerate(value):
        depth += (character == "{") - (character == "}")
        if character in ",;，；、" and depth <= 0:
            parts.append(value[start:at])
            start = at + 1
    return [*parts, value[start:]]
