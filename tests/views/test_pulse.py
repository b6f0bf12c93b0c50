"""PROJECT_PULSE.md and the two JSON files: what they say, and that a person's own text stays."""

from __future__ import annotations

import json
from dataclasses import replace

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
    assert "`orchestra decide login-D1 retry|accept [words for the agent]`" in text
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


@given(st.sets(st.sampled_from([f"<!-- {end}orchestra: {name} -->" for name in pulse.ALL for end in ("", "/")])))
def test_what_stands_where_somebody_has_taken_a_comment_away_stays(gone: set[str]) -> None:
    page = pulse.patch(PEOPLE, record())
    for comment in gone:
        page = page.replace(comment, f"Mine: {comment[5:-4]}.")
    once = pulse.patch(page, BUSY)
    assert [line for line in page.splitlines() if line.startswith("Mine") and line not in once.splitlines()] == []
    assert pulse.patch(once, BUSY) == once
    assert "- Blocked: 1" in once


def test_a_comment_in_a_sentence_begins_no_part() -> None:
    own = "A part begins with <!-- orchestra: debt --> and ends with <!-- /orchestra: debt -->.\n\nBob keeps it.\n\n"
    page = pulse.patch(own + PEOPLE, BUSY)
    assert page.startswith(own)
    assert pulse.patch(page, record()).startswith(own)


def test_a_comment_in_code_is_no_heading() -> None:
    code = "## 🔗 Semantic Anchors\n\n```sh\n# all of it\nls\n```\n"
    assert pulse.patch(f"{code}\n## Ours\n", BUSY).startswith(f"{code}\n<!-- orchestra: anchors -->")


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


def test_each_finding_of_a_reviewer_has_its_id_file_and_line() -> None:
    near = Finding("F-1", "login", Severity.IMPORTANT, "Leak", file="src/a.py", line=3, unit="login/1")
    far = Finding("F-2", "login", Severity.SUGGESTION, "Leak", file="src/a.py", line=90, unit="login/1")
    said = [
        {"severity": "important", "file": "./src/a.py", "line": 4, "title": "leak."},
        {"severity": "suggestion", "file": "src/a.py", "line": 91, "title": "Leak"},
        {"id": "F-1", "line": None},
        {"severity": "suggestion", "title": "Elsewhere"},
    ]
    spoke = Event(EventType.UNIT_REVIEWED, "login", "login/1", "login.1.reviewer-1", {"findings": said}, T0)
    found = json.loads(roundtable.state(record(unit("1"), findings=(near, far), reviews=(spoke,)), {}))
    keys = ("id", "severity", "summary", "file", "line")
    assert [tuple(one[key] for key in keys) for one in found["review_findings"]] == [
        ("F-1", "major", "leak.", "src/a.py", 4),
        ("F-2", "minor", "Leak", "src/a.py", 91),
        ("F-1", "major", "Leak", "src/a.py", 3),
        ("", "minor", "Elsewhere", "", 0),
    ]
    assert [(d["id"], d["file"], d["line"]) for d in found["deferred_fixes"]] == [("F-2", "src/a.py", 90)]


def test_what_is_left_for_later_is_named_with_its_place_however_much_was_mended() -> None:
    mended = Finding("F-", "login", Severity.BLOCKING, "Leak", unit="login/1", status=FindingStatus.FIXED)
    left = Finding("F-z", "login", Severity.SUGGESTION, "Slow", file="src/a.py", line=7, unit="login/1")
    findings = (*(replace(mended, id=f"F-{n:03}") for n in range(100)), left)
    assert "- suggestion `src/a.py:7`: Slow (1)" in pulse.patch("", record(unit("1"), findings=findings))


def test_what_a_skipped_unit_has_is_left_and_nobody_mends_it() -> None:
    bad = Finding("F-1", "login", Severity.BLOCKING, "Leak", unit="login/1")
    skipped = record(unit("1", status=UnitStatus.SKIPPED, findings=("F-1",), fixes=3), findings=(bad,))
    assert "- blocking: Leak (1)" in pulse.patch("", skipped) and "to mend" not in pulse.patch("", skipped)
    assert [d["severity"] for d in json.loads(roundtable.state(skipped, {}))["deferred_fixes"]] == ["critical"]
    mended = record(unit("1", findings=("F-1",)), findings=(bad,))
    assert "Leak" not in pulse.patch("", mended) and "1 findings to mend" in pulse.patch("", mended)


def test_what_is_blocked_and_what_is_asked() -> None:
    found = json.loads(roundtable.state(BUSY, {}))
    assert [(b["task_id"], b["dependent_tasks"]) for b in found["blocked_items"]] == [("1", ["2"])]
    (asked,) = found["pending_decisions"]
    assert (asked["id"], asked["options"]) == ("login-D1", ["retry", "accept"])
    assert asked["created_at"] == "2026-11-21T06:30:00.000Z"
    assert [d["description"] for d in found["deferred_fixes"]] == ["Slow <!-- x -->"]
