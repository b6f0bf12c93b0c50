"""Commands of the client driver are killed at every moment; whoever asks next finds what is left and goes on.

A moment lies around a state transaction or a git step of `next` or `report`. ORCHESTRA_KILL_POINTS_CLIENT=all tries
every one, else every nth.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.projects import Phase, World, world

_ASKED = os.environ.get("ORCHESTRA_KILL_POINTS_CLIENT", "17")
EVERY = 1 if _ASKED == "all" else int(_ASKED)
BATCHES = 4
ROUNDS = 40
RACY_POINTS = 8
NEXT = ("next", "--auto", "--flat", "--wait", "0", "--json")
FINDING = [{"severity": "blocking", "file": "b.txt", "title": "b is wrong"}]
# What the agent of a ticket does before it reports, and says.
WORKS = {
    "M1.phase-1.worker-1": "echo a > a.txt; echo out >> README.md",
    "M1.phase-2.worker-1": "echo b > b.txt",
    "M1.phase-2.worker-2": "echo better > b.txt",
    "M2.phase-1.worker-1": "echo c > c.txt",
}


@dataclass
class Lead:
    """Asks and does what it is told, each command a process; the nth command may be killed at its kth point."""

    place: World
    kill: tuple[int, int] = (-1, 0)
    traces: list[list[str]] = field(default_factory=list)
    killed: bool = False

    def run(self) -> None:
        """Until the run is over. Fails when it goes round in circles."""
        for _ in range(ROUNDS):
            said = self.call(*NEXT)
            if said is None:
                continue
            if not said["then"]:
                return
            for order in said["orders"]:
                if order["prompt"]:
                    self.work(order["subject"])
        raise AssertionError(self.place.said())

    def work(self, ticket: str) -> None:
        self.place.call("brief", ticket)
        if "reviewer" in ticket:
            self.findings.write_text(json.dumps(FINDING if ticket.endswith("-1") else []))
            self.call("report", ticket, "--findings", str(self.findings), "--json")
            return
        self.sh(WORKS[ticket])
        # An agent whose command has died runs it again, as it was told to.
        if self.call("report", ticket, "--json") is None:
            self.call("report", ticket, "--json")

    @property
    def findings(self) -> Path:
        return self.place.root.parent / "findings.json"

    def sh(self, line: str) -> None:
        subprocess.run(["sh", "-c", line], cwd=self.place.root, check=True)

    def call(self, *words: str) -> dict[str, list[dict[str, str]]] | None:
        """The document that a command printed; None when it was killed."""
        number = len(self.traces)
        at = self.kill[1] if self.kill[0] == number else 0
        trace, out = self.place.root.parent / "trace", self.place.root.parent / "out.json"
        out.unlink(missing_ok=True)
        code = forks.orchestra(self.place.root, list(words), forks.Counter(at, trace), log=out)
        self.traces.append(trace.read_text().splitlines())
        if code == -signal.SIGKILL:
            self.killed = True
            return None
        assert code in (0, 1), out.read_text()
        found: dict[str, list[dict[str, str]]] = json.loads(out.read_text().splitlines()[-1])
        return found


def plan(root: Path) -> World:
    place = world(root)
    place.config(verification={"typecheck": "", "test": "test -f a.txt", "lint": ""})
    place.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))], complexity="standard", title="one")
    place.milestone("M2", [Phase(("c.txt",))], title="two")
    place.save()
    return place


def ended(place: World) -> dict[str, object]:
    trailers = "--format=%s %(trailers:key=Orchestra-Ticket,valueonly,separator=)%T"
    status = place.json("status")
    return {
        "commits": place.git("log", "--reverse", trailers, "main").split("\n"),
        "pushed": place.git("rev-parse", "origin/main") == place.git("rev-parse", "main"),
        "dirty": [line for line in place.git("status", "--porcelain").split("\n") if ".orchestra" not in line and line],
        "statuses": {group["id"]: group["status"] for group in status["groups"]},
        "leases": [group["lease"] for group in status["groups"] if group["lease"]],
        "armed": (place.root / ".orchestra/runs/armed").exists(),
        "aside": (place.root / ".orchestra/quarantine/M1.phase-1.worker-1.patch").read_bytes().count(b"+out"),
        "README": (place.root / "README.md").read_text(),
        "refs": place.git("for-each-ref", "--format=%(refname)", "refs/orchestra", "refs/heads"),
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plan(tmp_path_factory.mktemp("template")).root.parent


def copied(template: Path, to: Path) -> World:
    place = World(forks.copy(template, to) / "project")
    place.git("remote", "set-url", "origin", str(place.remote))
    return place


@pytest.fixture(scope="module")
def reference(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], list[list[str]]]:
    lead = Lead(copied(template, tmp_path_factory.mktemp("reference") / "w"))
    lead.run()
    return ended(lead.place), lead.traces


def moments(traces: list[list[str]]) -> Iterator[tuple[int, int]]:
    for number, trace in enumerate(traces):
        yield from ((number, k) for k, point in enumerate(trace, 1) if not point.startswith("="))


def test_an_uninterrupted_lead_comes_to_its_end(reference: tuple[dict[str, object], list[list[str]]]) -> None:
    found, traces = reference
    assert found["statuses"] == {"M1": "done", "M2": "done"}
    assert (found["pushed"], found["dirty"], found["armed"], found["leases"]) == (True, [], False, [])
    assert (found["aside"], found["README"], found["refs"]) == (1, "# A project\n", "refs/heads/main")
    assert len(list(moments(traces))) > 100


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_killed_anywhere_the_next_command_goes_on(
    batch: int, template: Path, reference: tuple[dict[str, object], list[list[str]]], tmp_path: Path
) -> None:
    expected, traces = reference
    for number, k in list(moments(traces))[batch * EVERY :: BATCHES * EVERY]:
        lead = Lead(copied(template, tmp_path / f"k{number}-{k}"), (number, k))
        lead.run()
        where = f"command {number}, point {k} ({traces[number][k - 1]})"
        # git looks into a file that is as young as its index, so a command may pass a few points more or fewer.
        assert lead.killed or (len(traces[number]) - k < RACY_POINTS and len(lead.traces[number]) < k), where
        assert ended(lead.place) == expected, where
        shutil.rmtree(lead.place.root.parent)


def test_killed_before_the_checkout_is_let_go_the_next_milestone_is_still_taken(
    template: Path, reference: tuple[dict[str, object], list[list[str]]], tmp_path: Path
) -> None:
    expected, traces = reference
    leaving = "before git rev-parse --verify -q refs/heads/orchestra/M1"
    number, k = [at for at in moments(traces) if traces[at[0]][at[1] - 1] == leaving][-1]
    lead = Lead(copied(template, tmp_path / "killed"), (number, k))
    lead.run()
    assert lead.killed
    assert ended(lead.place) == expected
