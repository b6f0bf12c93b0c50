"""Turns of real agent programs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from orchestra.backends.base import AgentEvent, Backend, Task, TurnResult, run_turn


def task(base: Path, **more: Any) -> Task:
    """A turn in `base`: its directory `turn-1`, its work tree `tree`."""
    tree = base / "tree"
    tree.mkdir(exist_ok=True)
    given: dict[str, Any] = {
        "ticket": "T-1",
        "unit": "M1/phase-2",
        "role": "worker",
        "attempt": 1,
        "turn": 1,
        "dir": base / f"turn-{more.get('turn', 1)}",
        "worktree": tree,
        "prompt_file": base / "prompt.md",
        "scope_file": base / "scope.json",
        "project": base,
        "purpose": "build",
        **more,
    }
    return Task(**given)


def take(backend: Backend, one: Task, heard: list[AgentEvent] | None = None) -> TurnResult:
    """Run a turn to its end."""
    return asyncio.run(run_turn(backend, one, heard.append if heard is not None else None))
