"""The project's own attacks and honest work, called as a client calls the hook. Both ways of being wrong count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestra.drive.scope import NEVER
from tests.guard.world import GUARD, ROOT, World, scope, sh

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases.jsonl").read_text().splitlines()]
SHARED = ROOT.parent / "shared"


def scopes(world: World) -> dict[str, dict[str, Any]]:
    """The scopes that cases name."""
    blocked = ["DROP TABLE", "docker compose down --volumes", "rm -rf"]
    return {
        "worker": scope(world.project),
        "all": scope(world.project, ["**", *NEVER]),
        "reviewer": scope(world.project, [], role="reviewer"),
        "blocked": scope(world.project, blocked_commands=blocked),
    }


def filled(world: World, value: Any) -> Any:
    text = json.dumps(value)
    for name, path in {"P": world.project, "SCOPE": world.base / "turn/scope.json", "GUARD": GUARD}.items():
        text = text.replace(f"{{{name}}}", str(path))
    return json.loads(text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case(world, case):
    world.headless(scopes(world)[case.get("scope", "worker")])
    if "setup" in case:
        sh(case["setup"], world.project)
    given = filled(world, case.get("input", {"command": case.get("command")}))
    data = world.payload(case.get("tool", "Bash"), given)
    said = world.raw(data)
    assert said.decision == case["expect"], (given, said.err)
    assert world.inside(data) == said


def test_there_are_as_many_honest_cases_as_a_guard_needs_to_stay_usable():
    expected = [case["expect"] for case in CASES]
    assert len(CASES) >= 150
    assert expected.count("allow") >= 100
    assert len({case["id"] for case in CASES}) == len(CASES)


def test_every_shared_case(tmp_path):
    """Another collection, of attacks that others' guards have let through."""
    replay = SHARED / "tools" / "guard_cases.py"
    if not replay.exists():
        pytest.skip("the shared cases are not here")
    words = [sys.executable, str(replay), "--", str(GUARD), "pre-tool-use"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout
