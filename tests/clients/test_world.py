"""The throw-away home has what a run needs, and the installer of the clients says what it did."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from orchestra import __version__
from tests.support.clients.brain import Brain, Turn, in_turn
from tests.support.clients.bundle import Bundle
from tests.support.clients.reply import bash, shell
from tests.support.clients.world import World
from tests.support.launching import ROOT, program, system_path

CLIENTS = ROOT / "scripts" / "dev" / "clients.sh"


def test_orchestra_runs_in_claude_from_the_shell_and_from_hooks(world: World, bundle: Bundle, tmp_path: Path):
    world.give_python(bundle.root / "bin" / "orchestra")
    called = f'"{bundle.root}/bin/orchestra" --version >"{tmp_path}/hook.txt" 2>&1'
    hooks = {"SessionStart": [{"hooks": [{"type": "command", "command": called}]}]}
    extra = ["--plugin-dir", str(bundle.root), "--settings", json.dumps({"hooks": hooks})]
    model = world.play(Brain(Turn(in_turn(bash("orchestra --version"), "END"))))
    assert world.claude("GO", extra=extra).ok
    assert __version__ in model.requests[1].tool_result
    assert __version__ in (tmp_path / "hook.txt").read_text()


def test_orchestra_runs_in_the_shell_of_codex(world: World, bundle: Bundle):
    launcher = bundle.root / "bin" / "orchestra"
    world.give_python(launcher)
    model = world.play(Brain(Turn(in_turn(shell(f"{launcher} --version"), "END"))))
    assert world.codex("GO").ok
    assert __version__ in model.requests[1].tool_result


def fetch(place: Path, *names: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Call clients.sh with a directory of its own and no registry that answers."""
    nowhere = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_cache": str(place / "npm"), "HOME": str(place)}
    paths = {"PATH": system_path(), "ORCHESTRA_CLIENTS": str(place / "clients")}
    given = {**paths, **nowhere, "npm_config_fetch_retries": "0", **env}
    return subprocess.run([CLIENTS, *names], env=given, capture_output=True, text=True)


def test_a_registry_that_is_not_reached_has_a_code_of_its_own(tmp_path: Path):
    done = fetch(tmp_path, "codex")
    assert (done.returncode, "does not reach its registry" in done.stderr, done.stdout) == (69, True, "")
    assert [path.name for path in (tmp_path / "clients").iterdir()] == ["bin"]


def test_what_npm_objects_to_is_no_reason_to_skip(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "npm", "echo 'npm error code ETARGET' >&2; exit 1")
    done = fetch(tmp_path, "codex", PATH=f"{tmp_path}/bin:{system_path()}")
    assert (done.returncode, "ETARGET" in done.stderr) == (1, True)


def test_a_client_that_is_not_known_is_refused(tmp_path: Path):
    done = fetch(tmp_path, "claude", "emacs")
    assert (done.returncode, "emacs" in done.stderr) == (64, True)


def false_npm(place: Path) -> str:
    """A PATH whose npm installs a false codex, and counts."""
    (place / "bin").mkdir()
    made = "mkdir -p node_modules/.bin; echo 'echo codex' >node_modules/.bin/codex"
    program(place / "bin" / "npm", f"echo called >>{place}/count; {made}; chmod +x node_modules/.bin/codex")
    return f"{place}/bin:{system_path()}"


def test_what_is_there_is_not_fetched_again(tmp_path: Path):
    path = false_npm(tmp_path)
    first, second = (fetch(tmp_path, "codex", PATH=path) for _ in range(2))
    assert (first.returncode, first.stdout, second.stdout) == (0, f"{tmp_path}/clients/bin\n", first.stdout)
    assert (tmp_path / "count").read_text() == "called\n"
    assert os.access(tmp_path / "clients" / "bin" / "codex", os.X_OK)


def test_what_a_killed_call_left_is_swept(tmp_path: Path):
    path, place = false_npm(tmp_path), tmp_path / "clients"
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True).stdout.strip()
    (place / f".new-{os.uname().nodename}-{gone}" / "node_modules").mkdir(parents=True)
    (place / "lock").symlink_to(gone)
    assert fetch(tmp_path, "codex", PATH=path).returncode == 0
    versions = json.loads((ROOT / "tests/clients/versions.json").read_text())
    assert {one.name for one in place.iterdir()} == {"bin", f"codex-{versions['codex']['version']}"}
