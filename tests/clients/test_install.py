"""Users get the bundle in three ways, with the real clients and without a network: a plugin, a folder, npx."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.brain import Brain, Talk, Turn, When, in_turn
from tests.support.clients.bundle import Bundle, record_hooks
from tests.support.clients.reply import agent, bash, patch, read, shell, write
from tests.support.clients.request import Request
from tests.support.clients.world import Called, World

PLUGIN = "orchestra@orchestra"


def done(called: Called) -> str:
    assert called.code == 0, called
    return called.out


def listed(world: World) -> list[dict[str, Any]]:
    return json.loads(done(world.call("claude", "plugin", "list", "--json")))


@pytest.mark.parametrize("part", ["", ".claude-plugin/plugin.json", ".claude-plugin/marketplace.json"])
def test_claude_finds_nothing_wrong(world: World, bundle: Bundle, part: str):
    said = done(world.call("claude", "plugin", "validate", "--strict", bundle.root / part))
    assert "passed" in said
    assert "warning" not in said


def test_claude_loads_it_from_a_folder_without_errors(world: World, bundle: Bundle):
    [plugin] = json.loads(done(world.call("claude", "--plugin-dir", bundle.root, "plugin", "list", "--json")))
    assert (plugin["id"], plugin["enabled"], plugin.get("errors")) == ("orchestra@inline", True, None)


def test_claude_installs_it_from_a_marketplace_and_lets_go_of_it(world: World, bundle: Bundle):
    done(world.call("claude", "plugin", "marketplace", "add", bundle.root))
    done(world.call("claude", "plugin", "install", PLUGIN))
    [plugin] = listed(world)
    assert (plugin["id"], plugin["enabled"], plugin.get("errors")) == (PLUGIN, True, None)
    done(world.call("claude", "plugin", "disable", PLUGIN))
    assert [one["enabled"] for one in listed(world)] == [False]
    done(world.call("claude", "plugin", "uninstall", PLUGIN))
    assert listed(world) == []


def test_codex_installs_it_from_a_marketplace_and_lets_go_of_it(world: World, bundle: Bundle):
    done(world.call("codex", "plugin", "marketplace", "add", bundle.root))
    added = json.loads(done(world.call("codex", "plugin", "add", PLUGIN, "--json")))
    assert (added["pluginId"], Path(added["installedPath"]).name) == (PLUGIN, added["version"])
    [plugin] = json.loads(done(world.call("codex", "plugin", "list", "--json")))["installed"]
    assert (plugin["pluginId"], plugin["enabled"]) == (PLUGIN, True)
    done(world.call("codex", "plugin", "remove", PLUGIN))
    assert json.loads(done(world.call("codex", "plugin", "list", "--json")))["installed"] == []


def recording(bundle: Bundle, place: Path) -> tuple[Path, Path]:
    """A copy of the bundle whose hooks only write down that they were called, and where. Its path has a space."""
    root, log = place / "a bundle", place / "hooks.log"
    shutil.copytree(bundle.root, root)
    record_hooks(root, log)
    return root, log


def test_hooks_are_called_by_claude(world: World, bundle: Bundle, tmp_path: Path):
    root, log = recording(bundle, tmp_path)
    made = world.work / "made.txt"
    world.play(Brain(Turn(in_turn(bash("true"), write(made, "x"), read(made), agent("orchestra:scout", "SUB"), "END"))))
    result = world.claude("GO", extra=["--plugin-dir", str(root)])
    assert (result.ok, result.text) == (True, "END"), result
    guard, hook = "orchestra-guard pre-tool-use", "orchestra-hook"
    assert log.read_text().splitlines() == [
        f"{hook} session-start ",
        f"{guard} Bash",
        f"{guard} Write",
        f"{hook} subagent-start ",
        f"{hook} subagent-stop ",
        f"{hook} session-end ",
    ]


def test_hooks_are_called_by_codex(world: World, bundle: Bundle, tmp_path: Path):
    root, log = recording(bundle, tmp_path)
    done(world.call("codex", "plugin", "marketplace", "add", root))
    done(world.call("codex", "plugin", "add", PLUGIN))
    world.play(Brain(Turn(in_turn(shell("true"), patch("*** Add File: made.txt\n+x\n"), "END"))))
    result = world.codex("GO")
    assert (result.ok, result.text, (world.work / "made.txt").exists()) == (True, "END", True), result
    assert log.read_text().splitlines() == [
        "orchestra-hook session-start ",
        "orchestra-guard pre-tool-use Bash",
        "orchestra-guard pre-tool-use apply_patch",
        "orchestra-hook session-end ",
    ]


# ------------------------------------------------------------------ without a marketplace


def npx(world: World, bundle: Bundle, *words: str) -> Called:
    """What a user types, with a file instead of a name in a registry."""
    return world.call("npx", "--yes", f"file:{bundle.tarball}", *words, npm_config_update_notifier="false")


def direct(world: World, bundle: Bundle, *words: str) -> Called:
    """What npx comes to once it has unpacked the file, which is most of its time."""
    return world.call(bundle.root / "bin" / "orchestra", *words)


def tree(place: Path) -> dict[str, str]:
    """{path: digest} of all files below `place`; "" for a directory."""
    return {
        path.relative_to(place).as_posix(): "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in place.rglob("*")
    }


SETTINGS = """\
{
\t"permissions": {"deny": ["WebFetch"]},
\t"hooks": {
\t\t"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "true"}]}],
\t\t"Stop": []
\t}
}
"""


@pytest.fixture
def theirs(world: World) -> World:
    """A project whose user has settings, a skill and an agent already."""
    own = {
        ".claude/settings.local.json": SETTINGS,
        ".claude/skills/auth/SKILL.md": "---\nname: auth\ndescription: mine\n---\nmine\n",
        ".claude/agents/worker.md": "---\nname: worker\ndescription: mine\n---\nmine\n",
    }
    for name, text in own.items():
        (world.work / name).parent.mkdir(parents=True, exist_ok=True)
        (world.work / name).write_text(text)
    return world


def settings(world: World) -> dict[str, Any]:
    return json.loads((world.work / ".claude/settings.local.json").read_text())


def test_npx_installs_twice_and_removes_exactly_that(theirs: World, bundle: Bundle):
    before = tree(theirs.work)
    done(npx(theirs, bundle, "install"))
    first = tree(theirs.work)
    done(npx(theirs, bundle, "install"))
    assert tree(theirs.work) == first
    assert first.keys() > before.keys()
    assert {**first, **before, ".claude/settings.local.json": ""} == {**first, ".claude/settings.local.json": ""}
    assert settings(theirs)["hooks"]["PreToolUse"][0] == json.loads(SETTINGS)["hooks"]["PreToolUse"][0]
    done(npx(theirs, bundle, "uninstall"))
    after = tree(theirs.work)
    assert {**after, ".claude/settings.local.json": ""} == {**before, ".claude/settings.local.json": ""}
    assert settings(theirs) == json.loads(SETTINGS)
    assert "nothing is installed" in done(npx(theirs, bundle, "uninstall"))


def test_an_install_for_a_user_leaves_the_project_alone(world: World, bundle: Bundle):
    before, home = tree(world.work), tree(world.home).keys()
    done(direct(world, bundle, "install", "--user", "--claude"))
    assert tree(world.work) == before
    assert (world.home / ".claude/agents/orchestra/worker.md").exists()
    assert not (world.home / ".codex").exists()
    done(direct(world, bundle, "uninstall", "--user"))
    assert {name for name in tree(world.home).keys() - home if not name.startswith(".npm")} == set()


def test_what_was_installed_works_in_claude_under_the_names_of_the_plugin(theirs: World, bundle: Bundle):
    done(direct(theirs, bundle, "install", "--claude"))
    root = theirs.work / ".claude" / "orchestra"
    log = theirs.root / "hooks.log"
    record_hooks(root, log)

    def lead(request: Request) -> Talk:
        seen = yield agent("orchestra:worker", "SUB-TASK")
        return seen.tool_result

    worker = in_turn(bash("command -v orchestra"), "SUB-DONE")
    command = (root / "commands" / "start.md").read_text().split("---\n")[2].splitlines()[0]
    theirs.play(Brain(Turn(worker, When(first_user="SUB-TASK")), Turn(lead, When(last_user=command)), default=None))
    result = theirs.claude("/orchestra:start --auto")
    theirs.model.brain.check()
    assert (result.ok, "SUB-DONE" in result.text) == (True, True), result
    assert theirs.model.requests[2].tool_result == str(root / "bin" / "orchestra")
    body = (root / "agents" / "worker.md").read_text().split("---\n")[2].strip()
    assert body.splitlines()[0] in theirs.model.requests[1].system
    assert "orchestra-guard pre-tool-use Bash" in log.read_text().splitlines()
    theirs.play(Brain())
    assert theirs.claude("/orchestra help").ok


def test_what_was_installed_works_in_codex(world: World, bundle: Bundle):
    done(direct(world, bundle, "install", "--codex", "--user"))
    root, log = world.home / ".codex" / "orchestra", world.root / "hooks.log"
    record_hooks(root, log)
    world.play(Brain(Turn(in_turn(shell("true"), "END"))))
    result = world.codex("$orchestra start")
    assert (result.ok, result.text) == (True, "END"), result
    assert str(root / "bin" / "orchestra") in world.model.requests[0].text
    assert "orchestra-guard pre-tool-use Bash" in log.read_text().splitlines()


def test_a_file_that_someone_has_changed_stays_and_is_named(theirs: World, bundle: Bundle):
    done(direct(theirs, bundle, "install", "--claude"))
    changed = theirs.work / ".claude/agents/orchestra/scout.md"
    changed.write_text("my own\n")
    again = direct(theirs, bundle, "install", "--claude")
    assert (again.code, str(changed) in again.err, changed.read_text()) == (1, True, "my own\n")
    gone = direct(theirs, bundle, "uninstall")
    assert (gone.code, str(changed) in gone.err, changed.read_text()) == (0, True, "my own\n")
    assert not (theirs.work / ".claude/orchestra").exists()


def test_a_file_that_was_there_is_not_overwritten(world: World, bundle: Bundle):
    own = world.work / ".claude/commands/orchestra.md"
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    before = tree(world.work)
    refused = direct(world, bundle, "install", "--claude")
    assert (refused.code, str(own) in refused.err) == (1, True)
    done(direct(world, bundle, "uninstall"))
    assert tree(world.work) == before


def test_settings_that_cannot_be_read_stop_it_before_anything_is_written(world: World, bundle: Bundle):
    own = world.work / ".claude/settings.local.json"
    own.parent.mkdir()
    own.write_text('{"hooks": {},}')
    before = tree(world.work)
    refused = direct(world, bundle, "install", "--claude")
    assert (refused.code, str(own) in refused.err, tree(world.work)) == (65, True, before)


def test_an_install_that_broke_off_is_removed_or_finished(theirs: World, bundle: Bundle):
    # A file where a directory has to be, met when most is written.
    wall = theirs.work / ".claude/commands"
    wall.write_text("in the way\n")
    before = tree(theirs.work)
    broken = direct(theirs, bundle, "install", "--claude")
    assert (broken.code, str(wall) in broken.err) == (1, True)
    assert len(tree(theirs.work)) > len(before) + 100
    done(direct(theirs, bundle, "uninstall"))
    assert tree(theirs.work) == before
    direct(theirs, bundle, "install", "--claude")
    wall.unlink()
    done(direct(theirs, bundle, "install", "--claude"))
    done(direct(theirs, bundle, "uninstall"))
    assert tree(theirs.work).keys() == before.keys() - {".claude/commands"}


@pytest.mark.parametrize("words", [("install", "--all"), ("install", "-C"), ("uninstall", "--users")])
def test_words_that_are_not_understood_are_refused(world: World, bundle: Bundle, words: tuple[str, ...]):
    before = tree(world.work)
    refused = direct(world, bundle, *words)
    assert (refused.code, "usage:" in refused.err, tree(world.work)) == (64, True, before)
