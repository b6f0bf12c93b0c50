"""Views that were edited by hand are named with their line; everything else is people's own business."""

from __future__ import annotations

import pytest

from orchestra.core.events import EventType
from orchestra.core.model import Event
from orchestra.state.leases import get, release
from orchestra.views.check import edited
from orchestra.views.snapshot import Snapshot
from orchestra.views.write import catch_up
from tests.support import shown


@pytest.fixture
def closed(tmp_path):
    """A project whose run has failed and let go of its milestone, views written."""
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        run = shown.begun(store, project)
        store.record(run, [Event(EventType.GROUP_FAILED, group="M1", data={"reason": "no luck"})])
        lease = get(store, "M1")
        assert lease is not None
        release(store, lease, store.clock())
        catch_up(tmp_path, store)
        yield project, Snapshot.from_store(store)


def change(project, name, before, after):
    path = project.root / shown.HOME / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def found(project, snapshot):
    return [(d.file.removeprefix(shown.HOME + "/"), d.line, d.code) for d in edited(project.root, snapshot)]


def test_views_as_written_are_fine(closed):
    assert found(*closed) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "line"),
    [
        ("milestone.md", "| Status | failed |", "| Status | done |", 5),
        ("phases/phase-1.md", "status: done  #", "status: pending  #", 2),
        ("phases/phase-1.md", "- commit: cc", "- commit: dd", 12),
        ("context.md", "phase-1: done", "phase-1: failed", 7),
    ],
)
def test_an_edit_is_named(closed, name, before, after, line):
    project, snapshot = closed
    change(project, name, before, after)
    assert found(project, snapshot) == [(name, line, "view-edited")]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("milestone.md", "| Priority | P0 |", "| Priority | P2 |"),
        ("milestone.md", "| Status | failed |", "| Status | ready |"),
        ("milestone.md", "| Status | failed |\n", ""),
        ("milestone.md", "| Priority | P0 |\n", "| Priority | P0 |\n| Locked-By | 2026-11-21 |\n"),
        ("phases/phase-1.md", "Part 1.", "Another part."),
        ("phases/phase-1.md", "status: done  # mine\n", ""),
    ],
)
def test_what_belongs_to_people_is_no_edit(closed, name, before, after):
    project, snapshot = closed
    change(project, name, before, after)
    assert found(project, snapshot) == []


@pytest.mark.parametrize("name", ["context.md", "milestone.md", "phases/phase-1.md"])
def test_a_deleted_or_foreign_file_is_no_edit(closed, name):
    project, snapshot = closed
    path = project.root / shown.HOME / name
    path.unlink()
    assert found(project, snapshot) == []
    path.write_bytes(b"\xff\xfe")
    assert found(project, snapshot) == []


def test_a_group_that_a_run_holds_is_not_judged(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        shown.begun(store, project)
        assert edited(tmp_path, Snapshot.from_store(store)) == []
