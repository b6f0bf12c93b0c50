"""orchestra doctor: each thing that can be missing is named with what mends it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.support import kiro_specs
from tests.support.planning import milestone, orchestra, phase


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    made = tmp_path / "r"
    git(tmp_path, "init", "-q", "-b", "main", str(made))
    git(made, "config", "user.name", "x")
    git(made, "config", "user.email", "x@example.org")
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(made, "remote", "add", "origin", str(tmp_path / "origin.git"))
    (made / ".orchestra").mkdir()
    (made / ".orchestra/.gitignore").write_text("state.db*\nruns/\n")
    write(made, 'verification: {typecheck: "", test: "true", lint: ""}\n')
    git(made, "add", "-A")
    git(made, "commit", "-qm", "x")
    return made


def git(root, *words):
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def write(root, text):
    (root / ".orchestra/config.yml").write_text(text)


def failures(capsys, root):
    said = orchestra(capsys, root, "doctor", "--json")
    wrong = [check for check in said.json["checks"] if not check["ok"]]
    assert said.code == (1 if wrong else 0)
    assert said.json["ok"] is (not wrong)
    assert all(check["fix"] for check in wrong)
    return {check["name"]: check["message"] + " | " + check["fix"] for check in wrong}


def test_all_is_well(root, capsys):
    phase(milestone(root))
    assert failures(capsys, root) == {}


def test_a_spec_that_cannot_be_run_is_named(root, capsys):
    kiro_specs.write(root, "- [ ] 1. A\n", "good")
    assert failures(capsys, root) == {}
    kiro_specs.write(root, "- [ ] 1. A\n- [ ] 1. B\n", "bad")
    assert "bad/tasks.md:2:3: [duplicate-id]" in failures(capsys, root)["specs"]


def test_before_init(tmp_path, capsys):
    assert failures(capsys, tmp_path)["project"].endswith("| orchestra init")


def test_a_command_that_cannot_run_is_never_a_silent_skip(root, capsys):
    write(root, 'verification: {typecheck: "nope-tool", test: "true", lint: ""}\n')
    assert "nope-tool" in failures(capsys, root)["verification.typecheck"]


def test_no_verification_at_all(root, capsys):
    write(root, "verification: {typecheck: , test: , lint: }\n")
    assert list(failures(capsys, root)) == ["verification"]


def test_commands_that_wait_for_a_program_are_named_with_it(root, capsys, tmp_path, monkeypatch):
    (root / "go.mod").write_text("module x\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    write(root, "verification: {typecheck: , test: , lint: }\n")
    said = failures(capsys, root)["verification"]
    assert "`go test ./...` is left out, because `go` is not installed" in said
    assert "install go, then write `typecheck: go build ./...` below `verification:`" in said
    write(root, 'verification: {typecheck: , test: "true", lint: }\n')
    assert "verification" not in failures(capsys, root)
    assert "no command is configured; `go vet ./...` is left out" in orchestra(capsys, root, "doctor").out


def test_the_defaults_outside_of_node(root, capsys):
    (root / ".orchestra/config.yml").unlink()
    assert set(failures(capsys, root)) == {"verification.typecheck", "verification.test", "verification.lint"}


def test_config_and_plan(root, capsys):
    write(root, 'verification: {typecheck: "", test: "true", lnt: x}\n')
    milestone(root, status="redy")
    found = failures(capsys, root)
    assert "lnt" in found["config"]
    assert "redy" in found["plan"]


def test_git_without_identity_remote_or_commit(root, capsys):
    git(root, "config", "--unset", "user.email")
    git(root, "remote", "remove", "origin")
    git(root, "update-ref", "-d", "HEAD")
    assert {"identity", "remote", "repository"} <= set(failures(capsys, root))
    write(root, 'push: never\nverification: {typecheck: "", test: "true", lint: ""}\n')
    assert "remote" not in failures(capsys, root)


def test_submodules_that_agents_would_find_empty(root, capsys):
    (root / ".gitmodules").touch()
    assert "submodules: git leaves them empty in the work trees" in orchestra(capsys, root, "doctor").out
    write(root, (root / ".orchestra/config.yml").read_text() + "\ngit: {worktree_setup: 'true'}\n")
    assert "submodules:" not in orchestra(capsys, root, "doctor").out


def test_state_that_git_would_commit(root, capsys):
    (root / ".orchestra/.gitignore").unlink()
    assert failures(capsys, root)["ignored"].endswith("orchestra init")


def test_outside_of_git(tmp_path, capsys):
    (tmp_path / ".orchestra").mkdir()
    write(tmp_path, 'verification: {typecheck: "", test: "true", lint: ""}\n')
    assert failures(capsys, tmp_path)["repository"].endswith("git init")
    write(tmp_path, 'git: {strategy: none}\nverification: {typecheck: "", test: "true", lint: ""}\n')
    assert failures(capsys, tmp_path) == {}


def test_without_git(root, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install git" in failures(capsys, root)["git"]


def test_for_people(root, capsys):
    said = orchestra(capsys, root, "doctor")
    assert said.out.startswith("ok    python: ")
