"""A run led from the real Codex: the skill names the program, `next --flat` hands the phases out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.bundle import Bundle
from tests.support.clients.reply import patch, shell, spawn, wait_agent
from tests.support.clients.request import Request
from tests.support.clients.world import World
from tests.support.projects import Phase
from tests.support.projects import World as Project
from tests.support.projects import world as new_project

PROMPT = re.compile(r'prompt: (Run "([^"]+)" and do what it says\.)')
THEN = re.compile(r"^then: (.+)$", re.MULTILINE)
OVER = re.compile(r"^(?:complete|halt)\b", re.MULTILINE)
REPORT = re.compile(r"^ *(\S*orchestra report (\S+)) ", re.MULTILINE)


@pytest.fixture
def project(world: World, bundle: Bundle) -> Project:
    for words in (("marketplace", "add", bundle.root), ("add", "orchestra@orchestra", "--json")):
        done = world.call("codex", "plugin", *words)
        assert done.code == 0, done.err
    world.give_python(installed(world) / "bin/orchestra")
    made = new_project(world.root / "place")
    made.config(verification={"typecheck": "", "test": "test ! -e src/bad.txt", "lint": ""})
    (made.root / "src").mkdir()
    (made.root / "src/kept.txt").write_text("kept\n")
    return made


def installed(world: World) -> Path:
    [place] = (world.home / ".codex/plugins/cache/orchestra/orchestra").iterdir()
    return place


def lead(program: Path) -> object:
    """Follows `next`, starting a sub-agent for each block, as the skill says."""

    def talk(request: Request) -> Talk:
        assert "orchestra how start" in request.text, request.text[-4000:]
        said = (yield shell(f"{program} how start --flat --auto")).tool_result
        begin = re.search(r"Run `(\S*orchestra next[^`]*)`", said)
        assert begin, said
        said = (yield shell(begin[1])).tool_result
        while not OVER.search(said):
            for prompt, _ in PROMPT.findall(said):
                seen = yield spawn(prompt)
                found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", seen.tool_result)
                assert found, seen.tool_result
                yield wait_agent(found.group())
            then = THEN.search(said)
            assert then, said
            said = (yield shell(then[1])).tool_result
        return said

    return talk


def worker(works: dict[str, list[object]], heard: list[str]) -> object:
    def talk(request: Request) -> Talk:
        found = re.search(r'Run "([^"]+)" and do what it says', request.first_user)
        assert found
        brief = (yield shell(found[1])).tool_result
        report = REPORT.search(brief)
        assert report, brief
        for one in works.get(report[2], []):
            heard.append((yield one).tool_result)  # type: ignore[misc]
        more = "--findings - <<'X'\n[]\nX" if "reviewer" in report[2] else "--status done"
        heard.append((yield shell(f"{report[1]} {more}")).tool_result)
        return "reported"

    return talk


def test_a_plan_comes_to_pushed_commits_and_scopes_hold(world: World, bundle: Bundle, project: Project) -> None:
    project.milestone("M1", [Phase(("src/a.txt",)), Phase(("src/b.txt",))], complexity="standard", title="one")
    project.save()
    works = {
        "M1.phase-1.worker-1": [patch("*** Add File: src/a.txt\n+a\n")],
        "M1.phase-2.worker-1": [
            patch("*** Update File: src/kept.txt\n@@\n-kept\n+lost\n"),
            shell("echo lost > src/kept.txt"),
            shell("echo b > src/b.txt"),
        ],
    }
    heard: list[str] = []
    turns = (
        Turn(worker(works, heard), When(first_user=r"orchestra brief \S+"), 0, "worker"),  # type: ignore[arg-type]
        Turn(lead(installed(world) / "bin/orchestra"), When(any="START with --auto"), 1, "lead"),  # type: ignore[arg-type]
    )
    model = world.play(Brain(*turns, default=None))
    result = world.codex("$orchestra:orchestra START with --auto", cwd=project.root, limit_s=180)
    model.brain.check()
    assert result.ok, (result.error, result.text)
    assert "complete: 1 milestones done" in result.text, heard
    assert project.subjects()[2:] == ["feat(one): part 1", "feat(one): part 2"]
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")
    assert (project.root / "src/kept.txt").read_text() == "kept\n"
    told = json.dumps(heard)
    assert told.count("src/kept.txt") >= 2
