"""One module defines the words: schemas and prompts use those and no others."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from orchestra.core import words
from tests.support.launching import ROOT

ENUMS = {name: kind for name, kind in inspect.getmembers(words, inspect.isclass) if issubclass(kind, StrEnum)}
ENUMS.pop("StrEnum", None)

# Lists of values that only the file they stand in knows: each is here on purpose.
OF_ONE_FILE = {
    ("config.schema.json", frozenset({"none", "bwrap"})): "what is put around an agent's process",
    ("config.schema.json", frozenset({"local", "tmux"})): "whether there are windows to look at agents",
}

PROMPTS = [
    path
    for folder in ("templates", "agents", "rules", "skills", "commands")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".md", ".j2", ".yml", ".yaml")
]

# Where a prompt gives one of these fields a value, the value is one of these words.
FIELDS = {
    "severity": ("Severity",),
    "verdict": ("Verdict",),
    "complexity": ("Complexity", "Pipeline"),
    "pipeline": ("Pipeline",),
    "workflow": ("Workflow",),
    "liveness": ("Liveness",),
    "enforcement": ("Enforcement",),
    "status": ("GroupStatus", "UnitStatus", "FindingStatus"),
}

_NAMES = "|".join(FIELDS)
_VALUE = re.compile(rf"""["'*`]*\b({_NAMES})\b["'*`]*[ \t]*[:=|][ \t]*["'`]*([a-z][a-z-]+)""", re.IGNORECASE)
_CHOICE = re.compile(r"(?<![\w|/-])[a-z][a-z-]*(?:\|[a-z][a-z-]*)+(?![\w|/-])")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def values(*names: str) -> set[str]:
    return {str(word) for name in names for word in ENUMS[name]}


def enums_in(schema: object) -> Iterator[list[object]]:
    """Every `enum` of a JSON Schema, however deep; a `const` is an enum of one."""
    if isinstance(schema, list):
        for one in schema:
            yield from enums_in(one)
    if isinstance(schema, dict):
        if isinstance(schema.get("enum"), list):
            yield schema["enum"]
        for one in schema.values():
            yield from enums_in(one)


def schemas() -> list[Path]:
    return sorted((ROOT / "schemas").glob("*.json"))


def test_there_is_something_to_check():
    assert len(ENUMS) >= 20
    assert schemas()
    assert PROMPTS
    assert not set().union(*FIELDS.values()) - set(ENUMS)


@pytest.mark.parametrize("path", schemas(), ids=lambda path: path.name)
def test_each_list_of_values_in_a_schema_is_one_of_the_enumerations(path):
    known = {frozenset(values(name)) for name in ENUMS}
    known |= {allowed for name, allowed in OF_ONE_FILE if name == path.name}
    listed = list(enums_in(json.loads(path.read_text(encoding="utf-8"))))
    wrong = [one for one in listed if frozenset(one) - {None} not in known]
    assert not wrong, f"{path.name}: no enumeration of core/words.py has exactly these values: {wrong}"


def test_no_exception_is_left_over():
    for name, allowed in OF_ONE_FILE:
        listed = enums_in(json.loads((ROOT / "schemas" / name).read_text(encoding="utf-8")))
        assert allowed in map(frozenset, listed)


def wrong_values(text: str) -> list[str]:
    """Where `text` gives a field a word that is not one of its own."""
    found = _VALUE.findall(_JINJA.sub("", text))
    return [f"{field}: {word}" for field, word in found if word not in values(*FIELDS[field.lower()])]


def wrong_choices(text: str) -> list[str]:
    """Where `text` offers a choice of words, some of one enumeration and some of none."""
    wrong = []
    for choice in _CHOICE.findall(_JINJA.sub("", text)):
        offered = set(choice.split("|"))
        best = max(ENUMS, key=lambda name: len(offered & values(name)))
        if len(offered & values(best)) >= 2 and not offered <= values(best):
            wrong.append(choice)
    return wrong


@pytest.mark.parametrize("path", PROMPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_prompts_use_no_other_word(path):
    text = path.read_text(encoding="utf-8")
    assert wrong_values(text) == []
    assert wrong_choices(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"severity": "critical"}', ["severity: critical"]),
        ("| **Status** | finished |", ["Status: finished"]),
        ("verdict: approved", []),
        ("pipeline:\n  parallel: enabled", []),
        ('{"severity": "…"} severity of each: {{ c.severity | line }}', []),
    ],
)
def test_a_wrong_value_is_found(text, wrong):
    assert wrong_values(text) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("blocking|important|nit", ["blocking|important|nit"]),
        ("blocking|important", []),
        ("claim|renew|show and {{ a|b }}", []),
    ],
)
def test_a_wrong_choice_is_found(text, wrong):
    assert wrong_choices(text) == wrong


def test_no_value_is_written_in_two_ways():
    """`in-progress` and `in_progress` would both look right."""
    spellings: dict[str, set[str]] = {}
    for name in ENUMS:
        for word in values(name):
            spellings.setdefault(re.sub(r"[^a-z0-9]", "", word.lower()), set()).add(word)
    assert [ways for ways in spellings.values() if len(ways) > 1] == []
