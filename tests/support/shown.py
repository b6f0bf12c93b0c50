"""A project on disk with a milestone of two phases, and what a run makes of it in the state."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from orchestra.core.codec import encode
from orchestra.core.events import EventType
from orchestra.core.model import Decision, Event, Finding, Run, Unit
from orchestra.core.words import Gate, Severity, Verdict
from orchestra.main import main
from orchestra.project import Project
from orchestra.state.identity import me
from orchestra.state.leases import claim
from orchestra.state.store import Store
from tests.support import states

SLUG = "M1-user-auth"
HOME = f".orchestra/milestones/{SLUG}"
MILESTONE = """\
# Milestone: M1 — User auth

| Field | Value |
|---|---|
| Status | ready |
| Priority | P0 |
<!-- mine -->
"""
PHASE = """\
---
status: pending  # mine
order: {n}
---

# Phase {n}: Part {n}

## Objective

Part {n}.

## Result
"""


def milestone(root: Path, slug: str = SLUG, phases: int = 2, eol: str = "\n", bom: str = "") -> Path:
    """The files of a milestone, as people write them."""
    home = root / ".orchestra" / "milestones" / slug
    (home / "phases").mkdir(parents=True)
    (home / "milestone.md").write_bytes((bom + MILESTONE.replace("\n", eol)).encode())
    for n in range(1, phases + 1):
        (home / "phases" / f"phase-{n}.md").write_bytes((bom + PHASE.format(n=n).replace("\n", eol)).encode())
    return home


def project(tmp_path: Path, **options: Any) -> Project:
    milestone(tmp_path, **options)
    return Project(tmp_path)


def plan() -> Any:
    """The milestone as a group with the paths of its files."""
    units = tuple(Unit(f"M1/phase-{n}", "M1", f"Part {n}", order=n, path=f"{HOME}/phases/phase-{n}.md") for n in (1, 2))
    return replace(states.group("M1"), title="User auth", slug=SLUG, path=HOME, units=units)


@contextlib.contextmanager
def store(project: Project) -> Iterator[Store]:
    with Store.open(project.state_path) as opened:
        yield opened


def begun(store: Store, project: Project) -> Run:
    """A run that holds the milestone, with its first phase done after one failed attempt."""
    claim(store, "M1", me("f" * 32), 3600.0, store.clock())
    run = store.record(Run(id=""), [states.started(), states.read(plan()), states.opened("M1")])
    run = failed_once(store, run, "M1/phase-1")
    return states_carried_out(store, run, "M1/phase-1", 2)


def failed_once(store: Store, run: Run, unit: str) -> Run:
    receipt = {"name": "test", "command": "pytest", "tree": "u" * 40, "exit_code": 1, "duration_ms": 40}
    return store.record(
        run,
        [
            states.dispatched(unit),
            states.about(EventType.TURN_STARTED, unit, turn=1),
            states.about(
                EventType.TURN_ENDED, unit, exit_class="ok", usage={"input": 10, "output": 2, "cost_usd": 0.1}
            ),
            states.about(EventType.SCOPE_CHECKED, unit, outside=["secrets.txt"]),
            states.about(EventType.RECEIPT, unit, **receipt),
            states.about(EventType.ATTEMPT_FAILED, unit, reason="test failed", learned="pytest: 1 failed"),
        ],
    )


def states_carried_out(store: Store, run: Run, unit: str, number: int) -> Run:
    receipt = {"name": "test", "command": "pytest", "tree": "t" * 40, "exit_code": 0, "duration_ms": 12, "log": "x.log"}
    usage = {"input": 100, "output": 20, "cost_usd": 0.5}
    return store.record(
        run,
        [
            states.dispatched(unit, number),
            states.about(EventType.TURN_STARTED, unit, number, turn=1),
            states.about(EventType.TURN_ENDED, unit, number, exit_class="ok", usage=usage, notes="Opaque tokens"),
            states.about(EventType.RECEIPT, unit, number, **receipt),
            states.about(EventType.VERIFIED, unit, number, tree="t" * 40),
            states.about(EventType.UNIT_ACCEPTED, unit, number, commit="c" * 40, files=["src/b.py", "src/a.py"]),
        ],
    )


def reviewed(store: Store, run: Run) -> Run:
    """The second phase done and a review with one blocking finding and a question."""
    run = states_carried_out(store, run, "M1/phase-2", 1)
    found = Finding("F-00000001", "M1", Severity.BLOCKING, "Token is logged", file="src/a.py", line=3)
    asked = Decision("M1-D1", Gate.REVIEW, "M1", "Go on?", ("fix", "accept"))
    data = {"role": "reviewer", "purpose": "review", "number": 1, "tier": "standard"}
    ticket = "M1.reviewer-1"
    review = [
        Event(EventType.ATTEMPT_STARTED, group="M1", unit="M1", attempt=ticket, data=data),
        Event(EventType.TURN_STARTED, group="M1", unit="M1", attempt=ticket, data={"turn": 1}),
        Event(EventType.TURN_ENDED, group="M1", unit="M1", attempt=ticket, data={"exit_class": "ok"}),
        Event(
            EventType.REVIEW_ENDED,
            group="M1",
            unit="M1",
            attempt=ticket,
            data={"findings": [encode(found)], "verdict": Verdict.CHANGES_REQUESTED},
        ),
        Event(EventType.DECISION_ASKED, group="M1", data={"decision": encode(asked)}),
    ]
    return store.record(run, review)


class Said(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def orchestra(root: Path, *words: str, stdin: bytes = b"") -> Said:
    """Run a verb in this process, as the launcher would."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(stdin):
        code = main(["-C", str(root), *words])
    return Said(int(code), out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    import sys

    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before
