"""orchestra new: whole milestones that validate accepts, from many hands at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestra.project import Project
from tests.support import shown, states
from tests.support.planning import codes, orchestra, read


@pytest.fixture
def root(tmp_path):
    (tmp_path / ".orchestra").mkdir()
    return tmp_path


def test_a_milestone_with_phases(root, capsys):
    said = orchestra(capsys, root, "new", "M3-user-auth", "--title", "User | auth", "--phases", "3", "--json")
    assert (said.code, said.json["milestones"]) == (0, ["M3"])
    (group,) = read(root).plan.groups
    assert (group.id, group.title, group.status, len(group.units)) == ("M3", "User | auth", "planning", 3)
    assert [u.depends_on for u in group.units] == [(), ("M3/phase-1",), ("M3/phase-2",)]
    assert set(codes(read(root))) == {"placeholder", "vague-scope"}
    assert orchestra(capsys, root, "validate").code == 0


def test_the_next_free_number(root, capsys):
    orchestra(capsys, root, "new", "M9-a")
    said = orchestra(capsys, root, "new", "export", "--complexity", "quick", "--json")
    assert said.json["folders"] == ["M10-export"]
    assert read(root).plan.groups[1].pipeline == "quick"


def test_a_number_that_a_run_has_used_is_spent(root, capsys):
    with shown.store(Project(root)) as store:
        states.begun(store, states.group("M7"))
    assert orchestra(capsys, root, "new", "a", "--json").json["milestones"] == ["M8"], "M7 would count as that one"
    said = orchestra(capsys, root, "new", "M7-again")
    assert said.code == 1 and "M7 was another milestone" in said.err and "M9" in said.err


@pytest.mark.parametrize(("word", "pipeline"), [("trivial", "quick"), ("complex", "full"), ("standard", "standard")])
def test_both_vocabularies(root, capsys, word, pipeline):
    assert orchestra(capsys, root, "new", "a", "--complexity", word).code == 0
    assert read(root).plan.groups[0].pipeline == pipeline
    assert "ambiguous-complexity" not in codes(read(root))


def test_nothing_is_overwritten(root, capsys):
    orchestra(capsys, root, "new", "M1-a")
    before = {p: p.read_bytes() for p in root.rglob("*.md")}
    for words in (["M1-a"], ["M1-b"], ["m01-c"]):
        said = orchestra(capsys, root, "new", *words)
        assert (said.code, "exists already" in said.err) == (1, True)
    assert {p: p.read_bytes() for p in root.rglob("*.md")} == before


@pytest.mark.parametrize(
    "words",
    [[], ["../x"], ["M1 a"], ["a", "--phases", "0"], ["a", "--phases", "x"], ["a", "--complexity", "huge"],
     ["a", "--param", "x=1"], ["--blueprint", "nope"], ["a", "--blueprint", "saas-starter"], ["a", "--title", "x\ny"],
     ["--blueprint", "component-crud-resource", "--param", "x"]],
)  # fmt: skip
def test_bad_usage(root, capsys, words):
    said = orchestra(capsys, root, "new", *words)
    assert said.code == 64
    assert not list(root.glob(".orchestra/milestones/*"))


def test_from_a_blueprint(root, capsys):
    orchestra(capsys, root, "new", "M4-x")
    said = orchestra(capsys, root, "new", "--blueprint", "api-only", "--json")
    assert said.json["milestones"] == ["M5", "M6", "M7", "M8"]
    assert orchestra(capsys, root, "validate").code == 0


def test_a_bad_config_is_not_guessed_over(root, capsys):
    (root / ".orchestra/config.yml").write_text("pipeline: [")
    assert orchestra(capsys, root, "new", "a").code == 65


def test_many_at_once_get_a_number_each(root):
    """Eight processes, one lock: eight milestones, none of them lost or half written."""
    env = {**os.environ, "PYTHONPATH": str(Path("scripts").resolve())}
    command = [sys.executable, "-m", "orchestra", "-C", str(root), "new", "x", "--phases", "2"]
    started = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    outputs = [process.communicate(timeout=100) for process in started]
    assert [process.returncode for process in started] == [0] * 8, outputs
    assert [g.id for g in read(root).plan.groups] == [f"M{n}" for n in range(1, 9)]
    assert all(len(g.units) == 2 for g in read(root).plan.groups)


def test_a_read_only_project_is_a_sentence(root, capsys):
    if os.geteuid() == 0:
        (root / ".orchestra" / "milestones").write_text("in the way")
    else:
        (root / ".orchestra").chmod(0o500)
    said = orchestra(capsys, root, "new", "a")
    (root / ".orchestra").chmod(0o700)
    assert said.code not in (0, 70)
