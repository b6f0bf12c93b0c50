"""`orchestra run` with the real Claude Code and Codex: a milestone becomes a pushed commit, whatever comes between."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.headless import ENV, Headless
from tests.support.clients.reply import Reply
from tests.support.clients.request import Request
from tests.support.clients.run import Running
from tests.support.clients.world import World
from tests.support.launching import LAUNCHER, until
from tests.support.projects import Phase
from tests.support.projects import World as Project
from tests.support.projects import world as new_project

BOTH = pytest.mark.parametrize("name", ["claude", "codex"])
REPORT = re.compile(r"^ *(\S*orchestra report (\S+)) ", re.MULTILINE)
LIMIT_S = 100.0


class Place:
    """A project whose agents are the program `name`."""

    def __init__(self, world: World, name: str) -> None:
        self.headless, self.world, self.name = Headless(world), world, name
        world.give_python()
        self.project: Project = new_project(world.root / "place")
        self.project.config(backend={"name": name, name: {"program": self.headless.agent(name)["program"]}})
        self.project.milestone("M1", [Phase(("src/a.txt",))], complexity="standard", title="one")
        self.project.save()

    def start(self, *words: str) -> Running:
        env = self.world.environment(None, **ENV[self.name])
        argv = [str(LAUNCHER), "run", "--auto", *words]
        return self.world._start(argv, self.project.root, env, self.world.model)

    def run(self, *words: str) -> int:
        return self.start(*words).wait(LIMIT_S)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The recorded events of a kind."""
        called = self.world.call(str(LAUNCHER), "log", "--json-lines", cwd=self.project.root)
        return [one for one in map(json.loads, called.out.splitlines()) if one["type"] == kind]

    def landed(self) -> None:
        """Assert that the milestone's commit is on the remote, and nothing else of the agent's."""
        assert self.project.subjects()[2:] == ["feat(one): part 1"], self.project.subjects()
        assert self.project.git("rev-parse", "main") == self.project.git("rev-parse", "origin/main")
        assert self.project.git("show", "main:src/a.txt") == "a"
        assert self.project.git("show", "--name-only", "--format=", "main").split() == ["src/a.txt"]

    def worker(self, *before: Any, heard: list[str] | None = None) -> Callable[[Request], Talk]:
        """A worker that gives the answers `before`, writes its file and reports."""

        def talk(request: Request) -> Talk:
            report = REPORT.search(request.first_user)
            assert report, request.first_user
            for one in before:
                seen = yield one
                (heard if heard is not None else []).append(seen.tool_result)
            yield self.headless.shell(self.name, "mkdir -p src && echo a > src/a.txt")
            said = yield self.headless.shell(self.name, f"{report[1]} --status done --notes made")
            return said.tool_result or "reported"

        return talk

    def reviewer(self, request: Request) -> Talk:
        """A reviewer that finds nothing, and says so."""
        report = REPORT.search(request.first_user)
        assert report, request.first_user
        yield self.headless.shell(self.name, f"{report[1]} --findings - <<'END'\n[]\nEND")
        return "reviewed"

    def cast(self, worker: Callable[[Request], Talk], *first: Turn) -> Brain:
        return Brain(
            *first,
            Turn(worker, When(first_user=r"orchestra report \S+\.worker-\d+"), 0, "worker"),
            Turn(self.reviewer, When(first_user=r"orchestra report \S+\.reviewer-\d+"), 0, "reviewer"),
            default=None,
        )


@pytest.fixture
def place(world: World, request: pytest.FixtureRequest) -> Place:
    return Place(world, request.getfixturevalue("name"))


@BOTH
def test_a_milestone_becomes_a_pushed_commit_and_a_breach_of_its_scope_is_denied(place: Place, name: str) -> None:
    heard: list[str] = []
    stray = place.headless.shell(name, "echo lost > README.md")
    model = place.world.play(place.cast(place.worker(stray, heard=heard)))
    assert place.run() == 0, place.world.running[-1].err.read_text()
    model.brain.check()
    assert "outside the scope" in heard[0]
    place.landed()
    # Denied before it ran: there was nothing to be set aside.
    assert not list((place.project.root / ".orchestra/quarantine").glob("*"))
    [worker, reviewer] = place.events("turn-ended")
    assert worker["data"]["usage"]["input"] > 0
    assert (worker["data"]["usage"]["cost_usd"] > 0) is (name == "claude")
    assert worker["data"]["session"]
    # It called `orchestra report`: the harness would take work without it too.
    assert worker["data"]["notes"] == "made"
    assert reviewer["data"]["exit_class"] == "ok"


@BOTH
def test_a_limit_parks_the_backend_and_the_same_attempt_goes_on(place: Place, name: str) -> None:
    limited = {
        "claude": Reply(status=429, error="Rate limited. Please try again in 2 seconds."),
        # What Codex says of a used-up plan; it makes the sentence itself only for those who are logged in with one.
        "codex": Reply(status=400, error="You've hit your usage limit. Try again in 2 seconds."),
    }
    # Claude Code asks twice.
    once = Turn(limited[name], When(first_user=r"\.worker-1"), 2 if name == "claude" else 1, "limited")
    model = place.world.play(place.cast(place.worker(), once))
    running = place.start()
    until(lambda: bool(place.events("backend-parked")))
    assert running.wait(LIMIT_S) == 0, running.err.read_text()
    model.brain.check()
    place.landed()
    assert [one["data"]["exit_class"] for one in place.events("turn-ended")] == ["limit", "ok", "ok"]
    assert len(place.events("attempt-started")) == 2


@pytest.mark.parametrize("name", ["claude"])
def test_a_session_that_vanished_between_two_turns_is_begun_anew_with_the_whole_brief(place: Place, name: str) -> None:
    vanish = "rm -rf $HOME/.claude/projects; grep -q good src/a.txt"
    place.project.config(
        backend={"name": "claude"},
        verification={"typecheck": "", "test": vanish, "lint": ""},
        pipeline={"review": "skip"},
    )
    place.project.save()
    briefs: list[str] = []

    def worker(request: Request) -> Talk:
        briefs.append(request.first_user)
        word = "bad" if len(briefs) == 1 else "good"
        yield place.headless.shell(name, f"mkdir -p src && echo {word} > src/a.txt")
        return "written"

    again = Turn(worker, When(first_user=r"orchestra report \S+\.worker-1"), 0, "worker")
    model = place.world.play(Brain(again, default=None))
    assert place.run() == 0, place.world.running[-1].err.read_text()
    model.brain.check()
    assert len(briefs) == 2
    assert "Turn 2 of 3" in briefs[1]
    assert "## " in briefs[1]
    assert [one["data"]["exit_class"] for one in place.events("turn-ended")][:2] == ["ok", "ok"]
    assert len(place.events("attempt-started")) == len({one["attempt"] for one in place.events("attempt-started")})


@BOTH
def test_a_run_that_is_killed_adopts_its_agent_and_comes_to_one_commit(place: Place, name: str) -> None:
    wait = place.headless.shell(
        name, "mkdir -p src; echo a > src/a.txt; while [ ! -e $ORCHESTRA_TURN_DIR/go ]; do sleep 0.1; done"
    )
    model = place.world.play(place.cast(place.worker(wait)))
    first = place.start()
    trees = place.project.root / ".orchestra"
    until(lambda: any(trees.glob("worktrees/*/src/a.txt")))
    first.process.kill()
    first.process.wait()
    again = place.start()
    [turn] = list(trees.glob("runs/*/*.worker-1/turn-1"))
    until(lambda: bool(place.events("run-resumed")))
    (turn / "go").touch()
    assert again.wait(LIMIT_S) == 0, again.err.read_text()
    place.landed()
    assert [one.name for one in model.brain.turns if one.used != 1] == []
