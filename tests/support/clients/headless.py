"""Turns of backends in a throw-away home: one work tree, a brief and a scope for each turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestra.config import BackendConfig
from tests.support.clients.brain import Brain
from tests.support.clients.model import Model
from tests.support.clients.programs import CLAUDE_ENV, CODEX_SETTINGS, KEY
from tests.support.clients.reply import Call, bash, patch, shell, write
from tests.support.clients.run import Running
from tests.support.clients.world import World
from tests.support.launching import program

ALL = ("claude", "codex", "opencode", "gemini")
# Two of them start slowly: they are tried when somebody has the time.
EVERY = "ORCHESTRA_ALL_CLIENTS" in os.environ
SLOW = pytest.mark.skipif(not EVERY, reason="it starts slowly: set ORCHESTRA_ALL_CLIENTS=1")
PROGRAMS = [name for name in ALL if EVERY or name in ("claude", "codex")]
FOUR = pytest.mark.parametrize("name", [name if name in PROGRAMS else pytest.param(name, marks=SLOW) for name in ALL])
TURN = Path(__file__).with_name("turn.py")
LIMIT_S = 120.0
_OPENCODE = {
    "model": "played/m1",
    "small_model": "played/m1",
    "autoupdate": False,
    "share": "disabled",
    "provider": {
        "played": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Played",
            "options": {"baseURL": "{BASE}/v1", "apiKey": KEY},
            "models": {"m1": {"name": "m1", "tool_call": True, "limit": {"context": 200000, "output": 8000}}},
        }
    },
}
_GEMINI = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "telemetry": {"enabled": False},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"disableAutoUpdate": True},
}
# What points each program at the played model. The one that takes no address from its environment gets a door.
ENV = {
    "claude": CLAUDE_ENV,
    "codex": {"PLAYED_BASE": "{BASE}"},
    "opencode": {
        "OPENCODE_CONFIG_CONTENT": json.dumps(_OPENCODE),
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    },
    "gemini": {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "{BASE}"},
}
MODEL = {"codex": "", "opencode": "", "claude": "", "gemini": "gemini-2.5-pro"}


class Headless:
    """`tree` is the work tree of all turns, `base` holds their directories."""

    def __init__(self, world: World) -> None:
        self.world, self.base = world, world.root / "attempt"
        self.tree = self.base / "tree"
        self.tree.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", self.tree], check=True)
        (self.tree / "src").mkdir()
        (world.home / ".gemini").mkdir()
        (world.home / ".gemini/settings.json").write_text(json.dumps(_GEMINI))
        self.doors = world.root / "doors"
        self.doors.mkdir()
        self.door = program(self.doors / "codex", _door())

    def play(self, brain: Brain) -> Model:
        return self.world.play(brain)

    def agent(self, name: str) -> dict[str, Any]:
        """The settings of a program, as the configuration holds them by default."""
        default = getattr(BackendConfig(), name)
        return {"program": str(self.door) if name == "codex" else default.program, "access": default.access}

    def start(self, name: str, brief: str, **more: Any) -> Running:
        """Start a turn; further arguments are those of Task, and `scope`, the globs that it may write."""
        number, scope = more.pop("turn", 1), more.pop("scope", ["src/**"])
        place = self.base / f"turn-{number}"
        place.mkdir(exist_ok=True)
        (place / "prompt.md").write_text(brief)
        compiled = {"version": 1, "root": str(self.tree), "ticket": "T-1", "role": "worker", "enforcement": "strict"}
        (place / "scope.json").write_text(json.dumps({**compiled, "write": scope, "blocked_commands": []}))
        task = {
            "ticket": "T-1", "unit": "M1/phase-1", "role": "worker", "attempt": 1, "turn": number, "dir": str(place),
            "worktree": str(self.tree), "prompt_file": str(place / "prompt.md"),
            "scope_file": str(place / "scope.json"), "project": str(self.base), "model": MODEL[name],
            "wall_s": LIMIT_S, "purpose": "build", **more,
        }  # fmt: skip
        spec = json.dumps({"name": name, "agent": self.agent(name), "task": task})
        env = self.world.environment(None, **ENV[name])
        return self.world._start([sys.executable, str(TURN), spec], self.base, env, self.world.model)

    def read(self, running: Running) -> dict[str, Any]:
        """Wait for a turn, and read what it came to."""
        code = running.wait(LIMIT_S + 30)
        assert code == 0, running.err.read_text()
        result: dict[str, Any] = json.loads(running.out.read_text().splitlines()[-1])
        return result

    def turn(self, name: str, brief: str, **more: Any) -> dict[str, Any]:
        return self.read(self.start(name, brief, **more))

    def shell(self, name: str, command: str) -> Call:
        """The program's own tool for a command."""
        words = {"command": command, "description": "runs a command"}
        tools = {"claude": bash, "codex": shell}
        return (
            tools[name](command)
            if name in tools
            else Call("bash" if name == "opencode" else "run_shell_command", words)
        )

    def write(self, name: str, path: str, text: str) -> Call:
        """The program's own tool for a new file."""
        if name == "codex":
            return patch(f"*** Add File: {path}\n+{text}")
        if name == "claude":
            return write(self.tree / path, text)
        place = f"{self.tree}/{path}"
        if name == "opencode":
            return Call("write", {"filePath": place, "content": text})
        return Call("write_file", {"file_path": place, "content": text})


def _door() -> str:
    settings = " ".join(f"-c '{line}'" for line in CODEX_SETTINGS).replace("{BASE}", "'\"$PLAYED_BASE\"'")
    return f'exec codex {settings} "$@"'
