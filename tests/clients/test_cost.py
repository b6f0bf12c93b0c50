"""The cost of context is counted from what the real client sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients.brain import Brain, Turn, When, in_turn
from tests.support.clients.cost import always_on, conversations, exchanged, grown, steps, table, tokens
from tests.support.clients.programs import CLAUDE, CODEX, Program
from tests.support.clients.reply import agent, bash, shell
from tests.support.clients.world import World


def plugin(place: Path, description: str) -> Path:
    """A plugin with one agent, whose name and description are all that every session pays for."""
    body = "A long body. " * 500
    files = {
        ".claude-plugin/plugin.json": '{"name": "small", "version": "1.0.0"}',
        "agents/helper.md": f"---\nname: helper\ndescription: {description}\ntools: Read\n---\n{body}\n",
    }
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True)
        (place / name).write_text(text)
    return place


def test_a_plugin_costs_what_is_listed_of_it(world: World, tmp_path: Path):
    short, long = (always_on(world, plugin(tmp_path / str(n), "d" * n)) for n in (100, 1100))
    assert 100 < short.size < 400
    assert long.size - short.size == 1000
    assert [line for line in short.lines if "small:helper" in line and "d" * 100 in line] == short.lines


@pytest.mark.parametrize("which", [CLAUDE, CODEX], ids=lambda which: which.name)
def test_a_conversation_costs_what_it_gathers(world: World, which: Program):
    run = {"claude": bash, "codex": shell}[which.name]
    talk = in_turn(run("echo ORCHESTRA; printf %01000d 1"), run("printf %05000d 2"), "END")
    model = world.play(Brain(Turn(talk, When(last_user="GO"))))
    assert world.run(which, "GO").ok
    [requests] = conversations(model.requests).values()
    assert [step.input.count("printf") for step in steps(requests[-1])] == [1, 1]
    assert 1000 < exchanged(requests, "ORCHESTRA") < 1500
    assert 6000 < grown(requests) < 7500


def test_a_sub_agent_is_a_conversation_of_its_own(world: World):
    worker = in_turn(bash("printf %09000d 1"), "SUB-DONE")
    lead = in_turn(agent("general-purpose", "SUB-TASK"), "END")
    model = world.play(Brain(Turn(worker, When(first_user="SUB-TASK")), Turn(lead, When(last_user="GO"))))
    assert world.claude("GO").ok
    sizes = {first: grown(requests) for first, requests in conversations(model.requests).items()}
    assert sorted(size > 9000 for size in sizes.values()) == [False, True]


def test_a_table_has_bytes_and_tokens():
    assert (tokens(0), tokens(1), tokens(1600)) == (0, 1, 400)
    assert table({"always on": 1601}).splitlines()[-1] == "| always on | 1,601 | 401 |"
