"""What a verification command would need to start."""

from __future__ import annotations

import json

import pytest

from orchestra import commandline


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A PATH that holds the node tools, whether or not this machine has them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("npm", "npx", "yarn", "pnpm", "make"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    root = tmp_path / "root"
    root.mkdir()
    return root


def problem(command, root):
    found = commandline.missing(command, root)
    return found.message if found else ""


@pytest.mark.parametrize(
    "command",
    ["true", "A=1 B='x y' sh -c x", "cd . && sh x", "! grep -q x y", "$TOOL x",
     "[ -f x ] || nope", "if true; then x; fi",
     "sh | nope", "sh || nope", "(sh x)", "echo 'a; nope'", "echo done # nope"],
)  # fmt: skip
def test_what_can_start(tools, command):
    assert problem(command, tools) == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nope --x", "`nope` is not installed"),
        ("A=1 nope", "`nope` is not installed"),
        ("sh x && nope", "`nope` is not installed"),
        ("true; nope", "`nope` is not installed"),
        ("./check.sh", "there is no file ./check.sh"),
        ("sh 'x", "not a shell command"),
        ("make test", "no Makefile"),
    ],
)
def test_what_cannot(tools, command, said):
    assert said in problem(command, tools)


def test_a_script_has_to_be_executable(tools):
    (tools / "check.sh").write_text("#!/bin/sh\n")
    (tools / "check.sh").chmod(0o644)
    assert "not executable" in problem("./check.sh", tools)
    (tools / "check.sh").chmod(0o755)
    assert problem("./check.sh", tools) == ""
    assert "no folder sub" in problem("cd sub && ../check.sh", tools)
    (tools / "sub").mkdir()
    assert problem("cd sub && ../check.sh", tools) == ""


def test_npm_scripts(tools):
    assert "no package.json" in problem("npm test", tools)
    (tools / "package.json").write_text("not json")
    assert "no package.json" in problem("npm test", tools)
    (tools / "package.json").write_text(json.dumps({"scripts": {"test": "x", "lint": "y"}}))
    assert problem("npm test", tools) == problem("npm run lint -- --fix", tools) == problem("yarn test", tools) == ""
    assert "no script `build`" in problem("npm run build", tools)
    assert problem("npm ci", tools) == ""


def test_npx_needs_a_dependency_or_an_installed_program(tools):
    assert "`tsc` is not a dependency" in problem("npx tsc --noEmit", tools)
    (tools / "package.json").write_text(json.dumps({"devDependencies": {"typescript": "5"}}))
    assert problem("npx tsc --noEmit", tools) == ""
    (tools / "node_modules" / ".bin").mkdir(parents=True)
    (tools / "node_modules" / ".bin" / "eslint").write_text("")
    assert problem("npx --no-install eslint .", tools) == ""
    assert problem("npx --yes anything", tools) == ""


def test_python_modules(tools, tmp_path):
    assert problem("python3 -m json.tool", tools) == ""
    assert "no module `no_such_module`" in problem("python3 -m no_such_module", tools)
    (tools / "own").mkdir()
    (tools / "own" / "__init__.py").write_text("raise SystemExit(0)")
    assert problem("python3 -m own", tools) == ""


@pytest.mark.parametrize("command", ["", "   ", "&& ||", ";;;", "\0", "a=b", "(((", "'", "\\"])
def test_nonsense_is_no_crash(tools, command):
    commandline.missing(command, tools)
