"""The bundle as users get it: what `npm pack` makes of this checkout, unpacked."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.launching import ROOT, program


class Bundle(NamedTuple):
    """`tarball` is the package, `root` the directory that it unpacks to."""

    tarball: Path
    root: Path


def pack(place: Path) -> Bundle:
    """Pack this checkout into `place`; nothing is fetched, no script is run. Skips without npm."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    command = ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", str(place), str(ROOT)]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    tarball = place / json.loads(done.stdout)[0]["filename"]
    shutil.unpack_archive(tarball, place)
    return Bundle(tarball, place / "package")


def record_hooks(root: Path, log: Path) -> None:
    """Let the hooks of the bundle at `root` write `<program> <event> <tool>` lines to `log`, and do nothing else."""
    tool = 'sed -n \'s/.*"tool_name": *"\\([^"]*\\)".*/\\1/p\' | head -n 1'
    for name in ("orchestra-guard", "orchestra-hook"):
        (root / "bin" / name).unlink()
        program(root / "bin" / name, f'printf "%s %s %s\\n" {name} "$1" "$({tool})" >>"{log}"')
