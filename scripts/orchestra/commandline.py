"""Whether a shell command could start: looks for its programs without running them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BUILTIN_WORDS = (
    "! . : [ [[ alias break case cd command continue do done echo elif else esac eval exec exit export false fi for if "
    "in let local printf pwd read return set shift source test then time times trap true type ulimit umask unset until "
    "wait while { }"
)
_BUILTINS = frozenset(_BUILTIN_WORDS.split())
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[0-9.]*\Z")
_PACKAGE_OF = {"tsc": "typescript", "ng": "@angular/cli", "biome": "@biomejs/biome", "playwright": "@playwright/test"}


@dataclass(frozen=True)
class Problem:
    """What cannot be found, and what to do about it."""

    message: str
    hint: str


def missing(command: str, root: Path) -> Problem | None:
    """The first thing that `command`, run by `sh -c` in `root`, would not find; None when nothing is known to be.

    Only what must run is looked at: the first command and those behind `&&` and `;`.
    """
    try:
        parts = list(_simple_commands(command))
    except ValueError as error:
        return Problem(f"it is not a shell command ({error})", "correct the quotes")
    directory = root
    for words in parts:
        if words[0] == "cd" and len(words) == 2:
            directory = directory / words[1]
            if not directory.is_dir() and not re.search(r"[$`*?~]", words[1]):
                return Problem(f"there is no folder {words[1]}", "correct the command")
        elif problem := _missing_program(words, directory):
            return problem
    return None


def _simple_commands(command: str) -> Iterator[list[str]]:
    """The words of each command that has to run; stops where the shell's grammar gets richer than this."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    skip = False
    for token in [*lexer, ";"]:
        if not re.fullmatch(r"[;&|()<>]+", token):
            words.append(token)
            continue
        words = words[next((n for n, word in enumerate(words) if not _ASSIGNMENT.match(word)), len(words)) :]
        if words and not skip:
            yield words
        skip, words = token not in ("&&", ";"), []


def _missing_program(words: list[str], directory: Path) -> Problem | None:
    program = words[0]
    if program in _BUILTINS or re.search(r"[$`*?]", program):
        return None
    if "/" in program:
        return _missing_file(directory / program, program)
    if not shutil.which(program):
        return Problem(f"`{program}` is not installed", f"install {program}")
    special = {"npm": _npm, "pnpm": _npm, "yarn": _npm, "npx": _npx, "make": _make}.get(program)
    if special:
        return special(words, directory)
    return _python_module(words, directory) if _PYTHON.match(program) else None


def _missing_file(path: Path, shown: str) -> Problem | None:
    if not path.is_file():
        return Problem(f"there is no file {shown}", f"create {shown}")
    if not os.access(path, os.X_OK):
        return Problem(f"{shown} is not executable", f"run `chmod +x {shown}`")
    return _python_module([shown], path.parent) if _PYTHON.match(shown) else None


def _npm(words: list[str], directory: Path) -> Problem | None:
    script = _script_of(words)
    if script is None:
        return None
    package = _package_json(directory)
    if package is None:
        return Problem("there is no package.json that can be read", "create it with `npm init`")
    scripts = package.get("scripts")
    if isinstance(scripts, dict) and script in scripts:
        return None
    return Problem(f"package.json has no script `{script}`", f"add the script `{script}` to package.json")


def _script_of(words: list[str]) -> str | None:
    """The script that npm, pnpm or yarn would run; None when the command line leaves that open."""
    if len(words) > 1 and words[1] in ("test", "t", "start"):
        return "start" if words[1] == "start" else "test"
    if len(words) > 2 and words[1] in ("run", "run-script") and not words[2].startswith("-"):
        return words[2]
    return None


def _npx(words: list[str], directory: Path) -> Problem | None:
    name = next((w for w in words[1:] if w != "--no-install"), "")
    if not name or name.startswith("-") or "@" in name[1:]:
        return None
    package = _package_json(directory) or {}
    sections = [package.get(k) for k in ("dependencies", "devDependencies", "optionalDependencies")]
    named = {key for section in sections if isinstance(section, dict) for key in section}
    wanted = _PACKAGE_OF.get(name, name)
    if (directory / "node_modules" / ".bin" / name).exists() or wanted in named or name in named:
        return None
    return Problem(f"`{name}` is not a dependency of this project", f"run `npm install --save-dev {wanted}`")


def _make(words: list[str], directory: Path) -> Problem | None:
    if any(w.startswith(("-f", "-C", "--file", "--directory", "--makefile")) for w in words):
        return None
    if any((directory / name).is_file() for name in ("Makefile", "makefile", "GNUmakefile")):
        return None
    return Problem("there is no Makefile", "create it")


def _python_module(words: list[str], directory: Path) -> Problem | None:
    if len(words) < 3 or words[1] != "-m":
        return None
    code = "import sys, importlib.util as u; sys.exit(0 if u.find_spec(sys.argv[1]) else 3)"
    try:
        done = subprocess.run([words[0], "-c", code, words[2]], cwd=directory, capture_output=True, timeout=60)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return Problem(f"`{words[0]}` does not start", f"install {words[0]}")
    if done.returncode == 0:
        return None
    return Problem(f"`{words[0]}` has no module `{words[2]}`", f"run `{words[0]} -m pip install {words[2]}`")


def _package_json(directory: Path) -> dict[str, Any] | None:
    import json

    try:
        value = json.loads((directory / "package.json").read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
