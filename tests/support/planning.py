"""Planning files for tests, and the planning commands run in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestra.config import Config
from orchestra.main import main
from orchestra.plans import milestones
from orchestra.plans.milestones import ReadResult

PEER = Path(__file__).parents[1] / "fixtures" / "peer_project"

HEAD = """# Milestone: {id} — {title}

| Field | Value |
|-------|-------|
| Status | {status} |
| Priority | P1 |
| Complexity | {complexity} |
| PRD | prd.md |
"""

PHASE = """---
status: pending
order: {number}
complexity: {complexity}
skills: []
depends_on: {depends_on}
---

# Phase {number}: Part {number}

## Objective

Part {number} is there.

## Context

Nothing else is.

## Technical Decisions

- One file

## Scope

{scope}

## References

- README.md

## Acceptance Criteria

- [ ] The file has 3 lines

## Constraints

- No other file changes
- No network
"""


def milestone(
    root: Path, slug: str = "M1-a", *, status: str = "planning", complexity: str = "standard", **more: Any
) -> Path:
    """A milestone that `validate` has nothing to say about; `rows` are added to its table."""
    home = root / ".orchestra" / "milestones" / slug
    (home / "phases").mkdir(parents=True)
    text = HEAD.format(id=slug.split("-")[0], title="Name", status=status, complexity=complexity) + more.get("rows", "")
    (home / "milestone.md").write_text(text, encoding="utf-8", newline="")
    (home / "prd.md").write_text("# Why\n\nIt is a problem.\n", encoding="utf-8")
    return home


def phase(
    home: Path, number: int = 1, *, depends_on: str = "[]", scope: str = "", complexity: str = "standard"
) -> Path:
    """A phase that `validate` has nothing to say about."""
    text = PHASE.format(
        number=number, depends_on=depends_on, complexity=complexity, scope=scope or f"- src/part{number}.py (new)"
    )
    path = home / "phases" / f"phase-{number}.md"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(root: Path, config: Config | None = None) -> ReadResult:
    return milestones.read(root, config or Config())


def codes(result: ReadResult) -> list[str]:
    return [d.code for d in result.diagnostics]


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def orchestra(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> Said:
    """One command line, in this process."""
    capsys.readouterr()
    code = main(["-C", str(root), *words])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return Said(int(code), said.out, said.err)
