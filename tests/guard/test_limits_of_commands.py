"""How far files and numbers are followed, and which program is the harness itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.guard.effects import effects
from tests.guard.predicted import made, seen
from tests.support.guard_oracle import surroundings


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


@pytest.mark.parametrize(("last", "hidden"), [(1, False), (200, False), (201, True), (300, True)])
def test_only_short_rows_of_numbers_are_known(last: int, hidden: bool, work: Path) -> None:
    assert seen(f"rm $(seq {last})", work) == ({"hidden"} if hidden else {str(one + 1) for one in range(last)})


@pytest.mark.parametrize(("size", "known"), [(10, True), (99_900, True), (100_100, False)])
def test_only_short_files_are_kept(size: int, known: bool, work: Path) -> None:
    assert seen(f"echo 'rm f #{'a' * size}' > s; sh < s", work) == {"s", "f" if known else "hidden"}


@pytest.mark.parametrize(("command", "ordinary"), [("/p/o log", False), ("./a /p/o", True), ("/p/x log", True)])
def test_the_harness_is_known_by_its_path(command: str, ordinary: bool, work: Path) -> None:
    around = surroundings("/home/someone", "/scratch")
    around.variables["ORCHESTRA_PROGRAM"] = "/p/o"
    assert [one.startswith("runs: the program") for one in effects(command, str(work), around).unknown] == [
        True
    ] * ordinary
