"""Single values as people write them."""

from __future__ import annotations

import pytest

from orchestra.core.words import GroupStatus, Pipeline
from orchestra.plans import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T06:30:00Z", 1795242600.0),
        ("2026-11-21T06:30:00Z host/42 epoch=3", 1795242600.0),
        ("2026-11-21T06:30:00", 1795242600.0),
        ("2026-11-21 06:30", 1795242600.0),
        ("2026-11-21T07:30:00+01:00", 1795242600.0),
        ("2026-11-21T07:30:00 +0100", 1795242600.0),
        ("2026-11-21T06:30:00.500Z", 1795242600.5),
        ("2026-11-21 06:30 UTC", 1795242600.0),
        ("since 2026-11-21", 1795219200.0),
        ("2026-13-45T99:99:99Z", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_timestamp(text, expected):
    assert values.timestamp(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quick", Pipeline.QUICK),
        ("standard", Pipeline.STANDARD),
        ("full", Pipeline.FULL),
        ("trivial", Pipeline.QUICK),
        ("complex", Pipeline.FULL),
        (" `Full` ", Pipeline.FULL),
        ("huge", None),
    ],
)
def test_pipeline(text, expected):
    assert values.pipeline(text) is expected


def test_words_in_other_spellings():
    assert values.word(GroupStatus, "In Progress") is GroupStatus.IN_PROGRESS
    assert values.word(GroupStatus, "**in_progress**") is GroupStatus.IN_PROGRESS
    assert values.word(GroupStatus, "finished") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("M1", "M1"), ("m01", "M1"), ("M1-user-auth", "M1"), ("1", None), ("M1 x", None), ("M1-..", None)],
)
def test_group_id(text, expected):
    assert values.group_id(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phase-1", "M1/phase-1"),
        ("1", "M1/phase-1"),
        ("phase-02", "M1/phase-2"),
        ("M2/phase-1", "M2/phase-1"),
        ("m1-user-auth/phase-3", "M1/phase-3"),
        ("phase-1.md", "M1/phase-1"),
        ("../phase-1", None),
        ("phase 1", None),
    ],
)
def test_phase_id(text, expected):
    assert values.phase_id(text, "M1") == expected


def test_lists_in_a_cell():
    assert values.listed("M1, M2 and M3") == ["M1", "M2", "M3"]
    assert values.listed("—") == []
    assert values.listed("[M1]") == ["M1"]
