"""Turns of the four real programs, as a headless run takes them, against a played model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When, in_turn
from tests.support.clients.headless import FOUR, Headless
from tests.support.clients.reply import Reply, costing
from tests.support.clients.request import Request
from tests.support.clients.world import World
from tests.support.launching import until

GUARDED = pytest.mark.parametrize("name", ["claude", "codex"])


@pytest.fixture
def headless(tmp_path: Path, all_clients: Path) -> Iterator[Headless]:
    with World(tmp_path / "world", all_clients) as world:
        yield Headless(world)


def turn(answer: Any, name: str = "", times: int = 1, **when: Any) -> Turn:
    return Turn(answer, When(**when), times, name)


@FOUR
def test_a_turn_edits_the_work_tree_and_the_next_one_goes_on_with_its_session(headless: Headless, name: str) -> None:
    def talk(request: Request) -> Talk:
        assert "THE BRIEF" in request.last_user
        seen = yield headless.shell(name, "mkdir -p src && echo 42 | tee src/made.txt")
        assert "42" in seen.tool_result, seen.tool_result
        seen = yield costing("FIRST END", input=1000, output=10)
        assert "THE NEWS" in seen.last_user
        return costing("SECOND END", input=2000, output=20)

    model = headless.play(Brain(turn(talk, first_user="THE BRIEF", name="talk"), default=None))
    first = headless.turn(name, "THE BRIEF")
    assert (first["exit_class"], first["final"]) == ("ok", "FIRST END"), first
    assert (headless.tree / "src/made.txt").read_text() == "42\n"
    assert any(event.startswith("tool_call") for event in first["events"]), first["events"]
    second = headless.turn(name, "THE NEWS", turn=2, session=first["session"])
    model.brain.check()
    assert (second["exit_class"], second["final"], second["session"]) == ("ok", "SECOND END", first["session"]), second
    # One answer: what the first turn had used is not counted again.
    assert (second["usage"]["input"], second["usage"]["output"]) == (2000, 20), second


@FOUR
def test_what_is_written_outside_the_scope_by_a_file_tool_is_denied_before_it_is_written(
    headless: Headless, name: str
) -> None:
    def talk(request: Request) -> Talk:
        refused = yield headless.write(name, "outside.txt", "no\n")
        assert "Wrote file successfully" not in refused.tool_result
        seen = yield headless.write(name, "src/inside.txt", "yes\n")
        seen = yield headless.write(name, "src/../dots.txt", "no\n")
        return "END" if seen else ""

    model = headless.play(Brain(turn(talk, first_user="BRIEF"), default=None))
    result = headless.turn(name, "BRIEF")
    model.brain.check()
    assert result["exit_class"] == "ok", result
    assert (headless.tree / "src/inside.txt").read_text() == "yes\n"
    assert not (headless.tree / "outside.txt").exists()
    assert not (headless.tree / "dots.txt").exists()


@GUARDED
def test_a_command_that_writes_outside_the_scope_is_denied(headless: Headless, name: str) -> None:
    def talk(request: Request) -> Talk:
        seen = yield headless.shell(name, "echo no > outside.txt")
        assert "outside the scope" in seen.tool_result
        return "END"

    model = headless.play(Brain(turn(talk, first_user="BRIEF"), default=None))
    assert headless.turn(name, "BRIEF")["exit_class"] == "ok"
    model.brain.check()
    assert not (headless.tree / "outside.txt").exists()
    [line] = (headless.base / "turn-1/guard.jsonl").read_text().splitlines()
    assert json.loads(line)["decision"] == "deny"


@FOUR
def test_a_limit_is_told_apart_and_the_next_turn_works(headless: Headless, name: str) -> None:
    limited = {
        "claude": Reply(status=429, error="This request would exceed your rate limit."),
        "codex": Reply(status=429, error="limited", headers={"retry-after": "0"}),
        "opencode": Reply(
            status=429, error="Rate limit reached. Please try again in 1h.", headers={"retry-after": "3600"}
        ),
        "gemini": Reply(
            status=429,
            error="You exceeded your current quota, please check your plan and billing details. Please retry in 3600s.",
            details={
                "status": "RESOURCE_EXHAUSTED",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                        "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}],
                    },
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"},
                ],
            },
        ),
    }
    headless.play(Brain(default=limited[name]))
    first = headless.turn(name, "BRIEF", idle_s=15.0 if name == "opencode" else 0.0)
    assert first["exit_class"] == "limit", first
    assert first["reset_in"] == (3600.0 if name in ("opencode", "gemini") else 0.0)
    headless.play(Brain(default="BACK"))
    second = headless.turn(name, "BRIEF", turn=2, session=first["session"])
    if second["forgotten"]:
        assert second["lost"]
        second = headless.turn(name, "BRIEF", turn=3)
    assert (second["exit_class"], second["final"]) == ("ok", "BACK"), second


@FOUR
def test_other_ends_have_classes_of_their_own(headless: Headless, name: str) -> None:
    wrong_key = Reply(status=401, error="Incorrect API key provided")
    unknown = Reply(status=404, error="The model `foo` does not exist", details={"type": "not_found_error"})
    if name == "gemini":
        unknown = Reply(status=404, error="models/foo is not found for API version v1beta")
    for number, (answer, expected) in enumerate(((wrong_key, "auth"), (unknown, "halt")), 1):
        headless.play(Brain(default=answer))
        result = headless.turn(name, "BRIEF", turn=number)
        assert result["exit_class"] == expected, result
    assert "answer retry" in result["final"]


@FOUR
def test_a_session_that_is_not_there_is_forgotten(headless: Headless, name: str) -> None:
    headless.play(Brain(default="END"))
    gone = {"opencode": "ses_e014795d5ffexQoiGwBntsgYYs"}.get(name, "0199d1b0-5e5e-7730-8b54-dd90ebbff581")
    result = headless.turn(name, "NEWS", turn=2, session=gone)
    assert (result["forgotten"], result["lost"], result["session"]) == (True, True, ""), result


@FOUR
def test_a_killed_supervisor_finds_its_turn_again(headless: Headless, name: str) -> None:
    """The turn goes on without it, is not started twice, and its whole output is read by the next one."""

    def talk(request: Request) -> Talk:
        yield headless.shell(name, "touch src/began; while [ ! -e src/go ]; do sleep 0.1; done")
        return "ADOPTED"

    model = headless.play(Brain(turn(talk, first_user="BRIEF"), default=None))
    running = headless.start(name, "BRIEF")
    until(lambda: (headless.tree / "src/began").exists())
    running.process.kill()
    running.process.wait()
    again = headless.start(name, "BRIEF")
    (headless.tree / "src/go").touch()
    result = headless.read(again)
    model.brain.check()
    assert (result["exit_class"], result["final"]) == ("ok", "ADOPTED"), result
    assert len([one for one in model.brain.turns if one.used == 1]) == 1


@FOUR
def test_a_turn_whose_time_is_over_leaves_no_process(headless: Headless, name: str) -> None:
    """Shells are sessions of their own, and one client ignores SIGTERM while a tool runs."""
    command = "echo here > src/here; trap '' TERM; sleep 987"
    headless.play(Brain(turn(in_turn(headless.shell(name, command), "END"), first_user="BRIEF")))
    # Codex looks after a command for ten seconds only, the others are slow to start.
    running = headless.start(name, "BRIEF", wall_s=8.0 if name == "codex" else 25.0)
    result = headless.read(running)
    assert result["exit_class"] == "timeout", result
    assert (headless.tree / "src/here").exists()
    assert running.family() == []


def test_the_environment_of_an_agent_is_not_the_users(headless: Headless) -> None:
    headless.world.env |= {"GITHUB_TOKEN": "t", "OPENAI_API_KEY": "t", "CLAUDECODE": "1", "GIT_DIR": "/x", "KEPT": "1"}
    headless.play(Brain(turn(in_turn(headless.shell("claude", "env > src/seen.txt"), "END"), first_user="BRIEF")))
    assert headless.turn("claude", "BRIEF")["exit_class"] == "ok"
    seen = dict(line.split("=", 1) for line in (headless.tree / "src/seen.txt").read_text().splitlines() if "=" in line)
    assert not {"GITHUB_TOKEN", "OPENAI_API_KEY", "GIT_DIR"} & set(seen)
    assert (seen["KEPT"], seen["ORCHESTRA_TICKET"]) == ("1", "T-1")
    assert len(seen["ORCHESTRA_SCOPE_SHA256"]) == 64
