"""What an agent program keeps in the home directory, in a box: real bubblewrap, with a shell as the program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestra.backends.own_places import kept_in, own_places
from orchestra.proc import sandbox
from orchestra.proc.sandbox import Box

WHY_NOT = sandbox.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory of somebody who uses Codex."""
    made = tmp_path / "home"
    codex = made / ".codex"
    (codex / "sessions/2026").mkdir(parents=True)
    (codex / "prompts").mkdir()
    (made / "dotfiles").mkdir()
    (made / "dotfiles/AGENTS.md").write_text("mine\n")
    (codex / "AGENTS.md").symlink_to(made / "dotfiles/AGENTS.md")
    (codex / "gone").symlink_to(made / "nowhere")
    for name in ("config.toml", "prompts/a.md", "sessions/2026/other.jsonl", "state_5.sqlite", "auth.json"):
        (codex / name).write_text("mine\n")
    return made


def run(home: Path, attempt: Path, script: str, **env: str) -> str:
    """What a shell prints in the box of an attempt at the work in its `tree`."""
    tree = attempt / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    box = Box((tree,), home=home, own=own_places("codex", attempt, {"HOME": str(home), **env}))
    done = subprocess.run(
        box.argv(tree, ("/bin/sh", "-c", script)), env={"HOME": str(home), "PATH": "/usr/bin:/bin", **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_settings_are_read_and_stay_as_they_are(home: Path, tmp_path: Path) -> None:
    before = files(home)
    assert run(home, tmp_path / "a", "cd ~/.codex; cat config.toml AGENTS.md prompts/a.md") == "mine\n" * 3
    evil = "cd ~/.codex; for f in config.toml AGENTS.md hooks.json prompts/a.md prompts/b.md rules/x; do "
    evil += "mkdir -p rules; echo evil > $f; rm -f $f; mv x $f; done; echo evil > ../.profile; rm -rf prompts"
    run(home, tmp_path / "a", evil)
    assert files(home) == before


def test_what_it_writes_is_found_again_by_the_same_attempt_alone(home: Path, tmp_path: Path) -> None:
    write = "mkdir -p sessions; echo a > sessions/a; echo b > state_5.sqlite; echo c > new"
    assert "2026" not in run(home, tmp_path / "a", f"cd ~/.codex; ls -A . sessions; {write}")
    look = "cd ~/.codex; cat sessions/a state_5.sqlite new"
    assert run(home, tmp_path / "a", look) == "a\nb\nc\n"
    assert "No such file" in run(home, tmp_path / "b", look)
    assert (kept_in("codex", tmp_path / "a") / "new").read_text() == "c\n"
    assert (home / ".codex/state_5.sqlite").read_text() == "mine\n"


def test_a_login_that_is_renewed_is_kept(home: Path, tmp_path: Path) -> None:
    run(home, tmp_path / "a", "echo renewed > ~/.codex/auth.json")
    assert (home / ".codex/auth.json").read_text() == "renewed\n"


def test_the_place_that_its_variable_names_and_one_that_is_not_there_yet(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere/codex"
    script = "cat $CODEX_HOME/config.toml; echo x > $CODEX_HOME/new; echo x > ~/.codex/config.toml"
    assert "mine" not in run(home, tmp_path / "a", script, CODEX_HOME=str(other))
    assert files(other) == {}
    assert (kept_in("codex", tmp_path / "a") / "new").exists()
    assert (home / ".codex/config.toml").read_text() == "mine\n"
