"""The commands as a person gives them: the real clients in a terminal, with keys that are pressed and a screen."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients import test_codex_run as by_codex
from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.bundle import Bundle
from tests.support.clients.cast import cast, follows
from tests.support.clients.programs import CLAUDE, CODEX, CODEX_SETTINGS, KEY
from tests.support.clients.reply import agent, bash, edit, patch, read, write
from tests.support.clients.request import Request
from tests.support.clients.terminal import Terminal
from tests.support.clients.world import World
from tests.support.launching import until
from tests.support.projects import Phase
from tests.support.projects import World as Project
from tests.support.projects import world as new_project

DONE = "● complete: 1 milestones done"
# An interactive client asks for a title of the session too, without tools.
TOLD = {"tool": "Agent"}

# What Codex writes down once a person has answered its other questions.
CODEX_USED = """
[projects."{root}"]
trust_level = "trusted"
[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
"""


@pytest.fixture
def project(world: World, bundle: Bundle) -> Project:
    """A project whose user has done what `doctor` prints, and has used the client before."""
    world.give_python(bundle.root / "bin/orchestra")
    made = new_project(world.root / "place")
    made.config(verification={"typecheck": "", "test": "test ! -e src/bad.txt", "lint": ""})
    (made.root / "src").mkdir()
    (made.root / "src/kept.txt").write_text("kept\n")
    made.save()
    used = {"hasCompletedOnboarding": True, "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []}}
    (world.home / ".claude.json").write_text(json.dumps(used))
    allow(world, bundle, made)
    return made


def allow(world: World, bundle: Bundle, project: Project) -> None:
    """Do word for word what `doctor` says about permissions."""
    asked = world.call(bundle.root / "bin/orchestra", "doctor", "--client", "claude", "--json", cwd=project.root)
    [check] = [one for one in json.loads(asked.out)["checks"] if one["name"] == "claude.permissions"]
    found = re.search(r"put this into (\S+): (\{.+\}), and keep it out of git \((.+?)\)", check["fix"])
    assert found, check
    path = Path(found[1])
    path.parent.mkdir(exist_ok=True)
    path.write_text(found[2])
    assert world.call("sh", "-c", found[3], cwd=project.root).code == 0


def claude(world: World, bundle: Bundle, project: Project) -> Terminal:
    """Claude Code in its default mode of permissions, ready for a prompt."""
    made = Terminal(world, CLAUDE, ["claude", "--plugin-dir", str(bundle.root)], project.root)
    made.answer("Yes, I trust this folder", "Enter")
    made.see(r"\? for shortcuts")
    return made


def test_a_run_is_started_from_the_menu_and_nothing_is_asked(world: World, bundle: Bundle, project: Project) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))], complexity="standard", title="one")
    project.save()
    file = project.root / "src/a.txt"
    works = {
        "M1.phase-1.worker-1": [write(file, "a\n"), read(file), edit(file, "a", "aa"), bash("test -e src/a.txt")],
        "M1.phase-1.worker-2": [bash("orchestra scope show"), read(file), edit(file, "aa", "better")],
    }
    found = json.dumps([{"severity": "blocking", "file": "src/a.txt", "title": "a is wrong"}])
    model = world.play(Brain(*cast(works, found)))
    with claude(world, bundle, project) as terminal:
        terminal.type("/orch")
        menu = terminal.see(r"/orchestra:status")
        assert re.search(r"/orchestra +\(orchestra\) Plan work", menu)
        assert "Use " not in menu, "skills are for agents"
        terminal.press("Tab")
        terminal.see(r"/orchestra:orchestra +start \[--auto\], hotfix TEXT")
        terminal.say("start --auto")
        terminal.see(DONE)
    assert model.brain.errors == []
    assert project.subjects()[-2:] == ["feat(one): part 1", "fix(one): a is wrong"]
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")


def test_one_session_looks_plans_and_mends_and_nothing_is_asked(world: World, bundle: Bundle, project: Project) -> None:
    project.save()
    said: dict[str, str] = {}

    def does(command: str) -> Talk:
        said[command] = (yield bash(command)).tool_result
        return said[command]

    def looks(request: Request) -> Talk:
        yield from does("orchestra how status")
        return f"LOOKED {(yield from does('orchestra status'))}"

    def plans(request: Request) -> Talk:
        how = yield from does("orchestra how pm 'a page for \"us & them\"'")
        assert 'What the user has in mind: a page for "us & them"' in how, how
        yield from does("orchestra brief product-manager")
        yield from does("orchestra new M7-page --title Page --phases 1")
        return "PLANNED"

    def mends(request: Request) -> Talk:
        assert "What is wrong, in the user's words: it's $HOME & `more`" in request.last_user, request.last_user
        planned = yield from does("orchestra hotfix --client 'it'\\''s $HOME & `more`'")
        then = re.search(r"^then: (.+)$", planned, re.MULTILINE)
        assert then, planned
        return (yield from follows(then[1]))

    turns = (
        Turn(looks, When(last_user=r"these arguments.*: status\s*$", **TOLD)),
        Turn(plans, When(last_user=r"these arguments.*: pm a page", **TOLD)),
        Turn(mends, When(last_user="orchestra hotfix --client", **TOLD)),
    )
    model = world.play(Brain(*turns, *cast({"*": [bash("echo mended > src/home.txt")]})[:3]))
    with claude(world, bundle, project) as terminal:
        terminal.say("/orchestra status")
        terminal.see("● LOOKED")
        terminal.say('/orchestra pm a page for "us & them"')
        terminal.see("● PLANNED")
        terminal.say("/orchestra:hotfix it's $HOME & `more`")
        terminal.see(DONE)
    assert model.brain.errors == []
    assert (project.root / ".orchestra/milestones/M7-page/prd.md").exists()
    assert "it's $HOME & `more`" in project.subjects()[-1]
    assert project.git("show", "main:src/home.txt") == "mended"


def test_a_question_of_the_run_is_answered_where_it_was_asked(world: World, bundle: Bundle, project: Project) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))], title="one")
    project.save()
    said: list[str] = []

    def asks(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-1.worker-1")
        return (
            yield bash("orchestra report M1.phase-1.worker-1 --status blocked --notes 'tabs or spaces?'")
        ).tool_result

    def puts(request: Request) -> Talk:
        command = re.search(r"Run `(orchestra decide)", request.last_user)
        assert command, request.last_user
        said.append((yield bash(command[1])).tool_result)
        asked = yield f"ASKED {said[0]}"
        return (yield bash(f"{command[1]} {asked.last_user}")).tool_result

    def goes_on(request: Request) -> Talk:
        said.append((yield bash("orchestra brief M1.phase-1.worker-2")).tool_result)
        yield write(project.root / "src/a.txt", "spaces")
        return (yield bash("orchestra report M1.phase-1.worker-2 --status done")).tool_result

    turns = (
        Turn(asks, When(first_user=r"orchestra brief \S+\.worker-1")),
        Turn(goes_on, When(first_user=r"orchestra brief \S+\.worker-2")),
        Turn(puts, When(last_user=r"1\. Run `orchestra decide", **TOLD)),
    )
    _, reviews, milestone, lead = cast({})
    model = world.play(Brain(*turns, reviews, milestone, lead, replace(lead, used=0)))
    with claude(world, bundle, project) as terminal:
        terminal.say("/orchestra start --auto")
        terminal.see("halt: a person is needed")
        terminal.say("/orchestra:decide")
        terminal.see("● ASKED")
        terminal.say("M1-D1 retry spaces, four of them")
        terminal.see("● M1-D1: retry")
        terminal.say("/orchestra start --auto")
        terminal.see(DONE)
    assert model.brain.errors == []
    assert "tabs or spaces?" in said[0]
    assert "A person says: spaces, four of them" in said[1]
    assert project.subjects()[-1] == "feat(one): part 1"


def test_after_clear_the_lead_knows_that_it_leads(world: World, bundle: Bundle, project: Project) -> None:
    project.milestone("M1", [Phase(("src/a.txt",)), Phase(("src/b.txt",))], title="one")
    project.save()

    def half(request: Request) -> Talk:
        said = (yield bash("orchestra next --auto --flat")).tool_result
        found = re.search(r"agent: (\S+).*\n  prompt: (.+)", said)
        assert found, said
        yield agent(found[1], found[2])
        return "HALF-WAY"

    def cleared(request: Request) -> Talk:
        assert "HALF-WAY" not in request.text
        found = re.search(r"You lead Orchestra run r1 \(M1 1/2\). Run `([^`]+)` and do what it says", request.text)
        assert found, request.text[-3000:]
        return (yield from follows(found[1]))

    at = project.root / "src"
    works = {"M1.phase-1.worker-1": [write(at / "a.txt", "a")], "M1.phase-2.worker-1": [write(at / "b.txt", "b")]}
    turns = (Turn(cleared, When(last_user="go on", **TOLD)), *cast(works, lead=half))
    model = world.play(Brain(*turns))
    with claude(world, bundle, project) as terminal:
        terminal.say("/orchestra:start --auto --flat")
        terminal.see("● HALF-WAY")
        terminal.say("/clear")
        until(lambda: "HALF-WAY" not in terminal.screen())
        terminal.say("go on")
        terminal.see(DONE)
    assert model.brain.errors == []
    assert project.subjects()[-2:] == ["feat(one): part 1", "feat(one): part 2"]


def test_after_an_interruption_the_work_goes_on_where_it_was(world: World, bundle: Bundle, project: Project) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))], title="one")
    project.save()
    file = project.root / "src/a.txt"
    heard: list[str] = []

    def stuck(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-1.worker-1")
        yield bash("echo half > src/a.txt; sleep 987")
        return "never"

    def mends(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-1.worker-1")
        heard.append((yield read(file)).tool_result)
        yield edit(file, "half", "whole")
        heard.append((yield bash("orchestra report M1.phase-1.worker-1 --status done")).tool_result)
        return "reported"

    def back(request: Request) -> Talk:
        return (yield from follows("orchestra next"))

    who = When(first_user=r"orchestra brief \S+\.worker-1")
    turns = (Turn(stuck, who), Turn(mends, who), Turn(back, When(last_user="go on$", **TOLD), interrupts=True))
    model = world.play(Brain(*turns, *cast({})[2:]))
    with claude(world, bundle, project) as terminal:
        terminal.say("/orchestra start --auto")
        until(file.exists)
        terminal.press("Escape")
        terminal.see("Interrupted")
        terminal.say("go on")
        terminal.see(DONE)
    assert model.brain.errors == []
    assert "half" in heard[0]
    assert heard[1].startswith("accepted: M1.phase-1.worker-1")
    assert project.git("show", "main:src/a.txt") == "whole"


def test_codex_asks_whether_the_hooks_are_trusted_and_then_for_nothing(
    world: World, bundle: Bundle, project: Project
) -> None:
    for words in (("marketplace", "add", bundle.root), ("add", "orchestra@orchestra")):
        assert world.call("codex", "plugin", *words).code == 0
    program = by_codex.installed(world) / "bin/orchestra"
    world.give_python(program)
    with (world.home / ".codex/config.toml").open("a") as file:
        file.write(CODEX_USED.format(root=project.root))
    project.milestone("M1", [Phase(("src/a.txt",))], title="one")
    project.save()
    heard: list[str] = []
    works = {
        "M1.phase-1.worker-1": [
            patch("*** Update File: src/kept.txt\n@@\n-kept\n+lost\n"),
            by_codex.shell("echo a > src/a.txt"),
        ]
    }
    turns = (
        Turn(by_codex.worker(works, heard), When(first_user=r"orchestra brief \S+"), 0),  # type: ignore[arg-type]
        Turn(by_codex.lead(program), When(last_user="orchestra how start", tool="exec_command")),  # type: ignore[arg-type]
    )
    model = world.play(Brain(*turns))
    settings = [*CODEX_SETTINGS, "approval_policy=never", "sandbox_mode=danger-full-access"]
    argv = ["codex", *(word for one in settings for word in ("-c", one))]
    with Terminal(world, CODEX, argv, project.root) as terminal:
        terminal.answer("› 1. Review hooks", "2")
        terminal.answer("› 2. Trust all and continue", "Enter")
        terminal.see("Ask Codex to do anything")
        terminal.say("$orchestra:orchestra start --auto")
        terminal.see("complete: 1 milestones done")
    assert model.brain.errors == []
    assert "hook" in heard[0]
    assert project.subjects()[-1] == "feat(one): part 1"
    assert (project.root / "src/kept.txt").read_text() == "kept\n"
