"""How fast, how far and with which units a run goes: the policy of `sequential`, as data."""

from __future__ import annotations

import pytest

from orchestra.core.codec import encode
from orchestra.core.decide import exhausted
from orchestra.core.events import EventType
from orchestra.core.model import Event, Subtask, UnitState
from orchestra.core.words import DirectiveKind, UnitStatus
from tests.support.runs import Course, group, read, unit


def test_the_limit_of_attempts_starts_nothing_more_but_lets_what_was_built_land() -> None:
    course = Course(group(unit("a"), unit("b", "a"), reviews=0), max_dispatches=1)
    course.build("a")
    assert course.said() == [("halt", "the limit of 1 attempts is reached")]
    course = Course(group(unit("a"), reviews=1), max_dispatches=1)
    course.build("a")
    assert [d.kind for d in course.decide()] == [DirectiveKind.REVIEW]


def test_failed_attempts_count_and_a_question_comes_first() -> None:
    course = Course(group(unit("a")), max_dispatches=2, max_attempts=2)
    course.fail("a")
    assert exhausted(course.run, course.now) == ""
    course.fail("a")
    assert [d.kind for d in course.decide()] == [DirectiveKind.ASK, DirectiveKind.WAIT]


def test_the_limit_counts_from_where_it_was_given() -> None:
    course = Course(group(unit("a"), unit("b", "a")), max_dispatches=1, from_dispatches=1)
    course.build("a")
    assert [d.unit for d in course.fresh()] == ["M1/b"]


def test_the_limit_holds_for_what_is_begun_at_once_in_all_groups() -> None:
    wide = {"max_parallel": 9, "max_groups": 9}
    plans = [group(*(unit(f"{id_}/{name}", writes=(name,)) for name in "abc"), id=id_) for id_ in ("M1", "M2")]
    course = Course(*plans, max_dispatches=4, from_dispatches=0, **wide)
    assert [d.unit for d in course.fresh()] == ["M1/a", "M1/b", "M1/c", "M2/a"]
    course.begin("a")
    assert len(course.fresh()) == 3


def test_between_two_units_there_is_a_pause() -> None:
    course = Course(group(unit("a"), unit("b", "a"), reviews=0), delay=15.0)
    assert [d.unit for d in course.fresh()] == ["M1/a"]
    course.build("a")
    (wait,) = course.decide()
    assert (wait.kind, wait.until) == (DirectiveKind.WAIT, course.now + 15.0)
    course.now = wait.until
    assert [d.unit for d in course.fresh()] == ["M1/b"]
    course.build("b")
    assert [d.kind for d in course.decide()] == [DirectiveKind.LAND]


def test_after_a_failed_attempt_there_is_a_pause_too() -> None:
    course = Course(group(unit("a")), delay=15.0)
    course.fail("a")
    assert [d.kind for d in course.decide()] == [DirectiveKind.WAIT]


@pytest.mark.parametrize(("auto", "asks", "kinds"), [(True, False, []), (True, True, ["ask"]), (False, False, ["ask"])])
def test_a_unit_that_is_spent_asks_where_everything_stands_on_it(auto: bool, asks: bool, kinds: list[str]) -> None:
    course = Course(group(unit("a"), unit("b", "a")), auto=auto, asks_when_spent=asks, max_attempts=1)
    course.fail("a")
    assert [d.kind for d in course.decide() if d.kind is DirectiveKind.ASK] == kinds
    assert (course.run.units["M1/b"].status is UnitStatus.BLOCKED) is not bool(kinds)


@pytest.mark.parametrize("wanted", [False, True])
def test_optional_units_are_left_out_and_hold_up_nobody(wanted: bool) -> None:
    units = (unit("a", optional=True), unit("b", "a"))
    course = Course(group(*units), include_optional=wanted)
    assert [d.unit for d in course.fresh()] == ["M1/a" if wanted else "M1/b"]


def test_a_group_that_is_read_again_keeps_what_was_built_and_goes_on_counting() -> None:
    old = unit("a", subtasks=(Subtask("1.1", "built"),))
    states = {
        "M1/a": UnitState(old, UnitStatus.DONE, attempts=2, commit="c1"),
        "M1/b": UnitState(unit("b", "a"), UnitStatus.DONE, attempts=3, commit="c2"),
    }
    again = group(unit("a", done=True, subtasks=(Subtask("1.1", "new"),)), unit("b", "a"))
    course = Course(open=False, max_attempts=2)
    data = {**read(again).data, "earlier": {id_: encode(state) for id_, state in states.items()}}
    course.tell(Event(EventType.GROUP_READ, group="M1", data=data))
    a, b = course.run.units["M1/a"], course.run.units["M1/b"]
    assert (a.status, a.attempts, a.commit, a.plan.subtasks) == (UnitStatus.DONE, 2, "c1", old.subtasks)
    assert (b.status, b.attempts, b.granted) == (UnitStatus.PENDING, 3, 5)
    assert [d.ticket for d in course.fresh()] == ["M1.b.worker-4"]
