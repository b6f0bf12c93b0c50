"""A supervisor that dies at its work, alone or with all that works for it, and the one that comes after it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestra.proc import cgroup
from tests.support.live import background, kill, power_cut, until, working_in
from tests.support.projects import Phase, World, world

GATE = "while ! test -f {runs}/go; do sleep 0.05; done"


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    return made


def runs(place: World) -> Path:
    return place.root / ".orchestra/runs"


def gate(place: World) -> str:
    """Shell that says it has begun and waits until it may go on."""
    return f"echo $$ >> {runs(place)}/begun; {GATE.format(runs=runs(place))}"


def begun(place: World) -> int:
    file = runs(place) / "begun"
    return len(file.read_text().splitlines()) if file.exists() else 0


def attempts(place: World) -> list[int]:
    return [unit["attempts"] for unit in place.json("status")["groups"][0]["units"]]


def liveness(place: World) -> str | None:
    word: str | None = place.json("status")["groups"][0]["units"][0]["liveness"]
    return word


def types(place: World) -> list[str]:
    return [event["type"] for event in place.json("log")["events"]]


def is_whole(place: World) -> None:
    """It all came to what an undisturbed run comes to."""
    assert place.subjects() == ["chore: start", "chore: plan", "feat(work): a", "feat(work): b"]
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert attempts(place) == [1, 1]
    assert place.statuses() == {"M1": "done"}
    assert place.json("status")["groups"][0]["lease"] is None
    assert place.git("for-each-ref", "refs/heads", "--format=%(refname:short)") == "main"
    assert [line for line in place.git("status", "--porcelain").splitlines() if ".orchestra/" not in line] == []
    seqs = [event["seq"] for event in place.json("log")["events"]]
    assert seqs == list(range(1, len(seqs) + 1))


def agents_wait(place: World) -> None:
    place.rule({"unit": "M1/phase-1"}, {"run": gate(place)}, {"write": {"path": "a.txt", "text": "x"}}, {"say": "ok"})
    place.writes("M1/phase-2", "b.txt")
    place.save()


def tests_wait(place: World) -> None:
    """The verification command waits, and counts how often it is under way at once."""
    place.config(verification={"typecheck": "", "test": f"test -f b.txt || {{ {gate(place)}; }}", "lint": ""})
    place.writes("M1/phase-1", "a.txt")
    place.writes("M1/phase-2", "b.txt")
    place.save()


# The supervisor alone


def test_killed_while_an_agent_works(place: World) -> None:
    agents_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the agent's start")
        kill(first)
    with background(place, "--auto") as second:
        until(lambda: "goes on, epoch 2" in place.said(), "the takeover")
        (runs(place) / "go").touch()
        assert second.wait(60) == 0, place.said()
    assert begun(place) == 1, "the agent was adopted"
    is_whole(place)


def test_killed_and_the_agent_ends_before_the_next_comes(place: World) -> None:
    agents_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the agent's start")
        kill(first)
    assert liveness(place) == "working", "the agent is still there"
    (runs(place) / "go").touch()
    until(lambda: list(runs(place).rglob("turn-1/rc")), "the agent's end")
    assert liveness(place) is None, "nobody is"
    assert place.run("--auto") == 0, place.said()
    assert begun(place) == 1, "its result was taken"
    is_whole(place)


def test_killed_while_the_verification_runs(place: World) -> None:
    tests_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the start of the tests")
        kill(first)
    with background(place, "--auto") as second:
        until(lambda: "goes on, epoch 2" in place.said(), "the takeover")
        (runs(place) / "go").touch()
        assert second.wait(60) == 0, place.said()
    assert begun(place) == 1, "the tests were not started a second time"
    assert types(place).count("receipt") == 2
    is_whole(place)


@pytest.mark.parametrize("answer", [0, 1])
def test_killed_while_the_remote_takes_the_push(place: World, answer: int) -> None:
    """Whether the remote took it or not, it has it once in the end."""
    place.writes("M1/phase-1", "a.txt")
    place.writes("M1/phase-2", "b.txt")
    place.save()
    hook = place.remote / "hooks/pre-receive"
    fails = f"test -f {runs(place)}/second || exit {answer}"
    hook.write_text(f"#!/bin/sh\n{gate(place)}\n{fails}\nexit 0\n")
    hook.chmod(0o755)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the push")
        kill(first)
    (runs(place) / "second").touch() if answer == 0 else None
    (runs(place) / "go").touch()
    if answer:
        (runs(place) / "second").touch()
    assert place.run("--auto") == 0, place.said()
    is_whole(place)


def test_killed_after_the_push_and_before_the_landing(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.writes("M1/phase-2", "b.txt")
    place.save()
    lock = place.root / ".git/refs/heads/main.lock"
    hook = place.remote / "hooks/post-receive"
    hook.write_text(f"#!/bin/sh\ntouch {lock}\n")
    hook.chmod(0o755)
    with background(place, "--auto") as first:
        until(lambda: "pushed to origin/main" in place.said(), "the push")
        kill(first)
    lock.unlink(missing_ok=True)
    assert place.run("--auto") == 0, place.said()
    is_whole(place)


# Everything


def test_the_machine_stops_while_an_agent_works(place: World) -> None:
    agents_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the agent's start")
        power_cut(place, first)
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    assert begun(place) == 2, "it had to be done again"
    is_whole(place)


def test_the_machine_stops_twice_in_a_row(place: World) -> None:
    agents_wait(place)
    for number in (1, 2):
        with background(place, "--auto") as running:
            until(lambda wanted=number: begun(place) == wanted, "the agent's start")
            power_cut(place, running)
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    assert begun(place) == 3
    is_whole(place)


def test_the_machine_stops_while_the_verification_runs(place: World) -> None:
    tests_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the start of the tests")
        power_cut(place, first)
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    assert begun(place) == 2
    is_whole(place)


def test_what_an_agent_had_half_done_when_the_machine_stopped_is_kept(place: World) -> None:
    place.rule({"unit": "M1/phase-1"}, {"write": {"path": "a.txt", "text": "half"}}, {"run": gate(place)})
    place.writes("M1/phase-2", "b.txt")
    place.save()
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the agent's start")
        power_cut(place, first)
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    patches = [path.read_text() for path in (place.root / ".orchestra").rglob("*.patch")]
    assert any("+half" in text for text in patches)


def test_an_agent_that_takes_the_machine_down_each_time_counts_as_a_crash(place: World) -> None:
    """Three lost starts of one turn are a crash; the next attempt goes on."""
    agents_wait(place)
    for number in (1, 2, 3):
        with background(place, "--auto") as running:
            until(lambda wanted=number: begun(place) == wanted, "the agent's start")
            power_cut(place, running)
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    assert attempts(place)[0] == 2
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]


# Many of them


def test_supervisors_that_come_and_go(place: World) -> None:
    """Ten of them, one after the other, each killed a moment later, and one that is let be."""
    agents_wait(place)
    for _ in range(10):
        with background(place, "--auto") as running:
            until(lambda: begun(place) or running.poll() is not None, "any progress")
            kill(running)
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    assert begun(place) == 1
    is_whole(place)


def test_two_that_are_started_over_a_dead_one_do_not_both_take_its_agent(place: World) -> None:
    agents_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the agent's start")
        kill(first)
    with background(place, "--auto") as second, background(place, "--auto") as third:
        until(lambda: "goes on, epoch 2" in place.said(), "the takeover")
        (runs(place) / "go").touch()
        codes = sorted(one.wait(60) for one in (second, third))
    assert codes in ([0, 0], [0, 75]), place.said()
    assert begun(place) == 1
    is_whole(place)


def test_a_killed_run_is_told_by_status_and_can_be_stopped(place: World) -> None:
    agents_wait(place)
    with background(place, "--auto") as first:
        until(lambda: begun(place), "the agent's start")
        kill(first)
    status = place.json("status")
    assert status["groups"][0]["lease"]["alive"] is False
    left = [check for check in place.json("doctor")["checks"] if check["name"] == "left over"]
    assert [check["message"][:30] for check in left] == ["1 agent of runs that were kill"]
    group = cgroup.of(runs(place) / "r1/M1.phase-1.worker-1/turn-1")
    # As if its supervisor had been killed a moment earlier, at the next turn.
    (runs(place) / "r1/M1.phase-1.worker-1/turn-2").mkdir()
    empty = cgroup.make(runs(place) / "r1/M1.phase-1.worker-1/turn-2")
    assert place.call("stop") == 0
    assert empty is None or not empty.exists()
    assert "its driver is not alive" in place.said()
    assert "ended what killed runs had left: 1 agent" in place.said()
    assert working_in(place.root / ".orchestra") == []
    assert group is None or not group.exists()
    assert "left over" not in {check["name"] for check in place.json("doctor")["checks"]}
    (runs(place) / "go").touch()
    assert place.run("--auto") == 0, place.said()
    is_whole(place)


def test_nothing_is_left_running_at_the_end(place: World) -> None:
    place.rule({"unit": "M1/phase-1"}, {"run": "setsid sleep 600 & echo x > a.txt"})
    place.writes("M1/phase-2", "b.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(place.root) not in listed
