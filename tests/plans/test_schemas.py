"""The schemas of milestone and phase say what the readers accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from orchestra.core.words import CommitType, Complexity, GroupStatus, Priority, UnitStatus
from orchestra.plans import groupfile, unitfile
from orchestra.plans.edit import fields

ROOT = Path(__file__).resolve().parents[2]
PLANS = [*(ROOT / "templates/demo/project").rglob("M*-*"), *(ROOT / "examples").rglob("M*-*")]
PHASES = [path for plan in PLANS for path in plan.rglob("phase-*.md")]
MILESTONES = [path for plan in PLANS for path in plan.glob("milestone.md")]


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(found)
    return found


def front_matter(path: Path) -> Any:
    return yaml.safe_load(path.read_text().split("---\n")[1])


def table(path: Path) -> dict[str, str]:
    spelt = {key.lower(): key for key in schema("milestone")["properties"]}
    return {spelt[span.key]: span.value for span in fields(path.read_text())}


def test_each_schema_names_the_keys_that_its_reader_knows() -> None:
    assert set(schema("phase")["properties"]) == set(unitfile.KEYS)
    assert {key.lower() for key in schema("milestone")["properties"]} == {key.lower() for key in groupfile.FIELDS}


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("phase", "status", UnitStatus),
        ("phase", "complexity", Complexity),
        ("phase", "type", CommitType),
        ("milestone", "Status", GroupStatus),
        ("milestone", "Priority", Priority),
    ],
)
def test_values_are_those_of_the_words(name: str, key: str, words: Any) -> None:
    assert set(schema(name)["properties"][key]["enum"]) == {str(word) for word in words}


@pytest.mark.parametrize("path", PHASES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_phases_that_are_carried_out_fit(path: Path) -> None:
    Draft202012Validator(schema("phase")).validate(front_matter(path))


@pytest.mark.parametrize("path", MILESTONES, ids=lambda path: path.parent.name)
def test_milestones_that_are_carried_out_fit(path: Path) -> None:
    Draft202012Validator(schema("milestone")).validate(table(path))


@pytest.mark.parametrize(
    "wrong", [{"complexity": "hard"}, {"order": "first"}, {"depends_on": "phase-1"}, {"type": "feature"}]
)
def test_what_the_reader_calls_wrong_does_not_fit(wrong: dict[str, Any]) -> None:
    assert not Draft202012Validator(schema("phase")).is_valid(wrong)


def test_there_is_something_to_fit() -> None:
    assert len(PHASES) >= 6
    assert len(MILESTONES) >= 3
