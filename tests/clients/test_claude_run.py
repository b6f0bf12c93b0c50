"""`/orchestra` in the real Claude Code, with played models and real everything else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.bundle import Bundle
from tests.support.clients.cast import cast, follows, leads, worker
from tests.support.clients.programs import CLAUDE, Result
from tests.support.clients.reply import Reply, agent, bash, costing, edit, read, write
from tests.support.clients.request import Request
from tests.support.clients.run import Running
from tests.support.clients.world import World
from tests.support.launching import until
from tests.support.projects import Phase
from tests.support.projects import World as Project
from tests.support.projects import world as new_project

START = "/orchestra start --auto"
LIMIT_S = 180


@pytest.fixture
def project(world: World, bundle: Bundle) -> Project:
    world.give_python(bundle.root / "bin/orchestra")
    made = new_project(world.root / "place")
    made.config(verification={"typecheck": "", "test": "test ! -e src/bad.txt", "lint": ""})
    (made.root / "src").mkdir()
    (made.root / "src/kept.txt").write_text("kept\n")
    return made


@pytest.fixture
def start(world: World, project: Project, bundle: Bundle) -> Callable[..., Result]:
    def run(prompt: str = START, **more: Any) -> Result:
        return world.result(CLAUDE, begin(world, project, bundle, prompt, **more), LIMIT_S)

    return run


def begin(world: World, project: Project, bundle: Bundle, prompt: str, **more: Any) -> Running:
    return world.start(CLAUDE, prompt, cwd=project.root, extra=["--plugin-dir", str(bundle.root)], **more)


def test_two_milestones_come_to_pushed_commits(world: World, project: Project, start: Callable[..., Result]) -> None:
    project.milestone("M1", [Phase(("src/a.txt",)), Phase(("src/b.txt",))], complexity="standard", title="one")
    project.milestone("M2", [Phase(("src/c.txt",))], title="two")
    project.save()
    at = project.root / "src"
    works = {
        "M1.phase-1.worker-1": [write(at / "a.txt", "a\n"), read(at / "a.txt"), edit(at / "a.txt", "a", "aa")],
        "M1.phase-2.worker-1": [bash("echo b > src/b.txt")],
        "M1.phase-2.worker-2": [bash("echo better > src/b.txt")],
        "M2.phase-1.worker-1": [write(at / "c.txt", "c\n")],
    }
    found = json.dumps([{"severity": "blocking", "file": "src/b.txt", "title": "b is wrong"}])
    model = world.play(Brain(*cast(works, found), default=None))
    result = start()
    model.brain.check()
    assert result.ok, (result.error, result.text)
    assert "complete: 2 milestones done" in result.text
    made = ["feat(one): part 1", "feat(one): part 2", "fix(one): b is wrong", "feat(two): part 1"]
    assert project.subjects()[2:] == made
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")
    assert project.git("show", "main:src/a.txt") == "aa"
    assert not (project.root / ".orchestra/runs/armed").exists()


def test_the_long_form_works_too_and_what_is_wrong_does_not_pass_for_done(
    world: World, project: Project, start: Callable[..., Result]
) -> None:
    project.config(verification={"typecheck": "", "test": "cat src/a.txt; grep -q good src/a.txt", "lint": ""})
    project.milestone("M1", [Phase(("src/a.txt",))])
    project.save()
    answers: list[str] = []

    def false_done(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-1.worker-1")
        yield bash("echo never-tested > src/a.txt")
        answers.append((yield bash("orchestra report M1.phase-1.worker-1 --status done")).tool_result)
        yield bash("echo good > src/a.txt")
        answers.append((yield bash("orchestra report M1.phase-1.worker-1 --status done")).tool_result)
        return "reported"

    first = Turn(false_done, When(first_user=r"brief \S+worker-1"), 1)
    model = world.play(Brain(first, *cast({})[2:], default=None))
    result = start("/orchestra:start M1 --auto")
    model.brain.check()
    assert "complete: 1 milestones done" in result.text, result
    assert "rejected: test failed" in answers[0]
    assert "never-tested" in answers[0]
    assert answers[1].startswith("accepted: M1.phase-1.worker-1")


def test_a_worker_does_not_get_out_of_its_scope_by_any_tool(
    world: World, project: Project, start: Callable[..., Result]
) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))])
    project.save()
    refused: list[str] = []

    def stray(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-1.worker-1")
        yield read(project.root / "src/kept.txt")
        tries = (
            edit(project.root / "src/kept.txt", "kept", "lost"),
            write(project.root / "src/new.txt", "new\n"),
            bash("echo lost > src/kept.txt"),
            bash("cd src && sed -i s/kept/lost/ kept.txt"),
            bash("git commit --allow-empty -m mine"),
            bash("rm -rf .orchestra/runs"),
        )
        for one in tries:
            refused.append((yield one).tool_result)
        assert "out.txt" in (yield bash("echo a > src/a.txt && echo out.txt")).tool_result
        yield bash("orchestra report M1.phase-1.worker-1 --status done")
        return "reported"

    model = world.play(Brain(Turn(stray, When(first_user=r"brief \S+worker-1"), 1), *cast({})[2:], default=None))
    assert "complete" in start().text
    model.brain.check()
    assert (project.root / "src/kept.txt").read_text() == "kept\n"
    assert not (project.root / "src/new.txt").exists()
    assert project.subjects()[2:] == ["feat(work): part 1"]
    assert [one for one in refused if "hook" not in one] == []
    assert list((project.root / ".orchestra/quarantine").glob("*")) == []


def test_an_agent_without_a_badge_only_reads(world: World, project: Project, start: Callable[..., Result]) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))])
    project.save()
    heard: list[str] = []

    def unbadged(request: Request) -> Talk:
        heard.append((yield bash("cat src/kept.txt")).tool_result)
        heard.append((yield bash("echo a > src/a.txt")).tool_result)
        heard.append((yield write(project.root / "src/a.txt", "a\n")).tool_result)
        return "tried"

    def lead(request: Request) -> Talk:
        yield bash("orchestra next --auto --flat")
        yield agent("general-purpose", "UNBADGED")
        heard.append((yield write(project.root / "src/a.txt", "by hand\n")).tool_result)
        return (yield from follows("orchestra next --auto --flat"))

    works = {"*": [bash("echo a > src/a.txt")]}
    turns = (Turn(unbadged, When(first_user="UNBADGED")), *cast(works, lead=lead))
    model = world.play(Brain(*turns, default=None))
    result = start()
    assert model.brain.errors == []
    assert "complete" in result.text
    assert heard[0] == "kept"
    assert ["hook" in one for one in heard[1:]] == [True, True, True], heard


def test_a_worker_that_stops_in_silence_is_sent_back_once(
    world: World, project: Project, start: Callable[..., Result]
) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))])
    project.save()
    reminded: list[str] = []

    def silent(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-1.worker-1")
        reminded.append((yield "I am done.").last_user)
        return "Still done."

    works = {"M1.phase-1.worker-2": [bash("echo a > src/a.txt")]}
    model = world.play(Brain(Turn(silent, When(first_user=r"brief \S+worker-1\b")), *cast(works), default=None))
    result = start()
    assert model.brain.errors == []
    assert "complete: 1 milestones done" in result.text, result
    assert "have not reported" in reminded[0]
    log = [json.loads(line) for line in project.text("log", "--json-lines").splitlines()]
    failed = [row for row in log if row["type"] == "attempt-failed"]
    assert [row["attempt"] for row in failed] == ["M1.phase-1.worker-1"]
    assert "stopped without a report" in json.dumps(failed)


def test_a_killed_client_leaves_a_run_that_a_new_session_finishes(
    world: World, project: Project, start: Callable[..., Result]
) -> None:
    project.milestone("M1", [Phase(("src/a.txt",)), Phase(("src/b.txt",))])
    project.save()

    def dies(request: Request) -> Talk:
        yield bash("orchestra brief M1.phase-2.worker-1")
        yield bash("echo half > src/b.txt")
        yield Reply(kill="tree")
        return "never"

    works = {"M1.phase-1.worker-1": [bash("echo a > src/a.txt")]}
    world.play(Brain(Turn(dies, When(first_user=r"brief \S+phase-2.worker-1")), *cast(works), default=None))
    assert not start().ok
    told: list[str] = []

    def lead(request: Request) -> Talk:
        told.append(request.text)
        return (yield from leads(request))

    works = {"M1.phase-2.worker-1": [bash("cat src/b.txt; echo whole > src/b.txt")]}
    model = world.play(Brain(*cast(works, lead=lead), default=None))
    result = start()
    assert model.brain.errors == []
    assert "complete: 1 milestones done" in result.text, result
    assert "was left in the middle" in told[0]
    assert project.subjects()[2:] == ["feat(work): part 1", "feat(work): part 2"]
    assert project.git("show", "main:src/b.txt") == "whole"


def test_after_a_compaction_the_lead_and_a_worker_know_what_they_are(
    world: World, project: Project, start: Callable[..., Result]
) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))])
    project.milestone("M2", [Phase(("src/b.txt",))])
    project.save()

    def forgetful(request: Request) -> Talk:
        said = yield bash("orchestra next --auto --flat")
        ticket = re.search(r"brief (\S+)\"", said.tool_result)
        assert ticket
        yield costing(
            agent("orchestra:worker", f'Run "orchestra brief {ticket[1]}" and do what it says.'), cache_read=90_000
        )
        yield costing(bash("echo full"), cache_read=120_000)
        return "forgotten"

    def after(request: Request) -> Talk:
        found = re.search(r"Orchestra run r1 \(M1 1/1\)[^`]*Its lead runs `([^`]+)`", request.text)
        assert found, request.text[-3000:]
        return (yield from follows(found[1]))

    def full(request: Request) -> Talk:
        yield bash("orchestra brief M2.phase-1.worker-1")
        yield costing(bash("echo b > src/b.txt"), cache_read=90_000)
        yield costing(bash("echo full"), cache_read=120_000)
        return "forgotten"

    def again(request: Request) -> Talk:
        assert "You lead" not in request.text
        assert "runs the command of that prompt again" in request.text
        yield bash("orchestra brief M2.phase-1.worker-1")
        return (yield bash("orchestra report M2.phase-1.worker-1 --status done")).tool_result

    works = {"M1.phase-1.worker-1": [bash("echo a > src/a.txt")]}
    summed = "WHAT-WAS-SUMMED-UP"
    turns = (
        Turn(again, When(first_user=summed, system="You carry out one ticket"), interrupts=True),
        Turn(after, When(first_user=summed), interrupts=True),
        Turn(full, When(first_user=r"brief M2\S+worker-1\b")),
        *cast(works, lead=forgetful),
    )
    model = world.play(Brain(*turns, default=None))
    result = start(env={"CLAUDE_CODE_AUTO_COMPACT_WINDOW": "100000"})
    assert model.brain.errors == []
    assert model.brain.compactions == 2
    assert "complete: 2 milestones done" in result.text, result


def test_a_hotfix(world: World, project: Project, start: Callable[..., Result]) -> None:
    project.save()

    def lead(request: Request) -> Talk:
        how = (yield bash("orchestra how hotfix the login is broken")).tool_result
        assert '`orchestra hotfix --client "TEXT"`' in how
        planned = yield bash('orchestra hotfix --client "the login is broken"')
        then = re.search(r"^then: (.+)$", planned.tool_result, re.MULTILINE)
        assert then
        return (yield from follows(then[1]))

    model = world.play(Brain(*cast({"*": [bash("echo mended > src/login.txt")]}, lead=lead), default=None))
    result = start("/orchestra hotfix the login is broken")
    assert model.brain.errors == []
    assert "complete: 1 milestones done" in result.text, result
    assert "the login is broken" in project.subjects()[-1]
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")


def test_a_second_lead_is_refused_and_a_manager_plans_beside_the_first(
    world: World, project: Project, bundle: Bundle
) -> None:
    project.milestone("M1", [Phase(("src/a.txt",))])
    project.save()
    go, heard = project.root.parent / "go", list[str]()

    def manager(request: Request) -> Talk:
        yield bash("orchestra brief product-manager")
        made = yield bash("orchestra new M2-later --title Later --phases 1")
        heard.append(made.tool_result)
        place = project.root / ".orchestra/milestones/M2-later/prd.md"
        yield read(place)
        heard.append((yield write(place, "# Why\n\nIt is needed.\n")).tool_result)
        heard.append((yield write(project.root / "src/mine.txt", "no\n")).tool_result)
        heard.append((yield bash("orchestra validate")).tool_result)
        return "planned"

    def second(request: Request) -> Talk:
        heard.append((yield bash("orchestra next --auto")).tool_result)
        return "refused"

    works = {"*": [bash(f"while [ ! -e {go} ]; do sleep 0.1; done; echo a > src/a.txt")]}
    others = (Turn(manager, When(last_user="PLAN")), Turn(second, When(last_user="SECOND")))
    model = world.play(Brain(*others, *cast(works), default=None))
    first = begin(world, project, bundle, START)
    until(lambda: (project.root / ".orchestra/runs/r1/agents").exists())
    assert world.result(CLAUDE, begin(world, project, bundle, "SECOND"), LIMIT_S).text == "refused"
    assert world.result(CLAUDE, begin(world, project, bundle, "PLAN"), LIMIT_S).text == "planned"
    go.touch()
    result = world.result(CLAUDE, first, LIMIT_S)
    assert model.brain.errors == []
    assert "complete: 1 milestones done" in result.text, result
    assert "is led by another session" in heard[0]
    assert "hook" not in heard[2]
    assert "hook" in heard[3]
    assert (project.root / ".orchestra/milestones/M2-later/prd.md").read_text() == "# Why\n\nIt is needed.\n"
    assert not (project.root / "src/mine.txt").exists()
    assert project.subjects()[-1] == "feat(work): part 1"


def test_a_role_is_only_what_it_has_read(project: Project) -> None:
    """The played roles know nothing but what they are told: without the words of a brief, they cannot go on."""
    request = Request("anthropic", json.dumps({"messages": [{"role": "user", "content": "hello"}]}).encode())
    with pytest.raises(AssertionError):
        next(worker({})(request))  # type: ignore[arg-type]
