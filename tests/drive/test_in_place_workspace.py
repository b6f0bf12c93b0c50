"""The place itself, step by step: what people have in the checkout when an attempt begins, and who may have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestra.config import load
from orchestra.core.model import Attempt, Group, GroupState
from orchestra.core.words import Complexity, GitStrategy, Purpose, Role
from orchestra.drive.in_place import CHECKOUT, InPlaceWorkspace
from orchestra.drive.launch import prepare_checkout, workspace_of
from orchestra.drive.repository import GitWorkspace
from orchestra.errors import UserError
from orchestra.git.hold import read
from orchestra.project import Project
from tests.drive.test_in_place import free, status
from tests.support.projects import World, world

MESSAGE = "feat: a\n\nOrchestra-Ticket: {}\n"


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path)


def workspace(place: World) -> InPlaceWorkspace:
    project = Project(place.root)
    found = workspace_of(project, load(project.config_path), GitStrategy.IN_PLACE)
    assert isinstance(found, InPlaceWorkspace)
    return found


def opened(work: InPlaceWorkspace, id_: str = "M1") -> GroupState:
    group = GroupState(plan=Group(id_, "a group"))
    opening = work.open(group)
    return replace(group, base=opening.base, tip=opening.tip, target=opening.target, open=True)


def begun(work: InPlaceWorkspace, group: GroupState, ticket: str = "M1.a.worker-1") -> Attempt:
    attempt = Attempt(
        ticket, group.id, f"{group.id}/a", Role.WORKER, Purpose.BUILD, 1, Complexity.QUICK,
        worktree=work.free_name(group.id, set()), base=group.tip,
    )  # fmt: skip
    work.clean(attempt)
    return attempt


def test_what_people_had_there_is_neither_deleted_nor_committed_nor_trusted(place: World) -> None:
    work = workspace(place)
    group = opened(work)
    (place.root / "notes.txt").write_text("mine")
    (place.root / "README.md").write_text("mine")
    attempt = begun(work, group)
    assert attempt.worktree == CHECKOUT
    (place.root / "a.txt").write_text("a")
    found = work.compare(attempt, ("**",))
    assert found.inside == ("a.txt",) and not found.outside
    tree = work.snapshot(attempt, found.inside)
    (place.root / "artifact").write_text("of the verification")
    work.restore(attempt, tree)
    assert not (place.root / "artifact").exists() and (place.root / "a.txt").read_text() == "a"
    made = work.commit(group, replace(attempt, tree=tree), MESSAGE.format(attempt.ticket))
    assert place.git("show", "--name-only", "--format=", made) == "a.txt"
    assert sorted(status(place).splitlines()) == ["?? notes.txt", "M README.md"]
    assert (place.root / "notes.txt").read_text() == (place.root / "README.md").read_text() == "mine"
    assert not work.proved(group.id), "the verification has seen files that nobody else will have"


def test_an_agents_change_to_a_file_that_people_had_there_is_taken_back_to_theirs(place: World) -> None:
    work = workspace(place)
    group = opened(work)
    (place.root / "notes.txt").write_text("mine\n")
    attempt = begun(work, group)
    (place.root / "notes.txt").write_text("the agent's\n")
    found = work.compare(attempt, ("a.txt",))
    assert found.outside == ("notes.txt",)
    work.set_aside(attempt, found.outside, place.root / ".orchestra/quarantine/x.patch")
    assert (place.root / "notes.txt").read_text() == "mine\n"
    work.keep(attempt, place.root / ".orchestra/quarantine/y.patch")
    assert (place.root / "notes.txt").read_text() == "mine\n"


def test_a_second_call_finds_what_the_first_did(place: World) -> None:
    work = workspace(place)
    group = opened(work)
    assert opened(work).base == group.base, "an opening that was killed before its record is found again"
    attempt = begun(work, group)
    (place.root / "a.txt").write_text("a")
    work.clean(attempt)
    assert (place.root / "a.txt").exists(), "the attempt's own work is not taken for somebody else's"
    tree = work.snapshot(attempt, work.compare(attempt, ("**",)).inside)
    attempt = replace(attempt, tree=tree)
    made = work.commit(group, attempt, MESSAGE.format(attempt.ticket))
    assert work.found(group, attempt) == made == place.git("rev-parse", "main")


def test_another_group_waits(place: World) -> None:
    work = workspace(place)
    opened(work)
    assert work.taken_by("M2") == "locked: M1 is being built in this checkout" and work.taken_by("M1") == ""
    with pytest.raises(UserError, match="M1 is being built"):
        opened(work, "M2")


def test_work_that_a_landing_would_overwrite_is_named(place: World) -> None:
    work = workspace(place)
    group = opened(work)
    side = GitWorkspace(work.project, work.config)
    linked = replace(begun(work, group), worktree="M1-1")
    side.clean(linked)
    (side.place(linked) / "b.txt").write_text("b")
    tree = side.snapshot(linked, ("b.txt",))
    (place.root / "b.txt").write_text("mine")
    work.vacate(replace(linked, worktree=CHECKOUT))
    (place.root / "b.txt").write_text("mine")
    made = work.commit(group, replace(linked, tree=tree), MESSAGE.format("other"))
    assert (place.root / "b.txt").read_text() == "mine" and place.git("rev-parse", "main") == made
    with pytest.raises(UserError, match=r"your changes in b\.txt are in the way"):
        begun(work, replace(group, tip=made), "M1.a.worker-2")
    assert (place.root / "b.txt").read_text() == "mine"
    work.close(group.id, group.base, landed=True)
    assert (place.root / "b.txt").read_text() == "mine"
    (place.root / "b.txt").unlink()
    prepare_checkout(work, stash=False)
    assert (place.root / "b.txt").read_text() == "b" and status(place) == "" and free(place)


def test_the_strategy_of_a_user_who_chose_none_is_the_drivers(place: World) -> None:
    project = Project(place.root)
    assert not isinstance(workspace_of(project, load(project.config_path)), InPlaceWorkspace)
    for chosen, in_place in (("worktree", False), ("in-place", True), (None, True)):
        place.config(git={"strategy": chosen})
        found = workspace_of(project, load(project.config_path), GitStrategy.IN_PLACE)
        assert isinstance(found, InPlaceWorkspace) is in_place, chosen


def test_a_group_begun_in_the_checkout_is_finished_there_and_the_next_built_aside(place: World) -> None:
    group = opened(workspace(place))
    project = Project(place.root)
    work = workspace_of(project, load(project.config_path))
    assert isinstance(work, InPlaceWorkspace) and work.free_name("M1", set()) == CHECKOUT
    assert work.taken_by("M2") == "" and work.free_name("M2", set()) == "M2-1"
    opened(work, "M2")
    hold = read(place.root / ".git")
    assert hold is not None and hold.group == "M1"
    work.close("M1", group.base, landed=False)
    assert read(place.root / ".git") is None


def test_a_hold_without_state_is_given_up(place: World) -> None:
    """state.db was deleted in the middle: the commits stay where people see them."""
    work = workspace(place)
    group = opened(work)
    attempt = begun(work, group)
    (place.root / "a.txt").write_text("a")
    tree = work.snapshot(attempt, ("a.txt",))
    made = work.commit(group, replace(attempt, tree=tree), MESSAGE.format(attempt.ticket))
    again = opened(workspace(place))
    assert (again.base, again.tip) == (made, made)
    assert place.git("rev-parse", "main") == made == place.git("rev-parse", "orchestra/M1")
