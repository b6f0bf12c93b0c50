"""People at work in the checkout while a group is built there: nothing of theirs is lost or committed for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drive.test_in_place import free, in_place, status
from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    in_place(made)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    return made


def builds(place: World, meanwhile: str, *, second: str = "") -> None:
    """Phase 1 makes a.txt while a person does something; phase 2 makes b.txt."""
    place.rule({"unit": "M1/phase-1", "role": "worker"}, {"run": f"{meanwhile}\necho a > a.txt"}, times=1)
    place.rule({"unit": "M1/phase-1", "role": "worker"}, {"run": "echo a > a.txt"})
    place.rule({"unit": "M1/phase-2", "role": "worker"}, {"run": f"{second}\necho b > b.txt"})
    place.save()


# Edits


def test_edits_in_the_middle_are_set_aside_and_named(place: World) -> None:
    builds(place, "echo mine > notes.txt; echo mine >> README.md")
    assert place.run("--auto") == 0, place.said()
    assert "README.md, notes.txt" in place.said()
    assert status(place) == "" and place.git("show", "--name-only", "--format=", "main~1") == "a.txt"
    place.git("apply", ".orchestra/quarantine/M1.phase-1.worker-1.patch")
    assert (place.root / "notes.txt").read_text() == "mine\n"


def asked(place: World) -> None:
    """Phase 1 is done, and the agent of phase 2 has half done its work and asks a question."""
    half = [{"run": "echo half > b.txt; git add b.txt; echo half > out.txt"}]
    report = {"report": {"status": "blocked", "notes": "which?"}}
    place.rule({"unit": "M1/phase-1", "role": "worker"}, {"run": "echo a > a.txt"})
    place.rule({"unit": "M1/phase-2", "role": "worker"}, *half, report, times=1)
    place.rule({"unit": "M1/phase-2", "role": "worker"}, {"run": "echo b > b.txt"})
    place.save()
    assert place.run() == 2, place.said()
    place.call("decide", place.json("status")["decisions"][0]["id"], "retry")


def test_the_checkout_is_clean_while_a_person_is_asked(place: World) -> None:
    asked(place)
    assert status(place) == "" and place.subjects()[-1] == "feat(work): a"
    patch = (place.root / ".orchestra/runs/r1/M1.phase-2.worker-1/left-over.patch").read_text()
    assert "b/b.txt" in patch and "b/out.txt" in patch
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-1] == "feat(work): b" and status(place) == "" and free(place)


def test_edits_while_a_person_is_asked_are_refused_or_stashed(place: World) -> None:
    asked(place)
    (place.root / "notes.txt").write_text("mine")
    (place.root / "README.md").write_text("mine")
    place.git("add", "notes.txt")
    assert place.run("--auto") == 1
    assert "README.md, notes.txt" in place.said()
    assert place.run("--auto", "--stash") == 0, place.said()
    assert sorted(status(place).splitlines()) == ["A  notes.txt", "M README.md"]
    assert (place.root / "notes.txt").read_text() == (place.root / "README.md").read_text() == "mine"
    assert place.git("show", "--name-only", "--format=", "main") == "b.txt"


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_changes_that_git_does_not_show_are_not_committed_with_an_agents(place: World, mark: str) -> None:
    (place.root / "shared.txt").write_text("one\n")
    place.git("add", "shared.txt")
    place.git("commit", "-qm", "feat: shared")
    place.git("update-index", mark, "shared.txt")
    (place.root / "shared.txt").write_text("one\nsecret\n")
    phase = next(place.root.rglob("phase-1.md"))
    phase.write_text(phase.read_text().replace("- `a.txt` (new)", "- `a.txt` (new)\n- `shared.txt`"))
    builds(place, "echo theirs >> shared.txt")
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "--name-only", "--format=", "main~1") == "a.txt"
    assert place.git("show", "main:shared.txt") == "one"
    assert (place.root / "shared.txt").read_text() == "one\nsecret\n"
    patch = (place.root / ".orchestra/quarantine/M1.phase-1.worker-1.patch").read_text()
    assert "+theirs" in patch and "+secret" not in patch


def test_ignored_files_are_left_alone(place: World) -> None:
    (place.root / ".gitignore").write_text("*.log\nbuild/\n")
    place.save()
    (place.root / "mine.log").write_text("mine\n")
    builds(place, "mkdir build; echo x > build/out; echo y > agent.log; echo more >> mine.log; false > README.md")
    assert place.run("--auto") == 0, place.said()
    assert (place.root / "mine.log").read_text() == "mine\nmore\n"
    assert (place.root / "build/out").exists() and (place.root / "agent.log").exists()
    assert status(place) == ""


def test_ephemeral_files_of_the_user_are_left_alone(place: World) -> None:
    in_place(place, "test -f a.txt", git={"ephemeral": ["*.tmp"]})
    builds(place, "true")
    for name in ("mine.tmp", ".DS_Store"):
        (place.root / name).write_text("mine\n")
    place.git("update-index", "--refresh", check=False)
    (place.root / ".git/info/exclude").write_text("mine.tmp\n")
    assert place.run("--auto") == 0, place.said()
    assert (place.root / "mine.tmp").exists() and (place.root / ".DS_Store").exists()


# Commits and branches


def commit(name: str, message: str) -> str:
    return f"echo mine > {name}; git add {name}; git commit --quiet --message '{message}' -- {name}"


def test_a_commit_in_the_middle_stops_the_run_and_is_not_touched(place: World) -> None:
    builds(place, commit("mine.txt", "feat: mine"))
    assert place.run("--auto") == 1
    left = place.git("rev-parse", "--short=12", "main~1")
    assert "main has commits that Orchestra did not make" in place.said()
    assert f"git reset --soft {left}" in place.said() and "Traceback" not in place.said()
    assert place.subjects()[-1] == "feat: mine" and (place.root / "mine.txt").read_text() == "mine\n"
    assert place.run("--auto") == 1, "asked again, it says the same"
    assert place.subjects()[-1] == "feat: mine" and (place.root / "mine.txt").read_text() == "mine\n"
    place.git("branch", "mine")
    place.git("reset", "--quiet", "--soft", left)
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]
    assert status(place) == "" and free(place)
    assert "mine.txt" in (place.root / ".orchestra/quarantine/M1.phase-1.worker-1.patch").read_text()


def test_plans_may_be_committed_in_the_middle(place: World) -> None:
    name = ".orchestra/milestones/M9-later/prd.md"
    builds(place, f"mkdir -p {Path(name).parent}; {commit(name, 'docs: plan M9')}")
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-3:] == ["docs: plan M9", "feat(work): a", "feat(work): b"]
    assert place.git("show", f"main:{name}") == "mine"
    assert (place.root / ".orchestra/runs/r1/M1.land").exists(), "verified with those plans before it was pushed"
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert status(place) == "" and free(place)


def test_a_failed_milestone_does_not_take_a_persons_commit_with_it(place: World) -> None:
    in_place(place, "! test -f b.txt")
    name = ".orchestra/milestones/M9-later/prd.md"
    builds(place, f"mkdir -p {Path(name).parent}; {commit(name, 'docs: plan M9')}")
    assert place.run("--auto") == 1, place.said()
    assert place.subjects()[-2:] == ["docs: plan M9", "feat(work): a"]
    assert place.subjects("orchestra/failed/M1") == place.subjects()
    assert "stay on main, because somebody has committed between them" in place.said() + str(place.json("log"))


def test_a_commit_on_top_of_a_finished_milestone_is_not_pushed_with_it(place: World) -> None:
    builds(place, "true")
    assert place.run("--push", "ask") == 2, place.said()
    assert place.subjects(cwd=place.remote)[-1] == "chore: plan"
    (decision,) = place.json("status")["decisions"]
    (place.root / "mine.txt").write_text("mine\n")
    place.git("add", "mine.txt")
    place.git("commit", "--quiet", "--message", "feat: mine", "--", "mine.txt")
    place.call("decide", decision["id"], decision["options"][0])
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-1] == "feat: mine"
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): b"
    assert status(place) == "" and free(place)


def test_a_branch_switched_in_the_middle_stops_the_run(place: World) -> None:
    builds(place, "git switch --quiet --create topic")
    assert place.run("--auto") == 1
    assert "the checkout is on topic, but M1 is built on main" in place.said() and "git switch main" in place.said()
    assert place.git("rev-parse", "main") == place.git("rev-parse", "topic")
    assert (place.root / "a.txt").exists(), "the agent's work is where it was"
    place.git("switch", "--quiet", "main")
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]
    assert place.git("rev-parse", "topic") == place.git("rev-parse", "main~2")
    assert status(place) == "" and free(place)


def test_a_branch_moved_back_in_the_middle_stops_the_run(place: World) -> None:
    builds(place, "true", second="git reset --quiet --hard HEAD~1")
    assert place.run("--auto") == 1
    assert "main was moved to" in place.said() and "git reset --keep" in place.said()
    place.git("reset", "--quiet", "--hard", "orchestra/M1")
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]


# The index


def test_what_people_staged_stays_staged(place: World) -> None:
    plan = next((place.root / ".orchestra/milestones").glob("M1-*/prd.md"))
    builds(place, "true")
    plan.write_text("# Changed\n")
    place.git("add", str(plan))
    plan.write_text("# Changed again\n")
    new = place.root / ".orchestra/blueprints/new.md"
    new.parent.mkdir()
    new.write_text("new\n")
    place.git("add", str(new))
    assert place.run("--auto") == 0, place.said()
    lines = place.git("status", "--porcelain").splitlines()
    name = plan.relative_to(place.root)
    assert f"MM {name}" in lines and "A  .orchestra/blueprints/new.md" in lines
    assert place.git("show", f":{name}") == "# Changed" and plan.read_text() == "# Changed again\n"


def test_an_agent_that_stages_its_work_leaves_no_trace_of_that(place: World) -> None:
    builds(place, "echo half > a.txt; git add a.txt; echo out > out.txt; git add out.txt")
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "main:a.txt") == "a"
    assert status(place) == "" and "out.txt" in place.said()
