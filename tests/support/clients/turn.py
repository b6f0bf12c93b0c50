"""Runs one turn of a backend, as a program: it has to share the network name space of the client that it starts.

Usage: turn.py JSON, with `name`, `agent` (settings of the program) and `task` (fields of Task, paths as texts).
Prints one JSON object: the fields of the result, and the kinds of the events.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PATHS = ("dir", "worktree", "prompt_file", "scope_file", "project")


def main(text: str) -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    from orchestra.backends.base import AgentEvent, Task, run_turn
    from orchestra.backends.make import make

    given: dict[str, Any] = json.loads(text)
    fields = {name: Path(value) if name in PATHS else value for name, value in given["task"].items()}
    heard: list[AgentEvent] = []
    backend = make(given["name"], {"agent": given["agent"]})
    result = asyncio.run(run_turn(backend, Task(**fields), heard.append))
    print(json.dumps({**asdict(result), "events": [f"{one.kind} {one.name}".strip() for one in heard]}))


if __name__ == "__main__":
    main(sys.argv[1])
