"""orchestra init: writes what is missing, and nothing twice."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from orchestra.config import load
from tests.support.planning import PEER, orchestra


@pytest.fixture
def root(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path / "r")], check=True)
    return tmp_path / "r"


def snapshot(root):
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}


def test_a_repository_is_set_up_with_commands_that_exist(root, capsys):
    (root / "Makefile").write_text("test:\n\ttrue\n")
    said = orchestra(capsys, root, "init", "--json")
    assert said.code == 0
    assert said.json["written"] == [".orchestra/config.yml", ".orchestra/.gitignore"]
    assert said.json["stack"] == ["make"]
    config = load(root / ".orchestra" / "config.yml")
    assert (config.verification.test, config.verification.lint) == ("make test", "")
    assert (root / ".orchestra" / "milestones").is_dir()
    for name in ("state.db", "state.db-wal", "locks/x", "runs/x", "quarantine/x", "worktrees/x"):
        done = subprocess.run(["git", "check-ignore", "-q", f".orchestra/{name}"], cwd=root, check=False)
        assert done.returncode == 0, name


def test_commands_whose_program_is_missing_are_named(root, capsys, tmp_path, monkeypatch):
    (root / "Cargo.toml").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    said = orchestra(capsys, root, "init").err
    assert "test: `cargo test` is left out, because `cargo` is not installed; write one into" in said
    assert "lint: none found; write one into" in said


@pytest.mark.parametrize(
    ("spec", "first"),
    [("", "orchestra new M1-name"), ("log in", "orchestra run --workflow sequential --plan '.kiro/specs/log in'")],
)
def test_the_next_step_is_named(root, capsys, spec, first):
    if spec:
        (root / ".kiro/specs" / spec).mkdir(parents=True)
        (root / ".kiro/specs" / spec / "tasks.md").write_text("- [ ] 1. Begin\n")
    assert f"next: orchestra doctor, then {first}" in orchestra(capsys, root, "init").err


def test_submodules_are_filled_in_new_work_trees(root, capsys):
    (root / ".gitmodules").write_text('[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n')
    orchestra(capsys, root, "init")
    assert load(root / ".orchestra/config.yml").git.worktree_setup == "git submodule update --init --recursive"


def test_again_changes_nothing(root, capsys):
    orchestra(capsys, root, "init")
    config, ignore = root / ".orchestra/config.yml", root / ".orchestra/.gitignore"
    config.write_bytes(b"# mine\r\npush: never\r\n")
    ignore.write_text(ignore.read_text() + "my-notes/\n")
    before = snapshot(root)
    said = orchestra(capsys, root, "init", "--json")
    assert (said.code, said.json["written"]) == (0, [])
    assert snapshot(root) == before


def test_a_persons_gitignore_gets_what_it_lacks(root, capsys):
    (root / ".orchestra").mkdir()
    (root / ".orchestra/.gitignore").write_bytes(b"runs/\nmine\xff")
    orchestra(capsys, root, "init")
    text = (root / ".orchestra/.gitignore").read_bytes()
    assert text.startswith(b"runs/\nmine\xff\nstate.db*\n")
    assert text.count(b"runs/") == 1


def test_a_peers_directory_is_taken_as_it_is(root, capsys):
    shutil.copytree(PEER / ".orchestra", root / ".orchestra")
    before = snapshot(root / ".orchestra")
    said = orchestra(capsys, root, "init", "--json")
    assert said.json["written"] == [".orchestra/.gitignore"]
    assert {p: v for p, v in snapshot(root / ".orchestra").items() if p.name != ".gitignore"} == before


def test_below_the_top_the_repository_is_meant(root, capsys):
    (root / "src").mkdir()
    said = orchestra(capsys, root / "src", "init", "--json")
    assert said.json["root"] == str(root)


def test_without_git_the_directory_is_meant(tmp_path, capsys):
    assert orchestra(capsys, tmp_path, "init", "--json").json["root"] == str(tmp_path)


def test_only_json_on_stdout(root, capsys):
    assert json.loads(orchestra(capsys, root, "init", "--json").out)["ok"] is True


def test_orchestra_as_a_file_is_a_sentence(root, capsys):
    (root / ".orchestra").write_text("x")
    said = orchestra(capsys, root, "init")
    assert said.code not in (0, 70)
