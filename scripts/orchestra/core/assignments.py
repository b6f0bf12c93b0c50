"""What an assigner answers, checked: whose each unit is, and how much care it needs. Pure.

Two forms are understood: `{"dispatch_units": […], "window_mapping": {…}}` and `{"assignments": […]}`; an entry has
`task_id`, `type`, `owner_agent`, and may have `target_window`, `criticality`, `writes` and `reads`. The schema is
`schemas/assignments.schema.json`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .paths import TooComplex, check, normal
from .words import AssignedBy, Criticality, UnitKind

# What an entry may have; whatever else there is means nothing.
KEYS = ("task_id", "type", "owner_agent", "target_window", "criticality", "writes", "reads")
MOST_WINDOWS = 9
_LISTS = ("dispatch_units", "assignments")
_MOST_PROBLEMS = 20
_MOST_PATHS = 200
# Words that say how much harm a fault would do; "author" is none of them.
_WORDS = {
    Criticality.SECURITY_SENSITIVE: re.compile(
        r"\b(secur|o?auth(?!or\b|ors\b)|password|token|encrypt|credential|secret)", re.I
    ),
    Criticality.COMPLEX: re.compile(r"\b(refactor|migrat|integrat|architect)", re.I),
}


def problems(answer: object, ids: Sequence[str], owners: Collection[str], known: Collection[str] = ()) -> list[str]:
    """What is wrong with an answer, one sentence each, for the agent; empty when it can be used.

    `ids` are the units to be assigned, as the plan calls them, and `owners` the names that may own one; `known` are
    units that may be named for nothing, as somebody has said since whose they are.
    """
    if not isinstance(answer, Mapping):
        return ["the answer must be one JSON object"]
    entries = next((answer[name] for name in _LISTS if isinstance(answer.get(name), list)), None)
    if entries is None:
        return ["the answer needs a list `dispatch_units`"]
    wrong = [text for number, entry in enumerate(entries) for text in _entry_problems(number, entry, owners)]
    return [*wrong, *_id_problems(entries, ids, known), *_window_problems(answer, entries)][:_MOST_PROBLEMS]


def read(answer: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each id the data of its `unit-assigned`, from an answer without problems."""
    entries = next(answer[name] for name in _LISTS if isinstance(answer.get(name), list))
    windows = answer.get("window_mapping") or {}
    return {_id(entry): _data(entry, windows) for entry in entries}


def of_person(entry: Mapping[str, Any], owners: Collection[str], by: str) -> tuple[dict[str, Any], list[str]]:
    """The data of `unit-assigned` for one entry that a person has written, and what is wrong with it."""
    wrong = problems({"assignments": [entry]}, [_id(entry)], owners)
    data = {**_data(entry, {}), "source": str(AssignedBy.PERSON), "by": by}
    return data, [text.removeprefix("dispatch_units[0].") for text in wrong]


def by_words(title: str, owner: str) -> dict[str, Any]:
    """The data of `unit-assigned` where no agent is asked: one owner for all, and care by the words of the title."""
    found = (criticality for criticality, words in _WORDS.items() if words.search(title))
    criticality = next(found, Criticality.STANDARD)
    kind, source = str(UnitKind.CODE), str(AssignedBy.FALLBACK)
    return {"owner": owner, "kind": kind, "criticality": str(criticality), "target": "", "source": source}


def _data(entry: Mapping[str, Any], windows: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "owner": entry["owner_agent"],
        "kind": str(entry.get("type") or UnitKind.CODE),
        "criticality": str(entry.get("criticality") or Criticality.STANDARD),
        "target": str(entry.get("target_window") or windows.get(_id(entry)) or ""),
        "source": str(AssignedBy.AGENT),
        "writes": [path.removeprefix("./") for path in entry.get("writes") or ()],
        "reads": [path.removeprefix("./") for path in entry.get("reads") or ()],
    }


def _id(entry: Any) -> str:
    # Agents write 1 and 2.1 as numbers, too.
    value = entry.get("task_id") if isinstance(entry, Mapping) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _entry_problems(number: int, entry: object, owners: Collection[str]) -> Iterator[str]:
    at = f"dispatch_units[{number}]"
    if not isinstance(entry, Mapping):
        yield f"{at} must be an object"
        return
    if not _id(entry):
        yield f"{at}.task_id is missing"
    yield from _word_problem(f"{at}.type", entry.get("type"), list(UnitKind))
    yield from _word_problem(f"{at}.criticality", entry.get("criticality"), list(Criticality))
    yield from _word_problem(f"{at}.owner_agent", entry.get("owner_agent") or "", sorted(owners))
    if not isinstance(entry.get("target_window") or "", str):
        yield f"{at}.target_window must be text"
    for name in ("writes", "reads"):
        yield from _path_problems(f"{at}.{name}", entry.get(name) or [])


def _word_problem(at: str, value: object, words: Sequence[str]) -> Iterator[str]:
    if value is not None and value not in words:
        yield f"{at} is {str(value)[:40]!r}; use one of {', '.join(words)}"


def _path_problems(at: str, paths: object) -> Iterator[str]:
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        yield f"{at} must be a list of paths"
        return
    if len(paths) > _MOST_PATHS:
        yield f"{at} has more than {_MOST_PATHS} paths; use globs"
    for path in paths:
        if not _inside(path):
            yield f"{at}: {path[:60]!r} is no path inside of the repository"


def _inside(path: str) -> bool:
    try:
        check(path)
    except TooComplex:
        return False
    return path.isprintable() and not path.startswith(("/", "!", "~")) and bool(normal(path))


def _id_problems(entries: Sequence[object], ids: Sequence[str], known: Collection[str]) -> Iterator[str]:
    named = [_id(entry) for entry in entries if _id(entry)]
    for id_ in dict.fromkeys(named):
        if id_ not in ids and id_ not in known:
            yield f"{id_[:40]!r} is no unit to be assigned"
        elif named.count(id_) > 1:
            yield f"{id_} is assigned more than once"
    left = [id_ for id_ in ids if id_ not in named]
    if left:
        yield f"nobody was named for {', '.join(left[:10])}{' and others' if len(left) > 10 else ''}"


def _window_problems(answer: Mapping[str, Any], entries: Sequence[object]) -> Iterator[str]:
    mapping = answer.get("window_mapping") or {}
    if not isinstance(mapping, Mapping) or not all(isinstance(name, str) for name in mapping.values()):
        yield "window_mapping must give a name for each task_id"
        return
    named = [entry.get("target_window") or mapping.get(_id(entry)) for entry in entries if isinstance(entry, Mapping)]
    windows = {name for name in named if isinstance(name, str) and name}
    if len(windows) > MOST_WINDOWS:
        yield f"there are {len(windows)} target windows; put the units into at most {MOST_WINDOWS}"
