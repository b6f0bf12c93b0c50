"""What makes a run end before its work is done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestra.config import Config
from orchestra.core.words import RunState
from orchestra.drive.ending import given_up
from orchestra.drive.session import Session
from orchestra.errors import UserError
from orchestra.project import Project
from orchestra.state.identity import me
from orchestra.state.store import Store
from tests.support import states


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Session]:
    project = Project(tmp_path)
    project.worktrees.mkdir(parents=True)
    with Store.open(project.state_path) as store:
        yield Session(project, Config(), store, states.begun(store, states.group("M1")), me())


def test_a_file_that_was_deleted_under_the_run_is_named_and_the_run_halts(held: Session) -> None:
    with pytest.raises(UserError, match=r"worktrees/M1-1/\.git is gone"), given_up(held):
        (held.project.worktrees / "M1-1/.git").write_text("x")
    assert (held.run.state, "is gone" in held.run.reason) == (RunState.HALTED, True)


def test_so_it_is_when_nothing_can_be_recorded_any_more(held: Session) -> None:
    with pytest.raises(UserError, match="is gone"), given_up(held):
        shutil.rmtree(held.project.dir)
        (held.project.worktrees / "M1-1/.git").write_text("x")


def test_what_is_missing_elsewhere_is_a_bug(held: Session, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), given_up(held):
        (tmp_path / "elsewhere").read_text()
