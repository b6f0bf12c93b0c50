"""A spec in a project: its group, the texts for a brief, ticks, and the two commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest

from orchestra.core.words import GroupStatus, Workflow
from orchestra.errors import Exit, UserError
from orchestra.plans.kiro.folders import find, folders, spec_id
from orchestra.plans.kiro.requirements import lookup, read_requirements
from orchestra.plans.kiro.spec import MAX_BYTES, details
from orchestra.plans.kiro.tasks import read_tasks
from orchestra.plans.kiro.tick import tick
from tests.support import live
from tests.support.kiro_specs import plan, write
from tests.support.planning import milestone, orchestra

TASKS = """# Implementation Plan: Sign in

- [x] 1. Store
  - _Requirements: 1.1_
- [ ] 2. Page
  - depends on: 1
  - [x] 2.1 Form
    - Two fields
    - _Requirements: 1.2, 2_
    - _writes: src/form.py_
  - [ ]* 2.2 Tests
    ```python
    - [ ] 9. shown as it is
    ```
- [ ] 3. Checkpoint
"""
REQUIREMENTS = """# Requirements Document

## Requirements

### Requirement 1: Users

**User Story:** As a user, I want to be known.

#### Acceptance Criteria

1. WHEN a user signs up THEN the system SHALL store them
2. IF the name is taken
   THEN the system SHALL say so

### Requirement 2

Fast.

## Glossary

1. Nothing
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / ".orchestra").mkdir()
    return tmp_path


def test_a_spec_is_a_group(root):
    (group,) = plan(root, write(root, TASKS)).plan.groups
    assert (group.id, group.title, group.path, group.status) == (
        "login",
        "Sign in",
        ".kiro/specs/login",
        GroupStatus.READY,
    )
    unit = group.units[1]
    assert (unit.id, unit.group, unit.title, unit.line, unit.order) == ("login/2", "login", "Page", 5, 2)
    assert (unit.depends_on, unit.writes, unit.path) == (("login/1",), ("src/form.py",), ".kiro/specs/login/tasks.md")
    assert [(s.id, s.title, s.done, s.optional) for s in unit.subtasks] == [
        ("2.1", "Form", True, False),
        ("2.2", "Tests", False, True),
    ]
    assert [u.done for u in group.units] == [True, False, False]


def test_a_spec_whose_units_are_ticked_is_done(root):
    (group,) = plan(root, write(root, "- [x] 1. A\n- [x] 2. B\n  - [ ]* 2.1 C\n")).plan.groups
    assert group.status is GroupStatus.DONE


@pytest.mark.parametrize("data", [b"\0", b"\xff\xfe", b"x" * (MAX_BYTES + 1)])
def test_files_that_cannot_be_read(root, data):
    result = plan(root, write(root, data))
    assert [d.severity for d in result.diagnostics] == ["error"]
    (group,) = result.plan.groups
    assert (group.units, group.status) == ((), GroupStatus.READY)


def test_a_link_out_of_the_project_is_not_followed(root, tmp_path_factory):
    spec = write(root, "")
    spec.tasks.unlink()
    other = tmp_path_factory.mktemp("other") / "tasks.md"
    other.write_text(TASKS)
    spec.tasks.symlink_to(other)
    assert [d.code for d in plan(root, spec).diagnostics] == ["outside-project"]


@pytest.mark.parametrize("name", ["login", "user-auth_2", "v1.2", "A.b-C"])
def test_ids_are_the_folders_names(name):
    assert spec_id(name) == name


@pytest.mark.parametrize(
    "name",
    ["my spec", "登录", "a..b", "a.lock", "-x", ".hidden", "M1", "m2-auth", "failed", "x" * 200, "a/b", "é", "HEAD"],
)
def test_other_names_become_safe_and_stay_apart(name):
    id_ = spec_id(name)
    assert id_.startswith("spec-")
    assert id_.isascii()
    assert len(id_) < 80
    assert spec_id(id_) == id_
    assert id_ != spec_id(name + "x")
    assert ".." not in id_ and not id_.endswith((".lock", ".")) and "/" not in id_


def test_specs_are_found_by_name_folder_and_file(root):
    write(root, TASKS)
    write(root, TASKS, "other")
    (root / ".kiro/specs/notes").mkdir()
    assert [spec.id for spec in folders(root)] == ["login", "other"]
    for text in (
        "login",
        ".kiro/specs/login",
        ".kiro/specs/login/",
        ".kiro/specs/login/tasks.md",
        str(root / ".kiro/specs/login"),
    ):
        assert find(root, root, text).id == "login"
    with pytest.raises(UserError, match="no spec logn") as caught:
        find(root, root, "logn")
    assert (caught.value.code, caught.value.hint) == (Exit.USAGE, "did you mean `login`?")


@pytest.mark.parametrize("link", ["folder", "file"])
def test_a_spec_behind_a_link_is_shown_and_refused(root, capsys, link):
    """A run could not tell its own marks from a person's changes, and would not start again."""
    real = write(root, "- [ ] 1. A\n", "real").path
    elsewhere = root / "docs/real"
    elsewhere.parent.mkdir()
    if link == "folder":
        real.rename(elsewhere)
        real.symlink_to(elsewhere)
    else:
        (real / "tasks.md").rename(elsewhere)
        (real / "tasks.md").symlink_to(elsewhere)
    assert find(root, root, "real") == find(root, root, ".kiro/specs/real") == folders(root)[0]
    said = orchestra(capsys, root, "validate", "--json", "real")
    assert (said.code, said.json["units"]) == (65, 1)
    (one,) = said.json["diagnostics"]
    assert (one["file"], one["code"]) == (".kiro/specs/real/tasks.md", "linked-spec")
    assert orchestra(capsys, root, "run", "--workflow", "sequential", "--dry-run", "real").code == 65


def test_a_folder_that_may_not_be_looked_into_does_not_keep_others_from_being_read(root):
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may look anywhere, and there is no setpriv to change that")
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] * (os.geteuid() == 0)
    write(root, "- [ ] 1. A\n", "a")
    closed = write(root, "- [ ] 1. B\n", "b").path
    closed.chmod(0)
    try:
        argv = [*plain, *live.command("-C", str(root), "validate", "--json")]
        said = subprocess.run(argv, env=live.environment(), capture_output=True, text=True, check=False)
    finally:
        closed.chmod(0o700)
    document = json.loads(said.stdout)
    found = [(d["file"], d["code"]) for d in document["diagnostics"]]
    assert (said.returncode, document["units"], found) == (65, 1, [(".kiro/specs/b/tasks.md", "unreadable")])


def test_a_spec_of_another_project_is_not_found(root, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write(other, TASKS)
    with pytest.raises(UserError, match="not in the project"):
        find(root, root, str(other / ".kiro/specs/login"))


def test_details_for_the_brief(root):
    spec = write(root, TASKS, requirements=REQUIREMENTS, design="# Design\n")
    found = details(root, spec, "login/2")
    assert found.text.splitlines()[0] == "- [ ] 2. Page"
    assert "    - Two fields" in found.text
    assert "- [ ] 9. shown as it is" in found.text
    assert "Store" not in found.text and "Checkpoint" not in found.text
    assert [(r.id, r.line) for r in found.requirements] == [("1.2", 12), ("2", 15)]
    assert found.requirements[0].text == "2. IF the name is taken\n   THEN the system SHALL say so"
    assert found.paths == tuple(f".kiro/specs/login/{n}.md" for n in ("tasks", "requirements", "design"))
    assert not found.barrier and details(root, spec, "login/3").barrier


def test_details_name_what_is_not_to_be_done(root):
    tasks = "- [ ] 1. A\n  - [x] 1.1 B\n  - [x]* 1.2 C\n  - [ ]* 1.3 D\n  - [ ] 1.4 E\n"
    found = details(root, write(root, tasks), "login/1")
    assert (found.ticked, found.optional) == (("1.1", "1.2"), ("1.3",))


def test_a_file_that_is_just_being_saved_is_read_again(root, monkeypatch):
    """Editors that save in place empty the file first."""
    spec = write(root, TASKS)
    spec.tasks.write_text("")
    monkeypatch.setattr(time, "sleep", lambda _: spec.tasks.write_text(TASKS))
    assert details(root, spec, "login/2").text.startswith("- [ ] 2. Page")


def test_details_of_what_is_not_there(root):
    spec = write(root, TASKS.replace("1.2, 2_", "1.2, 7.7_"), requirements=REQUIREMENTS)
    assert details(root, spec, "login/2").missing == ("7.7",)
    assert ("unknown-requirement", "info") in [(d.code, str(d.severity)) for d in plan(root, spec).diagnostics]
    with pytest.raises(UserError, match="no unit login/9"):
        details(root, spec, "login/9")
    spec.tasks.write_bytes(b"\xff")
    with pytest.raises(UserError) as caught:
        details(root, spec, "login/2")
    assert caught.value.code == Exit.BAD_INPUT


def test_requirements_in_other_hands():
    known = read_requirements(
        "## Req\n### FR-2.1: Auto\nBy itself.\n### 需求 3：登录\n1. 当用户登录\n- **3.2** 那么\n"
        "### Requirement 3: again\n1. no\n"
    )
    assert {id_: one.line for id_, one in known.items()} == {"FR-2.1": 2, "3": 4, "3.1": 5, "3.2": 6}
    assert lookup(known, "R3.1") is known["3.1"]
    assert lookup(known, "fr-2.1") is known["FR-2.1"]
    assert lookup(known, "9") is None


@pytest.mark.parametrize("eol", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_tick_changes_one_byte(eol, bom):
    data = bom + eol.join(["* [ ] 1. Größe 登录".encode(), "\té [ ]".encode(), b"  1. [x] Step", b"- [~] **2. B**"])
    for box in read_tasks(data.decode()).boxes():
        for mark in " xX-~":
            ticked = tick(data, box, mark)
            assert len(ticked) == len(data)
            changed = [n for n in range(len(data)) if data[n] != ticked[n]]
            assert len(changed) == (mark != box.mark)
            assert all(ticked[n : n + 1].decode() == mark and data[n - 1 : n] == b"[" for n in changed)
            assert tick(ticked, box, box.mark) == data


@pytest.mark.parametrize(
    "after",
    ["- [ ] 1. Other\n", "\n- [ ] 1. A\n", "- [ ] 1. A \n", "", "  - [ ] 1. A\n", "* [ ] 1. A\n", "- [] 1. A\n"],
)
def test_a_tick_refuses_a_line_that_somebody_edited(after):
    (box,) = read_tasks("- [ ] 1. A\n").boxes()
    with pytest.raises(UserError, match="line 1") as caught:
        tick(after.encode(), box, "x")
    assert caught.value.code == Exit.BAD_INPUT


def test_a_tick_on_a_mark_that_was_changed_meanwhile():
    (box,) = read_tasks("- [ ] 1. A").boxes()
    assert tick(b"- [-] 1. A\nmore", box, "x") == b"- [x] 1. A\nmore"
    with pytest.raises(ValueError, match="'y' is not a mark"):
        tick(b"- [ ] 1. A", box, "y")
    with pytest.raises(UserError, match="UTF-8"):
        tick(b"\xff", box, "x")
    (malformed,) = read_tasks("- [] 1. A").boxes()
    with pytest.raises(UserError):
        tick(b"- [] 1. A", malformed, "x")


def test_headings_are_ticked_by_the_boxes_below_them():
    text = "### Task 1: A\n\n- [ ] a\n- [ ] b\n"
    data = text.encode()
    for box in read_tasks(text).boxes():
        data = tick(data, box, "x")
    assert data == b"### Task 1: A\n\n- [x] a\n- [x] b\n"
    assert read_tasks(data.decode()).tasks[0].done


def test_validate(root, capsys):
    write(root, TASKS)
    said = orchestra(capsys, root, "validate", "--json", ".kiro/specs/login")
    assert said.code == 0
    assert said.json == {"ok": True, "workflow": "sequential", "groups": 1, "units": 3, "diagnostics": []}
    assert orchestra(capsys, root, "validate", "--workflow", "roundtable", "--json").json["workflow"] == "roundtable"
    assert "1 spec, 3 units: 0 errors" in orchestra(capsys, root, "validate", ".kiro/specs/login/tasks.md").err


def test_validate_says_where_it_is_wrong(root, capsys):
    write(root, "- [ ] 1. A\n- [ ] 2. B\n  - depends on: 3\n")
    said = orchestra(capsys, root, "validate", "--json", ".kiro/specs/login")
    assert (said.code, said.json["ok"]) == (65, False)
    assert said.json["diagnostics"] == [
        {
            "file": ".kiro/specs/login/tasks.md",
            "line": 3,
            "column": 17,
            "severity": "error",
            "code": "dangling-dependency",
            "message": "2 waits for 3, which does not exist",
            "hint": "name a task of this file, or remove it",
        }
    ]


def test_specs_are_what_is_meant_where_there_are_no_milestones(root, capsys):
    write(root, "- [ ] 1. A\n- [ ] 1. B\n")
    assert orchestra(capsys, root, "validate").code == 65
    assert orchestra(capsys, root, "plan").code == 65
    milestone(root)
    said = orchestra(capsys, root, "validate", "--json").json
    assert (said["workflow"], said["groups"]) == ("milestones", 1)
    assert said["also"] == [{"workflow": "sequential", "groups": 1, "units": 2}]
    assert orchestra(capsys, root, "plan", "--json").json["workflow"] == "milestones"


@pytest.mark.parametrize("args", [[], ["--workflow", "sequential"], ["--workflow", "roundtable"]])
def test_plan(root, capsys, args):
    write(root, TASKS)
    said = orchestra(capsys, root, "plan", "--json", *args, ".kiro/specs/login")
    assert said.code == 0
    assert said.json["workflow"] == (args[1:] or ["sequential"])[0]
    (group,) = said.json["groups"]
    assert [u["id"] for u in group["units"]] == ["login/1", "login/2", "login/3"]
    assert group["units"][1]["subtasks"][0] == {"id": "2.1", "title": "Form", "done": True, "optional": False}
    assert group["units"][1]["depends_on"] == ["login/1"]


def test_plan_of_a_name_and_of_all(root, capsys):
    write(root, TASKS)
    write(root, "", "empty")
    assert orchestra(capsys, root, "plan", "--json", "--workflow", "sequential", "login").code == 0
    assert orchestra(capsys, root, "plan", "--json", "login").json["workflow"] == "sequential"
    assert orchestra(capsys, root, "validate", "login").code == 0
    said = orchestra(capsys, root, "plan", "--json", "--workflow", "sequential")
    assert (said.code, [g["id"] for g in said.json["groups"]]) == (65, ["empty", "login"])
    assert "no-tasks" in said.err
    assert "[x] login/1  Store" in orchestra(capsys, root, "plan", ".kiro/specs/login").out


@pytest.mark.parametrize(
    "args", [["--workflow", "sequential", "nowhere"], ["--workflow", "milestones", ".kiro/specs/login"]]
)
def test_plan_of_what_is_none(root, capsys, args):
    write(root, TASKS)
    assert orchestra(capsys, root, "plan", *args).code == 64


def test_both_workflows_see_the_same_units(root):
    spec = write(root, TASKS)
    one, other = (plan(root, spec, w).plan.groups[0].units for w in (Workflow.SEQUENTIAL, Workflow.ROUNDTABLE))
    assert [u.id for u in one] == [u.id for u in other]
