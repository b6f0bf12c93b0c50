"""What a driver records at once, what it may record later, and what becomes of that when something comes between."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestra.config import Config
from orchestra.core.events import EventType
from orchestra.core.index import index
from orchestra.core.model import Event
from orchestra.drive.session import Session
from orchestra.project import Project
from orchestra.state import leases
from orchestra.state.identity import Holder, me
from orchestra.state.lease import LeaseLost
from orchestra.state.store import Store
from tests.support import states
from tests.support.live import command, environment, until


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Store.open(tmp_path / "state.db") as store:
        run = states.begun(store, states.group("M1"), states.group("M2", order=2))
        held = Session(Project(tmp_path), Config(), store, run, me(), late_s=30.0)
        held.claim("M1")
        held.claim("M2")
        yield held


def logged(session: Session) -> list[str]:
    return [event["type"] for event in session.store.log(run="r1") if event["type"] in ("attempt-started", "note")]


def note(group: str = "") -> Event:
    return Event(EventType.NOTE, group=group)


async def late(session: Session, unit: str = "M1/phase-1") -> list[str]:
    """Record the start of a unit's work soon; answers with the list in which is told what was recorded."""
    told: list[str] = []
    session.listeners.append(lambda row: told.append(row["type"]))
    session.record_soon(states.dispatched(unit))
    return told


def test_what_waits_is_in_memory_and_nowhere_else(session: Session) -> None:
    async def work() -> None:
        told = await late(session)
        assert session.run.live["M1"] and logged(session) == [] == told
        session.record(note("M1"))
        assert logged(session) == told == ["attempt-started", "note"]

    asyncio.run(work())
    assert session.store.load("r1") == index(session.run)


def test_a_driver_that_does_not_come_back_records_at_once(session: Session) -> None:
    session.late_s = 0.0
    asyncio.run(late(session))
    assert logged(session) == ["attempt-started"]


def test_it_waits_no_longer_than_it_may(session: Session) -> None:
    async def work() -> None:
        session.late_s = 0.02
        await late(session)
        session.catch_up()
        assert logged(session) == []
        # Woken by nothing else than the time.
        while not logged(session):
            await session.wait_for_change()
            session.catch_up()

    asyncio.run(asyncio.wait_for(work(), 30))


def test_another_groups_event_does_not_overtake(session: Session) -> None:
    async def work() -> None:
        await late(session)
        await late(session, "M2/phase-1")
        assert logged(session) == ["attempt-started"]
        session.record(note())
        assert logged(session) == ["attempt-started", "attempt-started", "note"]

    asyncio.run(work())
    assert session.store.load("r1") == index(session.run)


def test_what_others_recorded_comes_in_between(session: Session, tmp_path: Path) -> None:
    async def work() -> None:
        await late(session)
        with Store.open(tmp_path / "state.db") as other:
            theirs = other.load("r1")
            assert theirs is not None
            other.record(theirs, [Event(EventType.STOP_REQUESTED)])
        session.catch_up()
        assert session.run.stop and logged(session) == ["attempt-started"]

    asyncio.run(work())
    assert session.store.load("r1") == index(session.run)


def test_what_others_recorded_before_is_known_to_whoever_goes_on(session: Session, tmp_path: Path) -> None:
    async def work() -> None:
        with Store.open(tmp_path / "state.db") as other:
            theirs = other.load("r1")
            assert theirs is not None
            other.record(theirs, [Event(EventType.STOP_REQUESTED)])
        await late(session)
        assert session.run.stop and session.run.live["M1"]

    asyncio.run(work())
    assert session.store.load("r1") == index(session.run)


def test_what_is_recorded_while_a_waiter_looks_wakes_it(session: Session) -> None:
    async def work() -> None:
        since = session.moved
        session.record(note())
        await session.wait_for_change(None, since)

    asyncio.run(asyncio.wait_for(work(), 30))


def taken_over(session: Session, group: str) -> None:
    somebody = Holder("elsewhere", token="theirs")
    leases.claim(session.store, group, somebody, 60.0, session.clock.now(), take_over=True)


def test_what_waits_goes_with_its_group(session: Session) -> None:
    async def work() -> None:
        await late(session)
        taken_over(session, "M1")
        with pytest.raises(LeaseLost):
            session.record(note("M1"))
        assert logged(session) == [] and session.lost == {"M1"}
        session.record(note("M2"))
        assert logged(session) == ["note"]

    asyncio.run(work())
    assert session.run.seq == max(event["seq"] for event in session.store.log())


def test_anothers_loss_is_not_the_groups_own(session: Session) -> None:
    async def work() -> None:
        await late(session)
        taken_over(session, "M1")
        session.record(note("M2"))
        assert (logged(session), session.lost) == (["note"], {"M1"})

    asyncio.run(work())


def test_it_is_written_before_its_group_is_let_go(session: Session) -> None:
    async def work() -> None:
        await late(session)
        session.release("M1")
        assert logged(session) == ["attempt-started"]

    asyncio.run(work())


UNITS = 12
CONFIG = """\
git: {strategy: none}
verification: {test: "true", typecheck: "", lint: ""}
push: never
"""
MILESTONE = """\
# Milestone: M1 — Lines

| Field | Value |
|-------|-------|
| Status | ready |
| Complexity | quick |
"""
PHASE = """\
---
status: pending
order: {n}
depends_on: []
---

# Phase {n}: A line

## Objective

One line is written.

## Scope

- out/part{n}/ (new)

## Acceptance Criteria

- [ ] check: `true`
"""


def plan(root: Path) -> None:
    folder = root / ".orchestra/milestones/M1-lines"
    (folder / "phases").mkdir(parents=True)
    (root / ".orchestra/config.yml").write_text(CONFIG)
    (folder / "milestone.md").write_text(MILESTONE)
    for n in range(1, UNITS + 1):
        (folder / f"phases/phase-{n}.md").write_text(PHASE.format(n=n))


def test_killed_before_it_is_written_nothing_is_done_twice(tmp_path: Path) -> None:
    """Without git and with programs that take no time, most of what has happened waits to be written."""
    plan(tmp_path)
    ran = tmp_path / "ran"
    words = ("run", "--auto", "--backend", "command", "--command", f'echo "$ORCHESTRA_UNIT" >> {ran}')

    def lines() -> list[str]:
        return ran.read_text().splitlines() if ran.exists() else []

    def start() -> subprocess.Popen[bytes]:
        argv = command("-C", str(tmp_path), *words)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(argv, env=environment(), start_new_session=True, **quiet)  # type: ignore[call-overload, no-any-return]

    def killed_at(wanted: int) -> None:
        running = start()
        until(lambda: len(lines()) >= wanted or running.poll() is not None, f"unit {wanted}")
        os.kill(running.pid, signal.SIGKILL)
        running.wait()

    for wanted in (2, 5, 9):
        killed_at(wanted)
    assert start().wait() == 0
    assert sorted(lines()) == sorted(f"M1/phase-{n}" for n in range(1, UNITS + 1))
    with Store.open(tmp_path / ".orchestra/state.db", readonly=True) as store:
        events = [event["type"] for event in store.log()]
    assert [events.count(kind) for kind in ("turn-ended", "receipt", "unit-accepted")] == [UNITS] * 3


DYING = """
import os, signal, sys
from orchestra import main
from orchestra.drive import turn

recorded, when, number = turn._recorded, sys.argv[1], int(sys.argv[2])
calls = []


def dying(session, attempt):
    calls.append(attempt)
    if when == "after":
        recorded(session, attempt)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    recorded(session, attempt)


turn._recorded = dying
sys.exit(main.main(sys.argv[3:]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 5])
def test_killed_around_the_record_of_a_start_the_unit_is_still_built_once(
    when: str, number: int, tmp_path: Path
) -> None:
    plan(tmp_path)
    ran = tmp_path / "ran"
    words = ["-C", str(tmp_path), "run", "--auto", "--json", "--backend", "command"]
    words += ["--command", f'echo "$ORCHESTRA_UNIT" >> {ran}']
    killed = subprocess.run([sys.executable, "-c", DYING, when, str(number), *words], env=environment())
    assert killed.returncode == -signal.SIGKILL
    assert len(ran.read_text().splitlines() if ran.exists() else []) == number - 1
    assert subprocess.run(command(*words), env=environment()).returncode == 0
    assert sorted(ran.read_text().splitlines()) == sorted(f"M1/phase-{n}" for n in range(1, UNITS + 1))
    with Store.open(tmp_path / ".orchestra/state.db", readonly=True) as store:
        started = [event["attempt"] for event in store.log() if event["type"] == "attempt-started"]
    assert len(set(started)) == len(started) == UNITS
