"""A Kiro spec with the real programs: three units become three commits, whatever goes wrong on the way."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.headless import FOUR
from tests.support.clients.place import REPORT, Place
from tests.support.clients.reply import Answer, Reply
from tests.support.clients.request import Request
from tests.support.clients.run import Running
from tests.support.clients.world import World
from tests.support.launching import until

TASKS = """# Implementation Plan: Shop

- [ ] 1. First
  - _writes: src/1.txt_
- [ ] 2. Second
  - _writes: src/2.txt_
- [ ] 3. Third
  - _writes: src/3.txt_
"""
LIMIT_S = 300.0
SPEC = ".kiro/specs/shop"
SOON = "Please try again in 2 seconds."
LIMITED = {
    "claude": Reply(status=429, error=f"Rate limited. {SOON}"),
    # What Codex says of a used-up plan; it makes the sentence itself only for those who are logged in with one.
    "codex": Reply(status=400, error="You've hit your usage limit. Try again in 2 seconds."),
    "opencode": Reply(status=429, error=f"Rate limit reached. {SOON}", headers={"retry-after": "2"}),
    "gemini": Reply(
        status=429,
        error="You exceeded your current quota, please check your plan and billing details. Please retry in 2s.",
        details={
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}],
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"},
            ],
        },
    ),
}
BROKEN = Reply(status=500, error=f"Internal server error. {SOON}")
HALT = "I cannot decide this.\n<promise>HALT</promise>"


@dataclass
class Story:
    """What the agents of one spec meet, by ticket and by the number of the ticket's turn, and what they do."""

    place: Place
    over: threading.Event = field(default_factory=threading.Event)
    resumed: list[str] = field(default_factory=list)

    def act(self, request: Request) -> Answer | Talk:
        """The answer of the played model, or its part in a conversation."""
        found = REPORT.search(request.first_user)
        assert found, request.first_user
        ticket = found[2]
        begun = self.place.project.root.glob(f".orchestra/runs/*/{ticket}/turn-*/prompt.md")
        # A turn whose session is not there is started again: turn-2.1.
        turn = max(int(one.parent.name.removeprefix("turn-").partition(".")[0]) for one in begun)
        return self._parts()[ticket, turn](request)

    def _parts(self) -> dict[tuple[str, int], Callable[[Request], Answer | Talk]]:
        return {
            ("shop.1.worker-1", 1): lambda _: LIMITED[self.place.name],
            ("shop.1.worker-1", 2): lambda _: BROKEN,
            ("shop.1.worker-1", 3): self._writes(1, "bad"),
            ("shop.1.worker-1", 4): self._mends,
            ("shop.2.worker-1", 1): self._hangs,
            ("shop.2.worker-2", 1): lambda _: Reply(kill="agent"),
            ("shop.2.worker-3", 1): self._writes(2, "good", wait=True),
            ("shop.3.worker-1", 1): lambda _: HALT,
            ("shop.3.worker-2", 1): self._writes(3, "good"),
        }

    def _writes(self, number: int, word: str, *, wait: bool = False) -> Callable[[Request], Talk]:
        line = f"mkdir -p src; echo {word} > src/{number}.txt"
        line += "; while [ ! -e $ORCHESTRA_TURN_DIR/go ]; do sleep 0.1; done" if wait else ""

        def talk(request: Request) -> Talk:
            report = REPORT.search(request.first_user)
            assert report
            yield self.place.headless.shell(self.place.name, line)
            yield self.place.headless.shell(self.place.name, f"{report[1]} --status done --notes {word}")
            return f"UNIT {number} IS {word}"

        return talk

    def _mends(self, request: Request) -> Talk:
        self.resumed.append(request.text)
        return self._writes(1, "good")(request)

    def _hangs(self, _request: Request) -> Answer:
        self.over.wait()
        return "too late"


@pytest.fixture
def story(tmp_path: Path, all_clients: Path, name: str) -> Iterator[Story]:
    with World(tmp_path / "world", all_clients) as world:
        made = Story(Place(world, name))
        yield made
        made.over.set()


def plan(place: Place) -> None:
    place.configure(
        verification={"typecheck": "", "test": "! grep -qs bad src/*.txt", "lint": ""},
        pipeline={"review": "skip"},
        thresholds={
            # Two ask a service that fails again and again, and have to be ended for that.
            "idle_timeout_minutes": 0.25 if place.name in ("opencode", "gemini") else 0.15,
            "limit_backoff_minutes": 0.03,
            "max_attempts": 4,
        },
    )
    folder = place.project.root / SPEC
    folder.mkdir(parents=True)
    (folder / "tasks.md").write_text(TASKS)
    place.project.save()


def start(place: Place) -> Running:
    return place.start("--workflow", "sequential", "--plan", SPEC)


@FOUR
@pytest.mark.timeout(600)
def test_three_units_become_commits_through_limit_error_hang_crash_halt_and_kill(story: Story, name: str) -> None:
    place = story.place
    plan(place)
    tickets = Turn(story.act, When(first_user=r"orchestra report shop\.\d\.worker-\d"), 0, "worker")
    model = place.world.play(Brain(tickets, default=None))
    # Limited, refused with 500, sent back by a check; a hang, a crash; then its supervisor is killed while it works.
    first = start(place)
    written = place.project.root / ".orchestra/worktrees/shop-1/src/2.txt"
    until(lambda: written.exists() or first.process.poll() is not None, LIMIT_S)
    first.process.kill()
    first.process.wait()
    again = start(place)
    until(lambda: bool(place.events("run-resumed")))
    [turn] = place.project.root.glob(".orchestra/runs/*/shop.2.worker-3/turn-1")
    (turn / "go").touch()
    assert again.wait(LIMIT_S) == 2, again.err.read_text()
    [question] = place.events("decision-asked")
    assert "I cannot decide this" in str(question["data"])
    # It stays halted until a person has answered.
    assert start(place).wait(LIMIT_S) == 2
    assert place.call("decide", question["data"]["decision"]["id"], "retry").code == 0
    last = start(place)
    assert last.wait(LIMIT_S) == 0, last.err.read_text()
    assert not model.brain.errors, model.brain.errors
    told(story)


def told(story: Story) -> None:
    """It all came to three commits; each turn ended as it was meant to, and nothing was left."""
    place, project = story.place, story.place.project
    ends = [(one["attempt"], one["data"]["exit_class"]) for one in place.events("turn-ended")]
    assert ends == [
        *(("shop.1.worker-1", end) for end in ("limit", "overloaded", "ok", "ok")),
        *(("shop.2.worker-1", "hang"), ("shop.2.worker-2", "crash"), ("shop.2.worker-3", "ok")),
        *(("shop.3.worker-1", "halt"), ("shop.3.worker-2", "ok")),
    ]
    assert project.subjects()[2:] == ["feat(shop): First", "feat(shop): Second", "feat(shop): Third"]
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")
    assert [project.git("show", f"main:src/{one}.txt") for one in (1, 2, 3)] == ["good"] * 3
    assert re.findall(r"\[(.)\]", (project.root / SPEC / "tasks.md").read_text()) == ["x"] * 3
    # The turn that mended went on with the conversation of the one before.
    [resumed] = story.resumed
    assert "UNIT 1 IS bad" in resumed
    assert [one for running in place.world.running for one in running.family()] == []
