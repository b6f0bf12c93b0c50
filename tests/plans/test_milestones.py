"""Milestones: the peer's formats, good plans, and every way to get one wrong."""

from __future__ import annotations

import os
import shutil

import pytest

from orchestra.config import Config, PipelineConfig
from orchestra.core.words import Complexity, GatePolicy, GroupStatus, Pipeline, Switch
from orchestra.errors import UserError
from orchestra.plans import milestones
from orchestra.plans.diagnostics import ERROR, has_errors
from tests.support.planning import PEER, codes, milestone, phase, read

PARALLEL = Config(pipeline=PipelineConfig(parallel=Switch.ENABLED))


def one(root, config=None):
    (group,) = read(root, config).plan.groups
    return group


def errors(root, config=None):
    return [(d.code, d.file.rpartition("/")[2], d.line) for d in read(root, config).diagnostics if d.severity is ERROR]


def with_field(home, row):
    path = home / "milestone.md"
    path.write_text(path.read_text() + row + "\n")


# The peer's directory


def test_a_peers_directory_is_read_unchanged():
    result = read(PEER)
    assert not has_errors(result.diagnostics), [str(d) for d in result.diagnostics]
    assert [g.id for g in result.plan.groups] == ["M1", "M2", "M3", "M10"]
    assert [g.status for g in result.plan.groups] == ["done", "in-progress", "planning", "planning"]
    assert [g.pipeline for g in result.plan.groups] == ["full", "standard", "quick", "full"]
    assert [(g.design, g.reviews) for g in result.plan.groups] == [(True, 1), (False, 1), (False, 0), (True, 1)]


def test_a_peers_status_in_context_counts():
    result = read(PEER)
    assert [u.done for g in result.plan.groups[:2] for u in g.units] == [True, True, False, False]


def test_a_peers_missing_key_means_after_the_one_before():
    units = read(PEER).plan.groups[1].units
    assert [u.depends_on for u in units] == [(), ("M2/phase-1",), ()]


def test_a_peers_lock_is_read_with_or_without_table():
    _, two, three, _ = read(PEER).plan.groups
    assert (two.foreign_lock, two.foreign_lock_at) == ("2026-04-06T09:30:00", 1775467800.0)
    assert (three.foreign_lock, three.foreign_lock_at) == ("2026-04-08 10:15", 1775643300.0)


def test_a_peers_files_are_not_touched(tmp_path):
    shutil.copytree(PEER, tmp_path / "p")
    before = {p: p.read_bytes() for p in (tmp_path / "p").rglob("*") if p.is_file()}
    read(tmp_path / "p")
    assert {p: p.read_bytes() for p in (tmp_path / "p").rglob("*") if p.is_file()} == before


# Good plans


def test_a_good_milestone_has_no_diagnostics(tmp_path):
    home = milestone(tmp_path)
    phase(home, 1)
    phase(home, 2, depends_on="[phase-1]", scope="- src/part1.py (modify)")
    result = read(tmp_path)
    assert [str(d) for d in result.diagnostics] == []
    (group,) = result.plan.groups
    assert (group.path, group.slug, group.title) == (".orchestra/milestones/M1-a", "M1-a", "Name")
    assert [u.id for u in group.units] == ["M1/phase-1", "M1/phase-2"]
    assert group.units[1].depends_on == ("M1/phase-1",)
    assert group.units[0].writes == ("src/part1.py",)
    assert group.units[0].path == ".orchestra/milestones/M1-a/phases/phase-1.md"


def test_milestones_and_phases_are_in_numeric_order(tmp_path):
    for slug in ("M10-b", "M2-a"):
        home = milestone(tmp_path, slug)
        for number in (10, 9):
            phase(home, number, depends_on="")
    result = read(tmp_path)
    assert [g.id for g in result.plan.groups] == ["M2", "M10"]
    assert [u.id for u in result.plan.groups[0].units] == ["M2/phase-9", "M2/phase-10"]
    assert result.plan.groups[0].units[1].depends_on == ("M2/phase-9",)


@pytest.mark.parametrize("text", ["M1", "m1", "M1-a", "M01", "M1-a/"])
def test_a_milestone_is_found_by_any_of_its_names(tmp_path, text):
    phase(milestone(tmp_path))
    assert milestones.find_group(tmp_path, text).id == "M1"
    assert milestones.read_group(tmp_path, Config(), text).plan.groups[0].id == "M1"


def test_a_milestone_that_is_not_there(tmp_path):
    with pytest.raises(UserError) as error:
        milestones.find_group(tmp_path, "M7")
    assert error.value.code == 64


def test_config_decides_what_is_not_said(tmp_path):
    home = milestone(tmp_path)
    phase(home).write_text(phase(home).read_text().replace("complexity: standard\n", ""))
    (home / "milestone.md").write_text("# A\n\nStatus: planning\n")
    config = Config(
        pipeline=PipelineConfig(
            default_pipeline=Pipeline.STANDARD, default_complexity=Complexity.QUICK, review=GatePolicy.SKIP
        )
    )
    group = one(tmp_path, config)
    assert (group.pipeline, group.reviews, group.units[0].complexity) == ("standard", 0, "quick")


def test_commit_types(tmp_path):
    home = milestone(tmp_path)
    for number, (title, key) in enumerate(
        [("Add login", ""), ("Fix the login", ""), ("Refactor it", ""), ("Add login", "type: docs\n")], 1
    ):
        path = phase(home, number)
        text = path.read_text().replace(f"Part {number}\n", title + "\n", 1).replace("skills:", key + "skills:")
        path.write_text(text)
    assert [u.commit_type for u in one(tmp_path).units] == ["feat", "fix", "refactor", "docs"]


def test_milestones_may_depend_on_each_other(tmp_path):
    for number in (1, 2, 3):
        phase(milestone(tmp_path, f"M{number}-x", rows="| Depends-On | M1-x, m2 |\n" if number == 3 else ""))
    assert [g.depends_on for g in read(tmp_path).plan.groups] == [(), (), ("M1", "M2")]


# What can be wrong


@pytest.mark.parametrize(
    ("row", "code", "line"),
    [
        ("| Depends-On | M7 |", "dangling-dependency", 9),
        ("| Depends-On | M1 |", "dependency-loop", 9),
        ("| Depends-On | ../M1 |", "bad-id", 9),
        ("| Depnds-On | M7 |", "unknown-key", 9),
    ],
)
def test_wrong_rows(tmp_path, row, code, line):
    home = milestone(tmp_path)
    phase(home)
    with_field(home, row)
    assert errors(tmp_path) == [(code, "milestone.md", line)]


def test_wrong_words_in_the_table(tmp_path):
    home = milestone(tmp_path, status="redy", complexity="hard")
    phase(home)
    found = [d for d in read(tmp_path).diagnostics if d.severity is ERROR]
    assert [(d.code, d.line, d.column) for d in found] == [("bad-enum", 5, 12), ("bad-enum", 7, 16)]
    assert found[0].hint == "did you mean `ready`?"
    assert one(tmp_path).status is GroupStatus.PLANNING


def test_no_status_is_planning(tmp_path):
    home = milestone(tmp_path)
    phase(home)
    (home / "milestone.md").write_text("# Milestone: M1 — A\n")
    assert one(tmp_path).status is GroupStatus.PLANNING
    assert "missing-field" in codes(read(tmp_path))


def test_a_lock_without_time(tmp_path):
    phase(milestone(tmp_path, rows="| Locked-By | Bob |\n"))
    group = one(tmp_path)
    assert (group.foreign_lock, group.foreign_lock_at) == ("Bob", 0.0)
    assert codes(read(tmp_path)) == ["lock-timestamp"]


def test_a_lock_of_the_future_is_as_old_as_its_file(tmp_path):
    home = milestone(tmp_path, rows="| Locked-By | 2999-01-01T00:00:00Z other/1/abc epoch=1 |\n")
    phase(home)
    os.utime(home / "milestone.md", (1000.0, 1000.0))
    assert one(tmp_path).foreign_lock_at == 1000.0
    assert codes(read(tmp_path)) == ["lock-timestamp"]


@pytest.mark.parametrize("empty", ["-", "none", "", "—"])
def test_no_lock(tmp_path, empty):
    phase(milestone(tmp_path, rows=f"| Locked-By | {empty} |\n"))
    assert one(tmp_path).foreign_lock == ""


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("status: pending", "status: donee", "bad-enum", 2),
        ("complexity: standard", "complexity: standrd", "bad-enum", 4),
        ("skills: []", "skill: []", "unknown-key", 5),
        ("order: 1", "order: first", "bad-type", 3),
        ("depends_on: []", "depends_on: [phase-9]", "dangling-dependency", 6),
        ("depends_on: []", "depends_on: [M2/phase-1]", "dangling-dependency", 6),
        ("depends_on: []", "depends_on: ['phase 1', '../x']", "bad-id", 6),
        ("depends_on: []", "depends_on: {a: b}", "bad-type", 6),
        ("depends_on: []", "depends_on: [1]", "dependency-loop", 6),
        ("order: 1\n", "order: 1\norder: 2\n", "duplicate-key", 4),
        ("skills: []", "\tskills: []", "yaml", 5),
        ("skills: []", "skills: [", "yaml", 6),
        ("status: pending", "status: &a pending", "yaml-alias", 2),
        ("---\n\n# Phase", "\n# Phase", "frontmatter", 1),
        ("- src/part1.py (new)", "- ../x.py", "bad-scope", 25),
        ("- src/part1.py (new)", "- /etc/x.py", "bad-scope", 25),
        ("## Objective\n\nPart 1 is there.\n", "", "missing-section", 1),
        ("Part 1 is there.", "<!-- later -->", "missing-section", 11),
        ("- [ ] The file", "- [ ] AC1: x 1\n- [ ] AC1: The file", "duplicate-id", 34),
    ],
)
def test_errors_in_a_phase(tmp_path, old, new, code, line):
    path = phase(milestone(tmp_path))
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    found = errors(tmp_path)
    assert (code, "phase-1.md", line) in found
    assert {c for c, _, _ in found} <= {code, "missing-section"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("- One file", "- Use bcrypt or argon2", "unresolved-choice"),
        ("- One file", "- Cache: TBD", "unresolved-choice"),
        ("- No other file changes\n", "", "few-constraints"),
        ("The file has 3 lines", "It works well", "uncheckable-criterion"),
        ("The file has 3 lines", "", "uncheckable-criterion"),
        ("src/part1.py (new)", "the whole backend", "vague-scope"),
        ("## Context\n\nNothing else is.\n", "", "missing-section"),
        ("Nothing else is.", "TODO: say it", "placeholder"),
        ("skills: []", "skills: []\nestimate: 2h", "unknown-key"),
    ],
)
def test_warnings_in_a_phase(tmp_path, old, new, code):
    path = phase(milestone(tmp_path))
    path.write_text(path.read_text().replace(old, new, 1))
    result = read(tmp_path)
    assert code in codes(result)
    assert not has_errors(result.diagnostics)


@pytest.mark.parametrize(
    "line",
    [
        "- Reject the request when name or address is missing",
        "- `a or b` is the expression",
        "- Values of 3 or more are refused",
        "- One table (not two or three)",
        "- No cookies or local storage",
    ],
)
def test_not_every_or_is_a_choice(tmp_path, line):
    path = phase(milestone(tmp_path))
    path.write_text(path.read_text().replace("- One file", line))
    assert codes(read(tmp_path)) == []


def test_loops_are_printed_and_cut(tmp_path):
    home = milestone(tmp_path)
    for number, after in ((1, 3), (2, 1), (3, 2)):
        phase(home, number, depends_on=f"[phase-{after}]")
    (found,) = [d for d in read(tmp_path).diagnostics if d.code == "dependency-loop"]
    assert "phase-1 → phase-3 → phase-2 → phase-1" in found.message
    assert [u.depends_on for u in one(tmp_path).units] != [("M1/phase-3",), ("M1/phase-1",), ("M1/phase-2",)]


@pytest.mark.parametrize(("config", "severity"), [(None, "warning"), (PARALLEL, "error")])
def test_scopes_overlap_as_sets(tmp_path, config, severity):
    home = milestone(tmp_path)
    phase(home, 1, scope="- src/auth/ (new)")
    phase(home, 2, scope="- docs/a.md\n- src/*/login.py (modify)")
    (found,) = [d for d in read(tmp_path, config).diagnostics if d.code == "scope-overlap"]
    assert (found.severity, found.line, found.file.rpartition("/")[2]) == (severity, 26, "phase-2.md")


def test_ordered_phases_may_share_a_scope(tmp_path):
    home = milestone(tmp_path)
    for number in (1, 2, 3):
        phase(home, number, depends_on=f"[{number - 1}]" if number > 1 else "[]", scope="- src/ (modify)")
    assert codes(read(tmp_path, PARALLEL)) == []


@pytest.mark.parametrize("name", ["M1 user", "M1-..", "M1-a..b", "M1-ä", "m-1"])
def test_names_that_are_no_ids(tmp_path, name):
    (tmp_path / ".orchestra" / "milestones" / name).mkdir(parents=True)
    found = read(tmp_path)
    assert [d.code for d in found.diagnostics if d.severity is ERROR] == ["bad-id"]
    assert found.plan.groups == ()


def test_other_folders_are_no_milestones(tmp_path):
    home = milestone(tmp_path)
    phase(home)
    (home.parent / "archive").mkdir()
    (home.parent / ".git-keep").mkdir()
    (home.parent / "notes.md").write_text("x")
    assert codes(read(tmp_path)) == []


def test_the_same_number_twice(tmp_path):
    phase(milestone(tmp_path, "M1-a"))
    phase(milestone(tmp_path, "M01-b"))
    assert codes(read(tmp_path)) == ["duplicate-id"]
    home = milestone(tmp_path / "other")
    phase(home)
    (home / "phases" / "phase-01.md").write_text("x")
    assert "duplicate-id" in codes(read(tmp_path / "other"))


def test_a_folder_without_milestone_is_still_being_planned(tmp_path):
    (tmp_path / ".orchestra/milestones/M1-a").mkdir(parents=True)
    assert one(tmp_path).status is GroupStatus.PLANNING
    assert errors(tmp_path) == [("missing-file", "milestone.md", 1)]


def test_links_out_of_the_project(tmp_path):
    root, other = tmp_path / "p", tmp_path / "other"
    phase(milestone(other, "M1-a"))
    home = milestone(root, "M2-b")
    phase(home)
    (home.parent / "M1-a").symlink_to(other / ".orchestra/milestones/M1-a")
    (home / "phases/phase-2.md").symlink_to(other / ".orchestra/milestones/M1-a/phases/phase-1.md")
    found = [(c, f) for c, f, _ in errors(root)]
    assert found == [("outside-project", "M1-a"), ("outside-project", "phase-2.md")]
    assert [g.id for g in read(root).plan.groups] == ["M2"]


def test_a_phases_folder_that_leads_out(tmp_path):
    root, other = tmp_path / "p", tmp_path / "other"
    phase(milestone(other, "M1-a"))
    home = milestone(root, "M1-b")
    (home / "phases").rmdir()
    (home / "phases").symlink_to(other / ".orchestra/milestones/M1-a/phases")
    assert ("outside-project", "phases", 1) in errors(root)
    assert one(root).units == ()


@pytest.mark.parametrize("name", ["milestone.md", "phases/phase-1.md", "prd.md"])
@pytest.mark.parametrize("data", [b"\0\1\2", b"\xff\xfe", b"x" * 2_100_000, b""])
def test_files_that_are_no_plans(tmp_path, name, data):
    home = milestone(tmp_path)
    phase(home)
    (home / name).write_bytes(data)
    result = read(tmp_path)
    about = [d for d in result.diagnostics if d.file.endswith(name)]
    assert about
    assert has_errors(about) or data == b""


def test_what_is_done_is_not_judged(tmp_path):
    home = milestone(tmp_path, status="done")
    (home / "phases/phase-1.md").write_text("---\nstatus: done\n---\n")
    assert codes(read(tmp_path)) == []
    home = milestone(tmp_path, "M2-b")
    (home / "phases/phase-1.md").write_text("---\nstatus: done\n---\n")
    assert codes(read(tmp_path)) == []


def test_a_plan_of_crlf_reads_the_same(tmp_path):
    phase(milestone(tmp_path / "a"))
    home = milestone(tmp_path / "b")
    path = phase(home)
    for file in (path, home / "milestone.md"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert read(tmp_path / "a") == read(tmp_path / "b")
