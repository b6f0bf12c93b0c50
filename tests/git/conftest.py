from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestra.git.repo import Repo
from tests.support import repos


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No configuration of whoever runs the tests counts."""
    place = tmp_path_factory.mktemp("home")
    for key in set(os.environ) - repos.user_env(place).keys():
        monkeypatch.delenv(key)
    for key, value in repos.user_env(place).items():
        monkeypatch.setenv(key, value)
    yield place


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return repos.init(tmp_path / "repo")
