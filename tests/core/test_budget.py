"""The budget of a unit: what counts, what is left, and what follows when it is used up."""

from __future__ import annotations

import pytest

from orchestra.core.breaker import ADVICE
from orchestra.core.budget import NOTHING, Spending, used_up
from orchestra.core.events import EventType
from orchestra.core.words import Breaker, ExitClass, UnitStatus
from tests.support.runs import Course, about, finding, group

USED = {"usage": {"input": 600, "output": 400, "cost_usd": 0.5, "answers": 7}, "duration_s": 90.0}


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Spending(answers=7), "7 answers of the model"),
        (Spending(tokens=1000), "1000 tokens"),
        (Spending(cost_usd=0.5), "0.5 USD"),
        (Spending(seconds=90.0), "1.5 minutes"),
        (Spending(8, 1001, 0.51, 90.1), ""),
        (NOTHING, ""),
    ],
)
def test_which_part_is_used_up(budget: Spending, said: str) -> None:
    found = used_up(Spending(7, 1000, 0.5, 90.0), budget)
    assert found == (f"the unit's budget of {said} is used up" if said else "")


def test_what_is_left_of_a_limit_is_never_no_limit() -> None:
    used = Spending(7, 1000, 0.5, 90.0)
    assert Spending(10, 1500, 1.0, 100.0).left(used) == Spending(3, 500, 0.5, 10.0)
    spent = Spending(5, 5, 0.1, 5.0).left(used)
    assert all(part > 0 for part in vars(spent).values())
    assert NOTHING.left(used) == NOTHING


def test_turns_of_all_attempts_count_but_not_those_of_reviewers() -> None:
    course = Course(group(), unit_budget=Spending(tokens=99999))
    course.begin("a")
    course.turn("a", "crash", **USED)
    course.begin("a")
    course.turn("a", **USED)
    assert course.unit("a").spent == Spending(14, 2000, 1.0, 180.0)
    course.verify("a")
    course.accept("a")
    course.begin("M1")
    course.turn("M1", **USED)
    assert course.unit("a").spent == Spending(14, 2000, 1.0, 180.0)


@pytest.mark.parametrize("auto", [True, False])
def test_a_unit_that_has_used_up_its_budget_is_not_tried_again(auto: bool) -> None:
    course = Course(group(), auto=auto, max_attempts=9, unit_budget=Spending(tokens=2000))
    course.begin("a")
    assert [event.type for event in course.turn("a", "crash", reason="it broke", **USED)] == ["attempt-failed"]
    course.begin("a")
    after = course.turn("a", "crash", reason="it broke", **USED)
    assert [event.type for event in after][:2] == ["attempt-failed", "unit-failed" if auto else "decision-asked"]
    why = course.unit("a").reason
    assert "it broke; the unit's budget of 2000 tokens is used up" in why


def test_nor_is_work_sent_back_that_was_rejected() -> None:
    course = Course(group(), auto=True, max_attempts=9, unit_budget=Spending(answers=7))
    course.begin("a")
    assert course.turn("a", **USED) == [], "what was done is looked at"
    data = {"tree": "t", "signature": "s", "feedback": "2 tests failed"}
    after = course.tell(about(EventType.SENT_BACK, course.attempt("a"), **data))[1:]
    assert [event.type for event in after][:2] == ["attempt-failed", "unit-failed"]
    assert after[0].data["reason"] == "the unit's budget of 7 answers of the model is used up: 2 tests failed"


def test_a_person_and_a_fix_grant_it_again() -> None:
    course = Course(group(), max_attempts=9, unit_budget=Spending(answers=7))
    course.begin("a")
    course.turn("a", "spent", reason="used up", **USED)
    assert course.status("a") is UnitStatus.NEEDS_HUMAN
    course.answer("retry", "go on")
    assert course.unit("a").spent == NOTHING
    course.begin("a")
    course.turn("a", **USED)
    course.verify("a")
    course.accept("a")
    course.review(finding("F1", unit="M1/a"))
    assert (course.status("a"), course.unit("a").spent) == (UnitStatus.PENDING, NOTHING)


@pytest.mark.parametrize("breaker", list(Breaker))
def test_whoever_comes_after_a_circle_is_told_what_not_to_do(breaker: Breaker) -> None:
    course = Course(group())
    course.begin("a")
    (failed,) = course.turn("a", str(breaker), reason="the same call 3 times")
    assert failed.data["reason"] == f"{breaker}: the same call 3 times"
    [told] = course.unit("a").learned
    assert told == f"Attempt 1 failed: {breaker}: the same call 3 times\n{ADVICE[ExitClass(breaker)]}"


def test_thousandths_that_were_rounded_away_are_no_other_turn() -> None:
    assert used_up(Spending(seconds=0.3333 + 0.2659), Spending(seconds=0.6))
    assert not used_up(Spending(seconds=0.59), Spending(seconds=0.6))
    assert not used_up(NOTHING, Spending(seconds=0.001)), "a unit that nobody has begun has used nothing"
