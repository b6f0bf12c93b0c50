"""orchestra views: brings back what was deleted, and says so."""

from __future__ import annotations

from tests.support import shown
from tests.support.shown import orchestra


def test_deleted_views_come_back_the_same(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        shown.begun(store, project)
    home = tmp_path / shown.HOME
    first = orchestra(tmp_path, "views", "--json")
    assert first.json == {
        "written": [f"{shown.HOME}/{name}" for name in ("milestone.md", "phases/phase-1.md", "context.md")]
    }
    before = (home / "context.md").read_bytes()
    (home / "context.md").unlink()
    assert orchestra(tmp_path, "views").out == f"{shown.HOME}/context.md\n"
    assert (home / "context.md").read_bytes() == before
    again = orchestra(tmp_path, "views")
    assert (again.code, again.out) == (0, "")
    assert "up to date" in again.err


def test_without_state_there_is_nothing_to_write(tmp_path):
    shown.project(tmp_path)
    assert orchestra(tmp_path, "views", "--json").json == {"written": []}
