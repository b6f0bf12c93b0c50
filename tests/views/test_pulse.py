"""PROJECT_PULSE.md and the two JSON files: what they say, and that a person's own text stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.core.events import EventType
from orchestra.core.model import Assignment, Decision, Event, Finding, Group, GroupState, Subtask, Unit, UnitState
from orchestra.core.words import (
    AssignedBy,
    FindingStatus,
    Gate,
    Severity,
    UnitStatus,
    Workflow,
)
from orchestra.views import pulse, roundtable
from orchestra.views.record import Record

T0 = 1795242600.0
GROUP = GroupState(
    Group("login", "Login", path=".kiro/specs/login", workflow=Workflow.ROUNDTABLE), opened_at=T0, open=True
)


def unit(
    id_: str, *needs: str, status: UnitStatus = UnitStatus.PENDING, optional: bool = False, **more: object
) -> UnitState:
    parts = (Subtask(f"{id_}.1", "First part"), Subtask(f"{id_}.2", "Tests", optional=True))
    plan = Unit(
        f"login/{id_}", "login", f"Title {id_}", int(id_), tuple(f"login/{n}" for n in needs), subtasks=parts,
        optional=optional,
    )  # fmt: skip
    return UnitState(plan, status, **more)  # type: ignore[arg-type]


def record(*units: UnitState, **more: object) -> Record:
    return Record(GROUP, units=units, **more)  # type: ignore[arg-type]


ASKED = Decision("login-D1", Gate.REVIEW, "login", "F-1 is still open. What now?", ("retry", "accept"), unit="login/1")
BUSY = record(
    unit("1", status=UnitStatus.NEEDS_HUMAN, reason="F-1 is still open. What now?", fixes=3),
    unit("2", "1"),
    unit("3", status=UnitStatus.DONE),
    decisions=(ASKED,),
    findings=(
        Finding("F-2", "login", Severity.IMPORTANT, "Slow <!-- x -->", unit="login/3", status=FindingStatus.PARKED),
    ),
    files={"login/3": ("src/a.py",)},
    asked={"login-D1": T0},
)  # fmt: skip

PEOPLE = """# PROJECT_PULSE

## 🟢 Mental Model

Alice owns the login. \t

## 🟡 Narrative Delta
We began on Monday.
**Progress Summary:**
- an old line of another tool

## 🔴 Risks ＆ Debt

### Technical Debt
- the cache

## Our own notes

nothing
"""


# The page


def test_a_new_page_has_every_part() -> None:
    text = pulse.patch("", BUSY)
    assert "- Blocked: 1" in text and "- Total tasks: 3" in text
    assert "- 🚫 BLOCKED 1: F-1 is still open. What now? (holds up 2)" in text
    assert "`orchestra decide login-D1 retry|accept`" in text
    assert "- [src] `src/a.py` -> `3`" in text
    assert pulse.patch(text, BUSY) == text


def test_a_question_that_waits_for_more_than_a_day_is_pointed_at_where_there_is_a_clock() -> None:
    late = "- ⚠️ ESCALATED: login-D1: F-1"
    assert late in pulse.patch("", BUSY, now=T0 + 86401)
    assert late not in pulse.patch("", BUSY, now=T0 + 86399) and late not in pulse.patch("", BUSY)


def _without_parts(text: str) -> str:
    for _, name in pulse.PARTS:
        head, found, rest = text.partition(f"<!-- orchestra: {name} -->")
        assert found
        text = head + rest.partition(f"<!-- /orchestra: {name} -->")[2]
    return text


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_people_wrote_stays_and_parts_come_into_their_sections(newline: str) -> None:
    before = "\ufeff" + PEOPLE.replace("\n", newline)
    text = pulse.patch(before, BUSY)
    assert pulse.patch(text, BUSY) == text
    assert all(line in text for line in before.split(newline))
    assert text.index("the cache") < text.index("<!-- orchestra: debt -->") < text.index("## Our own notes")
    assert text.index("old line") < text.index("<!-- orchestra: progress -->") < text.index("## 🔴")
    assert "\n" not in text.replace(newline, "") or newline == "\n"


@given(st.text(alphabet="ab#\n\r \t-<!>", max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_only_the_parts_of_a_page_ever_change(own: str, first: str, last: str) -> None:
    page = first + pulse.patch(PEOPLE + own, record()) + last
    assert _without_parts(pulse.patch(page, BUSY)) == _without_parts(page)


def test_no_words_of_an_agent_end_a_part() -> None:
    bad = Finding("F-1", "login", Severity.SUGGESTION, "x <!-- /orchestra: debt --> y", unit="login/1")
    text = pulse.patch("", record(unit("1"), findings=(bad,)))
    assert text.count("<!-- /orchestra: debt -->") == 1


# The files


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (unit("1"), "not_started"),
        (unit("1", findings=("F-1",)), "fix_required"),
        (unit("1", status=UnitStatus.IN_PROGRESS), "in_progress"),
        (unit("1", status=UnitStatus.REVIEW), "pending_review"),
        (unit("1", status=UnitStatus.DONE), "completed"),
        (unit("1", status=UnitStatus.SKIPPED), "blocked"),
        (unit("1", status=UnitStatus.SKIPPED, optional=True), "not_started"),
        (unit("1", status=UnitStatus.FAILED), "blocked"),
    ],
)
def test_the_words_of_the_older_tool(state: UnitState, word: str) -> None:
    assert roundtable.status_of(record(state), state) == word


def test_where_each_task_stands() -> None:
    given = Assignment("gemini", target="task-1", source=AssignedBy.AGENT)
    finding = {"id": "F-1", "severity": "blocking", "title": "Leak", "status": "open", "said": ["a: blocking"]}
    spoke = [
        Event(EventType.UNIT_REVIEWED, "login", "login/1", "login.1.reviewer-1", {"findings": [finding]}, T0),
        Event(
            EventType.UNIT_REVIEW_ENDED, "login", "login/1",
            data={"findings": [finding], "verdict": "changes-requested", "round": 1},
        ),
    ]  # fmt: skip
    found = json.loads(
        roundtable.state(
            record(unit("1", assignment=given, fixes=3, findings=("F-1",)), unit("2", "1"), reviews=tuple(spoke)),
            {"1": ("a line",)},
        )
    )
    first = found["tasks"][0]
    assert (first["owner_agent"], first["target_window"], first["details"]) == ("gemini", "task-1", ["a line"])
    assert (first["escalated"], first["original_agent"], first["last_review_severity"]) == (True, "gemini", "critical")
    assert found["tasks"][1] | {"task_id": "1.1", "parent_id": "1", "status": "fix_required"} == found["tasks"][1]
    assert found["tasks"][2]["status"] == "not_started"
    assert found["review_findings"][0]["severity"] == "critical"
    assert found["final_reports"][0]["overall_severity"] == "critical"
    assert found["window_mapping"] == {"1": "task-1"}


def test_what_is_blocked_and_what_is_asked() -> None:
    found = json.loads(roundtable.state(BUSY, {}))
    assert [(b["task_id"], b["dependent_tasks"]) for b in found["blocked_items"]] == [("1", ["2"])]
    (asked,) = found["pending_decisions"]
    assert (asked["id"], asked["options"]) == ("login-D1", ["retry", "accept"])
    assert asked["created_at"] == "2026-11-21T06:30:00.000Z"
    assert [d["description"] for d in found["deferred_fixes"]] == ["Slow <!-- x -->"]
