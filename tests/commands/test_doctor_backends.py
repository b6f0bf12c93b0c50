"""orchestra doctor: the agent programs of headless runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.commands._backends import checks
from orchestra.config import AgentConfig, BackendConfig, Config
from orchestra.core.words import BackendName
from tests.support.launching import program

NAMES = ("claude", "codex", "opencode", "gemini")


def found(place: Path, chosen: str = "command", **programs: str) -> dict[str, tuple[bool, str, str]]:
    """What is said when `programs` are installed, each printing its version."""
    for name, version in programs.items():
        program(place / name, f"echo {version}")
    agents = {name: AgentConfig(str(place / name), env=("IS_SANDBOX=1",)) for name in NAMES}
    settings = Config(backend=BackendConfig(BackendName(chosen), **agents))
    return {one.name: (one.ok, one.message, one.fix) for one in checks(settings)}


def test_what_is_not_chosen_may_be_missing_or_old(tmp_path: Path) -> None:
    said = found(tmp_path, claude="2.1.197", codex="0.1.0")
    assert [said[f"backend.{name}"][0] for name in NAMES] == [True] * 4
    assert said["backend.claude"][1] == "claude 2.1.197 is installed; the guard looks at its tool calls"
    assert "too old" in said["backend.codex"][1]
    assert "is not installed; it is not the configured backend" in said["backend.gemini"][1]


@pytest.mark.parametrize("programs", [{}, {"gemini": "0.1.0"}])
def test_what_is_chosen_has_to_be_there(tmp_path: Path, programs: dict[str, str]) -> None:
    ok, message, fix = found(tmp_path, "gemini", **programs)["backend.gemini"]
    assert not ok
    assert "not installed" in message or "0.1.0 is too old" in message
    assert fix == "Install it with: npm install -g @google/gemini-cli"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_claude_code_skips_no_permissions_for_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IS_SANDBOX", raising=False)
    program(tmp_path / "claude", "echo 2.1.197")
    for env, expected in (((), [False]), (("IS_SANDBOX=1",), [])):
        claude = AgentConfig(str(tmp_path / "claude"), "bypassPermissions", env=env)
        settings = Config(backend=BackendConfig(BackendName.CLAUDE, claude=claude))
        assert [one.ok for one in checks(settings) if one.name == "backend.claude.root"] == expected
