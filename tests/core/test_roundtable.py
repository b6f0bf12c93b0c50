"""Owners, reviewers of single units, the rounds of mending: what `roundtable` adds to the core."""

from __future__ import annotations

from typing import Any

import pytest

from orchestra.core import advice
from orchestra.core.apply import IllegalTransition
from orchestra.core.codec import encode
from orchestra.core.decide import may_integrate, offered
from orchestra.core.events import EventType
from orchestra.core.model import Event, Finding
from orchestra.core.words import AssignMode, Criticality, FindingStatus, Severity, UnitStatus, Verdict
from tests.support.runs import Course, about, group, of_group, replayed, starting, unit, value

OWNERS = (("codex", "codex"), ("gemini", "gemini"))
BAD = {"severity": "blocking", "file": "src/a.py", "line": 3, "title": "It leaks"}


def _course(*units: Any, **limits: Any) -> Course:
    policy = {"owners": OWNERS, "reviewers": ("codex", "gemini"), "unit_reviews": True, "max_parallel": 4}
    return Course(group(*units, reviews=0), workflow="roundtable", **{"backend": "codex", **policy, **limits})


def _assign(course: Course, name: str, criticality: str = "standard", owner: str = "codex", **data: Any) -> list[Event]:
    said = {"owner": owner, "criticality": criticality, "source": "agent", **data}
    return course.tell(Event(EventType.UNIT_ASSIGNED, group="M1", unit=f"M1/{name}", data=said))


def _reviewers(course: Course, name: str = "a") -> list[str]:
    """Begin all reviewers that are due for a unit; their backends."""
    due = [d for d in course.fresh() if d.kind == "review" and d.unit == f"M1/{name}"]
    for directive in due:
        course.tell(starting(directive))
    return [d.backend for d in due]


def _say(course: Course, *findings: dict[str, Any], number: int = 1, files: tuple[str, ...] = ()) -> list[Event]:
    """The reviewer of that number ends with these findings."""
    attempt = course.run.attempts[f"M1.a.reviewer-{number}"]
    course.tell(about(EventType.TURN_STARTED, attempt, turn=attempt.turn))
    course.tell(about(EventType.TURN_ENDED, attempt, exit_class="ok"))
    data = {"backend": attempt.backend, "findings": list(findings), "files": list(files)}
    return course.tell(about(EventType.UNIT_REVIEWED, attempt, **data))[1:]


def _review(course: Course, *findings: dict[str, Any], files: tuple[str, ...] = ()) -> list[Event]:
    """One round by one reviewer."""
    _reviewers(course)
    return _say(course, *findings, number=course.unit("a").reviewers, files=files)


# Owners


def test_the_first_assignment_stands_and_only_a_person_takes_it_away() -> None:
    course = _course(unit("a"))
    _assign(course, "a")
    with pytest.raises(IllegalTransition, match="unit-assigned cannot happen to M1/a"):
        _assign(course, "a", owner="gemini")
    _assign(course, "a", owner="gemini", source="person")
    assert course.unit("a").assignment.owner == "gemini"
    # An agent that was asked before, and answers late.
    _assign(course, "a", owner="codex")
    assert course.unit("a").assignment.owner == "gemini"


def test_when_people_have_named_every_owner_no_agent_is_asked() -> None:
    course = _course(unit("a"), unit("b"), assign=AssignMode.GROUP)
    _assign(course, "a", source="person")
    assert [d.ticket for d in course.fresh()] == ["M1.assigner-1"]
    _assign(course, "b", source="person")
    assert [d.unit for d in course.fresh()] == ["M1/a", "M1/b"]


def test_a_unit_that_failed_can_be_given_to_somebody_who_has_fixes_of_their_own() -> None:
    course = _course(unit("a"), fix_rounds=1)
    _assign(course, "a")
    course.build("a")
    for _ in range(2):
        _review(course, BAD)
        if course.unit("a").status is UnitStatus.PENDING:
            course.build("a")
    assert course.status("a") is UnitStatus.NEEDS_HUMAN
    _assign(course, "a", owner="gemini", source="person")
    assert (course.unit("a").fixes, course.unit("a").assignment.owner) == (0, "gemini")


def test_nobody_is_assigned_to_what_has_begun() -> None:
    course = _course(unit("a"))
    course.begin("a")
    with pytest.raises(IllegalTransition, match="in-progress"):
        _assign(course, "a")


@pytest.mark.parametrize(("stated", "came_to"), [(("src/own/**",), ("src/own/**",)), ((), ("src/guess/**",))])
def test_paths_are_taken_from_an_assigner_only_where_the_plan_is_silent(stated: Any, came_to: Any) -> None:
    course = _course(unit("a", writes=stated))
    _assign(course, "a", writes=["src/guess/**"], reads=["docs/**"])
    assert (course.unit("a").plan.writes, course.unit("a").plan.reads) == (came_to, ("docs/**",))


def test_the_owner_says_which_backend_builds() -> None:
    course = _course(unit("a"), unit("b"), unit("c"))
    _assign(course, "a", owner="gemini")
    _assign(course, "b", owner="somebody-else")
    assert [d.backend for d in course.fresh()] == ["gemini", "codex", ""]


def test_a_parked_backend_holds_up_its_own_units_alone() -> None:
    course = _course(unit("a"), unit("b"))
    _assign(course, "a", owner="gemini")
    _assign(course, "b", owner="codex")
    course.tell(Event(EventType.BACKEND_PARKED, data={"backend": "gemini", "until": course.now + 60}))
    assert course.said() == [("wait", "M1"), ("dispatch", "M1/b")]
    course.build("b")
    _reviewers(course, "b")
    waits = [d for d in course.decide() if d.kind == "wait"]
    assert waits[0].until == course.now + 60


def test_a_run_whose_every_backend_is_parked_waits_and_is_not_complete() -> None:
    course = _course(unit("a"))
    _assign(course, "a", owner="gemini")
    course.tell(Event(EventType.BACKEND_PARKED, data={"backend": "gemini", "until": course.now + 60}))
    assert {kind for kind, _ in course.said()} == {"wait"}
    course.now += 61
    assert course.said() == [("dispatch", "M1/a")]


# Assigners


def test_an_assigner_comes_before_the_first_unit() -> None:
    course = _course(unit("a"), unit("b"), assign=AssignMode.GROUP)
    (said,) = course.fresh()
    assert (said.ticket, said.role, said.purpose) == ("M1.assigner-1", "assigner", "assign")


def test_an_answer_that_cannot_be_used_is_sent_back_once_and_then_code_says_it() -> None:
    course = _course(unit("a"), unit("b"), assign=AssignMode.GROUP, stuck_retry_limit=1)
    course.begin("M1")
    assert course.send_back("M1", tree="", signature="answer") == []
    after = [str(e.type) for e in course.send_back("M1", tree="", signature="answer")]
    assert after == ["attempt-failed", "unit-assigned", "unit-assigned", "stage-entered"]
    assert {course.unit(n).assignment.source for n in "ab"} == {"fallback"}
    assert [d.backend for d in course.fresh()] == ["codex", "codex"]


@pytest.mark.parametrize("end", ["crash", "auth", "halt", "timeout"])
def test_an_assigner_that_fails_holds_nothing_up(end: str) -> None:
    course = _course(unit("a"), assign=AssignMode.GROUP)
    course.begin("M1")
    course.turn("M1", end)
    assert [d.unit for d in course.fresh()] == ["M1/a"]
    assert not [d for d in course.run.decisions.values() if d.pending]


def test_an_assigner_of_one_unit_is_asked_when_the_unit_is_ready_and_only_once() -> None:
    course = _course(unit("a"), unit("b", "a"), assign=AssignMode.UNIT, unit_reviews=False, max_parallel=2)
    assert [d.ticket for d in course.fresh()] == ["M1.a.assigner-1"]
    attempt = course.begin("a")
    assert not course.fresh()
    course.turn("a")
    _assign(course, "a", owner="gemini")
    course.tell(about(EventType.ASSIGNMENT_ENDED, attempt))
    assert [(d.ticket, d.backend) for d in course.fresh()] == [("M1.a.worker-1", "gemini")]
    course.build("a")
    assert [d.ticket for d in course.fresh()] == ["M1.b.assigner-1"]


# Reviews


@pytest.mark.parametrize("criticality", list(Criticality))
def test_how_many_look_at_a_unit_follows_from_how_critical_it_is(criticality: Criticality) -> None:
    course = _course(unit("a"))
    _assign(course, "a", criticality)
    course.build("a")
    assert len([d for d in course.fresh() if d.role == "reviewer"]) == (1 if criticality == "standard" else 2)


def test_the_reviewers_of_a_unit_are_different_backends_and_not_its_own_first() -> None:
    course = _course(unit("a"))
    _assign(course, "a", "complex", owner="codex")
    course.build("a")
    assert _reviewers(course) == ["gemini", "codex"]
    alone = _course(unit("a"), reviewers=())
    _assign(alone, "a", "complex")
    alone.build("a")
    assert _reviewers(alone) == ["codex", "codex"]


def test_a_reviewer_that_begins_before_the_first_one_keeps_its_name() -> None:
    course = _course(unit("a"))
    _assign(course, "a", "complex", owner="codex")
    course.build("a")
    course.tell(Event(EventType.BACKEND_PARKED, data={"backend": "gemini", "until": course.now + 60}))
    assert _reviewers(course) == ["codex"]
    course.now += 61
    assert [(d.ticket, d.backend) for d in course.fresh()] == [("M1.a.reviewer-3", "gemini")]


def test_what_waits_for_a_unit_waits_for_its_review() -> None:
    course = _course(unit("a"), unit("b", "a"))
    _assign(course, "a", "complex")
    course.build("a")
    assert course.status("a") is UnitStatus.REVIEW
    _reviewers(course)
    assert not course.fresh()
    assert _say(course, number=1) == []
    assert course.status("a") is UnitStatus.REVIEW
    after = [str(e.type) for e in _say(course, number=2)]
    assert after == ["unit-review-ended"]
    assert (course.status("a"), [d.unit for d in course.fresh()]) == (UnitStatus.DONE, ["M1/b"])


def test_reviewers_do_not_hold_up_the_commits_of_others() -> None:
    course = _course(unit("a"), unit("b"))
    _assign(course, "a")
    course.build("a")
    _reviewers(course)
    course.begin("b")
    course.turn("b")
    course.verify("b")
    assert may_integrate(course.run, "M1.b.worker-1")


def test_without_reviewers_nothing_is_different() -> None:
    course = _course(unit("a"), unit_reviews=False)
    _assign(course, "a", "security-sensitive")
    assert [str(e.type) for e in course.build("a")] == ["stage-entered"]
    assert course.status("a") is UnitStatus.DONE


@pytest.mark.parametrize(("tree", "status"), [("tree", UnitStatus.DONE), ("", UnitStatus.REVIEW)])
def test_where_nothing_was_changed_there_is_nothing_to_review(tree: str, status: UnitStatus) -> None:
    course = _course(unit("a", barrier=True))
    _assign(course, "a")
    course.begin("a")
    course.turn("a")
    course.verify("a", tree)
    course.tell(about(EventType.UNIT_ACCEPTED, course.attempt("a"), commit=""))
    assert course.status("a") is status


def test_a_reviewer_that_fails_is_replaced_and_then_a_person_decides() -> None:
    course = _course(unit("a"), max_attempts=2)
    _assign(course, "a")
    course.build("a")
    for _ in range(2):
        course.fail("a", "crash")
    assert course.pending().options == ("retry", "accept", "skip", "stop")
    course.answer("retry")
    assert course.status("a") is UnitStatus.REVIEW
    _review(course)
    assert course.status("a") is UnitStatus.DONE


# Mending


def test_a_finding_is_mended_and_looked_at_again() -> None:
    course = _course(unit("a"), unit("b", "a"))
    _assign(course, "a", owner="gemini")
    course.build("a")
    after = [str(e.type) for e in _review(course, BAD)]
    assert after == ["unit-review-ended", "fix-requested"]
    (fix,) = course.fresh()
    (found,) = course.run.findings
    assert (fix.purpose, fix.findings, fix.backend) == ("fix", (found,), "gemini")
    course.build("a")
    (look,) = course.fresh()
    assert (look.role, look.findings) == ("reviewer", (found,))
    _review(course)
    assert course.run.findings[found].status is FindingStatus.FIXED
    assert (course.status("a"), course.unit("a").review_round) == (UnitStatus.DONE, 2)


def test_two_fixes_by_the_owner_one_by_another_then_a_person() -> None:
    course = _course(unit("a"), unit("b", "a"))
    _assign(course, "a", owner="gemini")
    course.build("a")
    backends = []
    _review(course, BAD)
    for number in (1, 2, 3):
        (fix,) = course.fresh()
        backends.append(fix.backend)
        assert len(course.unit("a").learned) == number - 1
        course.build("a")
        _review(course, {"id": fix.findings[0]})
    assert backends == ["gemini", "gemini", "codex"]
    assert course.pending().options == ("retry", "accept", "skip", "stop")
    assert (course.status("a"), course.fresh()) == (UnitStatus.NEEDS_HUMAN, [])


def test_the_fix_that_a_person_grants_counts_and_knows_of_all_before_it() -> None:
    course = _course(unit("a"), fix_rounds=1)
    _assign(course, "a", owner="gemini")
    course.build("a")
    _review(course, BAD)
    backends = []
    for number in (1, 2, 3):
        (fix,) = course.fresh()
        backends.append(fix.backend)
        course.build("a")
        _review(course, {"id": fix.findings[0]})
        assert f"still open after {number} fixes" in course.pending().question
        course.answer("retry", comment="hash it")
        told = course.unit("a").learned
        assert [text[:10] for text in told] == ["The fix of"] * number + ["A person s"]
    assert backends == ["gemini", "gemini", "codex"]


@pytest.mark.parametrize(
    ("answer", "status", "finding"),
    [("accept", "done", "waived"), ("skip", "skipped", "open"), ("retry", "pending", "open")],
)
def test_what_a_person_can_say_about_a_review_without_end(answer: str, status: str, finding: str) -> None:
    course = _course(unit("a"), unit("b", "a"), unit("c"), fix_rounds=0)
    _assign(course, "a")
    _assign(course, "c")
    course.build("a", "c")
    _review(course, BAD)
    course.answer(answer, comment="the leak is known")
    assert course.status("a") == status
    assert [str(f.status) for f in course.run.findings.values()] == [finding]
    wanted = {"accept": "M1/b", "skip": "M1/b", "retry": "M1/a"}[answer]
    assert wanted in [d.unit for d in course.fresh()]


def test_a_review_that_a_person_has_cut_short_counts_no_more() -> None:
    course = _course(unit("a"), max_attempts=1)
    _assign(course, "a", "complex")
    course.build("a")
    _reviewers(course)
    second = course.run.attempts["M1.a.reviewer-2"]
    course.tell(about(EventType.TURN_STARTED, second, turn=1))
    course.tell(about(EventType.TURN_ENDED, second, exit_class="crash"))
    course.answer("accept")
    _say(course, BAD, number=1)
    assert (course.status("a"), len(course.run.findings), course.unit("a").reports) == (UnitStatus.DONE, 0, ())


def test_who_accepts_one_unit_says_nothing_about_another() -> None:
    course = _course(unit("a"), unit("b"), fix_rounds=0)
    for name in "ab":
        _assign(course, name)
        course.build(name)
        _reviewers(course, name)
        attempt = course.run.attempts[f"M1.{name}.reviewer-1"]
        course.tell(about(EventType.TURN_STARTED, attempt, turn=1))
        course.tell(about(EventType.TURN_ENDED, attempt, exit_class="ok"))
        course.tell(about(EventType.UNIT_REVIEWED, attempt, findings=[BAD]))
    course.answer("accept", id="M1-D1")
    assert {f.unit: str(f.status) for f in course.run.findings.values()} == {"M1/a": "waived", "M1/b": "open"}


def test_a_failed_group_is_reviewed_where_it_stood() -> None:
    course = _course(unit("a"), unit("b"), auto=True, max_attempts=1)
    _assign(course, "a", "complex")
    course.build("a")
    _reviewers(course)
    _say(course, BAD, number=1)
    course.fail("b")
    course.tell(of_group(EventType.GROUP_FAILED, reason="so"))
    assert course.status("a") is UnitStatus.BLOCKED
    course.tell(of_group(EventType.GROUP_RETRIED), Event(EventType.GROUP_OPENED, group="M1", epoch=2, data={}))
    assert course.status("a") is UnitStatus.REVIEW
    assert [d.ticket for d in course.fresh() if d.unit == "M1/a"] == ["M1.a.reviewer-3"]


# Many say the same


def _consolidated(*said: list[dict[str, Any]]) -> list[Finding]:
    course = _course(unit("a"))
    _assign(course, "a", "complex")
    course.build("a")
    _reviewers(course)
    for number, findings in enumerate(said, 1):
        _say(course, *findings, number=number)
    return sorted(course.run.findings.values(), key=lambda f: (f.line, f.title))


def test_the_same_place_said_twice_is_one_finding_with_the_highest_severity() -> None:
    mild = {**BAD, "severity": "suggestion", "line": 7, "title": "it leaks.", "detail": "two"}
    (found,) = _consolidated([{**BAD, "detail": "one"}], [mild])
    assert (found.severity, found.line, found.detail) == (Severity.BLOCKING, 3, "one\n\ntwo")
    assert found.said == ("reviewer-1 (gemini): blocking", "reviewer-2 (codex): suggestion")


@pytest.mark.parametrize("line", [9, 300])
def test_the_same_words_far_away_are_another_finding(line: int) -> None:
    found = _consolidated([BAD], [{**BAD, "line": line}])
    assert [f.line for f in found] == [3, line]
    assert len({f.id for f in found}) == 2


def test_a_disagreement_is_kept_and_not_averaged() -> None:
    (found,) = _consolidated([BAD], [])
    assert found.said == ("reviewer-1 (gemini): blocking", "reviewer-2 (codex): nothing")
    assert found.status is FindingStatus.OPEN


def test_an_entry_without_a_line_belongs_to_the_first_place() -> None:
    (found,) = _consolidated([{**BAD, "line": 0}], [BAD])
    assert found.said[1].endswith("blocking")


def test_two_units_with_the_same_fault_have_a_finding_each() -> None:
    course = _course(unit("a"), unit("b"))
    for name in "ab":
        _assign(course, name)
    course.build("a", "b")
    for name in "ab":
        _reviewers(course, name)
    for name in "ab":
        attempt = course.run.attempts[f"M1.{name}.reviewer-1"]
        course.tell(about(EventType.TURN_STARTED, attempt, turn=1))
        course.tell(about(EventType.TURN_ENDED, attempt, exit_class="ok"))
        course.tell(about(EventType.UNIT_REVIEWED, attempt, findings=[BAD]))
    assert sorted(f.unit for f in course.run.findings.values()) == ["M1/a", "M1/b"]


def test_a_second_look_holds_nothing_up_that_is_outside_of_the_fix() -> None:
    course = _course(unit("a"))
    _assign(course, "a")
    course.build("a")
    _review(course, BAD)
    course.build("a")
    elsewhere = {**BAD, "file": "src/old.py", "title": "Old and ugly"}
    broke = {**BAD, "title": "The fix broke this"}
    _review(course, elsewhere, broke, files=("src/a.py",))
    found = {f.title: f.status for f in course.run.findings.values()}
    assert found == {"It leaks": "fixed", "Old and ugly": "parked", "The fix broke this": "open"}


def test_suggestions_alone_are_no_reason_to_mend() -> None:
    course = _course(unit("a"))
    _assign(course, "a")
    course.build("a")
    after = _review(course, {**BAD, "severity": "suggestion"})
    assert after[0].data["verdict"] == Verdict.APPROVED_WITH_COMMENTS
    assert course.status("a") is UnitStatus.DONE


# Who may work at once


@pytest.mark.parametrize(("strict", "at_once"), [(False, 2), (True, 1)])
def test_what_one_reads_and_another_writes(strict: bool, at_once: int) -> None:
    reader = unit("a", writes=("src/a/**",), reads=("src/b/config.py",))
    course = _course(reader, unit("b", writes=("src/b/**",)), strict_reads=strict)
    assert len(course.fresh()) == at_once


def test_a_unit_under_review_keeps_nobody_from_writing() -> None:
    course = _course(unit("a", writes=()), unit("b", writes=()))
    _assign(course, "a")
    course.build("a")
    _reviewers(course)
    assert [d.unit for d in course.fresh()] == ["M1/b"]


def test_a_history_with_reviews_can_be_replayed() -> None:
    course = _course(unit("a"))
    _assign(course, "a", "complex")
    course.build("a")
    _reviewers(course)
    _say(course, BAD, number=1)
    _say(course, {**BAD, "line": 90}, number=2)
    assert value(replayed(course.run, course.events)) == value(course.run)


# Advisers


def _advise(course: Course, *order: str, halt: bool = False) -> None:
    attempt = course.begin("M1")
    course.turn("M1")
    choice = offered(course.run, course.group(), course.now)
    course.tell(about(EventType.ADVICE_GIVEN, attempt, offered=choice, order=list(order), halt=halt))


def _offering(**limits: Any) -> Course:
    course = _course(unit("a"), unit("b"), unit("c"), advise=True, unit_reviews=False, **limits)
    for name in "abc":
        _assign(course, name)
    return course


def test_an_adviser_is_asked_when_there_is_a_choice_and_its_order_is_kept() -> None:
    course = _offering(max_parallel=1)
    (asked,) = course.fresh()
    assert (asked.ticket, asked.role) == ("M1.adviser-1", "adviser")
    _advise(course, "M1.c.worker-1", "M1.b.worker-1")
    assert [d.unit for d in course.fresh()] == ["M1/c"]
    course.build("c")
    assert [d.unit for d in course.fresh()] == ["M1/b"]
    course.build("b")
    assert [d.unit for d in course.fresh()] == ["M1/a"]


def test_an_answer_may_be_good_for_a_number_of_beginnings_and_then_somebody_is_asked_again() -> None:
    course = _offering(max_parallel=3, max_actions=2)
    _advise(course, "M1.c.worker-1")
    # What it names, then what code would begin first; the third waits, though there is a slot for it.
    assert [d.unit for d in course.fresh()] == ["M1/c", "M1/a"]
    course.begin("c")
    assert [d.unit for d in course.fresh()] == ["M1/a"]
    course.begin("a")
    assert [d.unit for d in course.fresh()] == ["M1/b"], "one thing to do is no choice"
    course = _offering(max_parallel=3, max_actions=1)
    _advise(course, "M1.c.worker-1")
    course.begin("c")
    assert [d.ticket for d in course.fresh()] == ["M1.adviser-2"]


def test_nothing_else_is_begun_while_an_adviser_thinks() -> None:
    course = _offering()
    course.begin("M1")
    assert course.fresh() == []


def test_one_thing_to_do_is_no_choice() -> None:
    course = _course(unit("a"), unit("b", "a"), advise=True)
    assert [d.unit for d in course.fresh()] == ["M1/a"]


@pytest.mark.parametrize("end", ["crash", "auth", "halt"])
def test_without_an_answer_code_chooses_and_does_not_ask_again(end: str) -> None:
    course = _offering(max_parallel=1)
    course.begin("M1")
    course.turn("M1", end)
    assert [d.unit for d in course.fresh()] == ["M1/a"]
    assert not [d for d in course.run.decisions.values() if d.pending]


def test_an_adviser_that_wants_a_halt_halts_until_somebody_goes_on() -> None:
    course = _offering()
    _advise(course, halt=True)
    assert [(d.kind, d.reason) for d in course.decide()] == [("halt", "stop was asked for")]
    course.tell(Event(EventType.RUN_RESUMED, data={"limits": encode(course.run.limits)}))
    assert len(course.fresh()) == 3


OFFERED = ("x.1.worker-1", "x.2.worker-1", "x.3.reviewer-1")


@pytest.mark.parametrize(
    ("answer", "order", "halt", "dropped"),
    [
        ({"actions": [{"type": "begin", "ticket": "x.2.worker-1"}]}, OFFERED[1:2], False, 0),
        ({"actions": ["dispatch_reviews", {"type": "dispatch_batch"}]}, (OFFERED[2], *OFFERED[:2]), False, 0),
        ({"actions": ["sync_pulse", "consolidate_reviews"], "decision": "COMPLETE"}, (), False, 0),
        ({"actions": [{"type": "begin", "ticket": "x.9.worker-1"}, {"type": "push"}, 7]}, (), False, 3),
        ({"actions": [{"type": "halt"}]}, (), True, 0),
        ("go on", (), False, 1),
        ({"actions": {"type": "halt"}}, (), False, 1),
        (None, (), False, 1),
    ],
)
def test_what_an_adviser_wants_and_may_not_is_dropped(answer: Any, order: Any, halt: bool, dropped: int) -> None:
    found = advice.read(answer, OFFERED)
    assert (found.order, found.halt, len(found.dropped)) == (order, halt, dropped)
