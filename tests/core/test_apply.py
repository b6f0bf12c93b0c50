from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestra.core.apply import IllegalTransition, apply, known_types
from orchestra.core.codec import encode
from orchestra.core.events import EventType
from orchestra.core.model import Decision, Event, Limits, Run
from orchestra.core.words import (
    ExitClass,
    FindingStatus,
    Gate,
    GatePolicy,
    GroupStatus,
    PushPolicy,
    Role,
    RunState,
    Stage,
    Step,
    UnitStatus,
    Verdict,
)
from tests.support.runs import T0, Course, about, finding, group, of_group, opened, read, unit


def test_every_type_of_event_has_a_handler() -> None:
    assert known_types() == frozenset(EventType)


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(IllegalTransition, match="moon-landed is not an event"):
        apply(Run(id="r1"), Event("moon-landed"))


def test_apply_does_not_change_what_it_was_given() -> None:
    course = Course(group())
    before = course.run
    units, groups = dict(before.units), dict(before.groups)
    course.build("a")
    assert (dict(before.units), dict(before.groups)) == (units, groups)


# Runs


def test_a_run_starts_stops_resumes_and_ends() -> None:
    course = Course()
    assert (course.run.state, course.run.started_at) == (RunState.RUNNING, T0)
    course.tell(Event(EventType.STOP_REQUESTED))
    assert course.run.stop
    course.tell(Event(EventType.RUN_ENDED, data={"state": "halted", "reason": "stopped"}))
    assert (course.run.state, course.run.reason) == (RunState.HALTED, "stopped")
    course.now += 60
    limits = encode(Limits(max_parallel=4))
    course.tell(Event(EventType.RUN_RESUMED, data={"limits": limits, "past": {"M0": "done"}}))
    run = course.run
    assert (run.state, run.reason, run.stop, run.started_at) == (RunState.RUNNING, "", False, T0)
    assert (run.limits.max_parallel, dict(run.past)) == (4, {"M0": "done"})


@pytest.mark.parametrize(
    "kind",
    ["note", "receipt", "plan-reviewed", "group-readied", "lease-claimed", "lease-taken-over", "lease-released"],
)
def test_some_events_are_only_recorded(kind: str) -> None:
    course = Course(group())
    before = course.run
    course.tell(Event(kind, group="M1"))
    assert replace(course.run, seq=before.seq) == before


def test_a_parked_backend_has_its_time() -> None:
    course = Course()
    course.tell(Event(EventType.BACKEND_PARKED, data={"backend": "claude", "until": 12}))
    assert dict(course.run.parks) == {"claude": 12.0}


# Groups


def test_a_group_is_read_with_its_units() -> None:
    course = Course(group(unit("a", done=True), unit("b", "a")), open=False)
    assert (course.status("a"), course.status("b")) == (UnitStatus.DONE, UnitStatus.PENDING)
    assert (course.group().plan.units, course.run.members["M1"]) == ((), ("M1/a", "M1/b"))


def test_a_closed_group_may_be_read_again() -> None:
    course = Course(group(unit("a"), unit("b", "a")), open=False)
    course.tell(read(group(unit("b"), unit("c", "b"))))
    assert set(course.run.units) == {"M1/b", "M1/c"}


def test_a_group_opens_in_the_stage_that_comes_first() -> None:
    assert Course(group()).group().stage is Stage.UNITS
    designed = Course(group(design=True)).group()
    assert (designed.stage, designed.status, designed.open) == (Stage.DESIGN, GroupStatus.IN_PROGRESS, True)
    assert (designed.base, designed.tip, designed.target, designed.opened_at) == ("base", "base", "main", T0)


def test_a_group_with_an_rfc_does_not_need_another() -> None:
    course = Course(group(unit("a"), design=True))
    course.design()
    course.spend("a")
    course.answer("stop")
    course.tell(of_group(EventType.GROUP_RETRIED), opened())
    assert (course.group().stage, course.group().rfc) == (Stage.UNITS, "rfc.md")


def test_resuming_takes_the_new_epoch() -> None:
    course = Course(group())
    course.tell(Event(EventType.GROUP_RESUMED, group="M1", epoch=7))
    assert course.group().epoch == 7


@pytest.mark.parametrize(
    ("stage", "status"),
    [("design", "in-progress"), ("units", "in-progress"), ("review", "review"), ("fix", "review"), ("land", "review")],
)
def test_a_stage_says_what_people_see(stage: str, status: str) -> None:
    course = Course(group())
    course.tell(of_group(EventType.STAGE_ENTERED, stage=stage))
    assert (course.group().stage, course.group().status) == (stage, status)


def test_a_rebase_moves_base_tip_and_commits() -> None:
    course = Course(group())
    course.build("a")
    course.tell(of_group(EventType.GROUP_PUSHED, ref="origin/main"))
    course.tell(of_group(EventType.GROUP_REBASED, base="b2", tip="t2", commits={"M1/a": "c2", "M1/gone": "c3"}))
    assert (course.group().base, course.group().tip, course.unit("a").commit) == ("b2", "t2", "c2")
    # What was pushed is not what stands here now.
    assert course.group().pushed == ""


def test_pushing_and_not_pushing_are_kept() -> None:
    course = Course(group())
    course.tell(of_group(EventType.PUSH_SKIPPED, reason="there is no remote"))
    assert course.group().reason == "there is no remote"
    course.tell(of_group(EventType.GROUP_PUSHED, ref="origin/main"))
    assert course.group().pushed == "origin/main"


def test_a_group_is_done_when_all_its_units_are() -> None:
    course = Course(group(unit("a"), unit("b"), reviews=0))
    course.build("a")
    course.begin("b")
    with pytest.raises(IllegalTransition, match="M1, which is in-progress with 1 unfinished"):
        course.tell(of_group(EventType.GROUP_DONE))
    course.finish("b")
    course.now += 5
    course.land()
    done = course.group()
    assert (done.status, done.open, done.landed, done.closed_at) == (GroupStatus.DONE, False, done.tip, T0 + 5)


def test_a_failed_group_leaves_nothing_moving() -> None:
    course = Course(group(*(unit(n) for n in "abcd")), max_parallel=4, max_attempts=1)
    course.build("a")
    course.begin("b")
    course.fail("c")
    course.tell(of_group(EventType.GROUP_FAILED, reason="enough"))
    assert not course.live()
    assert course.run.attempts["M1.b.worker-1"].reason == "enough"
    assert [course.status(n) for n in "abcd"] == ["done", "blocked", "blocked", "blocked"]
    assert (course.group_status(), course.group().open, course.group().reason) == (GroupStatus.FAILED, False, "enough")


def test_a_failed_group_takes_its_questions_with_it() -> None:
    course = Course(group(unit("a"), unit("b")), max_attempts=1)
    course.fail("a")
    course.fail("b")
    course.answer("stop", id="M1-D1")
    assert [(d.id, d.answer) for _, d in sorted(course.run.decisions.items())] == [("M1-D1", "stop"), ("M1-D2", "stop")]
    assert "M1-D1" in course.run.decisions["M1-D2"].comment


def test_a_failed_group_is_tried_again_where_it_did_not_work() -> None:
    course = Course(group(unit("a"), unit("b"), unit("c", "b")), auto=True, max_attempts=2)
    course.build("a")
    course.tell(of_group(EventType.GROUP_PUSHED, ref="origin/main"))
    course.spend("b")
    assert [course.status(n) for n in "abc"] == ["done", "failed", "blocked"]
    course.tell(of_group(EventType.GROUP_RETRIED))
    assert [course.status(n) for n in "abc"] == ["done", "pending", "pending"]
    assert (course.unit("b").granted, course.group_status()) == (4, GroupStatus.READY)
    # Its branch begins anew: what an earlier try pushed says nothing about it.
    assert (course.group().pushed, course.group().landed) == ("", "")
    course.tell(opened())
    course.build("b", "c")


def test_a_group_of_an_earlier_run_goes_on() -> None:
    old = Course(group(unit("a"), unit("b"), design=True), rfc_approval=GatePolicy.REQUIRED, max_parallel=2)
    old.design()
    old.answer("approve")
    old.build("a")
    old.begin("b")
    old.tell(Event(EventType.DECISION_ASKED, group="M1", data={"decision": encode(_question())}))
    data = {
        "group": encode(old.group()), "units": [encode(u) for u in old.run.units.values()],
        "attempts": [encode(a) for a in old.run.attempts.values()], "findings": [encode(finding("F-1"))],
        "decisions": [encode(d) for d in old.run.decisions.values()],
    }  # fmt: skip
    course = Course()
    course.tell(of_group(EventType.GROUP_ADOPTED, **data))
    for name in ("groups", "units", "attempts", "decisions"):
        assert getattr(course.run, name) == getattr(old.run, name)
    assert (set(course.run.findings), course.attempt("b").ticket) == ({"F-1"}, "M1.b.worker-1")


def _question(id: str = "M1-D9", unit: str = "") -> Decision:
    return Decision(id, Gate.UNIT, "M1", "What now?", ("retry", "stop"), unit=unit)


# Attempts


def test_an_attempt_takes_its_unit() -> None:
    course = Course(group())
    attempt = course.begin("a")
    assert (attempt.ticket, attempt.role, attempt.number, attempt.run) == ("M1.a.worker-1", Role.WORKER, 1, "r1")
    assert (course.status("a"), course.unit("a").attempts) == (UnitStatus.IN_PROGRESS, 1)


def test_an_attempt_for_a_group_is_counted_there() -> None:
    course = Course(group(design=True))
    course.begin("M1")
    assert (course.group().architects, course.group().reviewers, course.attempt("M1").role) == (1, 0, Role.ARCHITECT)


def test_a_turn_begins_and_ends() -> None:
    course = Course(group())
    attempt = course.begin("a")
    course.tell(about(EventType.TURN_STARTED, attempt, turn=1))
    assert course.attempt("a").running
    usage = {"input": 100, "output": 20, "cost_usd": 0.5}
    data = {"session": "s1", "final": "x" * 9999, "notes": "n", "usage": usage}
    course.tell(about(EventType.TURN_ENDED, attempt, exit_class="ok", **data))
    ended = course.attempt("a")
    assert (ended.running, ended.step, ended.exit_class, ended.session) == (False, Step.REPORTED, ExitClass.OK, "s1")
    assert (len(ended.final), ended.notes, course.run.tokens, course.run.cost_usd) == (2000, "n", 120, 0.5)


@pytest.mark.parametrize("exit_class", ["limit", "overloaded", "stopped"])
def test_a_turn_that_nobody_is_to_blame_for_is_followed_by_another(exit_class: str) -> None:
    course = Course(group())
    course.begin("a")
    course.turn("a", exit_class, session="s1")
    attempt = course.attempt("a")
    assert (attempt.step, attempt.turn, attempt.session, attempt.retries) == (Step.WORKING, 2, "s1", 0)
    course.turn("a")
    assert course.attempt("a").session == "s1"


def test_what_was_out_of_scope_adds_up() -> None:
    course = Course(group())
    course.begin("a")
    for outside in (["x", "y"], ["y", "z"]):
        course.tell(about(EventType.SCOPE_CHECKED, course.attempt("a"), outside=outside))
    assert course.attempt("a").quarantine == ("x", "y", "z")


def test_an_attempt_sent_back_goes_on() -> None:
    course = Course(group())
    course.begin("a")
    course.send_back("a", tree="t1", signature="s1", feedback="2 failed")
    attempt = course.attempt("a")
    assert (attempt.step, attempt.turn, attempt.retries, attempt.feedback) == (Step.WORKING, 2, 1, "2 failed")
    assert attempt.failures == (("t1", "s1"),)


def test_a_verified_attempt_that_moved_is_verified_again() -> None:
    course = Course(group())
    course.begin("a")
    course.turn("a")
    course.verify("a")
    course.tell(about(EventType.ATTEMPT_REBASED, course.attempt("a"), base="b2", tree="t2"))
    attempt = course.attempt("a")
    assert (attempt.step, attempt.base, attempt.tree) == (Step.REPORTED, "b2", "t2")
    with pytest.raises(IllegalTransition, match=r"unit-accepted cannot happen to M1\.a\.worker-1, which is reported"):
        course.accept("a")


def test_an_accepted_unit_is_done_and_moves_the_tip() -> None:
    course = Course(group(unit("a"), unit("b")))
    course.begin("a")
    course.turn("a")
    course.verify("a")
    course.accept("a", commit="c1")
    assert (course.status("a"), course.unit("a").commit, course.group().tip) == (UnitStatus.DONE, "c1", "c1")
    assert course.run.attempts["M1.a.worker-1"].step is Step.ACCEPTED


def test_a_unit_that_changed_nothing_leaves_the_tip() -> None:
    course = Course(group(unit("a"), unit("b")))
    course.begin("a")
    course.turn("a")
    course.verify("a")
    course.tell(about(EventType.UNIT_ACCEPTED, course.attempt("a"), commit=""))
    assert (course.unit("a").commit, course.group().tip) == ("", "base")


def test_a_failed_attempt_gives_its_unit_back_with_what_was_learnt() -> None:
    course = Course(group(), max_attempts=9)
    for n in range(7):
        course.fail("a", reason=f"reason {n}")
    assert course.status("a") is UnitStatus.PENDING
    learned = course.unit("a").learned
    assert (len(learned), "reason 6" in learned[-1], course.unit("a").attempts) == (5, True, 7)


# Gates


def test_a_review_leaves_findings_and_what_it_saw() -> None:
    course = Course(group())
    course.build("a")
    course.review(finding("F-1", "M1/a"))
    reviewed = course.group()
    assert (reviewed.round, reviewed.verdict, reviewed.reviewed) == (1, Verdict.CHANGES_REQUESTED, reviewed.tip)
    assert course.run.findings["F-1"].unit == "M1/a"
    assert course.run.attempts["M1.reviewer-1"].step is Step.ACCEPTED


def test_a_unit_that_a_decision_is_about_needs_a_human() -> None:
    course = Course(group())
    course.tell(Event(EventType.DECISION_ASKED, group="M1", data={"decision": encode(_question(unit="M1/a"))}))
    assert (course.status("a"), course.unit("a").reason) == (UnitStatus.NEEDS_HUMAN, "What now?")


def test_an_accepted_review_waives_what_is_open() -> None:
    course = Course(group(), review_rounds=1)
    course.build("a")
    course.review(finding("F-1"), finding("F-2", status=FindingStatus.PARKED))
    course.answer("accept")
    assert {f.id: str(f.status) for f in course.run.findings.values()} == {"F-1": "waived", "F-2": "parked"}


@pytest.mark.parametrize(("answer", "policy"), [("push", PushPolicy.AUTO), ("keep", PushPolicy.NEVER)])
def test_the_answer_about_pushing_is_the_groups_own(answer: str, policy: PushPolicy) -> None:
    course = Course(group(reviews=0), push=PushPolicy.ASK)
    course.build("a")
    course.answer(answer)
    assert (course.group().push, course.run.limits.push) == (policy, PushPolicy.ASK)


def test_an_answer_keeps_its_comment() -> None:
    course = Course(group(), max_attempts=1)
    course.fail("a")
    course.answer("retry", "use the other library")
    assert course.run.decisions["M1-D1"].comment == "use the other library"
    assert course.unit("a").learned[-1] == "A person says: use the other library"


# What cannot happen


def _raw(kind: EventType, **where: Any) -> Callable[[Course], Event]:
    def make(course: Course) -> Event:
        return Event(kind, **{"group": "M1", "data": {}, **where})

    return make


def _of(kind: EventType, name: str = "a", **data: Any) -> Callable[[Course], Event]:
    def make(course: Course) -> Event:
        ticket = course.run.attempts[f"M1.{name}.worker-1"]
        return about(kind, ticket, **data)

    return make


def _fresh() -> Course:
    return Course(group(unit("a"), unit("b", "a")))


def _closed() -> Course:
    return Course(group(unit("a"), unit("b", "a")), open=False)


def _working() -> Course:
    course = _fresh()
    course.begin("a")
    return course


def _reported() -> Course:
    course = _working()
    course.turn("a")
    return course


def _verified() -> Course:
    course = _reported()
    course.verify("a")
    return course


def _accepted() -> Course:
    course = _verified()
    course.accept("a")
    return course


def _asked() -> Course:
    course = Course(group(unit("a")), max_attempts=1)
    course.fail("a")
    return course


def _answered() -> Course:
    course = _asked()
    course.answer("retry")
    return course


def _reviewing() -> Course:
    course = Course(group(unit("a")))
    course.build("a")
    course.begin("M1")
    return course


_START = {"role": "worker", "purpose": "build", "number": 1, "tier": "quick"}
_B2 = {"unit": "M1/b", "attempt": "M1.b.worker-1", "data": _START}
E = EventType
ILLEGAL: dict[str, tuple[Callable[[], Course], Callable[[Course], Event], str]] = {
    "a group nobody read": (_fresh, _raw(E.GROUP_OPENED, group="M9"), "group-opened .* M9, which is unknown"),
    "no group at all": (_fresh, _raw(E.GROUP_OPENED, group=""), "group-opened cannot happen to no group"),
    "opened twice": (_fresh, _raw(E.GROUP_OPENED), "group-opened cannot happen to M1, which is in-progress"),
    "read while open": (_fresh, lambda _: read(group()), "group-read cannot happen to M1, which is in-progress"),
    "adopted while open": (
        _fresh, lambda c: of_group(E.GROUP_ADOPTED, group=encode(c.group()), units=[]),
        "group-adopted cannot happen to M1, which is in-progress",
    ),
    "retried while open": (_fresh, _raw(E.GROUP_RETRIED), "group-retried cannot happen to M1, which is in-progress"),
    "blocked while open": (_fresh, _raw(E.GROUP_BLOCKED), "group-blocked cannot happen to M1, which is in-progress"),
    "resumed while closed": (_closed, _raw(E.GROUP_RESUMED), "group-resumed cannot happen to M1, which is ready"),
    "failed while closed": (_closed, _raw(E.GROUP_FAILED), "group-failed cannot happen to M1, which is ready"),
    "landed while closed": (_closed, _raw(E.GROUP_LANDED, data={"tip": "t"}), "group-landed cannot happen to M1"),
    "pushed while closed": (_closed, _raw(E.GROUP_PUSHED, data={"ref": "r"}), "group-pushed cannot happen to M1"),
    "skipped push, closed": (_closed, _raw(E.PUSH_SKIPPED, data={"reason": "r"}), "push-skipped cannot happen to M1"),
    "rebased while closed": (_closed, _raw(E.GROUP_REBASED, data={"base": "b", "tip": "t"}), "cannot happen to M1"),
    "a stage while closed": (_closed, _raw(E.STAGE_ENTERED, data={"stage": "land"}), "M1, which is ready"),
    "done with open units": (_fresh, _raw(E.GROUP_DONE), "in-progress with 2 unfinished units"),
    "begun while closed": (_closed, _raw(E.ATTEMPT_STARTED, unit="M1/a", data=_START), "M1, which is ready"),
    "begun twice": (
        _working, _raw(E.ATTEMPT_STARTED, unit="M1/a", attempt="M1.a.worker-1", data=_START),
        r"attempt-started cannot happen to M1\.a\.worker-1, which is started already",
    ),
    "begun beside itself": (
        _working, _raw(E.ATTEMPT_STARTED, unit="M1/a", attempt="M1.a.worker-2", data=_START),
        "attempt-started cannot happen to M1/a, which is in-progress",
    ),
    "begun before its needs": (_fresh, _raw(E.ATTEMPT_STARTED, **_B2), "M1/b, which is waiting"),
    "begun after it was done": (
        _accepted, _raw(E.ATTEMPT_STARTED, unit="M1/a", attempt="M1.a.worker-2", data=_START),
        "attempt-started cannot happen to M1/a, which is done",
    ),
    "begun for nobody": (_fresh, _raw(E.ATTEMPT_STARTED, unit="M1/z", attempt="t", data=_START), "M1/z, which is"),
    "begun in another group": (
        lambda: Course(group(), group(id="M2")),
        _raw(E.ATTEMPT_STARTED, group="M2", unit="M1/a", attempt="t", data=_START),
        "attempt-started cannot happen to M1/a, which is of M1, not of M2",
    ),
    "a turn of nobody": (_fresh, _raw(E.TURN_STARTED, attempt="t", data={"turn": 1}), "t, which is unknown"),
    "another turn": (_working, _of(E.TURN_STARTED, turn=2), "turn-started .*, which is at turn 1, not 2"),
    "a turn after the report": (_reported, _of(E.TURN_STARTED, turn=1), r"M1\.a\.worker-1, which is reported"),
    "an end without a start": (_working, _of(E.TURN_ENDED, exit_class="ok"), "turn-ended .*, which is not running"),
    "an end twice": (_reported, _of(E.TURN_ENDED, exit_class="ok"), r"M1\.a\.worker-1, which is reported"),
    "verified unreported": (_working, _of(E.VERIFIED, tree="t"), "verified .*, which is working"),
    "accepted unverified": (_reported, _of(E.UNIT_ACCEPTED), "unit-accepted .*, which is reported"),
    "accepted twice": (_accepted, _of(E.UNIT_ACCEPTED), r"M1\.a\.worker-1, which is accepted"),
    "rebased unverified": (_reported, _of(E.ATTEMPT_REBASED, base="b", tree="t"), "which is reported"),
    "sent back while working": (_working, _of(E.SENT_BACK), "sent-back cannot happen to .* which is working"),
    "failed after all": (_accepted, _of(E.ATTEMPT_FAILED), "attempt-failed .*, which is accepted"),
    "scope after the end": (_accepted, _of(E.SCOPE_CHECKED), "which is accepted"),
    "accepted for another": (
        _verified, lambda c: replace(about(E.UNIT_ACCEPTED, c.attempt("a")), unit="M1/b"),
        r"unit-accepted cannot happen to M1\.a\.worker-1, which is for M1/a, not for M1/b",
    ),
    "failed for another": (
        _working, lambda c: replace(about(E.ATTEMPT_FAILED, c.attempt("a")), group="M2"),
        "which is for M1/a, not for M1/a of M2",
    ),
    "a working unit fails": (_working, _raw(E.UNIT_FAILED, unit="M1/a"), "unit-failed .* M1/a, which is in-progress"),
    "a done unit is skipped": (_accepted, _raw(E.UNIT_SKIPPED, unit="M1/a"), "unit-skipped .* M1/a, which is done"),
    "a done unit is blocked": (_accepted, _raw(E.UNIT_BLOCKED, unit="M1/a"), "unit-blocked .* M1/a, which is done"),
    "a done unit is retried": (_accepted, _raw(E.UNIT_RETRIED, unit="M1/a"), "unit-retried .* M1/a, which is done"),
    "a pending unit is retried": (_fresh, _raw(E.UNIT_RETRIED, unit="M1/a"), "unit-retried .* M1/a, which is pending"),
    "a pending unit is fixed": (_fresh, _raw(E.FIX_REQUESTED, unit="M1/a", data={"findings": []}), "which is pending"),
    "a review not reported": (
        _reviewing, lambda c: about(E.REVIEW_ENDED, c.attempt("M1"), findings=[], verdict="approved"),
        r"review-ended cannot happen to M1\.reviewer-1, which is working",
    ),
    "a question twice": (
        _asked, lambda c: Event(E.DECISION_ASKED, group="M1", data={"decision": encode(c.pending())}),
        "decision-asked cannot happen to M1-D1, which is asked already",
    ),
    "about a unit at work": (
        _working, lambda _: Event(E.DECISION_ASKED, group="M1", data={"decision": encode(_question(unit="M1/a"))}),
        "decision-asked cannot happen to M1/a, which is in-progress",
    ),
    "an answer to nothing": (_fresh, _raw(E.DECISION_ANSWERED, data={"id": "D9", "answer": "x"}), "D9, which is u"),
    "answered twice": (
        _answered, _raw(E.DECISION_ANSWERED, data={"id": "M1-D1", "answer": "stop"}), "M1-D1, which is answered",
    ),
    "an answer of one's own": (
        _asked, _raw(E.DECISION_ANSWERED, data={"id": "M1-D1", "answer": "maybe"}),
        "'maybe' is not an answer to M1-D1: retry, skip, stop",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "event", "message"), ILLEGAL.values(), ids=ILLEGAL)
def test_what_cannot_happen_names_what_it_would_happen_to(
    before: Callable[[], Course], event: Callable[[Course], Event], message: str
) -> None:
    course = before()
    with pytest.raises(IllegalTransition, match=message):
        apply(course.run, event(course))


@pytest.mark.parametrize("status", [s for s in GroupStatus if s not in ("ready", "in-progress", "review")])
def test_only_a_group_that_is_ready_is_opened(status: GroupStatus) -> None:
    course = Course(group(status=status), open=False)
    with pytest.raises(IllegalTransition, match=f"group-opened cannot happen to M1, which is {status}"):
        course.tell(opened())
