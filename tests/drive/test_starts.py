"""Two drivers that begin at the same instant: one of them leads, the other one is told so."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from orchestra.config import load
from orchestra.drive.caller import Caller
from orchestra.drive.intake import Choice
from orchestra.drive.launch import Options, limits_of, session, workspace_of
from orchestra.drive.leading import begin_or_resume, leading
from orchestra.errors import Exit, UserError
from orchestra.project import Project
from orchestra.state.identity import of
from tests.support.projects import Phase, World, world

ROUNDS = 6
Driver = Callable[[World], AbstractContextManager[object]]


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path, remote=False)
    made.milestone("M1", [Phase(("a.txt",))])
    made.save()
    return made


@contextmanager
def supervisor(place: World) -> Iterator[object]:
    project = Project(place.root)
    config = load(project.config_path)
    with session(project, config, limits_of(config, Options(auto=True), "scripted")) as held:
        yield held


@contextmanager
def client(place: World) -> Iterator[object]:
    project = Project(place.root)
    config = load(project.config_path)
    who = Caller("claude", of(os.getpid()))
    with leading(project, config, who) as lead:
        limits = limits_of(config, Options(auto=True), "claude")
        assert begin_or_resume(lead, workspace_of(project, config), limits, Choice(), who)
    yield lead


def begin(place: World, drive: Driver, start: int, told: int, end: int) -> None:
    """In a forked child: wait for `start`, begin to drive, say `L`ed or `R`efused, and live until `end`."""
    code = b"?"
    try:
        os.read(start, 1)
        with drive(place):
            os.write(told, b"L")
            os.read(end, 1)
            os._exit(0)
    except UserError as error:
        code = b"R" if error.code is Exit.LOCKED else code
        print(error, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    os.write(told, code)
    os._exit(0)


def at_once(place: World, *drivers: Driver) -> str:
    """What each of them came to, in the order of the alphabet."""
    (start, go), (hear, told), (end, over) = os.pipe(), os.pipe(), os.pipe()
    children = []
    for drive in drivers:
        children.append(os.fork())
        if not children[-1]:
            os.close(go)
            os.close(over)
            begin(place, drive, start, told, end)
    os.close(go)
    said = b"".join(os.read(hear, 1) for _ in drivers)
    os.close(over)
    for child in children:
        os.waitpid(child, 0)
    for descriptor in (start, hear, told, end):
        os.close(descriptor)
    return "".join(sorted(said.decode()))


def test_a_run_and_a_lead_that_start_at_once_do_not_miss_each_other(place: World) -> None:
    """They meet by chance: with a look outside the lock, more than half of the rounds have two drivers."""
    assert {at_once(place, supervisor, client) for _ in range(ROUNDS)} == {"LR"}
