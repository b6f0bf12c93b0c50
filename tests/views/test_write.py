"""Writing views: only what changed, only what is ours, and the same bytes again from the same state."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from orchestra.core.words import GroupStatus
from orchestra.errors import Exit, UserError
from orchestra.files import TEMPORARY, edit_lock
from orchestra.views import context
from orchestra.views.snapshot import Snapshot
from orchestra.views.write import catch_up, refresh
from tests.support import shown, states


def tree(home: Path) -> dict[str, bytes]:
    return {str(p.relative_to(home)): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}


@pytest.fixture
def began(tmp_path):
    """A project whose run has done the first phase, with its store."""
    made = shown.project(tmp_path)
    with shown.store(made) as store:
        shown.begun(store, made)
        yield made, store


def test_writes_what_changed_and_then_nothing(began):
    project, store = began
    home = project.root / shown.HOME
    names = [path.relative_to(home).as_posix() for path in catch_up(project.root, store)]
    assert names == ["milestone.md", "phases/phase-1.md", "context.md"]
    assert b"| Status | in-progress |" in (home / "milestone.md").read_bytes()
    assert b"| Locked-By | " in (home / "milestone.md").read_bytes()
    assert b"status: done  # mine" in (home / "phases/phase-1.md").read_bytes()
    assert (home / "phases/phase-2.md").read_text() == shown.PHASE.format(n=2)
    assert "- phase-1: done | commit: cccccccccccc | files: src/a.py, src/b.py" in (home / "context.md").read_text()
    assert catch_up(project.root, store) == []


def test_deleted_and_cleared_views_come_back_byte_for_byte(began):
    project, store = began
    home = project.root / shown.HOME
    catch_up(project.root, store)
    before = tree(home)
    (home / "context.md").unlink()
    text = (home / "milestone.md").read_text()
    kept = [line for line in text.splitlines(True) if "Locked-By" not in line]
    (home / "milestone.md").write_text("".join(kept).replace("in-progress", "planning"))
    phase = home / "phases/phase-1.md"
    head = phase.read_text().partition("- status:")[0]
    phase.write_text(head.replace("status: done", "status: pending"))
    assert tree(home) != before
    catch_up(project.root, store)
    assert tree(home) == before


def test_directories_reach_the_disk_after_all_their_files(began, monkeypatch):
    project, store = began
    home = project.root / shown.HOME
    synced, real = {}, os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        found = os.fstat(descriptor)
        held = [place for place in (home, home / "phases") if place.stat().st_ino == found.st_ino]
        synced.update((place, tree(home)) for place in held)

    monkeypatch.setattr(os, "fsync", fsync)
    catch_up(project.root, store)
    last = tree(home)
    assert set(synced) == {home, home / "phases"}
    assert synced[home] == last
    assert all(last[name] == text for name, text in synced[home / "phases"].items() if "phases" in str(name))


@pytest.mark.parametrize(("eol", "bom"), [("\r\n", ""), ("\n", "\ufeff"), ("\r\n", "\ufeff")])
def test_line_ends_and_bom_of_people_survive(tmp_path, eol, bom):
    project = shown.project(tmp_path, eol=eol, bom=bom)
    with shown.store(project) as store:
        shown.begun(store, project)
        catch_up(tmp_path, store)
    for name in ("milestone.md", "phases/phase-1.md"):
        text = (tmp_path / shown.HOME / name).read_bytes().decode()
        assert text.startswith(bom)
        assert "mine" in text
        assert (eol == "\n") == ("\r" not in text)
        assert text.count("\n") == text.count(eol)


def test_a_group_that_no_run_opened_is_left_alone(tmp_path):
    project = shown.project(tmp_path)
    before = tree(tmp_path / shown.HOME)
    with shown.store(project) as store:
        store.record(states.Run(id=""), [states.started(), states.read(shown.plan())])
        assert catch_up(tmp_path, store) == []
    assert tree(tmp_path / shown.HOME) == before


@pytest.mark.parametrize("gone", ["", "milestone.md", "phases", "phases/phase-1.md"])
def test_what_a_person_deleted_stays_deleted(began, gone):
    project, store = began
    home = project.root / shown.HOME
    path = home / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    catch_up(project.root, store)
    assert not path.exists()
    assert (home / "context.md").exists() == (gone not in ("", "milestone.md"))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00binary", b"---\n{status: pending}\n---\n", b""])
def test_a_file_that_cannot_be_edited_does_not_stop_the_others(began, content):
    project, store = began
    phase = project.root / shown.HOME / "phases/phase-1.md"
    phase.write_bytes(content)
    names = [path.name for path in catch_up(project.root, store)]
    assert "context.md" in names
    assert content == b"" or phase.read_bytes() == content


def test_another_tools_context_is_kept_once(began):
    project, store = began
    home = project.root / shown.HOME
    theirs = b"## Status\r\nmilestone: M1\r\n\r\n## Decisions\r\n- phase-1: mine\r\n"
    (home / "context.md").write_bytes(theirs)
    (home / "context.before.md").write_bytes(b"older")
    catch_up(project.root, store)
    assert (home / "context.before-2.md").read_bytes() == theirs
    assert (home / "context.before.md").read_bytes() == b"older"
    assert context.is_view((home / "context.md").read_text())
    (home / "context.md").write_bytes(theirs)
    catch_up(project.root, store)
    assert not (home / "context.before-3.md").exists()


def test_a_folder_that_leads_out_of_the_project_is_refused(began, tmp_path_factory):
    project, store = began
    home = project.root / shown.HOME
    outside = tmp_path_factory.mktemp("outside") / "M1"
    shutil.move(home, outside)
    home.symlink_to(outside)
    before = tree(outside)
    with pytest.raises(UserError) as caught:
        catch_up(project.root, store)
    assert caught.value.code == Exit.BAD_INPUT
    assert tree(outside) == before


def test_a_group_that_is_refused_does_not_keep_the_others_from_their_views(began, tmp_path_factory):
    project, store = began
    later = shown.milestone(project.root, "M2-later")
    group = replace(shown.plan(), id="M2", slug=later.name, path=str(later.relative_to(project.root)), units=())
    run = store.load(store.latest_run_id())
    store.record(run, [states.read(group), states.opened("M2")])
    first, outside = project.root / shown.HOME, tmp_path_factory.mktemp("outside") / "M1"
    shutil.move(first, outside)
    first.symlink_to(outside)
    with pytest.raises(UserError, match="outside"):
        catch_up(project.root, store)
    assert "| Status | review |" in (later / "milestone.md").read_text()


def test_leftovers_of_a_killed_writer_are_swept(began):
    project, store = began
    left = project.root / shown.HOME / f".milestone.md.{2**22 + 1}-aa{TEMPORARY}"
    left.write_bytes(b"half")
    catch_up(project.root, store)
    assert not left.exists()


def test_a_read_only_folder_is_a_sentence(began):
    project, store = began
    home = project.root / shown.HOME
    if os.geteuid() == 0:
        mounted = subprocess.run(
            ["mount", "--bind", "-o", "ro", str(home), str(home)], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("root writes everywhere and cannot mount here")
        subprocess.run(["mount", "-o", "remount,bind,ro", str(home)], check=True)
    else:
        home.chmod(0o500)
    try:
        with pytest.raises(UserError, match="Cannot write"):
            catch_up(project.root, store)
    finally:
        subprocess.run(["umount", str(home)], check=False) if os.geteuid() == 0 else home.chmod(0o700)
    assert [p.name for p in home.iterdir() if TEMPORARY in p.name] == []


def test_an_editor_is_waited_for(began):
    """What a person's command changes under the lock is not overwritten with what was read before it."""
    project, _ = began
    path = project.root / shown.HOME / "milestone.md"
    code = (
        "import sys\nfrom pathlib import Path\nfrom orchestra.state.store import Store\n"
        "from orchestra.views.write import catch_up\n"
        "root = Path(sys.argv[1])\n"
        "with Store.open(root / '.orchestra/state.db', readonly=True) as store:\n"
        "    print('go', flush=True)\n    catch_up(root, store)\n"
    )
    with edit_lock(project.root):
        process = states.python(code, project.root)
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        path.write_text(path.read_text().replace("<!-- mine -->", "<!-- changed -->"))
    states.finished([process])
    assert "<!-- changed -->" in path.read_text()
    assert "in-progress" in path.read_text()


def test_a_person_s_edit_between_two_writings_is_seen(began):
    project, store = began
    catch_up(project.root, store)
    phase = project.root / shown.HOME / "phases/phase-1.md"
    phase.write_text(phase.read_text().replace("status: done", "status: dome"))
    assert catch_up(project.root, store) == [phase]
    assert "status: done" in phase.read_text()


def test_what_a_person_saves_while_a_view_is_written_is_not_lost(began, monkeypatch):
    project, store = began
    path, real, saved = project.root / shown.HOME / "milestone.md", os.fsync, []

    def saving(descriptor: int) -> None:
        if not saved:
            saved.append(path.write_text(path.read_text() + "\nWords of a person.\n"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", saving)
    catch_up(project.root, store)
    assert path.read_text().endswith("\nWords of a person.\n")
    assert "| Status | in-progress |" in path.read_text()


def test_what_a_person_saves_right_after_a_view_was_written_is_seen(began, monkeypatch):
    """An editor that holds the old text puts it back: the next writing must not take its own for granted."""
    project, store = began
    path, real, saved = project.root / shown.HOME / "milestone.md", os.fsync, []
    old = path.read_bytes()

    def saving(descriptor: int) -> None:
        if not saved and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            saved.append(path.write_bytes(old))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", saving)
    catch_up(project.root, store)
    assert path.read_bytes() == old
    assert catch_up(project.root, store) == [path]
    assert "| Status | in-progress |" in path.read_text()


def test_refresh_takes_only_the_groups_it_is_given(began):
    project, store = began
    snapshot = Snapshot.from_store(store)
    assert refresh(project.root, snapshot, []) == []
    assert refresh(project.root, snapshot, ["M9"]) == []
    done = replace(snapshot.groups["M1"], group=replace(snapshot.groups["M1"].group, status=GroupStatus.DONE))
    refresh(project.root, Snapshot({"M1": done}), ["M1", "M1"])
    assert "| Status | done |" in (project.root / shown.HOME / "milestone.md").read_text()
