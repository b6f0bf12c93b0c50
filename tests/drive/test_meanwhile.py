"""What is said of a turn that takes long, by a clock that the test sets."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestra.backends.base import AgentEvent, Task
from orchestra.config import Config
from orchestra.core.events import EventType
from orchestra.drive.meanwhile import Meanwhile
from orchestra.drive.session import Session
from orchestra.project import Project
from orchestra.state.identity import me
from orchestra.state.store import Store
from tests.support.states import about, begun, dispatched
from tests.support.turns import task

BEGAN = 1795242600.0
UNIT = "M1/phase-1"


@dataclass
class World:
    """An attempt that is at work since `BEGAN`, and what was said of it."""

    session: Session
    task: Task
    now: float = BEGAN
    said: list[str] = field(default_factory=list)

    def listen(self) -> Meanwhile:
        return Meanwhile(self.session, self.said.append, lambda: self.now)

    def output(self, at: float) -> None:
        file = self.task.dir / "stdout"
        file.write_text("{}\n")
        os.utime(file, (at, at))

    def record(self, kind: EventType, **data: object) -> None:
        self.session.run = self.session.store.record(self.session.run, [about(kind, UNIT, **data)])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = task(tmp_path, ticket="M1.phase-1.worker-1", unit=UNIT)
    one.dir.mkdir()
    (one.dir / "prompt.md").write_text("do it")
    os.utime(one.dir / "prompt.md", (BEGAN, BEGAN))
    with Store.open(tmp_path / "state.db") as store:
        run = store.record(begun(store), [dispatched(UNIT), about(EventType.TURN_STARTED, UNIT, turn=1)])
        yield World(Session(Project(tmp_path), Config(), store, run, me()), one)


def test_a_long_turn_says_at_growing_intervals_what_it_did_last(world: World) -> None:
    looks = world.listen()
    (onlooker,) = world.session.onlookers
    hear = onlooker(world.task)
    said: dict[int, str] = {}
    for minute in range(90):
        world.now = BEGAN + 60 * minute + 20
        if minute == 1:
            hear(AgentEvent("tool_call", name="Bash", text=json.dumps({"command": "npm test"})))
            world.output(world.now - 12)
        for _ in range(3):
            looks.look()
        said.update((minute, line) for line in world.said)
        world.said.clear()
    assert list(said) == [1, 5, 10, 20, 40, 60, 80]
    assert said[1] == "  M1/phase-1 worker has been at work for 1 min, last output 12 s ago, last call: Bash npm test"
    assert said[60].startswith("  M1/phase-1 worker has been at work for 1 h 00 min, last output 59 min ago")


def test_a_turn_that_was_found_again_is_as_old_as_its_brief_and_the_next_one_is_new(world: World) -> None:
    looks = world.listen()
    looks.look()
    world.session.onlookers[0](world.task)
    world.now = BEGAN + 700
    looks.look()
    assert world.said == ["  M1/phase-1 worker has been at work for 11 min, no output yet"]
    world.record(EventType.TURN_ENDED, exit_class="ok", turn=1)
    world.now += 100
    looks.look()
    world.now += 300
    looks.look()
    assert world.said[1:] == ["  M1/phase-1 has been checked for 5 min so far"]
    world.record(EventType.ATTEMPT_FAILED, reason="it does not work")
    world.now += 6000
    looks.look()
    assert len(world.said) == 2
