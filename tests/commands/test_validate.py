"""orchestra validate: the contract's shape, its exit codes, and files that are no plans."""

from __future__ import annotations

import shutil

import pytest

from tests.support import kiro_specs
from tests.support.planning import PEER, milestone, orchestra, phase


@pytest.fixture
def root(tmp_path):
    phase(milestone(tmp_path))
    return tmp_path


def test_a_good_plan(root, capsys):
    said = orchestra(capsys, root, "validate", "--json")
    assert said.code == 0
    assert said.json == {"ok": True, "workflow": "milestones", "groups": 1, "units": 1, "diagnostics": []}


def test_a_peers_directory(capsys, tmp_path):
    shutil.copytree(PEER, tmp_path / "p")
    said = orchestra(capsys, tmp_path / "p", "validate", "--json")
    assert (said.code, said.json["ok"], said.json["groups"], said.json["units"]) == (0, True, 4, 7)


def test_an_error_in_the_contracts_shape(root, capsys):
    phase(root / ".orchestra/milestones/M1-a").write_text("---\nstatus: x\n---\n")
    said = orchestra(capsys, root, "validate", "--json")
    assert (said.code, said.json["ok"]) == (65, False)
    found = next(d for d in said.json["diagnostics"] if d["code"] == "bad-enum")
    assert found == {
        "file": ".orchestra/milestones/M1-a/phases/phase-1.md",
        "line": 2,
        "column": 9,
        "severity": "error",
        "code": "bad-enum",
        "message": "`status` cannot be `x`",
        "hint": found["hint"],
    }


def test_for_people(root, capsys):
    phase(root / ".orchestra/milestones/M1-a").write_text("---\nstatus: x\n---\n")
    said = orchestra(capsys, root, "validate")
    assert (
        ".orchestra/milestones/M1-a/phases/phase-1.md:2:9: error[bad-enum] `status` cannot be `x`\n  known" in said.out
    )
    assert "1 milestone, 1 phase: " in said.err


def test_the_config_belongs_to_it(root, capsys):
    (root / ".orchestra/config.yml").write_text("telemetry: on\n")
    said = orchestra(capsys, root, "validate", "--json")
    assert (said.code, [d["code"] for d in said.json["diagnostics"]]) == (65, ["unknown-key"])


@pytest.mark.parametrize(
    "path", ["M2", "m2-b", ".orchestra/milestones/M2-b", ".orchestra/milestones/M2-b/milestone.md"]
)
def test_only_what_was_asked_for(root, capsys, path):
    phase(milestone(root, "M2-b", status="x"))
    assert orchestra(capsys, root, "validate", "M1").code == 0
    assert orchestra(capsys, root, "validate", path).code == 65
    assert orchestra(capsys, root, "validate", "M1", path).code == 65


@pytest.mark.parametrize("path", ["M9", "nowhere.md", "/etc"])
def test_paths_that_are_not_of_the_project(root, capsys, path):
    assert orchestra(capsys, root, "validate", path).code == 64


def test_without_project(tmp_path, capsys):
    assert orchestra(capsys, tmp_path, "validate").code == 64


@pytest.mark.parametrize(
    "data", [b"\0\1", b"\xff", b"---\nstatus: [", b"---\na: &a [*a]\n---\n", b"x" * 3_000_000, b"---\n\ta: 1\n---\n"]
)
def test_bad_files_are_diagnostics_with_a_line_and_exit_65(root, capsys, data):
    (root / ".orchestra/milestones/M1-a/phases/phase-1.md").write_bytes(data)
    said = orchestra(capsys, root, "validate", "--json")
    assert said.code == 65
    assert all(d["line"] >= 1 and d["file"] for d in said.json["diagnostics"])


def test_hostile_names_are_shown_escaped(root, capsys):
    (root / ".orchestra/milestones/M2-\x1b[31mred\nx").mkdir()
    said = orchestra(capsys, root, "validate")
    assert said.code == 65
    assert "\x1b" not in said.out
    assert "M2-\\x1b[31mred\\nx" in said.out


def test_a_state_that_cannot_be_read_does_not_hide_the_plan(root, capsys):
    (root / ".orchestra/state.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    said = orchestra(capsys, root, "validate", "--json")
    assert (said.code, said.json["ok"]) == (0, True)


@pytest.mark.parametrize("path", [".kiro", ".kiro/specs", ".kiro/specs/b", ".kiro/specs/b/design.md"])
def test_specs_are_named_by_any_path_around_or_in_them(root, capsys, path):
    kiro_specs.write(root, "- [ ] 1. A\n- [ ] 1. B\n", "b", design="# Design\n")
    said = orchestra(capsys, root, "validate", path)
    assert said.code == 65
    assert ".kiro/specs/b/tasks.md:2:3: error[duplicate-id]" in said.out


@pytest.mark.parametrize("path", ["src", "README.md", ".kiro"])
def test_a_path_in_which_no_plan_lies_does_not_pass_for_a_good_one(root, capsys, path):
    (root / "README.md").touch()
    for name in ("src", ".kiro"):
        (root / name).mkdir()
    said = orchestra(capsys, root, "validate", path)
    assert (said.code, "is no part of a plan" in said.err) == (64, True)


@pytest.mark.parametrize("paths", [[], ["."]])
def test_specs_beside_milestones_are_checked_too(root, capsys, paths):
    kiro_specs.write(root, "- [ ] 1. A\n- [ ] 1. B\n", "b")
    said = orchestra(capsys, root, "validate", "--json", *paths)
    assert (said.code, [d["code"] for d in said.json["diagnostics"]]) == (65, ["duplicate-id"])
    assert (said.json["workflow"], said.json["groups"], said.json["units"]) == ("milestones", 1, 1)
    assert said.json["also"] == [{"workflow": "sequential", "groups": 1, "units": 2}]
    assert "1 milestone, 1 phase, 1 spec, 2 units: 1 error" in orchestra(capsys, root, "validate", *paths).err
    assert orchestra(capsys, root, "validate", "M1").code == 0


def test_a_milestone_and_a_spec_in_one_call(root, capsys):
    phase(milestone(root, "M2-b", status="x"))
    for name in ("a", "b"):
        kiro_specs.write(root, "- [ ] 1. A\n- [ ] 1. B\n", name)
    said = orchestra(capsys, root, "validate", "--json", "M2", "a")
    places = {d["file"].rpartition("/")[0] for d in said.json["diagnostics"] if d["severity"] == "error"}
    assert places == {".orchestra/milestones/M2-b", ".kiro/specs/a"}
    assert orchestra(capsys, root, "validate", "M1", "nowhere").code == 64


@pytest.mark.parametrize(
    "args",
    [
        ["validate", ""],
        ["plan", ""],
        ["run", ""],
        ["run", "--plan", ""],
        ["run", "--workflow", "sequential", "--plan", " "],
        ["run", "--workflow", "sequential", ""],
    ],
)
def test_an_empty_name_does_not_mean_all(root, capsys, args):
    said = orchestra(capsys, root, *args)
    assert (said.code, "an empty text names nothing; leave it out to mean all" in said.err) == (64, True)
