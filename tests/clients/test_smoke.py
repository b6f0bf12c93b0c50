"""The real clients do what a played model says, and reach nothing else."""

from __future__ import annotations

import re

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When, in_turn
from tests.support.clients.programs import CLAUDE, CODEX, Program
from tests.support.clients.reply import Reply, agent, bash, costing, edit, read, shell, spawn, wait_agent, write
from tests.support.clients.request import Request
from tests.support.clients.world import World

BOTH = pytest.mark.parametrize("which", [CLAUDE, CODEX], ids=lambda which: which.name)
SHELL = {"claude": bash, "codex": shell}


def turn(answer, name="", times=1, **when) -> Turn:
    return Turn(answer, When(**when), times, name)


@BOTH
def test_it_answers_and_counts(world: World, which: Program):
    model = world.play(Brain(turn(costing("ONE", input=100, output=7), last_user="FIRST")))
    result = world.run(which, "FIRST")
    assert (result.ok, result.text, result.turns, result.tokens) == (True, "ONE", 1, (100, 7)), result
    assert model.unknown == []
    model.brain.check()


@BOTH
def test_it_goes_on_where_it_was(world: World, which: Program):
    world.play(Brain(turn(in_turn("ONE", "TWO"), first_user="FIRST")))
    first = world.run(which, "FIRST")
    second = world.run(which, "SECOND", resume=first.session)
    assert (first.text, second.text, second.session) == ("ONE", "TWO", first.session), second


@BOTH
def test_it_runs_commands(world: World, which: Program):
    def talk(request: Request) -> Talk:
        seen = yield SHELL[which.name]("echo $((6 * 7)) | tee made.txt")
        return "it printed 42" if "42" in seen.tool_result else seen.tool_result

    world.play(Brain(turn(talk, last_user="GO"))).brain.default = None
    result = world.run(which, "GO")
    assert (result.ok, result.text) == (True, "it printed 42"), result
    assert (world.work / "made.txt").read_text() == "42\n"


def test_a_sub_agent_of_claude_runs_commands(world: World):
    def lead(request: Request) -> Talk:
        seen = yield agent("general-purpose", "SUB-TASK")
        return f"heard: {seen.tool_result}"

    def worker(request: Request) -> Talk:
        yield bash("pwd > where.txt")
        yield write(world.work / "made.txt", "one\n")
        yield read(world.work / "made.txt")
        seen = yield edit(world.work / "made.txt", "one", "two")
        assert "updated" in seen.tool_result
        return "SUB-DONE"

    model = world.play(Brain(turn(worker, first_user="SUB-TASK"), turn(lead, first_user="GO"), default=None))
    result = world.claude("GO")
    model.brain.check()
    assert (result.ok, "heard: SUB-DONE" in result.text) == (True, True), result
    assert (world.work / "made.txt").read_text() == "two\n"
    assert (world.work / "where.txt").read_text().strip() == str(world.work)


def test_a_sub_agent_of_codex_runs_commands(world: World):
    def lead(request: Request) -> Talk:
        seen = yield spawn("SUB-TASK")
        found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", seen.tool_result)
        seen = yield wait_agent(found.group())
        return f"heard: {seen.text}"

    def worker(request: Request) -> Talk:
        yield shell("pwd > where.txt")
        return "SUB-DONE"

    model = world.play(Brain(turn(worker, first_user="SUB-TASK"), turn(lead, last_user="GO"), default=None))
    result = world.codex("GO")
    model.brain.check()
    assert (result.ok, "SUB-DONE" in result.text) == (True, True), result
    assert (world.work / "where.txt").read_text().strip() == str(world.work)


@BOTH
def test_a_wrong_assert_of_a_script_is_told(world: World, which: Program):
    def talk(request: Request) -> Talk:
        seen = yield SHELL[which.name]("echo one")
        assert "two" in seen.tool_result

    model = world.play(Brain(turn(talk, last_user="GO")))
    result = world.run(which, "GO")
    assert not result.ok
    with pytest.raises(AssertionError, match="two"):
        model.brain.check()


@BOTH
def test_an_unreachable_end_kills_all_that_was_started(world: World, which: Program):
    world.play(Brain(turn(SHELL[which.name]("echo $$ > pid; sleep 987"), last_user="GO")))
    running = world.start(which, "GO")
    result = world.result(which, running, 6)
    assert (result.timed_out, result.ok) == (True, False)
    assert (world.work / "pid").exists()
    assert running.family() == []


@BOTH
def test_a_model_can_kill_its_client_which_then_goes_on(world: World, which: Program):
    def talk(request: Request) -> Talk:
        yield SHELL[which.name]("echo one > made.txt")
        yield Reply(kill="client")
        return "STILL HERE"

    # Claude has not written its last turns down when it is killed, so the talk cannot be found again.
    back = Turn("BACK", When(last_user="GO ON"), interrupts=True)
    model = world.play(Brain(back, turn(talk, last_user="GO")))
    killed = world.run(which, "GO")
    assert (killed.ok, killed.code, (world.work / "made.txt").read_text()) == (False, 137, "one\n")
    assert world.running[0].family() == []
    body = model.requests[0].body
    session = killed.session or body["metadata"]["user_id"]
    resumed = world.run(which, "GO ON", resume=re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", session).group())
    assert (resumed.ok, resumed.text) == (True, "BACK"), resumed
    assert "GO" in model.requests[-1].users[0]


@BOTH
def test_it_reaches_nothing_but_loopback(world: World, which: Program):
    world.play(
        Brain(turn(in_turn(SHELL[which.name]("cat /proc/net/dev > devices; cat /proc/net/route > routes"), "END")))
    )
    running = world.start(which, "GO")
    if not running.alone:
        pytest.skip("this machine allows no network name spaces")
    assert world.result(which, running).ok
    assert re.findall(r"^ *(\w+):", (world.work / "devices").read_text(), re.MULTILINE) == ["lo"]
    assert len((world.work / "routes").read_text().splitlines()) == 1


@BOTH
def test_it_sees_nothing_of_this_user(world: World, which: Program):
    world.play(Brain(turn(in_turn(SHELL[which.name]("env > seen.txt"), "END"))))
    assert world.run(which, "GO").ok
    seen = dict(line.split("=", 1) for line in (world.work / "seen.txt").read_text().splitlines() if "=" in line)
    assert seen["HOME"] == str(world.home)
    assert not {name for name in seen if "PYTEST" in name or "PROXY" in name.upper()}


def test_claude_compacts_by_the_counts_it_is_told(world: World):
    def talk(request: Request) -> Talk:
        yield costing(bash("echo one"), cache_read=90_000)
        yield costing(bash("echo two"), cache_read=120_000)

    after = Turn("AFTER", When(first_user="WHAT-WAS-SUMMED-UP"), interrupts=True)
    model = world.play(Brain(after, turn(talk, last_user="GO"), default=None))
    result = world.claude("GO", env={"CLAUDE_CODE_AUTO_COMPACT_WINDOW": "100000"})
    model.brain.check()
    assert (result.text, model.brain.compactions) == ("AFTER", 1), result
