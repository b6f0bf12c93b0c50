"""milestone.md: two fields are the state's, every other byte is people's."""

from __future__ import annotations

import pytest

from orchestra.views import milestone
from tests.support.records import group, lease, record

TABLE = """\
# Milestone: M1 — User auth

| Field | Value |
|---|---|
| Status | planning |
| Priority | P0 |

<!-- Status | done -->
## Notes

| Status | mine |
"""
LOCKED = "| Locked-By | 2026-11-21T06:30:00Z host/77/01234567 epoch=3 |"


def test_status_and_lock() -> None:
    text = milestone.patch(TABLE, record())
    assert text == TABLE.replace("| planning |", "| in-progress |").replace("| P0 |\n", f"| P0 |\n{LOCKED}\n")


def test_a_released_lock_leaves_no_trace() -> None:
    locked = milestone.patch(TABLE, record())
    after = milestone.patch(locked, record(group=group("done"), lease=lease(held=False)))
    assert after == TABLE.replace("planning", "done")


def test_a_missing_status_row_is_added() -> None:
    text = milestone.patch(TABLE.replace("| Status | planning |\n", ""), record(lease=None))
    assert milestone.field_value(text, "Status") == "in-progress"


@pytest.mark.parametrize("foreign", ["2026-11-21T06:30", "2026-11-21T06:30:00Z other/1/abc epoch=9"])
def test_a_foreign_lock_stays_while_nobody_here_holds_the_group(foreign: str) -> None:
    text = TABLE.replace("| P0 |\n", f"| P0 |\n| Locked-By | {foreign} |\n")
    for none in (None, lease(held=False)):
        assert milestone.field_value(milestone.patch(text, record(lease=none)), "Locked-By") == foreign


def test_a_lock_that_was_taken_over_is_replaced() -> None:
    text = TABLE.replace("| P0 |\n", "| P0 |\n| Locked-By | 2026-11-21 |\n")
    assert LOCKED in milestone.patch(text, record())


def test_an_older_mark_of_this_state_is_removed() -> None:
    text = TABLE.replace("| P0 |\n", "| P0 |\n| Locked-By | 2026-11-21T06:30:00Z host/5/aa epoch=2 |\n")
    known = record(lease=lease(held=False), marks=frozenset({("host/5/aa", 2)}))
    assert "Locked-By" not in milestone.patch(text, known)


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_bom_and_line_ends_survive(bom: str, eol: str) -> None:
    text = milestone.patch(bom + TABLE.replace("\n", eol), record())
    wanted = TABLE.replace("| planning |", "| in-progress |").replace("| P0 |\n", f"| P0 |\n{LOCKED}\n")
    assert text == bom + wanted.replace("\n", eol)


def test_twice_is_once() -> None:
    once = milestone.patch(TABLE, record())
    assert milestone.patch(once, record()) == once
