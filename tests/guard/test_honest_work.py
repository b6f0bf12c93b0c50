"""What agents do all day is not held up: commands that look, test or build, or write in `src/lib` and temp files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guard.predicted import made, seen

COMMANDS = (Path(__file__).parent / "honest.txt").read_text().splitlines()
# Removing these is allowed wherever they are.
REMADE = "__pycache__/**"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


@pytest.mark.parametrize("command", COMMANDS)
def test_honest_work_passes(command: str, work: Path) -> None:
    said = seen(command.replace("¶", "\n"), work) - {"runs", "nothing", REMADE}
    assert all(one.startswith(("src/lib/", "/tmp/", "/scratch/")) for one in said), said
