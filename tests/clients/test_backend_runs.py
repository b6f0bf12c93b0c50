"""`orchestra run` with the real Claude Code and Codex: a milestone becomes a pushed commit, whatever comes between."""

from __future__ import annotations

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.headless import FOUR
from tests.support.clients.place import REPORT, Place
from tests.support.clients.request import Request
from tests.support.clients.world import World

BOTH = pytest.mark.parametrize("name", ["claude", "codex"])


@pytest.fixture
def place(world: World, request: pytest.FixtureRequest) -> Place:
    made = Place(world, request.getfixturevalue("name"))
    made.milestone()
    return made


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


@FOUR
@pytest.mark.usefixtures("all_clients")
def test_a_fix_goes_on_in_the_conversation_of_whoever_built(place: Place, name: str) -> None:
    briefs: list[str] = []

    def turn(request: Request, brief: str, word: str) -> Talk:
        report = REPORT.search(brief)
        assert report, brief
        briefs.append(brief)
        yield place.headless.shell(name, f"mkdir -p src && echo {word} > src/a.txt")
        yield place.headless.shell(name, f"{report[1]} --status done --notes {word}")

    def worker(request: Request) -> Talk:
        yield from turn(request, request.first_user, "first")
        resumed = yield "THE UNIT IS BUILT"
        assert "THE UNIT IS BUILT" in resumed.text
        yield from turn(resumed, resumed.last_user, "a")
        return "MENDED"

    def finds(request: Request) -> Talk:
        report = REPORT.search(request.first_user)
        assert report
        found = '[{"severity": "important", "file": "src/a.txt", "line": 1, "title": "it is wrong"}]'
        yield place.headless.shell(name, f"{report[1]} --findings - <<'END'\n{found}\nEND")
        return "found"

    first = Turn(finds, When(first_user=r"orchestra report \S+\.reviewer-1"), 1, "finds")
    model = place.world.play(place.cast(worker, first))
    assert place.run() == 0, place.world.running[-1].err.read_text()
    model.brain.check()
    assert place.project.subjects()[2:] == ["feat(one): part 1", "fix(one): it is wrong"]
    assert "it is wrong" in briefs[1]
    build, _, fix, _ = place.events("turn-ended")
    assert fix["attempt"] == "M1.phase-1.worker-2"
    assert fix["data"]["session"]
    # What the conversation had used before is not counted again.
    assert fix["data"]["usage"]["input"] < 1.5 * build["data"]["usage"]["input"]
