"""What clients read of the bundle agrees with itself, and names only what is there."""

from __future__ import annotations

import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from orchestra import __version__
from orchestra.commands.hook import EVENTS
from tests.support.clients.bundle import pack
from tests.support.launching import ROOT

CLAUDE, CODEX = Path(".claude-plugin/plugin.json"), Path(".codex-plugin/plugin.json")
CLAUDE_MARKET, CODEX_MARKET = Path(".claude-plugin/marketplace.json"), Path(".agents/plugins/marketplace.json")
PACKAGE = Path("package.json")


def read(path: Path) -> dict[str, Any]:
    return json.loads((ROOT / path).read_text())


HOOKS = read(Path("hooks/hooks.json"))["hooks"]
COMMANDS = [
    (event, hook["command"]) for event, entries in HOOKS.items() for entry in entries for hook in entry["hooks"]
]


@pytest.mark.parametrize("path", [PACKAGE, CLAUDE, CODEX], ids=str)
def test_manifests_agree_with_the_code(path: Path):
    said, package = read(path), read(PACKAGE)
    assert (said["name"], said["version"]) == ("orchestra", __version__)
    assert (said["description"], said["license"]) == (package["description"], package["license"])


@pytest.mark.parametrize("path", [CLAUDE_MARKET, CODEX_MARKET], ids=str)
def test_a_marketplace_offers_this_bundle(path: Path):
    said = read(path)
    [plugin] = said["plugins"]
    source = plugin["source"] if isinstance(plugin["source"], str) else plugin["source"]["path"]
    assert (said["name"], plugin["name"], source) == ("orchestra", "orchestra", "./")
    # One number less that could be wrong: the client reads the plugin's own.
    assert "version" not in plugin


def test_hooks_are_those_that_the_program_answers():
    events = {re.sub(r"(?<!^)(?=[A-Z])", "-", event).lower(): command for event, command in COMMANDS}
    assert set(events) == {*EVENTS, "pre-tool-use"}
    for event, command in events.items():
        name = "orchestra-guard" if event == "pre-tool-use" else "orchestra-hook"
        # One quoted string: Codex knows no list of arguments, and a path may have spaces.
        assert command == f'"${{CLAUDE_PLUGIN_ROOT}}/bin/{name}" {event}'
        assert os.access(ROOT / "bin" / name, os.X_OK)


@pytest.mark.parametrize(
    ("tool", "guarded"),
    [
        *((name, True) for name in ("Write", "Edit", "MultiEdit", "NotebookEdit", "Bash", "apply_patch")),
        *((name, True) for name in ("EnterWorktree", "mcp__files__write_file")),
        *((name, False) for name in ("Read", "Grep", "Glob", "TodoWrite", "BashOutput", "Agent", "Skill")),
    ],
)
def test_the_guard_is_asked_before_tools_that_write(tool: str, guarded: bool):
    [entry] = HOOKS["PreToolUse"]
    assert bool(re.search(entry["matcher"], tool)) is guarded


def test_the_package_has_all_that_the_bundle_needs_and_no_more(tmp_path: Path):
    made = pack(tmp_path)
    with tarfile.open(made.tarball) as packed:
        names = {name.removeprefix("package/") for name in packed.getnames()}
    assert {path.as_posix() for path in (CLAUDE, CODEX, CLAUDE_MARKET, CODEX_MARKET)} <= names
    for folder in ("agents", "commands", "hooks", "rules", "skills", "templates", "schemas", "scripts/orchestra"):
        here = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {one for one in here if "__pycache__" not in one} <= names
    assert not [name for name in names if re.search(r"^(tests|bench|\.git|\.venv)/|__pycache__|\.pyc$", name)]
    listed = [name for name in read(PACKAGE)["files"] if not name.startswith("!")]
    assert [name for name in listed if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "bin").iterdir()))
def test_programs_of_the_bundle_can_be_run(name: str):
    assert os.access(ROOT / "bin" / name, os.X_OK)
