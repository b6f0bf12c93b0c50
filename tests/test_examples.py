"""The examples, as a stranger runs them: from a clone, with a bare environment, against the real package index."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.launching import ROOT, bare

NO_NETWORK = 69
INDEX = "https://pypi.org/simple/inflection/"


@pytest.fixture
def clone(tmp_path):
    """What the package is made of, and the examples: without what only this machine has."""
    shipped = [name for name in json.loads((ROOT / "package.json").read_text())["files"] if not name.startswith("!")]
    for name in (*shipped, "examples"):
        source, target = ROOT / name, tmp_path / "a clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return tmp_path / "a clone"


def run(clone: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    home = clone.parent / "home"
    home.mkdir(exist_ok=True)
    argv = [clone / "examples/real-project/run.sh", *words]
    return subprocess.run(
        argv, env=bare(home, **more), cwd=home, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def reachable() -> bool:
    try:
        with urllib.request.urlopen(INDEX, timeout=20):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.mark.timeout(600)
def test_a_milestone_on_a_real_package(clone):
    place = clone.parent / "somewhere else"
    done = run(clone, str(place))
    said = done.stdout + done.stderr
    if done.returncode == NO_NETWORK and not reachable():
        pytest.skip(f"{INDEX} cannot be reached")
    assert done.returncode == 0, said
    assert "M1/phase-1 test failed (1)" in said, "the first turn is wrong on purpose"
    assert "M1 pushed to origin/main" in said
    assert said.count("test: exit 0, tree ") == 2, "one receipt for each phase"
    assert "M1.phase-2.worker-1" in said.partition("What was pushed")[2]
    assert "461 passed" in said.partition("The package's own suite")[2]
    assert "import" not in (place / "check/docs/index.rst").read_text()
    assert ".. autofunction:: foreign_key" in (place / "check/docs/index.rst").read_text()
    assert (place / "inflection/.orchestra/state.db").exists()


@pytest.mark.timeout(300)
def test_without_a_network_it_says_so(clone):
    done = run(
        clone, str(clone.parent / "out"), PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null", UV_OFFLINE="1", UV_NO_CACHE="1"
    )
    assert (done.returncode, "needs a network" in done.stderr) == (NO_NETWORK, True), done.stderr


def test_a_directory_that_exists_is_left_alone(clone):
    (clone.parent / "mine").mkdir()
    done = run(clone, str(clone.parent / "mine"))
    assert (done.returncode, list((clone.parent / "mine").iterdir())) == (64, [])
    assert "exists already" in done.stderr
