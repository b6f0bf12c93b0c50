"""What init finds in a repository."""

from __future__ import annotations

import json

import pytest

from orchestra import stack


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("npm", "npx", "pnpm", "make", "go", "cargo", "cargo-clippy", "python3"):
        (folder / name).write_text("#!/bin/sh\nexit 0\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    made = tmp_path / "root"
    made.mkdir()
    return made


def found(root):
    return stack.verification(stack.detect(root))


def test_node(root):
    scripts = {"test": "vitest", "lint": "eslint .", "typecheck": "tsc"}
    (root / "package.json").write_text(json.dumps({"scripts": scripts}))
    assert found(root) == {"typecheck": "npm run typecheck", "test": "npm test", "lint": "npm run lint"}
    (root / "pnpm-lock.yaml").write_text("")
    assert found(root)["test"] == "pnpm test"


def test_node_without_real_scripts(root):
    (root / "package.json").write_text(json.dumps({"scripts": {"test": 'echo "Error: no test specified" && exit 1'}}))
    (root / "tsconfig.json").write_text("{}")
    assert found(root) == {"typecheck": "", "test": "", "lint": ""}


def test_python(root):
    (root / "pyproject.toml").write_text("[tool.ruff]\n[tool.mypy]\n")
    assert found(root) == {
        "typecheck": "python3 -m mypy .",
        "test": "python3 -m pytest -q",
        "lint": "python3 -m ruff check .",
    }


def test_python_with_its_own_environment(root):
    (root / "setup.py").write_text("")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").write_text("#!/bin/sh\nexit 0\n")
    (root / ".venv" / "bin" / "python").chmod(0o755)
    assert found(root)["test"] == ".venv/bin/python -m pytest -q"
    assert stack.links(root) == [".venv"]


def test_go_rust_and_make(root):
    (root / "Makefile").write_text("lint:\n\ttrue\nX := 1\n.PHONY: lint\n")
    assert found(root) == {"typecheck": "", "test": "", "lint": "make lint"}
    (root / "Cargo.toml").write_text("")
    assert found(root)["lint"] == "cargo clippy -- -D warnings"
    (root / "go.mod").write_text("")
    assert found(root) == {"typecheck": "go build ./...", "test": "go test ./...", "lint": "go vet ./..."}
    assert [s.name for s in stack.detect(root)] == ["Go", "Rust", "make"]


@pytest.mark.parametrize("name", ["package.json", "pyproject.toml", "Makefile"])
@pytest.mark.parametrize("data", [b"\xff\0", b"[" * 20_000, b"", b"[]"])
def test_broken_files_are_no_crash(root, name, data):
    (root / name).write_bytes(data)
    assert set(found(root)) == {"typecheck", "test", "lint"}


def test_a_command_without_its_program_is_left_out_and_told(root, monkeypatch):
    (root / "go.mod").write_text("module x\n")
    (root / "Makefile").write_text("lint:\n\ttrue\n")
    assert stack.left_out(stack.detect(root)) == {}
    monkeypatch.setenv("PATH", str(root))
    assert found(root) == {"typecheck": "", "test": "", "lint": ""}
    left = stack.left_out(stack.detect(root))
    assert str(left["test"]) == "`go test ./...` is left out, because `go` is not installed"
    assert (list(left), left["lint"].problem.hint) == (["typecheck", "test", "lint"], "install go")
