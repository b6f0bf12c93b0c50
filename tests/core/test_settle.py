from __future__ import annotations

import pytest

from orchestra.core.apply import apply
from orchestra.core.events import EventType
from orchestra.core.model import Event
from orchestra.core.settle import settle, settled
from orchestra.core.words import FindingStatus, GatePolicy, GroupStatus, PushPolicy, Severity, Stage, UnitStatus
from tests.support.runs import Course, about, finding, group, of_group, opened, unit


def _names(events: list[Event]) -> list[str]:
    return [f"{e.type} {e.unit.rpartition('/')[2] or e.group}" for e in events]


def _units(*names: str) -> list[object]:
    return [unit(n) for n in names]


# Attempts


@pytest.mark.parametrize("exit_class", ["ok", "limit", "overloaded", "stopped"])
def test_a_turn_that_ends_well_or_by_no_fault_has_no_consequence(exit_class: str) -> None:
    course = Course(group())
    course.begin("a")
    assert course.turn("a", exit_class) == []


@pytest.mark.parametrize("exit_class", ["failed", "crash", "timeout", "hang", "garbage", "context-overflow"])
def test_a_turn_that_ends_badly_fails_its_attempt(exit_class: str) -> None:
    course = Course(group())
    course.begin("a")
    (failed,) = course.turn("a", exit_class, reason="exit code 3")
    assert (failed.type, failed.data["reason"]) == ("attempt-failed", "exit code 3")
    assert course.unit("a").learned == ("Attempt 1 failed: exit code 3",)


def test_a_turn_without_a_reason_fails_with_its_class() -> None:
    course = Course(group())
    course.begin("a")
    (failed,) = course.turn("a", "garbage")
    assert failed.data["reason"] == "garbage"


def test_a_rejected_turn_goes_on_until_it_was_sent_back_too_often() -> None:
    course = Course(group(), stuck_retry_limit=3)
    course.begin("a")
    assert course.send_back("a", "t1", "s1") == []
    assert course.send_back("a", "t2", "s2") == []
    (failed,) = course.send_back("a", "t3", "s3", "\n  2 tests failed\nmore")
    assert failed.data["reason"] == "sent back 3 times: 2 tests failed"
    assert "more" in failed.data["learned"]


@pytest.mark.parametrize(
    ("turns", "word"),
    [
        ([("t1", "s1"), ("t1", "s2")], "stagnant"),
        ([("t1", "s1"), ("t2", "s2"), ("t1", "s3")], "spiral"),
        ([("t1", "s1"), ("t2", "s1"), ("t3", "s1")], "error-echo"),
    ],
)
def test_the_breaker_ends_an_attempt_with_its_class(turns: list[tuple[str, str]], word: str) -> None:
    course = Course(group(), stuck_retry_limit=9)
    course.begin("a")
    for tree, signature in turns[:-1]:
        assert course.send_back("a", tree, signature) == []
    (failed,) = course.send_back("a", *turns[-1], feedback="it fails")
    assert failed.data["reason"] == f"{word}: it fails"


def test_a_reviewer_may_correct_its_findings_until_the_limit() -> None:
    course = Course(group(), stuck_retry_limit=4)
    course.build("a")
    course.begin("M1")
    assert course.send_back("M1", tree="", signature="findings 1") == []
    assert course.send_back("M1", tree="", signature="findings 2") == []


def test_a_unit_is_tried_again_until_its_attempts_are_spent() -> None:
    course = Course(group(), max_attempts=3)
    assert _names(course.fail("a")) == ["attempt-failed a"]
    assert _names(course.fail("a")) == ["attempt-failed a"]
    assert _names(course.fail("a")) == ["attempt-failed a", "decision-asked a"]
    decision = course.pending()
    assert (decision.id, decision.gate, decision.options) == ("M1-D1", "unit", ("retry", "skip", "stop"))
    assert decision.question == "M1/a (Title of M1/a) failed 3 times. Last: it broke"


def test_a_conflict_counts_as_a_failed_attempt() -> None:
    course = Course(group(), max_attempts=1)
    course.begin("a")
    course.turn("a")
    course.verify("a")
    after = course.tell(about(EventType.ATTEMPT_FAILED, course.attempt("a"), reason="it collides"))
    assert _names(after) == ["attempt-failed a", "decision-asked a"]


# Auto: nobody is asked, what depends on it is blocked, the rest goes on


def test_auto_fails_the_unit_and_then_the_group() -> None:
    course = Course(group(), auto=True, max_attempts=2)
    assert _names(course.spend("a")) == ["attempt-failed a", "unit-failed a", "group-failed M1"]
    assert (course.group_status(), course.group().reason) == (GroupStatus.FAILED, "M1/a: it broke")


def test_auto_blocks_a_chain_and_goes_on_beside_it() -> None:
    course = Course(group(unit("a"), unit("b", "a"), unit("c", "b"), unit("z")), auto=True, max_attempts=1)
    assert _names(course.fail("a")) == ["attempt-failed a", "unit-failed a", "unit-blocked b", "unit-blocked c"]
    assert course.unit("c").reason == "M1/a did not work"
    course.begin("z")
    assert _names(course.finish("z")) == ["group-failed M1"]
    assert course.status("z") is UnitStatus.DONE


@pytest.mark.parametrize(
    "units",
    [
        [unit("a"), unit("b", "a"), unit("c", "a"), unit("d", "b", "c")],
        [unit("a"), unit("b", "a"), unit("c", "a", "b"), unit("d", "a", "b", "c")],
    ],
    ids=["diamond", "dense"],
)
def test_auto_blocks_each_dependant_once_and_closes_the_group_at_the_end(units: list[object]) -> None:
    course = Course(group(*units), auto=True, max_attempts=1)  # type: ignore[arg-type]
    after = _names(course.fail("a"))
    assert after[:2] == ["attempt-failed a", "unit-failed a"]
    assert sorted(after[2:-1]) == ["unit-blocked b", "unit-blocked c", "unit-blocked d"]
    assert after[-1] == "group-failed M1"


def test_auto_waits_for_what_is_still_under_way() -> None:
    course = Course(group(*_units("a", "b")), auto=True, max_attempts=1, max_parallel=2)  # type: ignore[arg-type]
    course.begin("b")
    assert _names(course.fail("a")) == ["attempt-failed a", "unit-failed a"]
    assert _names(course.finish("b")) == ["group-failed M1"]


def test_groups_that_wait_for_a_failed_one_are_blocked_in_a_chain() -> None:
    plans = (group(id="M1"), group(id="M2", depends_on=("M1",)), group(id="M3", depends_on=("M2",)), group(id="M4"))
    course = Course(*plans, open=False, auto=True, max_attempts=1)
    course.tell(opened())
    assert _names(course.fail("M1/a"))[-3:] == ["group-failed M1", "group-blocked M2", "group-blocked M3"]
    assert [course.group_status(f"M{n}") for n in (2, 3, 4)] == ["blocked", "blocked", "ready"]
    assert course.group("M3").reason == "M2 did not work"


# A person's answers


def _spent(**limits: object) -> Course:
    course = Course(group(unit("a"), unit("b", "a"), unit("c")), max_attempts=2, **limits)
    course.spend("a")
    return course


def test_others_go_on_while_a_person_is_asked() -> None:
    course = _spent()
    assert course.status("b") is UnitStatus.PENDING
    assert course.build("c") == []
    assert (course.group().stage, course.group_status()) == (Stage.UNITS, GroupStatus.IN_PROGRESS)


def test_retry_gives_the_unit_its_attempts_again() -> None:
    course = _spent()
    assert _names(course.answer("retry", "look at x")) == ["decision-answered M1", "unit-retried a"][1:]
    assert (course.unit("a").granted, course.unit("a").attempts) == (4, 2)
    assert _names(course.fail("a")) == ["attempt-failed a"]
    assert _names(course.fail("a")) == ["attempt-failed a", "decision-asked a"]
    assert course.pending().id == "M1-D2"


def test_skip_goes_on_without_the_unit() -> None:
    course = _spent()
    course.build("c")
    assert _names(course.answer("skip")) == ["unit-skipped a"]
    assert course.status("a") is UnitStatus.SKIPPED
    assert _names(course.build("b")) == ["stage-entered M1"]


def test_skipping_the_last_unit_ends_the_stage() -> None:
    course = Course(group(), max_attempts=1)
    course.fail("a")
    assert _names(course.answer("skip")) == ["unit-skipped a", "stage-entered M1"]


def test_stop_fails_the_group() -> None:
    course = _spent()
    assert _names(course.answer("stop")) == ["group-failed M1"]
    assert "stopped by a person at M1-D1" in course.group().reason


def test_an_answer_about_a_group_that_is_closed_changes_nothing() -> None:
    course = Course(group(), open=False)
    (event,) = [of_group(EventType.DECISION_ANSWERED, id="M1-D1", answer="retry")]
    asked = Event(
        EventType.DECISION_ASKED, group="M1",
        data={"decision": {"id": "M1-D1", "gate": "continue", "group": "M1", "question": "?", "options": ["retry"]}},
    )  # fmt: skip
    assert course.types(asked, event) == []


@pytest.mark.parametrize(("exit_class", "gate"), [("auth", "backend"), ("halt", "halt")])
@pytest.mark.parametrize("auto", [True, False])
def test_some_ends_need_a_person_whatever_the_mode(exit_class: str, gate: str, auto: bool) -> None:
    course = Course(group(unit("a"), unit("b", "a")), auto=auto, max_attempts=1)
    assert _names(course.fail("a", exit_class)) == ["attempt-failed a", "decision-asked a"]
    assert (course.pending().gate, course.status("a")) == (gate, UnitStatus.NEEDS_HUMAN)
    course.answer("retry")
    course.build("a", "b")


@pytest.mark.parametrize(
    ("final", "asked"),
    [("Which port?\n<promise>HALT</promise>\n", "Which port?"), ("<promise>HALT</promise>", "it has not said which")],
)
def test_a_question_is_what_the_agent_has_said(final: str, asked: str) -> None:
    course = Course(group(unit("a")))
    course.begin("a")
    course.turn("a", "halt", final=final)
    assert course.pending().question.endswith(f"goes on: {asked}")


@pytest.mark.parametrize("exit_class", ["auth", "halt"])
def test_a_reviewer_that_needs_a_person_holds_its_group(exit_class: str) -> None:
    course = Course(group())
    course.build("a")
    course.begin("M1")
    course.turn("M1", exit_class)
    assert course.pending().options == ("retry", "stop")
    assert course.fresh() == []
    course.answer("retry")
    assert (course.group().tries, [d.ticket for d in course.fresh()]) == (0, ["M1.reviewer-2"])


# Stages


def test_a_group_of_which_nothing_is_left_to_build_has_nothing_to_review() -> None:
    course = Course(group(unit("a", done=True)))
    assert course.group().stage is Stage.LAND


def test_what_was_built_before_it_was_opened_again_is_reviewed() -> None:
    course = Course(group(unit("a", done=True)), open=False)
    course.tell(Event(EventType.GROUP_OPENED, group="M1", data={"base": "base", "tip": "c1"}))
    assert course.group().stage is Stage.REVIEW


def test_without_git_nobody_can_tell_so_it_is_reviewed() -> None:
    course = Course(group(unit("a", done=True)), open=False)
    course.tell(Event(EventType.GROUP_OPENED, group="M1"))
    assert course.group().stage is Stage.REVIEW


def test_without_reviews_a_group_lands_after_its_units() -> None:
    course = Course(group(reviews=0))
    assert _names(course.build("a")) == ["stage-entered M1"]
    assert course.group().stage is Stage.LAND
    assert _names(course.land()) == ["group-done M1"]


def test_a_good_review_leads_to_landing() -> None:
    course = Course(group())
    course.build("a")
    course.review(finding("F-1", severity=Severity.SUGGESTION))
    assert (course.group().stage, course.group().verdict) == (Stage.LAND, "approved-with-comments")


def test_findings_go_to_their_units_and_are_reviewed_again() -> None:
    course = Course(group(*_units("a", "b", "c")))  # type: ignore[arg-type]
    course.build("a", "b", "c")
    found = (
        finding("F-1", "M1/a"), finding("F-2", "M1/b", Severity.IMPORTANT), finding("F-3", "M1/a"),
        finding("F-4", "M1/c", Severity.SUGGESTION), finding("F-5", "M1/c", status=FindingStatus.PARKED),
        finding("F-6"),
    )  # fmt: skip
    after = course.review(*found)
    assert _names(after) == ["stage-entered M1", "fix-requested a", "fix-requested b", "fix-requested c"]
    assert [course.unit(n).findings for n in "abc"] == [("F-1", "F-3"), ("F-2",), ("F-6",)]
    assert course.begin("a").purpose == "fix"
    course.finish("a")
    assert _names(course.build("b", "c")) == ["stage-entered M1"]
    assert (course.group().stage, course.unit("a").findings) == (Stage.REVIEW, ())
    (again,) = course.fresh()
    assert (again.ticket, again.findings) == ("M1.reviewer-2", ("F-1", "F-2", "F-3", "F-6"))


def test_a_finding_of_a_skipped_unit_goes_to_the_last_that_was_built() -> None:
    course = Course(group(*_units("a", "b")), max_attempts=1)  # type: ignore[arg-type]
    course.fail("a")
    course.answer("skip")
    course.build("b")
    assert _names(course.review(finding("F-1", "M1/a"))) == ["stage-entered M1", "fix-requested b"]


def test_when_nobody_can_fix_a_person_is_asked() -> None:
    course = Course(group(), max_attempts=1)
    course.build("a")
    course.review(finding("F-1"))
    course.fail("a")
    course.answer("skip")
    course.review(finding("F-1"))
    assert course.pending().options == ("accept", "stop")
    assert _names(course.answer("accept")) == ["stage-entered M1"]


def _reviewed(rounds: int) -> Course:
    """After so many reviews that all found the same."""
    course = Course(group(), review_rounds=rounds)
    course.build("a")
    for _ in range(rounds - 1):
        course.review(finding("F-1", "M1/a"))
        course.build("a")
    course.review(finding("F-1", "M1/a"))
    return course


def test_after_the_last_round_a_person_decides() -> None:
    course = _reviewed(3)
    assert (course.group().round, course.pending().gate) == (3, "review")
    assert course.pending().question == "M1: F-1 (Title of F-1) still open after 3 reviews."
    assert course.pending().options == ("fix", "accept", "stop")


def test_fix_means_one_more_round() -> None:
    course = _reviewed(2)
    assert _names(course.answer("fix")) == ["stage-entered M1", "fix-requested a"]
    course.build("a")
    assert _names(course.review(finding("F-1", "M1/a"))) == ["decision-asked M1"]


def test_accept_lands_as_it_is() -> None:
    course = _reviewed(1)
    assert _names(course.answer("accept")) == ["stage-entered M1"]
    assert (course.group().stage, course.run.findings["F-1"].status) == (Stage.LAND, FindingStatus.WAIVED)


def test_stop_at_a_review_fails_the_group() -> None:
    course = _reviewed(1)
    assert _names(course.answer("stop")) == ["group-failed M1"]


def test_a_reviewer_that_always_fails_is_a_question_too() -> None:
    course = Course(group(), max_attempts=2)
    course.build("a")
    assert _names(course.spend("M1")) == ["attempt-failed M1", "decision-asked M1"]
    assert course.pending().options == ("retry", "accept", "stop")
    course.answer("retry")
    course.review()
    assert course.group().stage is Stage.LAND


# RFC


def test_without_a_gate_the_rfc_is_followed_by_the_units() -> None:
    course = Course(group(design=True))
    assert _names(course.design()) == ["stage-entered M1"]
    assert course.group().stage is Stage.UNITS


@pytest.mark.parametrize(
    ("policy", "interactive", "auto", "asks"),
    [
        (GatePolicy.REQUIRED, False, False, True), (GatePolicy.REQUIRED, False, True, False),
        (GatePolicy.OPTIONAL, True, False, True), (GatePolicy.OPTIONAL, False, False, False),
        (GatePolicy.OPTIONAL, True, True, False), (GatePolicy.SKIP, True, False, False),
    ],
)  # fmt: skip
def test_who_is_asked_about_an_rfc(policy: GatePolicy, interactive: bool, auto: bool, asks: bool) -> None:
    course = Course(group(design=True), rfc_approval=policy, interactive=interactive, auto=auto)
    assert _names(course.design()) == (["decision-asked M1"] if asks else ["stage-entered M1"])


def _designed(**limits: object) -> Course:
    course = Course(group(design=True), rfc_approval=GatePolicy.REQUIRED, **limits)
    course.design()
    return course


def test_an_approved_rfc_is_built() -> None:
    course = _designed()
    assert (course.pending().gate, course.pending().context) == ("rfc", "rfc.md")
    assert _names(course.answer("approve")) == ["stage-entered M1"]
    assert [d.unit for d in course.fresh()] == ["M1/a"]


def test_a_revised_rfc_is_written_again_with_what_was_said() -> None:
    course = _designed(design_rounds=2)
    assert course.answer("revise", "simpler") == []
    assert (course.group().stage, course.group().rfc, course.group().feedback) == (Stage.DESIGN, "", "simpler")
    assert [d.ticket for d in course.fresh()] == ["M1.architect-2"]
    course.design()
    assert course.pending().options == ("approve", "stop")


def test_a_stopped_rfc_fails_the_group() -> None:
    assert _names(_designed().answer("stop")) == ["group-failed M1"]


def test_an_architect_that_always_fails_is_a_question() -> None:
    course = Course(group(design=True), max_attempts=1)
    course.fail("M1")
    assert course.pending().options == ("retry", "stop")


# Push


@pytest.mark.parametrize("answer", ["push", "keep"])
def test_a_push_is_asked_for_once(answer: str) -> None:
    course = Course(group(reviews=0), push=PushPolicy.ASK)
    assert _names(course.build("a")) == ["stage-entered M1", "decision-asked M1"]
    assert (course.pending().gate, course.pending().options) == ("push", ("push", "keep", "stop"))
    assert course.said()[0][0] == "ask"
    assert course.answer(answer) == []
    assert course.said() == [("land", "M1")]


def test_a_push_that_is_stopped_fails_the_group() -> None:
    course = Course(group(reviews=0), push=PushPolicy.ASK)
    course.build("a")
    course.answer("stop")
    assert course.group_status() is GroupStatus.FAILED


@pytest.mark.parametrize("policy", [p for p in PushPolicy if p is not PushPolicy.ASK])
def test_no_other_policy_asks(policy: PushPolicy) -> None:
    course = Course(group(reviews=0), push=policy)
    assert _names(course.build("a")) == ["stage-entered M1"]


# The whole


def test_consequences_come_right_after_their_cause() -> None:
    course = Course(group(*_units("a", "b")), auto=True, max_attempts=1, max_parallel=2)  # type: ignore[arg-type]
    course.begin("a")
    course.begin("b")
    ends = []
    for name in "ab":
        attempt = course.attempt(name)
        ends.append(about(EventType.TURN_STARTED, attempt, turn=1))
        ends.append(about(EventType.TURN_ENDED, attempt, exit_class="crash"))
    _, happened = settled(course.run, ends, apply)
    assert _names(happened) == [
        "turn-started a", "turn-ended a", "attempt-failed a", "unit-failed a",
        "turn-started b", "turn-ended b", "attempt-failed b", "unit-failed b", "group-failed M1",
    ]  # fmt: skip


def test_most_events_bring_nothing_about() -> None:
    course = Course(group())
    assert settle(course.run, Event(EventType.NOTE, group="M1")) == []
