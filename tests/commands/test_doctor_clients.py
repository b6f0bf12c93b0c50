"""`orchestra doctor` on runs inside a client: the guard is armed only when a canary was denied by it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestra.commands import _clients
from orchestra.commands._checks import Check
from tests.support.launching import ROOT


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    return place


def put(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def looked(root: Path, client: str = "") -> dict[str, Check]:
    return {check.name: check for check in _clients.checks(root, client)}


def hooks(command: str) -> dict[str, Any]:
    return {"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [{"type": "command", "command": command}]}]}}


def installed(home: Path, bundle: Path) -> None:
    put(home / ".claude/settings.json", {"enabledPlugins": {"orchestra@orchestra": True}})
    put(home / ".claude/plugins/known_marketplaces.json", {"orchestra": {"installLocation": str(bundle)}})


def test_no_client_is_no_fault(root: Path) -> None:
    assert [check.ok for check in looked(root).values()] == [True]


def test_a_client_without_the_guard_is_told_how_to_install_it(root: Path) -> None:
    for client in ("claude", "codex"):
        check = looked(root, client)[f"{client}.guard"]
        assert (check.ok, f"{client} plugin" in check.fix) == (False, True)


def test_the_installed_guard_denies_the_canary(root: Path, home: Path) -> None:
    installed(home, ROOT)
    check = looked(root)["claude.guard"]
    assert (check.ok, check.message) == (True, "guard armed: it denied a canary")


def test_codex_takes_it_from_its_cache(root: Path, home: Path) -> None:
    (home / ".codex/plugins/cache/orchestra/orchestra").mkdir(parents=True)
    (home / ".codex/plugins/cache/orchestra/orchestra/0.1.0").symlink_to(ROOT)
    (home / ".codex/config.toml").write_text('[plugins."orchestra@orchestra"]\nenabled = true\n')
    found = looked(root)
    assert "guard armed" in found["codex.guard"].message
    assert "trusted" in found["codex.guard"].message
    assert "danger-full-access" in found["codex.permissions"].fix
    settings = 'approval_policy = "never"\nsandbox_mode = "danger-full-access"\n'
    (home / ".codex/config.toml").write_text(f'{settings}[plugins."orchestra@orchestra"]\nenabled = true\n')
    assert looked(root)["codex.permissions"].ok


@pytest.mark.parametrize(
    "command", ["orchestra-guard-that-is-not-there", "true orchestra-guard", "exit 1 # orchestra-guard"]
)
def test_a_hook_that_lets_the_canary_through_is_not_armed(root: Path, command: str) -> None:
    put(root / ".claude/settings.json", hooks(command))
    check = looked(root)["claude.guard"]
    assert (check.ok, "not armed" in check.message) == (False, True)


def test_a_hook_that_refuses_everything_is_not_armed(root: Path) -> None:
    put(root / ".claude/settings.json", hooks("exit 2 # orchestra-guard"))
    assert "a read was refused" in looked(root)["claude.guard"].message


def test_the_exact_settings_for_an_unattended_run_are_printed_and_suffice(root: Path, home: Path) -> None:
    installed(home, ROOT)
    check = looked(root)["claude.permissions"]
    assert not check.ok
    settings = json.loads(check.fix[check.fix.index("{") : check.fix.index("}}") + 2])
    assert settings["permissions"]["allow"] == ["Bash", "Edit", "Write"]
    put(root / ".claude/settings.local.json", settings)
    assert looked(root)["claude.permissions"].ok
    put(root / ".claude/settings.local.json", {"permissions": {"defaultMode": "bypassPermissions"}})
    assert looked(root)["claude.permissions"].ok


def test_settings_of_a_person_are_kept_out_of_git(root: Path, home: Path) -> None:
    installed(home, ROOT)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    found = re.search(r"out of git \((.+?)\)", looked(root)["claude.permissions"].fix)
    assert found
    subprocess.run(["sh", "-c", found[1]], cwd=root, check=True)
    assert "out of git" not in looked(root)["claude.permissions"].fix
    put(root / ".claude/settings.local.json", {})
    assert subprocess.check_output(["git", "status", "--porcelain"], cwd=root) == b""


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"permissions": 7, "enabledPlugins": []}', '{"hooks": {"PreToolUse": {}}}']
)
def test_settings_that_nobody_can_read_say_nothing(root: Path, home: Path, text: str) -> None:
    for path in (root / ".claude/settings.json", home / ".claude/settings.json", home / ".codex/config.toml"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert not looked(root, "claude")["claude.guard"].ok
    assert not looked(root, "codex")["codex.permissions"].ok
