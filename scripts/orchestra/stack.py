"""Finds out what a repository is made of, and which verification commands it has."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import commandline

CHECKS = ("typecheck", "test", "lint")
FILL_SUBMODULES = "git submodule update --init --recursive"


@dataclass(frozen=True)
class LeftOut:
    """A command that would be used if it could start, and why it cannot."""

    command: str
    problem: commandline.Problem

    def __str__(self) -> str:
        return f"`{self.command}` is left out, because {self.problem.message}"


@dataclass(frozen=True)
class Stack:
    """A tool chain that was recognised by `marker`, with the commands that can run here, and those that cannot, by
    check."""

    name: str
    marker: str
    commands: dict[str, str]
    left_out: dict[str, LeftOut]


def detect(root: Path) -> list[Stack]:
    """The stacks of a repository in order of preference."""
    found = [finder(root) for finder in (_node, _python, _go, _rust, _make)]
    return [stack for stack in found if stack]


def verification(stacks: Iterable[Stack]) -> dict[str, str]:
    """One command for each check, from the first stack that has it; empty where there is none."""
    listed = list(stacks)
    return {check: next((s.commands[check] for s in listed if check in s.commands), "") for check in CHECKS}


def left_out(stacks: Iterable[Stack]) -> dict[str, LeftOut]:
    """What the checks for which there is no command would need."""
    listed = list(stacks)
    usable = verification(listed)
    found = {check: [s.left_out[check] for s in listed if check in s.left_out] for check in CHECKS}
    return {check: those[0] for check, those in found.items() if those and not usable[check]}


def links(root: Path) -> list[str]:
    """Installed dependencies that a new work tree needs too."""
    return [name for name in ("node_modules", ".venv", "venv") if (root / name).is_dir()]


def has_submodules(root: Path) -> bool:
    """Whether parts of the repository are others', which git leaves empty in a new work tree."""
    return (root / ".gitmodules").is_file()


def _stack(root: Path, name: str, marker: str, candidates: dict[str, list[str]]) -> Stack:
    """Keeps the first candidate of each check that would start; where none would, the first one is left out."""
    commands, left = dict[str, str](), dict[str, LeftOut]()
    for check, possible in candidates.items():
        for command in possible:
            problem = commandline.missing(command, root)
            if problem is None:
                commands[check] = command
                left.pop(check, None)
                break
            left.setdefault(check, LeftOut(command, problem))
    return Stack(name, marker, commands, left)


def _node(root: Path) -> Stack | None:
    if not (root / "package.json").is_file():
        return None
    package = _json(root / "package.json")
    scripts = package.get("scripts") if isinstance(package.get("scripts"), dict) else {}
    names = [s for s, text in (scripts or {}).items() if "no test specified" not in str(text)]
    tool = next((t for t, lock in (("pnpm", "pnpm-lock.yaml"), ("yarn", "yarn.lock")) if (root / lock).exists()), "npm")
    typecheck = [f"{tool} run {s}" for s in ("typecheck", "type-check", "check-types", "tsc") if s in names]
    if (root / "tsconfig.json").exists():
        typecheck.append("npx tsc --noEmit")
    test = [f"{tool} test"] if "test" in names else []
    lint = [f"{tool} run lint"] if "lint" in names else []
    return _stack(root, "Node.js", "package.json", {"typecheck": typecheck, "test": test, "lint": lint})


def _python(root: Path) -> Stack | None:
    markers = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "tox.ini")
    marker = next((m for m in markers if (root / m).is_file()), "")
    if not marker:
        return None
    tools = _toml(root / "pyproject.toml").get("tool")
    tools = tools if isinstance(tools, dict) else {}
    has_ruff = "ruff" in tools or (root / "ruff.toml").exists()
    typecheck = _runs(root, "mypy", ".") if "mypy" in tools or (root / "mypy.ini").exists() else []
    lint = _runs(root, "ruff", "check .") if has_ruff else []
    tests = [*_runs(root, "pytest", "-q"), *_runs(root, "unittest", "discover")]
    return _stack(root, "Python", marker, {"typecheck": typecheck, "test": tests, "lint": lint})


def _runs(root: Path, module: str, arguments: str) -> list[str]:
    """Ways to start a Python tool, the most specific first."""
    uv = [f"uv run {module} {arguments}"] if (root / "uv.lock").exists() else []
    own = [f"{v}/bin/python -m {module} {arguments}" for v in (".venv", "venv") if (root / v / "bin/python").exists()]
    return [*uv, *own, f"python3 -m {module} {arguments}", f"python -m {module} {arguments}"]


def _go(root: Path) -> Stack | None:
    if not (root / "go.mod").is_file():
        return None
    commands = {"typecheck": ["go build ./..."], "test": ["go test ./..."], "lint": ["go vet ./..."]}
    return _stack(root, "Go", "go.mod", commands)


def _rust(root: Path) -> Stack | None:
    if not (root / "Cargo.toml").is_file():
        return None
    lint = ["cargo clippy -- -D warnings"] if commandline.missing("cargo-clippy", root) is None else []
    return _stack(root, "Rust", "Cargo.toml", {"typecheck": ["cargo check"], "test": ["cargo test"], "lint": lint})


def _make(root: Path) -> Stack | None:
    path = next((root / m for m in ("Makefile", "makefile", "GNUmakefile") if (root / m).is_file()), None)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8", errors="replace")[:500_000]
    targets = set(re.findall(r"^([A-Za-z][\w.-]*)[ \t]*:(?!=)", text, re.MULTILINE))
    names = {"typecheck": ("typecheck", "types", "mypy"), "test": ("test", "tests", "check"), "lint": ("lint",)}
    return _stack(root, "make", path.name, {k: [f"make {t}" for t in v if t in targets] for k, v in names.items()})


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
