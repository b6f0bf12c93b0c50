"""`run` over plans that cannot be carried out: said with file and line, and the healthy milestones run all the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    """M1 is to be broken; M2 is healthy."""
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    made.milestone("M2", [Phase(("m2.txt",), title="m2")])
    made.writes("M1/phase-1", "a.txt")
    made.writes("M1/phase-2", "b.txt")
    made.writes("M2/phase-1", "m2.txt")
    return made


def phase(root: Path) -> Path:
    return root / ".orchestra/milestones/M1-work/phases/phase-1.md"


def table(root: Path) -> Path:
    return root / ".orchestra/milestones/M1-work/milestone.md"


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def bomb(root: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    replaced(phase(root), "status: pending", "status: pending\n" + "\n".join(lines))


def cycle(root: Path) -> None:
    second = phase(root).with_name("phase-2.md")
    replaced(phase(root), "skills: []", "skills: []\ndepends_on: [phase-2]")
    replaced(second, "skills: []", "skills: []\ndepends_on: [phase-1]")


def link(root: Path) -> None:
    outside = root.parent / "outside.md"
    phase(root).rename(outside)
    phase(root).symlink_to(outside)


BROKEN: dict[str, Callable[[Path], object]] = {
    "yaml": lambda root: replaced(phase(root), "skills: []", "skills: [unclosed"),
    "truncated": lambda root: phase(root).write_text("---\nstatus: pend"),
    "empty": lambda root: phase(root).write_text(""),
    "binary": lambda root: phase(root).write_bytes(bytes(range(256)) * 20),
    "not utf-8": lambda root: phase(root).write_bytes(phase(root).read_bytes().replace(b"Objective", b"Obj\xe9ctive")),
    "huge": lambda root: phase(root).write_bytes(phase(root).read_bytes() + b"x" * (50 << 20)),
    "tabs": lambda root: replaced(phase(root), "skills: []", "skills:\n\t- a"),
    "duplicate key": lambda root: replaced(phase(root), "status: pending", "status: pending\nstatus: done"),
    "bomb": bomb,
    "cycle": cycle,
    "dangling": lambda root: replaced(phase(root), "skills: []", "skills: []\ndepends_on: [phase-9]"),
    "link out": link,
    "enum": lambda root: replaced(phase(root), "complexity: quick", "complexity: enormous"),
    "scope out": lambda root: replaced(phase(root), "`a.txt`", "`../a.txt`"),
    "milestone": lambda root: table(root).write_bytes(b"\x00\x01\x02"),
    "milestone enum": lambda root: replaced(table(root), "| Status | ready |", "| Status | soon |"),
    "unknown milestone": lambda root: replaced(
        table(root), "| Status | ready |", "| Status | ready |\n| Depends-On | M7 |"
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_milestone_is_named_and_the_others_run(place: World, name: str) -> None:
    BROKEN[name](place.root)
    place.save()
    assert place.run("--auto", "M1") == 65, place.said()
    assert ".orchestra/milestones/M1-work/" in place.said()
    assert ".md:" in place.said(), "file and line"
    assert "Traceback" not in place.said()
    place.log.unlink()
    assert place.run("--auto") == 65, place.said()
    assert ".md:" in place.said()
    assert "Traceback" not in place.said()
    assert place.subjects()[-1] == "feat(work): m2"
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): m2"
    assert place.statuses()["M2"] == "done"


def test_once_it_is_mended_it_runs(place: World) -> None:
    before = phase(place.root).read_text()
    BROKEN["yaml"](place.root)
    place.save()
    assert place.run("--auto") == 65, place.said()
    phase(place.root).write_text(before)
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]


@pytest.mark.parametrize("name", ["M1 with spaces", "M1..x", "M1-../x", "M-1", "M01-work"])
def test_folders_with_names_that_are_none(tmp_path: Path, name: str) -> None:
    place = world(tmp_path)
    place.milestone("M2", [Phase(("m2.txt",), title="m2")])
    place.writes("M2/phase-1", "m2.txt")
    if "/" not in name:
        (place.root / ".orchestra/milestones" / name / "phases").mkdir(parents=True)
        (place.root / ".orchestra/milestones" / name / "milestone.md").write_text("# Milestone: x\n")
    place.save()
    code = place.run("--auto")
    assert code in (0, 65), place.said()
    assert "Traceback" not in place.said()
    assert place.statuses()["M2"] == "done"


def test_a_healthy_milestone_named_beside_a_broken_one_is_not_started(place: World) -> None:
    """Whoever names milestones wants those: what is wrong with one is said before anything happens."""
    BROKEN["yaml"](place.root)
    place.save()
    assert place.run("--auto", "M2", "M1") == 65
    assert place.subjects()[-1] == "chore: plan"
    assert place.json("status")["run"] is None, "no run was begun for it"


def test_a_dry_run_says_what_a_run_would_pass_over(place: World) -> None:
    BROKEN["yaml"](place.root)
    assert place.run("--dry-run") == 65
    assert "M1 would be passed over" in place.said()
    told = place.json("run", "--dry-run")
    assert [group["id"] for group in told["groups"]] == ["M2"]
    assert [one["id"] for one in told["skipped"]] == ["M1"]


@pytest.mark.parametrize(
    "text",
    ["verification: [", "nonsense", "verification:\n  test: 7\n", "push: sometimes\n", "\x00\x01", "a: &a [*a]\n"],
)
def test_a_broken_configuration_stops_the_run_with_its_line(place: World, text: str) -> None:
    place.save()
    (place.root / ".orchestra/config.yml").write_text(text)
    assert place.run("--auto") == 65, place.said()
    assert "config.yml:" in place.said()
    assert "Traceback" not in place.said()
    assert not (place.root / ".orchestra/state.db").exists()


@pytest.mark.parametrize("break_it", ["rm", "echo ---- >", "mv -t .."])
def test_a_phase_file_that_breaks_while_its_milestone_runs_waits_for_a_person(place: World, break_it: str) -> None:
    second = phase(place.root).with_name("phase-2.md")
    text = second.read_text()
    place.rules[:] = []
    place.rule(
        {"unit": "M1/phase-1"}, {"run": f"{break_it} ../../milestones/M1-work/phases/phase-2.md; echo x > a.txt"}
    )
    place.writes("M1/phase-2", "b.txt")
    place.writes("M2/phase-1", "m2.txt")
    place.save()
    code = place.run("--auto")
    assert "Traceback" not in place.said()
    if break_it == "echo ---- >":
        assert code == 0, "what is only empty leaves the brief empty"
        return
    assert code == 2, place.said()
    assert place.subjects()[-1] == "feat(work): m2", "others go on"
    assert "phase-2.md" in place.json("status")["decisions"][0]["question"]
    second.write_text(text)
    assert place.call("decide", "M1-D1", "retry") == 0
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]


def test_a_folder_that_cannot_be_read(place: World) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read anything")
    phase(place.root).chmod(0)
    place.save()
    assert place.run("--auto") == 65
