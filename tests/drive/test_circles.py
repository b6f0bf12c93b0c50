"""Agents that go in circles, and units that use up their budget, in real runs; the program talks as Claude Code."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestra.proc import marker
from tests.support import forks
from tests.support.jobs import cleared, gone, number_in
from tests.support.live import kill, started, until
from tests.support.projects import Phase, World, world
from tests.support.talking import INIT, call, came_back, result, says, talker

FOR_EVER = "sleep 1000"
WRITES = "echo made > a.txt"


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    talker(talks(made))
    made.milestone("M1", [Phase(("a.txt",), title="a")], complexity="quick")
    configure(made)
    made.save()
    says(talks(made), "reviewer", [INIT, result('{"findings": []}')])
    return made


def configure(made: World, **sections: Any) -> None:
    claude = {"program": str(talks(made) / "claude"), "env": ["IS_SANDBOX=1"]}
    made.config(backend={"name": "claude", "claude": claude}, pipeline={"review": "skip"}, **sections)


def talks(made: World) -> Path:
    return made.root.parent / "talks"


def run(made: World, *words: str) -> int:
    return forks.orchestra(made.root, ["run", "--auto", *words], log=made.log)


def events(made: World, kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in made.json("log")["events"] if event["type"] == kind]


def brief(made: World, attempt: int) -> str:
    return next((made.root / ".orchestra/runs").glob(f"*/M1.phase-1.worker-{attempt}/turn-1/prompt.md")).read_text()


def rounds(times: int) -> Iterator[dict[str, Any]]:
    """Three parts of one file, over and over."""
    for at in range(times):
        for part in range(3):
            id_ = f"toolu_{at}_{part}"
            yield call(id_, "Read", {"file_path": "src/big.py", "offset": part * 100, "limit": 100})
            yield came_back(id_, f"part {part}")


def test_one_that_reads_in_circles_is_ended_and_the_next_is_told(place: World, tmp_path: Path) -> None:
    pid = tmp_path / "daemon"
    daemon = f"setsid sh -c 'echo $$ > {shlex.quote(str(pid))}; exec sleep 1000' &"
    says(talks(place), "worker-1", [INIT, daemon, *rounds(4), FOR_EVER])
    says(talks(place), "worker-2", [INIT, WRITES, result()])
    with cleared(pid):
        assert run(place) == 0, place.said()
        assert gone(number_in(pid)), "what it started is ended with it"
    [first, second] = events(place, "turn-ended")
    assert (first["exit_class"], second["exit_class"]) == ("spiral", "ok")
    assert first["reason"] == "src/big.py was read 3 times over, the same parts again and again"
    assert first["usage"]["answers"] > 0, "what it used is counted"
    assert "spiral: src/big.py was read 3 times over" in events(place, "attempt-failed")[0]["reason"]
    told = brief(place, 2)
    assert "src/big.py was read 3 times over" in told
    assert "Do not go through these steps again" in told


@pytest.mark.parametrize(
    ("steps", "breaker"),
    [
        ([("Bash", {"command": "./gen"}, "ok", False)], "stagnant"),
        (
            [("Bash", {"command": f"npm run {n}"}, "Error: no space left on device", True) for n in range(5)],
            "error-echo",
        ),
        (
            [("Edit", {"file_path": "a", "old_string": x, "new_string": y}, "ok", False) for x, y in ("12", "21")],
            "spiral",
        ),
    ],
    ids=["stagnant", "error-echo", "spiral"],
)
def test_each_breaker_ends_a_run_that_only_goes_in_circles(place: World, steps: list[Any], breaker: str) -> None:
    lines: list[Any] = [INIT]
    for number in range(12):
        tool, given, said, failed = steps[number % len(steps)]
        lines += [call(f"t{number}", tool, given), came_back(f"t{number}", said, failed=failed)]
    says(talks(place), "worker", [*lines, FOR_EVER])
    assert run(place, "--max-attempts", "1") == 1, place.said()
    assert [event["exit_class"] for event in events(place, "turn-ended")] == [breaker]
    assert place.statuses() == {"M1": "failed"}


def test_tests_that_are_run_after_each_edit_are_work(place: World) -> None:
    lines: list[Any] = [INIT]
    for number in range(20):
        edit = {"file_path": "a.txt", "old_string": str(number), "new_string": str(number + 1)}
        lines += [call(f"e{number}", "Edit", edit), came_back(f"e{number}", "updated")]
        red = "Exit code 1\n1 failed: total is 3, expected 4"
        lines += [call(f"t{number}", "Bash", {"command": "npm test"}), came_back(f"t{number}", red, failed=True)]
    says(talks(place), "worker", [*lines, WRITES, result()])
    assert run(place) == 0, place.said()
    assert [event["exit_class"] for event in events(place, "turn-ended")] == ["ok"]


def test_a_breaker_that_is_switched_off_trips_nothing(place: World) -> None:
    configure(place, breakers={"circle": 0})
    place.save()
    says(talks(place), "worker", [INIT, *rounds(9), WRITES, result()])
    assert run(place) == 0, place.said()


def test_a_supervisor_that_comes_later_hears_all_of_it(place: World, tmp_path: Path) -> None:
    """The first one is killed after two rounds; the third is made while nobody listens."""
    go = tmp_path / "go"
    wait = f"while [ ! -e {shlex.quote(str(go))} ]; do sleep 0.02; done"
    heard = list(rounds(3))
    says(talks(place), "worker-1", [INIT, *heard[:12], wait, *heard[12:], FOR_EVER])
    says(talks(place), "worker-2", [INIT, WRITES, result()])

    def printed() -> bool:
        files = (place.root / ".orchestra/runs").glob("*/M1.phase-1.worker-1/turn-1/stdout")
        return any("toolu_1_2" in file.read_text() for file in files)

    with started(place, "run", "--auto") as first:
        until(printed, "two rounds")
        kill(first)
    go.touch()
    assert run(place) == 0, place.said()
    assert [event["exit_class"] for event in events(place, "turn-ended")] == ["spiral", "ok"]


# Silence


def test_silence_ends_a_turn_and_it_is_tried_again(place: World) -> None:
    configure(place, thresholds={"idle_timeout_minutes": 0.02})
    place.save()
    says(talks(place), "worker-1", [INIT, call("a", "Bash", {"command": "x"}), came_back("a", "x"), FOR_EVER])
    says(talks(place), "worker-2", [INIT, WRITES, result()])
    assert run(place) == 0, place.said()
    assert [event["exit_class"] for event in events(place, "turn-ended")] == ["hang", "ok"]
    assert "no output and no work for too long" in brief(place, 2)


def test_a_test_that_is_silent_for_longer_is_waited_for(place: World) -> None:
    configure(place, thresholds={"idle_timeout_minutes": 0.02})
    place.save()
    test = [call("a", "Bash", {"command": "./slow-test"}), "sleep 3", came_back("a", "ok")]
    says(talks(place), "worker", [INIT, *test, WRITES, result()])
    assert run(place) == 0, place.said()
    assert [event["exit_class"] for event in events(place, "turn-ended")] == ["ok"]


# Budgets of a unit


def answers(count: int, came_in: int = 10) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield call(f"a{number}", "Bash", {"command": f"./step {number}"}, came_in=came_in)
        yield came_back(f"a{number}", f"{number} is done")


@pytest.mark.parametrize(
    ("limit", "steps", "said"),
    [
        ({"unit_max_tokens": 5000}, [*answers(6, came_in=1000)], "budget of 5000 tokens is used up"),
        ({"unit_max_turns": 4}, [*answers(5)], "budget of 4 answers of the model is used up"),
        ({"unit_max_minutes": 0.01}, [], "budget of 0.01 minutes is used up"),
    ],
    ids=["tokens", "turns", "minutes"],
)
def test_a_turn_that_uses_up_the_budget_is_ended_and_there_is_no_other(
    place: World, limit: dict[str, Any], steps: list[Any], said: str
) -> None:
    configure(place, thresholds=limit)
    place.save()
    says(talks(place), "worker", [INIT, *steps, FOR_EVER])
    assert run(place) == 1, place.said()
    [ended] = events(place, "turn-ended")
    assert (ended["exit_class"], place.statuses()) == ("spent", {"M1": "failed"})
    assert said in ended["reason"]


def test_a_turn_that_came_to_its_limit_has_used_it_whatever_its_duration_says(
    place: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = marker._ended
    monkeypatch.setattr(marker, "_ended", lambda job, cause, code, took_s: measured(job, cause, code, took_s * 0.9))
    configure(place, thresholds={"unit_max_minutes": 0.01})
    place.save()
    says(talks(place), "worker", [INIT, FOR_EVER])
    assert run(place) == 1, place.said()
    assert [event["exit_class"] for event in events(place, "turn-ended")] == ["spent"]


def test_a_budget_is_for_all_attempts_together(place: World) -> None:
    configure(place, thresholds={"unit_max_cost_usd": 0.05, "max_attempts": 9})
    place.save()
    crash = result("boom", cost=0.02, is_error=True)
    says(talks(place), "worker", [INIT, crash, "exit 1"])
    assert run(place) == 1, place.said()
    assert len(events(place, "turn-ended")) == 3, "0.06 USD"
    assert "the unit's budget of 0.05 USD is used up" in events(place, "unit-failed")[0]["reason"]


def test_work_that_was_done_within_its_turn_is_checked_all_the_same(place: World) -> None:
    configure(place, thresholds={"unit_max_cost_usd": 0.01})
    place.save()
    says(talks(place), "worker", [INIT, WRITES, result(cost=0.5)])
    assert run(place) == 0, place.said()


def test_what_claude_code_may_use_is_what_is_left(place: World) -> None:
    configure(place, thresholds={"unit_max_turns": 10, "unit_max_cost_usd": 1.0})
    place.save()
    seen = 'tr "\\0" " " < /proc/$PPID/cmdline >> ../../../../argv; echo >> ../../../../argv'
    subtype = {"subtype": "error_max_turns", "is_error": True, "result": ""}
    says(talks(place), "worker-1", [INIT, seen, result(cost=0.25, turns=4, is_error=True), "exit 1"])
    says(talks(place), "worker-2", [INIT, seen, result(cost=0.25, turns=6, **subtype), "exit 1"])
    assert run(place) == 1, place.said()
    lines = (place.root.parent / "argv").read_text().splitlines()
    assert "--max-turns 10 --max-budget-usd 1.0000" in lines[0]
    assert "--max-turns 6 --max-budget-usd 0.7500" in lines[1]
    assert [event["exit_class"] for event in events(place, "turn-ended")] == ["failed", "spent"]


@pytest.mark.parametrize("most", [("--max-tokens", "5000"), ("--max-cost", "0.01")], ids=["tokens", "cost"])
def test_a_turn_that_uses_up_the_budget_of_the_run_is_stopped_and_goes_on_with_the_next(
    place: World, most: tuple[str, str]
) -> None:
    left = 'tr "\\0" " " < /proc/$PPID/cmdline > ../../../../argv'
    ended = {"subtype": "error_max_budget_usd", "is_error": True, "result": ""}
    own_end = [result(cost=0.02, **ended), "exit 1"] if "--max-cost" in most else [FOR_EVER]
    says(talks(place), "worker-1", [INIT, left, "echo half > a.txt", *answers(6, came_in=1000), *own_end])
    assert run(place, "--max-attempts", "1", *most) == 1, place.said()
    [stopped] = events(place, "turn-ended")
    assert (stopped["exit_class"], "is used up" in stopped["reason"]) == ("stopped", True)
    assert ("--max-budget-usd 0.0100" in (place.root.parent / "argv").read_text()) == ("--max-cost" in most)
    assert (place.json("status")["state"], place.statuses()) == ("halted", {"M1": "in-progress"})
    says(talks(place), "worker-1", [INIT, "echo whole >> a.txt", result()])
    assert run(place, "--max-attempts", "1", *most) == 0, place.said()
    assert place.git("show", "main:a.txt").split() == ["half", "whole"]


def test_what_an_ended_turn_has_used_counts_once(place: World) -> None:
    says(talks(place), "worker-1", [INIT, *answers(3, came_in=1000), "exit 1"])
    says(talks(place), "worker-2", [INIT, *answers(5, came_in=1000), "sleep 1", WRITES, result()])
    assert run(place, "--max-tokens", "9000") == 0, place.said()


def test_a_turn_that_is_sent_back_beyond_the_budget_of_the_run_waits_for_the_next(place: World) -> None:
    configure(place, verification={"typecheck": "", "test": "grep -q whole a.txt", "lint": ""})
    place.save()
    says(
        talks(place),
        "worker-1",
        [INIT, "cat a.txt 2>&- | grep -q half && echo whole > a.txt || echo half > a.txt", result(cost=0.5)],
    )
    assert run(place, "--max-cost", "0.4") == 1, place.said()
    assert len(events(place, "turn-ended")) == 1
    assert run(place, "--max-cost", "0.4") == 0, place.said()
    assert len(events(place, "attempt-started")) == 1


def test_a_person_may_grant_it_again(place: World) -> None:
    configure(place, thresholds={"unit_max_turns": 2})
    place.save()
    says(talks(place), "worker-1", [INIT, *answers(3), FOR_EVER])
    says(talks(place), "worker-2", [INIT, WRITES, result(turns=1)])
    assert forks.orchestra(place.root, ["run"], log=place.log) == 2, place.said()
    [decision] = place.json("status")["decisions"]
    assert "the unit's budget of 2 answers of the model is used up" in decision["question"]
    assert place.call("decide", decision["id"], "retry") == 0
    assert forks.orchestra(place.root, ["run"], log=place.log) == 0, place.said()
