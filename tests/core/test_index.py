from __future__ import annotations

from dataclasses import replace

import pytest

from orchestra.core.codec import encode
from orchestra.core.events import EventType
from orchestra.core.index import findings_of, forget, index, pending_decisions, units_of, with_finding, with_unit
from orchestra.core.model import Decision, Event
from orchestra.core.words import Gate, UnitStatus
from tests.support.runs import Course, bare, derived, finding, group, read, replayed, unit, value


def _ready(course: Course, id_: str = "M1") -> set[str]:
    return {uid.partition("/")[2] for uid in course.run.ready[id_]}


def test_a_diamond_becomes_ready_step_by_step() -> None:
    course = Course(group(unit("a"), unit("b", "a"), unit("c", "a"), unit("d", "b", "c")))
    assert (_ready(course), dict(course.run.left)) == ({"a"}, {"M1/a": 0, "M1/b": 1, "M1/c": 1, "M1/d": 2})
    course.begin("a")
    assert _ready(course) == set()
    course.finish("a")
    assert _ready(course) == {"b", "c"}
    course.build("b")
    assert (_ready(course), course.run.left["M1/d"]) == ({"c"}, 1)
    course.build("c")
    assert _ready(course) == {"d"}


def test_what_the_plan_calls_done_holds_nothing_up() -> None:
    course = Course(group(unit("a", done=True), unit("b", "a")))
    assert _ready(course) == {"b"}


def test_a_skipped_unit_holds_nothing_up() -> None:
    course = Course(group(unit("a"), unit("b", "a")), max_attempts=1)
    course.fail("a")
    assert _ready(course) == set()
    course.answer("skip")
    assert _ready(course) == {"b"}


def test_a_unit_that_is_to_be_fixed_holds_its_dependants_up_again() -> None:
    course = Course(group(unit("a"), unit("b", "a")))
    course.build("a", "b")
    course.review(finding("F-1", "M1/a"), finding("F-2", "M1/b"))
    assert (_ready(course), course.run.left["M1/b"]) == ({"a"}, 1)
    course.build("a")
    assert _ready(course) == {"b"}


def test_units_are_counted_by_status() -> None:
    course = Course(group(*(unit(n) for n in "abc")), max_parallel=3)
    course.build("a")
    course.begin("b")
    assert derived(course.run)["tally"]["M1"] == {"done": 1, "in-progress": 1, "pending": 1}


def test_live_tickets_are_those_of_the_group() -> None:
    course = Course(group(), group(id="M2"), max_parallel=2, max_groups=2)
    course.begin("M1/a")
    course.begin("M2/a")
    assert derived(course.run)["live"] == {"M1": {"M1.a.worker-1": None}, "M2": {"M2.a.worker-1": None}}
    course.finish("M1/a")
    assert derived(course.run)["live"] == {"M2": {"M2.a.worker-1": None}}


def test_reading_a_plan_again_leaves_nothing_of_the_old_one() -> None:
    course = Course(group(unit("a"), unit("b", "a"), unit("x", "b")), open=False)
    course.tell(read(group(unit("a"), unit("c"), unit("b", "c"))))
    again = Course(group(unit("a"), unit("c"), unit("b", "c")), open=False)
    assert derived(course.run) == derived(again.run)
    course.tell(*again.events[2:], Event(EventType.GROUP_OPENED, group="M1", data={"base": "base"}))
    course.build("a")
    assert _ready(course) == {"c"}


def test_a_dependency_on_another_group_is_not_counted_here() -> None:
    course = Course(group(unit("a"), unit("b", "a", "M2/a")), group(id="M2"), max_groups=2, max_parallel=2)
    course.build("M2/a")
    assert _ready(course) == {"a"}


def test_a_dependency_named_twice_counts_once() -> None:
    course = Course(group(unit("a"), unit("b", "a", "a")))
    course.build("a")
    assert _ready(course) == {"b"}


def test_everything_derived_comes_back_from_the_entities() -> None:
    course = Course(group(unit("a"), unit("b", "a"), unit("c")), group(id="M2"), max_parallel=2)
    course.build("a")
    course.begin("b")
    course.fail("c")
    again = index(bare(course.run))
    assert (value(again), dict(again.dirty)) == (value(course.run), {})
    assert value(replayed(course.run, course.events)) == value(course.run)


def test_what_changed_is_marked_for_writing() -> None:
    course = Course(group())
    course.run = replace(course.run, dirty=bare(course.run).dirty)
    course.begin("a")
    assert set(course.run.dirty) == {("unit", "M1/a"), ("attempt", "M1.a.worker-1")}


def test_a_lost_group_is_forgotten_with_its_questions() -> None:
    course = Course(group(), group(id="M2"), max_attempts=1)
    course.fail("M1/a")
    assert [d.group for d in pending_decisions(course.run)] == ["M1"]
    run = forget(course.run, "M1")
    assert (pending_decisions(run), set(run.groups), set(run.units)) == ([], {"M2"}, {"M2/a"})
    assert "M1" not in derived(run)["ready"]
    assert forget(run, "M1") == run


def test_questions_come_in_the_order_they_were_asked() -> None:
    course = Course(group())
    for n in (10, 9, 2):
        asked = Decision(f"M1-D{n}", Gate.CONTINUE, "M1", "?", ("yes", "stop"))
        course.tell(Event(EventType.DECISION_ASKED, group="M1", data={"decision": encode(asked)}))
    assert [d.id for d in pending_decisions(course.run, "M1")] == ["M1-D2", "M1-D9", "M1-D10"]
    assert pending_decisions(course.run, "M2") == []


def test_lists_are_in_their_own_order() -> None:
    course = Course(group(unit("z"), unit("a")), group(id="M2"))
    run = with_finding(with_finding(course.run, finding("F-2")), finding("F-1"))
    run = with_finding(run, finding("F-0", group="M2"))
    assert [u.id for u in units_of(run, "M1")] == ["M1/z", "M1/a"]
    assert [f.id for f in findings_of(run, "M1")] == ["F-1", "F-2"]


@pytest.mark.parametrize("status", list(UnitStatus))
def test_only_what_is_pending_is_ready(status: UnitStatus) -> None:
    course = Course(group())
    run = with_unit(course.run, replace(course.unit("a"), status=status))
    assert ("M1/a" in run.ready["M1"]) is (status is UnitStatus.PENDING)
