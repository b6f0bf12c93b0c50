"""orchestra plan: the contract's shape."""

from __future__ import annotations

import pytest

from tests.support import kiro_specs
from tests.support.planning import milestone, orchestra, phase


@pytest.fixture
def root(tmp_path):
    home = milestone(tmp_path)
    phase(home)
    phase(home, 2, depends_on="[1]", scope="- src/a/ (new)", complexity="trivial")
    return tmp_path


def test_json(root, capsys):
    said = orchestra(capsys, root, "plan", "--json")
    assert said.code == 0
    (group,) = said.json["groups"]
    assert said.json["workflow"] == "milestones"
    assert {k: v for k, v in group.items() if k != "units"} == {
        "id": "M1", "title": "Name", "status": "planning", "depends_on": [],
    }  # fmt: skip
    assert group["units"][1] == {
        "id": "M1/phase-2",
        "title": "Part 2",
        "status": "pending",
        "depends_on": ["M1/phase-1"],
        "writes": ["src/a/**"],
        "reads": [],
        "optional": False,
        "complexity": "trivial",
        "line": 1,
        "subtasks": [],
    }


def test_text(root, capsys):
    said = orchestra(capsys, root, "plan")
    assert "[ ] M1/phase-2  Part 2  (trivial)  after phase-1" in said.out


@pytest.mark.parametrize("path", ["M2", ".orchestra/milestones/M2-b/"])
def test_one_milestone(root, capsys, path):
    milestone(root, "M2-b")
    assert [g["id"] for g in orchestra(capsys, root, "plan", "--json", path).json["groups"]] == ["M2"]


def test_errors_are_said_beside_it(root, capsys):
    milestone(root, "M2-b", status="x")
    said = orchestra(capsys, root, "plan", "--json")
    assert (said.code, len(said.json["groups"])) == (65, 2)
    assert "bad-enum" in said.err
    assert orchestra(capsys, root, "plan", "M1").code == 0


def test_other_workflows_are_refused_for_now(root, capsys):
    assert orchestra(capsys, root, "plan", "--workflow", "waves").code == 64
    assert orchestra(capsys, root, "plan", "--workflow", "dance").code == 64


def test_nothing_yet(tmp_path, capsys):
    (tmp_path / ".orchestra").mkdir()
    assert "no milestones yet" in orchestra(capsys, tmp_path, "plan").out


def test_units_that_will_run_alone_are_counted(root, capsys):
    kiro_specs.write(root, "- [ ] 1. A\n  - _writes: a.txt_\n- [ ] 2. B\n- [x] 3. C\n", "feat")
    said = orchestra(capsys, root, "plan", "--workflow", "roundtable", ".kiro/specs/feat").out
    assert "1 open units state no paths" in said
    assert "state no paths" not in orchestra(capsys, root, "plan", ".kiro/specs/feat").out
