"""A clock that is set forward or back while a run works, or between two runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.live import background, kill, until
from tests.support.projects import Phase, World, world

HOUR = 3600.0
real = time.time


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    made.writes("M1/phase-1", "a.txt")
    made.writes("M1/phase-2", "b.txt")
    made.save()
    return made


def shifted(place: World, clock: Callable[[], float], *words: str) -> int:
    """`orchestra run` in a child in which the clock says what `clock` says."""

    def work() -> int:
        from orchestra import main

        time.time = clock
        return int(main.main(["-C", str(place.root), *words]))

    return forks.in_child(work, place.log)


def jumping(by: float) -> Callable[[], float]:
    """A clock that is set by so much when it has been read a few times."""
    reads = [0]

    def clock() -> float:
        reads[0] += 1
        return real() + (by if reads[0] > 5 else 0.0)

    return clock


def off_by(seconds: float) -> Callable[[], float]:
    return lambda: real() + seconds


def is_whole(place: World) -> None:
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]
    events = place.json("log")["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    group = place.json("status")["groups"][0]
    assert (group["status"], group["lease"]) == ("done", None)
    assert [unit["attempts"] for unit in group["units"]] == [1, 1]


@pytest.mark.parametrize("by", [-HOUR, HOUR, -20 * 365 * 24 * HOUR])
def test_set_while_a_run_works(place: World, by: float) -> None:
    assert shifted(place, jumping(by), *place.words("--auto")) == 0, place.said()
    is_whole(place)


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_set_between_two_runs(place: World, by: float) -> None:
    usage = {"usage": {"input": 10}}
    place.rules[0]["do"].append(usage)
    place.save()
    assert place.run("--auto", "--max-tokens", "5") == 1, place.said()
    assert shifted(place, off_by(by), *place.words("--auto")) == 0, place.said()
    is_whole(place)


def times(place: World) -> list[str]:
    return [event["at"] for event in place.json("log")["events"]]


def test_what_one_run_records_is_in_the_order_of_its_times(place: World) -> None:
    assert shifted(place, jumping(-HOUR), *place.words("--auto")) == 0, place.said()
    assert times(place) == sorted(times(place))


@pytest.mark.parametrize("by", [-HOUR, 0.0, 2 * HOUR])
def test_a_dead_holders_lease_is_taken_whatever_the_clock_says(place: World, by: float) -> None:
    """That it is dead can be proved; its age says nothing."""
    place.rules.insert(0, {"when": {"unit": "M1/phase-1"}, "times": 1, "do": [{"run": "sleep 300"}]})
    place.save()
    with background(place, "--auto") as first:
        until(lambda: "attempt 1" in place.said(), "the attempt")
        kill(first)
    lease = place.json("status")["groups"][0]["lease"]
    assert lease["alive"] is False
    assert shifted(place, off_by(by), "lock", "claim", "M1") == 0, place.said()


@pytest.mark.parametrize("by", [-HOUR, 0.0, 2 * HOUR])
def test_a_living_holders_lease_is_respected_whatever_the_clock_says(place: World, by: float) -> None:
    """A clock that is set two hours on makes every heartbeat look old; the holder's process is still there."""
    wait = "touch ../../runs/begun; while ! test -f ../../runs/go; do sleep 0.05; done; echo x > a.txt"
    place.rules.insert(0, {"when": {"unit": "M1/phase-1"}, "do": [{"run": wait}]})
    place.save()
    runs = place.root / ".orchestra/runs"
    with background(place, "--auto") as first:
        until((runs / "begun").exists, "the agent's work")
        assert shifted(place, off_by(by), *place.words("--auto")) == 75, place.said()
        assert shifted(place, off_by(by), "lock", "claim", "M1") == 75, place.said()
        (runs / "go").touch()
        assert first.wait(60) == 0, place.said()
    is_whole(place)


def test_a_limit_that_was_met_before_the_clock_went_back_is_not_waited_for_an_hour(place: World) -> None:
    """The backend said "in two seconds", not "at five o'clock"."""
    place.rules.insert(0, {"when": {"unit": "M1/phase-1"}, "times": 1, "do": [{"fail": "limit", "reset_in": 2}]})
    place.save()
    with background(place, "--auto") as first:
        until(lambda: "is parked until" in place.said(), "the park")
        kill(first)
    assert shifted(place, off_by(-HOUR), *place.words("--auto")) == 0, place.said()
    is_whole(place)


def test_a_limit_that_is_still_on_after_the_clock_went_forward_is_met_again(place: World) -> None:
    rule = {"when": {"unit": "M1/phase-1"}, "times": 2, "do": [{"fail": "limit", "reset_in": 1}]}
    place.rules.insert(0, rule)
    place.save()
    with background(place, "--auto") as first:
        until(lambda: "is parked until" in place.said(), "the park")
        kill(first)
    assert shifted(place, off_by(HOUR), *place.words("--auto")) == 0, place.said()
    is_whole(place)


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_answers_from_a_process_with_another_clock(place: World, by: float) -> None:
    place.rules.insert(0, {"when": {"unit": "M1/phase-1", "attempt": 1}, "do": [{"fail": "halt"}]})
    place.save()
    assert place.run("--auto") == 2, place.said()
    assert shifted(place, off_by(by), "decide", "M1-D1", "retry") == 0
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]
    assert place.call("views") == 0
    assert place.json("report-run")["groups"]


@pytest.mark.parametrize("by", [-HOUR, HOUR])
def test_a_foreign_lock_counts_from_the_clock_that_is_now(place: World, by: float) -> None:
    """A bare timestamp has nothing but the clock: half an hour old is young, in the future it is young as well."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(real() + by - 1800))
    path = next((place.root / ".orchestra/milestones").glob("M1-*/milestone.md"))
    path.write_text(path.read_text() + f"| Locked-By | {stamp} |\n")
    place.save()
    assert shifted(place, off_by(by), *place.words("--auto")) == 75, place.said()
    assert shifted(place, off_by(by + HOUR), *place.words("--auto")) == 0, place.said()
