"""orchestra ready: only a plan without errors, reviewed as it stands, and one field changes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestra import files
from orchestra.project import Project
from orchestra.state.store import Store
from tests.support import shown, states
from tests.support.planning import milestone, orchestra, phase, read


@pytest.fixture
def home(tmp_path):
    made = milestone(tmp_path)
    phase(made)
    return made


def test_one_field_changes(tmp_path, home, capsys):
    path = home / "milestone.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n<!-- mine -->")
    before = path.read_bytes()
    said = orchestra(capsys, tmp_path, "ready", "m1", "--no-review", "--json")
    assert (said.code, said.json["status"]) == (0, "ready")
    assert path.read_bytes() == before.replace(b"planning", b"ready")
    assert orchestra(capsys, tmp_path, "ready", "M1", "--no-review").code == 0


def test_errors_stand_in_the_way(tmp_path, home, capsys):
    phase(home, 2, depends_on="[phase-7]")
    said = orchestra(capsys, tmp_path, "ready", "M1", "--no-review", "--json")
    assert (said.code, [d["code"] for d in said.json["diagnostics"]]) == (65, ["dangling-dependency"])
    assert read(tmp_path).plan.groups[0].status == "planning"


def test_so_does_what_is_still_to_be_written(tmp_path, capsys):
    orchestra(capsys, tmp_path, "init")
    orchestra(capsys, tmp_path, "new", "M1-a")
    said = orchestra(capsys, tmp_path, "ready", "M1", "--no-review")
    assert said.code == 65
    assert "placeholder" in said.out


def test_a_number_that_a_run_has_used_up_is_refused(tmp_path, home, capsys):
    with shown.store(Project(tmp_path)) as store:
        states.begun(store, states.group("M1"))
        store.db.run("UPDATE groups SET status = 'done', path = '.orchestra/milestones/M1-before'")
    said = orchestra(capsys, tmp_path, "ready", "M1", "--no-review")
    assert said.code == 1 and "M1 was M1-before" in said.err and "call it M2" in said.err
    assert read(tmp_path).plan.groups[0].status == "planning"


def test_another_milestones_errors_do_not(tmp_path, home, capsys):
    milestone(tmp_path, "M2-b", status="x")
    assert orchestra(capsys, tmp_path, "ready", "M1", "--no-review").code == 0


def test_a_review_is_required_and_is_about_the_plan_as_it_stands(tmp_path, home, capsys):
    said = orchestra(capsys, tmp_path, "ready", "M1")
    assert said.code == 1
    assert "--reviewed-by" in said.err
    assert orchestra(capsys, tmp_path, "ready", "M1", "--reviewed-by", "Ada").code == 0
    assert orchestra(capsys, tmp_path, "ready", "M1").code == 0
    (home / "prd.md").write_text("# Why\n\nAnother problem.\n")
    assert orchestra(capsys, tmp_path, "ready", "M1").code == 1
    with Store.open(tmp_path / ".orchestra/state.db") as store:
        types = [event["type"] for event in store.log()]
    assert types == ["plan-reviewed", "group-readied", "group-readied"]


@pytest.mark.parametrize("status", ["in-progress", "review"])
def test_what_a_run_has_is_left_alone(tmp_path, capsys, status):
    phase(milestone(tmp_path, status=status))
    assert orchestra(capsys, tmp_path, "ready", "M1", "--no-review").code == 1


def test_what_failed_may_be_tried_again(tmp_path, capsys):
    phase(milestone(tmp_path, status="failed"))
    assert orchestra(capsys, tmp_path, "ready", "M1", "--no-review").code == 0


def test_usage(tmp_path, home, capsys):
    assert orchestra(capsys, tmp_path, "ready", "M9").code == 64
    assert orchestra(capsys, tmp_path, "ready").code == 64
    assert orchestra(capsys, tmp_path, "ready", "M1", "--no-review", "--reviewed-by", "x").code == 64


def test_a_link_out_of_the_project_is_not_written_through(tmp_path, capsys):
    root = tmp_path / "p"
    home = milestone(root)
    phase(home)
    (tmp_path / "other.md").write_bytes((home / "milestone.md").read_bytes())
    (home / "milestone.md").unlink()
    (home / "milestone.md").symlink_to(tmp_path / "other.md")
    assert orchestra(capsys, root, "ready", "M1", "--no-review").code == 65
    assert "planning" in (tmp_path / "other.md").read_text()


def test_planning_and_readying_at_once_lose_nothing(tmp_path):
    """Processes ready twelve milestones while others write new ones: every edit and every file is there."""
    for number in range(1, 7):
        phase(milestone(tmp_path, f"M{number}-x"))
    env = {**os.environ, "PYTHONPATH": str(Path("scripts").resolve())}
    base = [sys.executable, "-m", "orchestra", "-C", str(tmp_path)]
    commands = [[*base, "ready", f"M{n}", "--no-review"] for n in range(1, 7)] + [[*base, "new", "y"] for _ in range(4)]
    started = [subprocess.Popen(c, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for c in commands]
    said = [process.communicate(timeout=100) for process in started]
    assert [process.returncode for process in started] == [0] * len(commands), said
    groups = read(tmp_path).plan.groups
    assert [g.status for g in groups] == ["ready"] * 6 + ["planning"] * 4


TELLING = """
import sys
from pathlib import Path
from orchestra import files, main
real = files.edit_lock
def telling(root):
    Path(sys.argv[1]).touch()
    return real(root)
files.edit_lock = telling
sys.exit(main.main(sys.argv[2:]))
"""


def test_it_waits_for_whoever_edits_and_decides_on_what_is_there_then(tmp_path, home):
    env = {**os.environ, "PYTHONPATH": str(Path("scripts").resolve())}
    words = ["-C", str(tmp_path), "ready", "M1", "--no-review"]
    with files.edit_lock(tmp_path):
        command = [sys.executable, "-c", TELLING, str(tmp_path / "asked"), *words]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until(lambda: (tmp_path / "asked").exists() or process.poll() is not None)
        path = home / "milestone.md"
        path.write_text(path.read_text().replace("planning", "in-progress"))
    _, err = process.communicate(timeout=60)
    assert (process.returncode, b"in-progress" in err) == (1, True)
    assert read(tmp_path).plan.groups[0].status == "in-progress"


def wait_until(happened):
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)
