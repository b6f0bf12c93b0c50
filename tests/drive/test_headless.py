"""`orchestra run` over real milestones, with real git and real agent processes that follow a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path)


def test_milestones_run_in_numeric_order_and_are_pushed(place: World) -> None:
    for number in (10, 2):
        place.milestone(f"M{number}", [Phase((f"m{number}.txt",), title=f"file of M{number}")])
        place.writes(f"M{number}/phase-1", f"m{number}.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): file of M2", "feat(work): file of M10"]
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert place.statuses() == {"M2": "done", "M10": "done"}


def test_a_second_run_does_nothing_again(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",))])
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    before = place.git("rev-parse", "main")
    assert place.run("--auto") == 0, place.said()
    assert place.git("rev-parse", "main") == before


def test_a_phase_added_to_a_milestone_that_is_done_is_made(place: World) -> None:
    folder = place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.writes("M1/phase-1", "a.txt")
    place.writes("M1/phase-2", "b.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    first = (folder / "phases/phase-1.md").read_text()
    second = first.replace("a.txt", "b.txt").replace("order: 1", "order: 2").replace("status: done", "status: pending")
    (folder / "phases/phase-2.md").write_text(second.partition("## Result")[0])
    assert place.run("--auto") == 0
    assert place.subjects()[-1] == "feat(work): a", "a milestone that is done waits for `ready`"
    assert place.call("ready", "M1", "--no-review") == 0, place.said()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): a"]
    assert place.statuses() == {"M1": "done"}


def test_a_milestone_that_is_still_planned_is_left_alone(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",))], status="planning")
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 0
    assert "nothing is ready to run; still being planned: M1" in place.said()
    assert place.statuses() == {"M1": "planning"}
    assert place.run("--auto", "M1") == 1
    assert "M1 is still being planned" in place.said()
    assert place.run("--auto", "--include-planning") == 0, place.said()
    assert place.statuses() == {"M1": "done"}


def test_a_failed_milestone_never_reaches_the_remote(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "! test -f bad.txt", "lint": ""})
    place.milestone("M1", [Phase(("good.txt",), title="good"), Phase(("bad.txt",), title="bad")])
    place.milestone("M2", [Phase(("other.txt",), title="other")])
    place.writes("M1/phase-1", "good.txt")
    place.writes("M1/phase-2", "bad.txt")
    place.writes("M2/phase-1", "other.txt")
    place.save()
    assert place.run("--auto") == 1
    assert place.statuses() == {"M1": "failed", "M2": "done"}
    assert place.subjects(cwd=place.remote) == ["chore: start", "chore: plan", "feat(work): other"]
    assert place.subjects("orchestra/failed/M1")[-1] == "feat(work): good"


def test_a_failed_milestone_goes_on_where_it_stood_when_it_is_named(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "! test -f bad.txt", "lint": ""})
    place.milestone("M1", [Phase(("good.txt",), title="good"), Phase(("*.txt",), title="bad")])
    place.writes("M1/phase-1", "good.txt")
    place.rule({"unit": "M1/phase-2", "attempt": "[123]"}, {"write": {"path": "bad.txt", "text": "x"}})
    place.rule({"unit": "M1/phase-2"}, {"write": {"path": "fine.txt", "text": "x"}})
    place.save()
    assert place.run("--auto") == 1
    assert place.run("--auto") == 0, "a failed milestone is not tried again unasked"
    assert place.statuses() == {"M1": "failed"}
    assert place.run("--auto", "M1") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): good", "feat(work): bad"]
    assert place.git("for-each-ref", "refs/heads", "--format=%(refname:short)") == "main"


def test_dependants_of_a_failed_milestone_wait(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "false", "lint": ""})
    place.milestone("M1", [Phase(("a.txt",))])
    place.milestone("M2", [Phase(("b.txt",))], rows="| Depends-On | M1 |\n")
    place.writes("M1/phase-1", "a.txt")
    place.writes("M2/phase-1", "b.txt")
    place.save()
    assert place.run("--auto") == 1
    assert place.statuses()["M1"] == "failed"
    assert "M2 was passed over: it depends on M1" in place.said()


def test_parallel_phases_are_committed_in_order_and_verified_together(place: World) -> None:
    place.config(
        pipeline={"parallel": "enabled"},
        verification={"typecheck": "", "test": "! { test -f b.txt && test -f c.txt && ! test -f a.txt; }", "lint": ""},
    )
    free: tuple[str, ...] = ()
    phases = [Phase(("a.txt",), title="a"), Phase(("b.txt",), free, title="b"), Phase(("c.txt",), free, title="c")]
    place.milestone("M1", phases)
    place.rule({"unit": "M1/phase-1"}, {"write": {"path": "a.txt", "text": "a"}})
    place.rule({"unit": "M1/phase-2"}, {"sleep": 0.6}, {"write": {"path": "b.txt", "text": "b"}})
    place.rule({"unit": "M1/phase-3"}, {"write": {"path": "c.txt", "text": "c"}})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-3:] == ["feat(work): a", "feat(work): b", "feat(work): c"]
    assert "moved onto" in place.said()


def test_fixes_that_collide_are_tried_again_on_the_new_tip(place: World) -> None:
    place.config(pipeline={"parallel": "enabled"})
    place.milestone("M1", [Phase(("a.txt",), ()), Phase(("b.txt",), ())], complexity="standard")
    for number, name in ((1, "a.txt"), (2, "b.txt")):
        unit = f"M1/phase-{number}"
        place.rule({"unit": unit, "purpose": "build"}, {"write": {"path": name, "text": "old"}})
        place.rule(
            {"unit": unit, "purpose": "fix", "attempt": 2},
            {"sleep": 0.5 * number},
            {"write": {"path": "a.txt", "text": unit}},
        )
        place.rule({"unit": unit, "purpose": "fix"}, {"write": {"path": "b.txt", "text": "mended"}})
    findings = [{"severity": "blocking", "file": name, "title": f"{name} is old"} for name in ("a.txt", "b.txt")]
    place.rule({"role": "reviewer"}, {"findings": findings}, times=1)
    place.approves()
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert "collides with units committed meanwhile, in a.txt" in place.said()
    assert place.git("show", "main:a.txt") == "M1/phase-1"
    assert place.git("show", "main:b.txt") == "mended"


def test_review_fix_and_scoped_review(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="standard")
    place.rule({"unit": "M1/phase-1", "purpose": "build"}, {"write": {"path": "a.txt", "text": "wrong"}})
    place.rule({"unit": "M1/phase-1", "purpose": "fix"}, {"write": {"path": "a.txt", "text": "right"}})
    finding = {"severity": "blocking", "file": "a.txt", "line": 1, "title": "it is wrong", "detail": "mend it"}
    place.rule({"role": "reviewer"}, {"findings": [finding]}, times=1)
    unrelated = {"severity": "blocking", "file": "README.md", "title": "I never looked at this before"}
    place.rule({"role": "reviewer"}, {"findings": [unrelated]})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "fix(work): it is wrong"]
    assert place.git("show", "main:a.txt") == "right"


def test_a_review_that_never_converges_asks_a_person(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="standard")
    place.milestone("M2", [Phase(("b.txt",), title="b")])
    place.writes("M2/phase-1", "b.txt")
    place.rule({"unit": "M1/phase-1"}, {"run": "date +%N >> a.txt"})
    finding = {"severity": "important", "file": "a.txt", "title": "still not good"}
    place.rule({"role": "reviewer"}, {"findings": [finding]})
    place.save()
    assert place.run("--auto") == 2, place.said()
    assert place.statuses() == {"M1": "review", "M2": "done"}
    status = place.json("status")
    assert status["state"] == "waiting-for-you"
    (decision,) = status["decisions"]
    assert decision["options"] == ["fix", "accept", "stop"]
    assert place.call("decide", decision["id"], "accept") == 0
    assert place.run("--auto") == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done"}


def test_a_new_work_tree_is_set_up_once(place: World) -> None:
    place.config(git={"worktree_setup": "echo made > tool.log && echo x >> ../../runs/setups"})
    (place.root / ".gitignore").write_text("*.log\n")
    place.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    for number, name in ((1, "a.txt"), (2, "b.txt")):
        place.rule({"unit": f"M1/phase-{number}"}, {"run": f"cp tool.log {name}"})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "main:b.txt") == "made"
    assert (place.root / ".orchestra/runs/setups").read_text() == "x\n"


def test_a_set_up_that_fails_ends_the_run_with_its_log(place: World) -> None:
    place.config(git={"worktree_setup": "echo no network >&2; false"})
    place.milestone("M1", [Phase(("a.txt",))])
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 1
    assert "git.worktree_setup failed" in place.said()
