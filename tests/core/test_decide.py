from __future__ import annotations

from dataclasses import replace

import pytest

from orchestra.core.codec import encode
from orchestra.core.decide import decide, exhausted, may_integrate, needs_person, ticket, unfinished
from orchestra.core.events import EventType
from orchestra.core.model import Event, Limits, Run
from orchestra.core.words import Complexity, DirectiveKind, GroupStatus, Role, Severity
from tests.support.runs import T0, Course, about, finding, group, of_group, opened, read, unit


def _tickets(course: Course) -> list[str]:
    return [d.ticket for d in course.fresh()]


def _parked(course: Course, seconds: float = 60, backend: str = "command") -> None:
    course.tell(Event(EventType.BACKEND_PARKED, data={"backend": backend, "until": course.now + seconds}))


# The same question, the same answer


def test_a_run_without_groups_is_complete() -> None:
    assert [d.kind for d in decide(Run(id="r1"), T0)] == [DirectiveKind.COMPLETE]


def test_asked_twice_it_says_the_same() -> None:
    course = Course(group(*(unit(n) for n in "abcd")), max_parallel=3, max_attempts=1)
    course.begin("a")
    course.fail("b")
    assert course.decide() == course.decide()


def test_every_live_attempt_keeps_its_directive() -> None:
    course = Course(group(*(unit(n) for n in "abc")), max_parallel=2)
    first = course.fresh()[0]
    course.begin("a")
    assert first in course.decide()
    course.turn("a")
    assert first in course.decide()
    course.verify("a")
    assert first in course.decide()
    course.accept("a")
    assert first not in course.decide()


def test_what_a_directive_for_a_unit_says() -> None:
    course = Course(group(unit("a", complexity=Complexity.QUICK)))
    (said,) = course.decide()
    assert (said.kind, said.group, said.unit, said.ticket) == ("dispatch", "M1", "M1/a", "M1.a.worker-1")
    assert (said.role, said.purpose, said.number, said.tier) == ("worker", "build", 1, "quick")


def test_tickets_are_fit_for_file_names() -> None:
    assert ticket("M1/phase-2", Role.WORKER, 3) == "M1.phase-2.worker-3"


# Which units, how many


def test_one_at_a_time_goes_in_plan_order() -> None:
    course = Course(group(unit("a"), unit("b", complexity=Complexity.COMPLEX)))
    assert _tickets(course) == ["M1.a.worker-1"]


def test_several_at_once_take_the_longest_path_first() -> None:
    course = Course(group(unit("a"), unit("b"), unit("c", "b"), unit("d")), max_parallel=2)
    assert _tickets(course) == ["M1.b.worker-1", "M1.a.worker-1"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_than_may_be_under_way(most: int) -> None:
    course = Course(group(*(unit(n) for n in "abcd")), max_parallel=most)
    assert len(_tickets(course)) == most
    for n in range(most):
        assert len(_tickets(course)) == most - n
        course.begin()
    assert _tickets(course) == []
    assert len(course.decide()) == most


def test_the_cap_is_of_the_run_and_not_of_the_group() -> None:
    plans = [group(unit(f"M{n}/a"), unit(f"M{n}/b"), id=f"M{n}", order=n) for n in (1, 2)]
    course = Course(*plans, max_parallel=3, max_groups=2)
    assert _tickets(course) == ["M1.a.worker-1", "M1.b.worker-1", "M2.a.worker-1"]


def test_units_that_may_write_the_same_wait_for_each_other() -> None:
    course = Course(
        group(unit("a", writes=("src/**",)), unit("b", writes=("src/x.py",)), unit("c", writes=("docs/",))),
        max_parallel=3,
    )
    assert _tickets(course) == ["M1.a.worker-1", "M1.c.worker-1"]
    course.begin("c")
    course.begin("a")
    assert _tickets(course) == []
    course.finish("a")
    assert _tickets(course) == ["M1.b.worker-1"]


def test_a_unit_without_a_scope_runs_alone() -> None:
    course = Course(group(unit("a", writes=()), unit("b"), unit("c")), max_parallel=3)
    assert _tickets(course) == ["M1.a.worker-1"]
    course.build("a")
    assert _tickets(course) == ["M1.b.worker-1", "M1.c.worker-1"]


def test_a_unit_without_a_scope_waits_for_those_under_way() -> None:
    course = Course(group(unit("a"), unit("b", writes=())), max_parallel=2)
    course.begin("a")
    assert _tickets(course) == []


def test_a_failed_unit_comes_again_with_a_new_ticket_and_a_stronger_tier() -> None:
    course = Course(group(unit("a", complexity=Complexity.QUICK)), max_attempts=3)
    tiers = []
    for _ in range(3):
        (said,) = course.fresh()
        tiers.append((said.ticket, str(said.tier)))
        course.fail("a")
    assert tiers == [("M1.a.worker-1", "quick"), ("M1.a.worker-2", "quick"), ("M1.a.worker-3", "standard")]
    course.answer("retry")
    assert [(d.ticket, str(d.tier)) for d in course.fresh()] == [("M1.a.worker-4", "quick")]


def test_a_fix_names_its_findings() -> None:
    course = Course(group())
    course.build("a")
    course.review(finding("F-1", "M1/a"))
    (said,) = course.fresh()
    assert (said.purpose, said.findings, said.ticket) == ("fix", ("F-1",), "M1.a.worker-2")


# Whole groups


def test_a_group_is_designed_built_reviewed_and_landed() -> None:
    course = Course(group(design=True))
    assert course.said() == [("dispatch", "M1")]
    assert [d.role for d in course.decide()] == ["architect"]
    course.design()
    assert course.said() == [("dispatch", "M1/a")]
    course.build("a")
    assert course.said() == [("review", "M1")]
    course.review()
    assert course.said() == [("land", "M1")]
    course.land()
    assert course.said() == [("complete", "")]


def test_a_review_needs_a_free_place() -> None:
    course = Course(group(), group(id="M2", order=2), max_groups=2, max_parallel=2)
    course.build("M1/a")
    course.begin("M2/a")
    assert _tickets(course) == ["M1.reviewer-1"]
    course.tell(Event(EventType.RUN_RESUMED, data={"limits": encode(Limits(max_groups=2, max_parallel=1))}))
    assert _tickets(course) == []


def test_a_second_review_looks_at_what_was_serious_and_open() -> None:
    course = Course(group())
    course.build("a")
    course.review(finding("F-2", "M1/a"), finding("F-1", severity=Severity.SUGGESTION))
    course.build("a")
    (said,) = course.decide()
    assert (said.kind, said.findings) == ("review", ("F-2",))


def test_groups_open_in_order_and_one_at_a_time() -> None:
    plans = [group(id=f"M{n}", order=n) for n in (10, 2, 1)]
    course = Course(*plans, open=False)
    assert _tickets(course) == ["M1.a.worker-1"]
    course.tell(opened("M1"))
    assert _tickets(course) == ["M1.a.worker-1"]
    course.build("M1/a")
    course.review(id="M1")
    course.land("M1")
    assert _tickets(course) == ["M2.a.worker-1"]


def test_a_group_waits_for_those_it_depends_on() -> None:
    course = Course(group(id="M1", depends_on=("M0",)), group(id="M2", order=2), open=False)
    assert _tickets(course) == ["M2.a.worker-1"]
    course.tell(Event(EventType.RUN_RESUMED, data={"past": {"M0": "done"}}))
    assert _tickets(course) == ["M1.a.worker-1"]


def test_a_group_that_only_a_person_can_move_lets_the_next_one_start() -> None:
    course = Course(group(), max_attempts=1)
    course.tell(read(group(id="M2", order=2)))
    assert _tickets(course) == ["M1.a.worker-1"]
    course.fail("M1/a")
    assert course.said() == [("dispatch", "M2/a"), ("ask", "M1/a")]


def test_planning_groups_are_left_alone() -> None:
    course = Course(group(status=GroupStatus.PLANNING), open=False)
    assert course.said() == [("complete", "")]
    assert unfinished(course.run) == []


# Waiting, stopping, ending


def test_a_question_is_asked_while_others_work() -> None:
    course = Course(group(unit("a"), unit("b")), max_attempts=1)
    course.fail("a")
    assert course.said() == [("dispatch", "M1/b"), ("ask", "M1/a")]
    course.build("b")
    assert course.said() == [("ask", "M1/a"), ("wait", "a person is needed")]
    assert (needs_person(course.run), unfinished(course.run)) == (True, ["M1"])
    course.answer("skip")
    assert not needs_person(course.run)


def test_a_question_about_the_group_lets_only_what_runs_go_on() -> None:
    course = Course(group(unit("a"), unit("b")), max_parallel=2)
    course.begin("a")
    question = {"id": "M1-D1", "gate": "land", "group": "M1", "question": "?", "options": ["retry", "stop"]}
    course.tell(of_group(EventType.DECISION_ASKED, decision=question))
    assert course.said() == [("dispatch", "M1/a"), ("ask", "M1-D1")]


def test_stop_stands_alone() -> None:
    course = Course(group(unit("a"), unit("b")), max_parallel=2)
    course.begin("a")
    course.tell(Event(EventType.STOP_REQUESTED))
    assert course.said() == [("halt", "stop was asked for")]


@pytest.mark.parametrize(
    ("limits", "usage", "reason"),
    [
        ({"max_cost_usd": 1.5}, {"cost_usd": 1.5}, "the budget of 1.5 USD is used up"),
        ({"max_tokens": 100}, {"input": 60, "output": 40}, "the budget of 100 tokens is used up"),
    ],
)
def test_a_spent_budget_finishes_what_runs_and_starts_nothing(
    limits: dict[str, float], usage: dict[str, float], reason: str
) -> None:
    course = Course(group(unit("a"), unit("b"), unit("c")), max_parallel=2, **limits)
    course.begin("b")
    course.tell(about(EventType.TURN_STARTED, course.attempt("b"), turn=1))
    course.begin("a")
    course.turn("a", usage=usage)
    assert exhausted(course.run, course.now) == reason
    assert sorted(course.said()) == [("dispatch", "M1/a"), ("dispatch", "M1/b")]
    course.verify("a")
    course.accept("a")
    course.tell(about(EventType.TURN_ENDED, course.attempt("b"), exit_class="ok"))
    course.verify("b")
    course.accept("b")
    assert course.said() == [("halt", reason)]


@pytest.mark.parametrize("exit_class", ["ok", "stopped"])
def test_a_spent_budget_starts_no_turn_until_there_is_a_new_one(exit_class: str) -> None:
    course = Course(group(unit("a"), unit("b")), max_tokens=100)
    course.begin("a")
    course.turn("a", exit_class=exit_class, usage={"input": 100})
    if exit_class == "ok":
        course.tell(about(EventType.SENT_BACK, course.attempt("a"), feedback="a test failed"))
    assert course.said()[-1] == ("halt", "the budget of 100 tokens is used up")
    assert course.said()[:-1] == [("wait", "M1")]
    course.run = replace(course.run, limits=replace(course.run.limits, from_tokens=100))
    assert course.said() == [("dispatch", "M1/a")]


def test_a_budget_that_was_just_enough_is_no_reason_to_halt() -> None:
    course = Course(group(reviews=0), max_tokens=1)
    course.begin("a")
    course.turn("a", usage={"input": 5})
    course.verify("a")
    course.accept("a")
    course.land()
    assert course.said() == [("complete", "")]


def test_just_below_the_budget_work_goes_on() -> None:
    course = Course(group(unit("a"), unit("b")), max_tokens=100)
    course.begin("a")
    course.turn("a", usage={"input": 99})
    course.verify("a")
    course.accept("a")
    assert course.said() == [("dispatch", "M1/b")]


def test_a_spent_budget_still_lands_what_is_ready() -> None:
    course = Course(group(reviews=0), max_tokens=1)
    course.begin("a")
    course.turn("a", usage={"input": 5})
    course.verify("a")
    course.accept("a")
    assert course.said() == [("land", "M1")]


def test_nothing_new_after_until() -> None:
    course = Course(group(), until=T0 + 100)
    assert course.said() == [("dispatch", "M1/a")]
    course.now = T0 + 100
    assert course.said() == [("halt", "the time set with --until has come")]


def test_a_parked_attempt_waits_for_its_backend() -> None:
    course = Course(group())
    course.begin("a")
    course.turn("a", "limit")
    _parked(course, 60)
    said = course.decide()
    assert [(d.kind, d.until) for d in said] == [("wait", T0 + 60), ("wait", T0 + 60)]
    course.now += 60
    assert course.said() == [("dispatch", "M1/a")]


def test_a_turn_that_runs_is_not_parked() -> None:
    course = Course(group())
    attempt = course.begin("a")
    course.tell(Event(EventType.TURN_STARTED, "M1", "M1/a", attempt.ticket, {"turn": 1}))
    _parked(course)
    assert course.said() == [("dispatch", "M1/a")]


def test_the_park_of_another_backend_does_not_matter() -> None:
    course = Course(group())
    course.begin("a")
    _parked(course, backend="claude")
    assert course.said() == [("dispatch", "M1/a")]


# In which order they are committed


def test_units_under_way_together_are_committed_in_plan_order() -> None:
    course = Course(group(*(unit(n) for n in "abc")), max_parallel=3)
    for name in "cba":
        course.begin(name)
    a, b, c = (f"M1.{n}.worker-1" for n in "abc")
    assert [may_integrate(course.run, t) for t in (a, b, c)] == [True, False, False]
    course.finish("a")
    assert [may_integrate(course.run, t) for t in (b, c)] == [True, False]
    course.fail("b")
    assert may_integrate(course.run, c)
    course.begin("b")
    assert not may_integrate(course.run, c)


def test_another_group_does_not_hold_a_commit_up() -> None:
    course = Course(group(), group(unit("M2/b", order=9), id="M2", order=2), max_groups=2, max_parallel=2)
    course.begin("M1/a")
    course.begin("M2/b")
    assert may_integrate(course.run, "M2.b.worker-1")


def test_a_group_that_is_not_done_is_unfinished() -> None:
    course = Course(group(), group(id="M2"), auto=True, max_attempts=1, max_groups=2)
    course.fail("M1/a")
    assert unfinished(course.run) == ["M1", "M2"]
    run = replace(course.run, groups=course.run.groups.delete("M2"))
    assert unfinished(run) == ["M1"]
