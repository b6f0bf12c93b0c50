"""A project in a throw-away home whose agents are one of the real programs, and what the played model has them do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from orchestra.core.words import Complexity
from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.headless import ENV, MODEL, Headless
from tests.support.clients.request import Request
from tests.support.clients.run import Running
from tests.support.clients.world import Called, World
from tests.support.launching import LAUNCHER
from tests.support.projects import Phase
from tests.support.projects import World as Project
from tests.support.projects import world as new_project

REPORT = re.compile(r"^ *(\S*orchestra report (\S+)) ", re.MULTILINE)
LIMIT_S = 100.0


class Place:
    """A project whose agents are the program `name`."""

    def __init__(self, world: World, name: str) -> None:
        self.headless, self.world, self.name = Headless(world), world, name
        world.give_python()
        self.project: Project = new_project(world.root / "place")
        self.configure()

    def configure(self, **sections: Any) -> None:
        """Write the project's configuration, with the program in it."""
        models = {str(tier): MODEL[self.name] for tier in Complexity}
        program = {"program": self.headless.agent(self.name)["program"], "models": models}
        self.project.config(**{"backend": {"name": self.name, self.name: program}, **sections})

    def milestone(self) -> None:
        """Plan one milestone with one phase."""
        self.project.milestone("M1", [Phase(("src/a.txt",))], complexity="standard", title="one")
        self.project.save()

    def start(self, *words: str) -> Running:
        env = self.world.environment(None, **ENV[self.name])
        argv = [str(LAUNCHER), "run", "--auto", *words]
        return self.world._start(argv, self.project.root, env, self.world.model)

    def call(self, *words: str) -> Called:
        """Any other verb."""
        return self.world.call(str(LAUNCHER), *words, cwd=self.project.root)

    def run(self, *words: str) -> int:
        return self.start(*words).wait(LIMIT_S)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The recorded events of a kind."""
        lines = self.call("log", "--json-lines").out.splitlines()
        return [one for one in map(json.loads, lines) if one["type"] == kind]

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
