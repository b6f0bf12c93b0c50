"""Budgets of money, tokens and time: nothing new is started once one is used up, and what was built is kept."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestra.commands._driving import _time_of_day
from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b"), Phase(("c.txt",), title="c")])
    for number, name in enumerate("abc", 1):
        usage = {"usage": {"input": 600, "output": 400, "cost_usd": 0.5}}
        made.rule({"unit": f"M1/phase-{number}"}, {"write": {"path": f"{name}.txt", "text": "x"}}, usage)
    made.save()
    return made


def attempts(place: World) -> list[int]:
    return [unit["attempts"] for unit in place.json("status")["groups"][0]["units"]]


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (["--max-cost", "0.5"], [1, 0, 0]),
        (["--max-cost", "0.6"], [1, 1, 0]),
        (["--max-tokens", "1000"], [1, 0, 0]),
        (["--max-tokens", "1001"], [1, 1, 0]),
    ],
)
def test_a_used_up_budget_halts_the_run(place: World, words: list[str], started: list[int]) -> None:
    assert place.run("--auto", *words) == 1, place.said()
    assert "is used up" in place.said()
    assert attempts(place) == started
    status = place.json("status")
    assert (status["state"], status["groups"][0]["status"]) == ("halted", "in-progress")
    assert status["groups"][0]["lease"] is None
    assert place.subjects(cwd=place.remote)[-1] == "chore: plan"
    assert place.run("--auto") == 0, place.said()
    assert attempts(place) == [1, 1, 1], "what was done is not done again"
    assert place.subjects()[-3:] == ["feat(work): a", "feat(work): b", "feat(work): c"]


def test_a_budget_that_suffices_is_not_mentioned(place: World) -> None:
    assert place.run("--auto", "--max-cost", "10", "--max-tokens", "100000") == 0, place.said()
    assert "used up" not in place.said()


def test_each_command_has_the_budget_that_it_was_given(place: World) -> None:
    """A night's budget is for that night: the same command the next evening goes on."""
    for done in ([1, 0, 0], [1, 1, 0]):
        assert place.run("--auto", "--max-cost", "0.5") == 1, place.said()
        assert attempts(place) == done
    assert place.run("--auto", "--max-cost", "0.5") in (0, 1), place.said()
    assert attempts(place) == [1, 1, 1]


def test_failed_attempts_are_paid_for_too(place: World) -> None:
    place.rules[:] = []
    place.rule({"role": "worker"}, {"usage": {"input": 1000}}, {"fail": "garbage"})
    place.save()
    assert place.run("--auto", "--max-tokens", "2000") == 1, place.said()
    assert attempts(place) == [2, 0, 0]


def test_no_group_is_opened_on_a_used_up_budget(place: World) -> None:
    place.milestone("M2", [Phase(("m2.txt",), title="m2")])
    place.save()
    assert place.run("--auto", "--max-tokens", "3000") == 1, place.said()
    assert place.statuses()["M2"] == "ready"
    assert place.subjects()[-1] == "feat(work): c", "a finished milestone still lands"
    assert "is used up" in place.said()


def test_until_is_the_next_time_the_clock_shows_that(place: World) -> None:
    earlier = (datetime.now().astimezone() - timedelta(minutes=2)).strftime("%H:%M")
    assert place.run("--auto", "--until", earlier) == 0, place.said()


def test_until_is_what_the_clock_shows_after_it_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    winter_ends = f"{in_an_hour.timetuple().tm_yday - 1}/{in_an_hour:%H:%M:%S}"
    with monkeypatch.context() as patched:
        patched.setenv("TZ", f"AAA0BBB,{winter_ends},{(in_an_hour + timedelta(days=30)).timetuple().tm_yday - 1}")
        time.tzset()
        until = _time_of_day((datetime.now() + timedelta(hours=4)).strftime("%H:%M"))
        assert 175 <= (until - time.time()) / 60 <= 180, "one of the four hours is skipped"
    time.tzset()


@pytest.mark.parametrize("text", ["25:00", "7", "06:60", "", "6.30", "-1:00"])
def test_times_that_are_none_are_bad_usage(place: World, text: str) -> None:
    assert place.run("--auto", f"--until={text}") == 64


@pytest.mark.parametrize(
    "words",
    [
        ["--max-cost", "0"], ["--max-cost", "nan"], ["--max-cost", "-1"], ["--max-cost", "inf"], ["--max-cost", "a"],
        ["--max-tokens", "0"], ["--max-tokens", "1.5"], ["--max-tokens", "-3"], ["--max-parallel", "0"],
        ["--max-attempts", "0"], ["--max-attempts", "x"],
    ],
)  # fmt: skip
def test_budgets_that_make_no_sense_are_bad_usage(place: World, words: list[str]) -> None:
    assert place.run("--auto", f"{words[0]}={words[1]}") == 64
    assert not (place.root / ".orchestra/state.db").exists()


def test_max_attempts(place: World) -> None:
    place.rules[:] = []
    place.rule({"role": "worker"}, {"fail": "garbage"})
    place.save()
    assert place.run("--auto", "--max-attempts", "2") == 1, place.said()
    assert attempts(place) == [2, 0, 0]
    assert place.statuses() == {"M1": "failed"}
