"""The clients, installed once, and a home for each test."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.bundle import Bundle, pack
from tests.support.clients.headless import PROGRAMS
from tests.support.clients.world import World
from tests.support.launching import ROOT

UNREACHABLE = 69


@pytest.fixture(scope="session")
def clients() -> Path:
    """The directory with `claude` and `codex`."""
    done = subprocess.run(["sh", ROOT / "scripts/dev/clients.sh"], capture_output=True, text=True)
    if done.returncode == UNREACHABLE:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def all_clients(clients: Path) -> Path:
    """The directory with the programs that are tried."""
    command = ["sh", ROOT / "scripts/dev/clients.sh", *PROGRAMS]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 69:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def world(tmp_path: Path, clients: Path) -> Iterator[World]:
    with World(tmp_path / "world", clients) as made:
        yield made


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The packed checkout. Nobody writes into it."""
    return pack(tmp_path_factory.mktemp("bundle"))
