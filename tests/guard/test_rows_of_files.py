"""The tables in files: code given to interpreters, programs with rules of their own, commands that may go many ways.

`predicted.py` says how a row is read.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guard.predicted import made, rows, seen

HERE = Path(__file__).parent
ROWS = [row for name in ("code", "programs", "branches") for row in rows((HERE / f"{name}.txt").read_text())]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


@pytest.mark.parametrize(("command", "expected"), ROWS)
def test_effects(command: str, expected: set[str], work: Path) -> None:
    assert seen(command, work) == expected
