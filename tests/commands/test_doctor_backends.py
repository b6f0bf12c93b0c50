"""orchestra doctor: the agent programs of headless runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.commands._backends import checks
from orchestra.config import AgentConfig, BackendConfig, Config
from orchestra.core.words import BackendName
from tests.support.launching import program
from tests.support.projects import world

NAMES = ("claude", "codex", "opencode", "gemini")
ALL = (*NAMES, "codeagent_wrapper")


def found(place: Path, chosen: str = "command", **programs: str) -> dict[str, tuple[bool, str, str]]:
    """What is said when `programs` are installed, each printing its version."""
    for name, version in programs.items():
        program(place / name, f"echo {version}")
    agents = {
        name: AgentConfig(str(place / name.replace("_", "-")), env=("IS_SANDBOX=1", f"HOME={place}")) for name in ALL
    }
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


NOBODY = "; it says that nobody is logged in"


@pytest.mark.parametrize(
    ("name", "says", "nobody"),
    [
        ("claude", """printf '{\n "loggedIn": false,\n "authMethod": "none"\n}'; exit 1""", True),
        ("claude", """echo '{"loggedIn": true, "authMethod": "api_key"}'""", False),
        ("claude", "echo 'unknown command'; exit 1", False),
        ("codex", "echo 'WARNING: x' >&2; echo 'Not logged in' >&2; exit 1", True),
        ("codex", "echo 'Logged in using ChatGPT'", False),
        ("gemini", "", True),
        ("opencode", "exit 1", False),
    ],
)
def test_it_is_said_when_nobody_is_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str, nobody: bool
) -> None:
    for key in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA"):
        monkeypatch.delenv(key, raising=False)
    program(tmp_path / name, f'if [ "$1" = --version ]; then echo 9.9.9; exit; fi\n{says}')
    ok, message, _ = found(tmp_path, name)[f"backend.{name}"]
    assert ok, "it may know another way in"
    assert message.endswith(NOBODY) is nobody, message


def test_gemini_is_told_how_by_a_key_or_by_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "gemini", "echo 9.9.9")
    monkeypatch.setenv("GEMINI_API_KEY", "x")
    assert NOBODY not in found(tmp_path)["backend.gemini"][1]
    monkeypatch.delenv("GEMINI_API_KEY")
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini/settings.json").write_text('{"security": {"auth": {"selectedType": "oauth-personal"}}}')
    assert NOBODY not in found(tmp_path)["backend.gemini"][1]


def test_codeagent_wrapper_is_found(tmp_path: Path) -> None:
    ok, message, fix = found(tmp_path, "codeagent-wrapper")["backend.codeagent-wrapper"]
    assert (ok, "is not installed" in message) == (False, True)
    assert "CODEAGENT_WRAPPER" in fix
    program(tmp_path / "codeagent-wrapper", "echo codeagent-wrapper version 5.4.0")
    said = found(tmp_path, "codeagent-wrapper")["backend.codeagent-wrapper"]
    assert said[:2] == (True, "codeagent-wrapper 5.4.0 is installed; what it writes is looked at when it is accepted")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_claude_code_skips_no_permissions_for_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IS_SANDBOX", raising=False)
    program(tmp_path / "claude", "echo 2.1.197")
    for env, expected in (((), [False]), (("IS_SANDBOX=1",), [])):
        claude = AgentConfig(str(tmp_path / "claude"), "bypassPermissions", env=env)
        settings = Config(backend=BackendConfig(BackendName.CLAUDE, claude=claude))
        assert [one.ok for one in checks(settings) if one.name == "backend.claude.root"] == expected


def test_the_verb_looks_at_them(tmp_path: Path) -> None:
    place = world(tmp_path)
    program(tmp_path / "claude", "echo 2.1.197")
    place.config(backend={"name": "claude", "claude": {"program": str(tmp_path / "claude"), "env": ["IS_SANDBOX=1"]}})
    said = {one["name"]: one["ok"] for one in place.json("doctor")["checks"]}
    assert said["backend.claude"]
    assert {f"backend.{name}" for name in NAMES} <= set(said)
