"""review: findings as agents write them, and the schema that describes them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra import review
from orchestra.commands.report import STATUSES
from orchestra.core.findings import problems
from orchestra.core.model import Finding
from orchestra.core.words import FindingStatus, Severity, UnitStatus
from orchestra.errors import Exit, UserError
from tests.support.launching import ROOT

GOOD = {"severity": "blocking", "file": "src/a.py", "line": 3, "title": "Token is logged", "detail": "It is."}


def schema(name: str) -> Any:
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


@cache
def validator(name: str) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    found = [Resource.from_contents(schema(each)) for each in ("finding", "report")]
    registry = Registry().with_resources((each.id(), each) for each in found)
    return Draft202012Validator(schema(name), registry=registry)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([GOOD]),
        json.dumps({"findings": [GOOD], "summary": "x"}),
        "\ufeff" + json.dumps([GOOD]),
        "```json\n" + json.dumps([GOOD]) + "\n```\n",
    ],
)
def test_what_agents_write_is_read(text):
    assert review.parse(text.encode()) == [GOOD]


def test_nothing_found_is_an_answer():
    assert review.parse(b"[]") == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"[", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"7", "array"),
        (b'{"a": 1}', "array"),
        (b'[{"severity": "critical", "title": "x"}]', "'critical'; use one of blocking, important, suggestion"),
        (b"[" + b" " * review.LIMIT + b"]", "larger"),
        (b'[{"severity": "blocking", "title": "x", "line": NaN}]', "whole number"),
    ],
)
def test_what_cannot_be_used_is_said(data, says):
    with pytest.raises(UserError) as caught:
        review.parse(data)
    assert says in caught.value.message
    assert caught.value.code == Exit.BAD_INPUT
    assert "severity" in caught.value.hint or "larger" in says


def test_findings_are_saved_in_full(tmp_path):
    finding = Finding("F-1", "M1", Severity.IMPORTANT, "Träge", file="a.py", line=2, detail="x" * 3000)
    review.save(tmp_path / "f.json", [finding])
    (read,) = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert read == review.to_json(finding)
    assert validator("finding").is_valid(read)


def test_open_ones_are_listed_first():
    fixed = Finding("F-1", "M1", Severity.BLOCKING, "a", status=FindingStatus.FIXED)
    minor = Finding("F-2", "M1", Severity.SUGGESTION, "b", file="a.py", line=2)
    major = Finding("F-3", "M1", Severity.BLOCKING, "c", file="b.py")
    assert list(review.lines([fixed, minor, major])) == [
        "F-3 blocking open b.py: c",
        "F-2 suggestion open a.py:2: b",
        "F-1 blocking fixed: a",
    ]


# The schemas


def test_the_schemas_use_the_words():
    assert schema("finding")["properties"]["severity"]["enum"] == list(Severity)
    statuses = [each["const"] for each in schema("report")["properties"]["status"]["oneOf"]]
    assert statuses == list(STATUSES)
    assert set(statuses) <= set(UnitStatus)


def test_the_schemas_are_schemas():
    for name in ("finding", "report"):
        validator(name).check_schema(schema(name))


anything = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
values = {
    "id": anything, "file": anything, "detail": anything,
    "line": anything | st.integers(0, 50),
    "severity": st.sampled_from(list(map(str, Severity))) | anything,
    "title": st.sampled_from(["Token is logged", " "]) | anything,
}  # fmt: skip
entries = st.fixed_dictionaries({}, optional=values)


@given(entries)
def test_the_schema_and_the_code_agree(entry):
    assert validator("finding").is_valid(entry) == (not problems([entry]))


@given(entries)
def test_what_is_accepted_the_harness_can_read_back(entry):
    from orchestra.backends.claim import claim_of

    if not problems([entry]):
        claim = claim_of({"status": "done", "findings": [entry]})
        assert claim.findings[0]["severity"] == entry["severity"]
        assert not problems(list(claim.findings))
