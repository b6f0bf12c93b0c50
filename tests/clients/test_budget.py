"""What Orchestra costs in context: counted from the bytes that the real clients send, held by budgets.

Tokens are bytes / 4. The table in docs/clients.md is what this prints.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.clients.brain import Brain, Talk
from tests.support.clients.bundle import Bundle
from tests.support.clients.cast import cast, follows
from tests.support.clients.cost import always_on, always_on_codex, conversations, exchanged, grown, tokens
from tests.support.clients.reply import bash
from tests.support.clients.request import Request
from tests.support.clients.world import World
from tests.support.launching import ROOT
from tests.support.projects import Phase
from tests.support.projects import world as new_project

ALWAYS_ON, NESTED, FLAT, ALL = 400, 900, 1800, 12_000
FINDING = json.dumps(
    [{"severity": "blocking", "file": "src/b.txt", "title": "b says the wrong thing", "detail": "why"}]
)


def flat(request: Request) -> Talk:
    return (yield from follows("orchestra next --auto --flat"))


def nested(request: Request) -> Talk:
    return (yield from follows("orchestra next --auto"))


def led(world: World, bundle: Bundle, place: Path, lead: object, *found: str) -> dict[str, list[Request]]:
    """The conversations of a run with a milestone of three phases and a review; `found` brings a fix and another."""
    world.give_python(bundle.root / "bin/orchestra")
    project = new_project(place)
    project.config(verification={"typecheck": "", "test": "true", "lint": ""})
    phases = [Phase((f"src/{name}.txt",)) for name in "abc"]
    project.milestone("M1", phases, complexity="standard", title="Greetings for newcomers")
    project.save()
    works = {
        f"M1.phase-{n}.worker-1": [bash(f"mkdir -p src; echo {n} > src/{name}.txt")]
        for n, name in zip((1, 2, 3), "abc", strict=True)
    }
    works["M1.phase-2.worker-2"] = [bash("echo better > src/b.txt")]
    model = world.play(Brain(*cast(works, *found, lead=lead), default=None))  # type: ignore[arg-type]
    result = world.claude("GO: orchestra next", cwd=project.root, extra=["--plugin-dir", str(bundle.root)], limit_s=180)
    assert model.brain.errors == []
    assert "complete: 1 milestones done" in result.text, result
    return conversations(model.requests)


@pytest.mark.timeout(400)
def test_a_run_stays_within_its_budget_of_context(
    world: World, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    world.give_python(bundle.root / "bin/orchestra")
    idle = always_on(world, bundle.root).size
    codex = always_on_codex(world, bundle.root)
    assert [line for line in codex.lines if "source-command" in line] == []
    by_agent = led(world, bundle, world.root / "nested", nested, FINDING)
    by_lead = led(world, bundle, world.root / "flat", flat)
    rows = {
        "always on: names and descriptions": (idle, ALWAYS_ON),
        "always on in Codex, with its own words about plugins": (codex.size, ALWAYS_ON),
        "one milestone, in the lead, with a milestone agent": (_of_lead(by_agent), NESTED),
        "one milestone without a fix, in the lead, flat": (_of_lead(by_lead), FLAT),
        "the same milestone, all conversations together": (_everything(by_agent, bundle.root), ALL),
    }
    with capsys.disabled():
        print("\n" + _table(rows))
    assert [what for what, (size, most) in rows.items() if tokens(size) > most] == []
    stated = (ROOT / "docs/clients.md").read_text()
    for what, (size, most) in rows.items():
        assert f"| {what} |" in stated
        assert f"| {most:,} |" in stated
        assert tokens(size) <= most


def _of_lead(found: dict[str, list[Request]]) -> int:
    [lead] = [requests for first, requests in found.items() if "GO: orchestra next" in first]
    return grown(lead)


def _everything(found: dict[str, list[Request]], root: Path) -> int:
    """Directives, briefs and reports of every conversation, and the role prompts behind them."""
    said = sum(
        exchanged(requests, r"orchestra (next|brief|report)|orchestra:|SendMessage") for requests in found.values()
    )
    roles = {"worker": 3, "reviewer": 2, "milestone-agent": 1}
    bodies = sum(len((root / f"agents/{name}.md").read_bytes()) * times for name, times in roles.items())
    return said + bodies + len((root / "commands/start.md").read_bytes())


def _table(rows: dict[str, tuple[int, int]]) -> str:
    lines = [f"| {what} | {tokens(size):,} | {most:,} |" for what, (size, most) in rows.items()]
    return "\n".join(["| What | Tokens, about | Budget |", "|---|---:|---:|", *lines])
