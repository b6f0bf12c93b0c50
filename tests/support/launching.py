"""Call the launcher and its parts as a stranger's shell would: a bare environment, other directories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "bin" / "orchestra"
ENVIRONMENT = ROOT / "scripts" / "environment.sh"

# How this machine reaches the package index is its owner's affair, not what is tested.
_INDEX = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy")

TOOLS = (
    "sh",
    "cat",
    "cksum",
    "cut",
    "find",
    "flock",
    "grep",
    "mkdir",
    "mv",
    "rm",
    "sleep",
    "tail",
    "uname",
    "readlink",
)

DEADLINE = 100.0


def bare(home: Path, **more: str) -> dict[str, str]:
    """`env -i` with PATH and HOME, and what is needed to reach the package index."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_INDEX)}
    kept.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    return {**kept, "PATH": system_path(), "HOME": str(home), **more}


def system_path() -> str:
    """PATH without the virtual environment that the tests run in."""
    own = str(Path(sys.executable).parent)
    return os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part != own)


def call(
    argv: Sequence[str | Path], env: dict[str, str], cwd: Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `argv` to its end."""
    return subprocess.run(
        [str(word) for word in argv], env=env, cwd=cwd, input=text, capture_output=True, text=True, timeout=DEADLINE
    )


def tools_only(place: Path, *names: str) -> str:
    """A PATH that has the POSIX tools the launcher needs, and of other programs only `names`."""
    place.mkdir()
    for name in (*TOOLS, *names):
        if found := shutil.which(name):
            (place / name).symlink_to(found)
    return str(place)


def program(path: Path, text: str) -> Path:
    """A shell program at `path`."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def give_python(home: Path, more: Sequence[str] = (), launcher: Path = LAUNCHER) -> None:
    """Let `launcher` (bin/orchestra of some copy) find the tests' own Python where it would make an environment.

    That is below `home`, in the user's directory for data and in `more`, paths from there.
    """
    name = f"{_environment_key(launcher)}-tests"
    for data in (".local/share/orchestra", *more):
        link = home / data / "venvs" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(sys.prefix)


@cache
def _environment_key(launcher: Path) -> str:
    """The name that `launcher` gives its Python environment: it asks `sh` to make it, and a false one prints it."""
    with TemporaryDirectory() as asked:
        program(Path(asked) / "sh", 'printf "%s" "$4" >&2; exit 1')
        env = {"HOME": asked, "PATH": f"{asked}:{system_path()}"}
        return subprocess.run([launcher, "--version"], env=env, capture_output=True, text=True).stderr


def until(what: Callable[[], bool], deadline_s: float = DEADLINE) -> None:
    """Wait for `what`; fails when it does not come."""
    end = time.monotonic() + deadline_s
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
