"""`git.strategy: in-place`: whole milestones in the user's checkout, with real git and real agent processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.projects import Phase, World, world

CHECKS = {"typecheck": "", "lint": ""}


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    in_place(made)
    return made


def in_place(place: World, test: str = "true", **sections: object) -> None:
    git = {"strategy": "in-place", **dict(sections.pop("git", {}))}  # type: ignore[call-overload]
    place.config(git=git, verification={**CHECKS, "test": test}, **sections)


def status(place: World) -> str:
    """What git says of the checkout, but for the views, which belong to people to commit."""
    lines = place.git("status", "--porcelain", "--untracked-files=all").splitlines()
    return "\n".join(line.strip() for line in lines if " .orchestra/" not in line)


def free(place: World) -> bool:
    """Nothing of a group is left in the repository: no hold, branch or work tree."""
    shown = place.git("for-each-ref", "refs/heads/orchestra", "refs/orchestra", "--format=%(refname)").splitlines()
    branches = [ref for ref in shown if not ref.startswith("refs/orchestra/remotes/")]
    trees = list((place.root / ".orchestra/worktrees").glob("*"))
    return not (place.root / ".git/orchestra-in-place").exists() and not branches and not trees


def test_a_milestone_is_built_in_the_checkout_and_pushed(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    place.rule({"unit": "M1/phase-1"}, {"run": "pwd > ../where; echo a > a.txt"})
    place.rule({"unit": "M1/phase-2"}, {"run": "cat a.txt > b.txt; git log -1 --format=%s >> b.txt"})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert (place.root.parent / "where").read_text().strip() == str(place.root)
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]
    assert place.git("show", "main:b.txt") == "a\nfeat(work): a", "the second phase works on the first one's commit"
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert status(place) == "" and free(place)
    assert not (place.root / ".orchestra/runs/r1/M1.land").exists(), "what is proved is not verified again"
    assert place.run("--auto") == 0
    assert len(place.subjects()) == 4


def test_the_user_sees_each_commit_when_it_is_made(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    place.writes("M1/phase-1", "a.txt")
    place.rule({"unit": "M1/phase-2"}, {"run": "git status --porcelain | grep -v orchestra > ../seen; echo b > b.txt"})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert (place.root.parent / "seen").read_text() == ""


def test_what_is_out_of_scope_is_set_aside_and_can_be_applied_again(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.rule({"role": "worker"}, {"run": "echo a > a.txt; echo more >> README.md; printf '\\0\\1' > new.bin"})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "--name-only", "--format=", "main") == "a.txt"
    assert status(place) == "" and not (place.root / "new.bin").exists()
    place.git("apply", ".orchestra/quarantine/M1.phase-1.worker-1.patch")
    assert (place.root / "README.md").read_text().endswith("more\n")
    assert (place.root / "new.bin").read_bytes() == b"\0\1"


def test_a_failed_verification_is_mended_by_the_same_agent(place: World) -> None:
    in_place(place, "echo junk > artifact.txt; grep -q right a.txt")
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.rule({"role": "worker"}, {"run": "if test -f a.txt; then echo right > a.txt; else echo wrong > a.txt; fi"})
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "main:a.txt") == "right"
    assert place.subjects()[-1] == "feat(work): a"
    assert status(place) == "", "what the verification made is not left for the user"


def test_review_and_fix(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="standard")
    place.rule({"unit": "M1/phase-1", "purpose": "build"}, {"write": {"path": "a.txt", "text": "wrong"}})
    place.rule({"unit": "M1/phase-1", "purpose": "fix"}, {"write": {"path": "a.txt", "text": "right"}})
    finding = {"severity": "blocking", "file": "a.txt", "line": 1, "title": "it is wrong", "detail": "mend it"}
    place.rule({"role": "reviewer"}, {"run": "cat a.txt > ../read; touch x"}, {"findings": [finding]}, times=1)
    place.approves()
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): a", "fix(work): it is wrong"]
    assert (place.root.parent / "read").read_text() == "wrong"
    assert status(place) == "" and free(place)


def test_an_rfc_is_written_where_it_belongs(place: World) -> None:
    folder = place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="full")
    name = f"{folder.relative_to(place.root)}/rfc.md"
    place.rule({"role": "architect"}, {"write": {"path": name, "text": "# RFC\n"}})
    place.writes("M1/phase-1", "a.txt")
    place.approves()
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert (folder / "rfc.md").read_text() == "# RFC\n"
    assert place.git("show", "--name-only", "--format=", "main") == "a.txt"


def test_parallel_phases_share_the_branch_and_one_has_the_checkout(place: World) -> None:
    in_place(place, "! { test -f b.txt && ! test -f a.txt; }", pipeline={"parallel": "enabled"})
    phases = [Phase((f"{name}.txt",), (), title=name) for name in "abc"]
    place.milestone("M1", phases)
    for number, name in enumerate("abc", 1):
        place.rule({"unit": f"M1/phase-{number}"}, {"run": f"pwd >> $ORCHESTRA_PROJECT/../where; echo x > {name}.txt"})
    place.save()
    assert place.run("--auto", "--max-parallel", "3") == 0, place.said()
    assert place.subjects()[-3:] == ["feat(work): a", "feat(work): b", "feat(work): c"]
    trees = [str(place.root), *(f"{place.root}/.orchestra/worktrees/M1-{number}" for number in (1, 2))]
    assert sorted(set((place.root.parent / "where").read_text().split())) == trees
    assert status(place) == "" and free(place)


def test_the_checkout_stays_as_it_is_under_an_agent(place: World) -> None:
    """A unit beside it is committed meanwhile: the agent sees its base to the end, and its work is merged onto that."""
    in_place(place, "sleep 0.3", pipeline={"parallel": "enabled"})
    # More hangs on the second phase, so it goes first and gets the checkout; but the first is committed first.
    place.milestone("M1", [Phase(("quick.txt",), ()), Phase(("long.txt",), ()), Phase(("end.txt",), ("phase-2",))])
    place.writes("M1/phase-1", "quick.txt")
    wait = "while test $(git rev-list --count main) = 2; do sleep 0.05; done"
    place.rule({"unit": "M1/phase-2"}, {"run": f"{wait}; ls > long.txt; pwd > ../where"})
    place.rule({"unit": "M1/phase-3"}, {"run": "ls > end.txt"})
    place.save()
    assert place.run("--auto", "--max-parallel", "2") == 0, place.said()
    assert (place.root.parent / "where").read_text().strip() == str(place.root)
    assert place.git("show", "main:long.txt") == "README.md\nlong.txt", "the other unit's file was not there yet"
    assert place.git("show", "main:end.txt") == "README.md\nend.txt\nlong.txt\nquick.txt"
    assert "moved onto" in place.said() and not list((place.root / ".orchestra/quarantine").glob("*"))
    assert status(place) == "" and free(place)


def test_fixes_that_collide_are_tried_again(place: World) -> None:
    in_place(place, pipeline={"parallel": "enabled"})
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
    assert (place.git("show", "main:a.txt"), place.git("show", "main:b.txt")) == ("M1/phase-1", "mended")
    assert status(place) == "" and free(place)


# What failed


def failing(place: World) -> None:
    in_place(place, "! test -f bad.txt")
    place.milestone("M1", [Phase(("good.txt",), title="good"), Phase(("*.txt",), title="bad")])
    place.milestone("M2", [Phase(("other.txt",), title="other")])
    place.writes("M1/phase-1", "good.txt")
    place.rule({"unit": "M1/phase-2", "attempt": "[123]"}, {"write": {"path": "bad.txt", "text": "x"}})
    place.rule({"unit": "M1/phase-2"}, {"write": {"path": "fine.txt", "text": "x"}})
    place.writes("M2/phase-1", "other.txt")


def test_a_failed_milestone_leaves_the_branch_and_is_not_pushed_by_the_next(place: World) -> None:
    failing(place)
    place.save()
    assert place.run("--auto") == 1
    assert place.statuses() == {"M1": "failed", "M2": "done"}
    assert place.subjects() == ["chore: start", "chore: plan", "feat(work): other"]
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert place.subjects("orchestra/failed/M1")[-1] == "feat(work): good"
    assert status(place) == "" and not (place.root / "good.txt").exists() and not (place.root / "bad.txt").exists()
    patch = ".orchestra/runs/r1/M1.phase-2.worker-3/left-over.patch"
    place.git("apply", patch)
    assert (place.root / "bad.txt").exists(), "what the last attempt left can be brought back"


def test_a_failed_milestone_is_taken_up_again_on_top_of_the_next(place: World) -> None:
    failing(place)
    place.save()
    assert place.run("--auto") == 1
    assert place.run("--auto", "M1") == 0, place.said()
    assert place.subjects()[-3:] == ["feat(work): other", "feat(work): good", "feat(work): bad"]
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert status(place) == "" and free(place)


def test_what_a_failed_milestone_collides_with_is_named(place: World) -> None:
    failing(place)
    place.rules[-1] = {"when": {"unit": "M2/phase-1"}, "do": [{"write": {"path": "good.txt", "text": "another"}}]}
    phase = next((place.root / ".orchestra/milestones/M2-work/phases").iterdir())
    phase.write_text(phase.read_text().replace("other.txt", "good.txt"))
    place.save()
    assert place.run("--auto") == 1
    assert place.run("--auto", "M1") == 1
    assert "collides with main in good.txt; it is on orchestra/failed/M1" in place.said()
    assert status(place) == "" and place.subjects("orchestra/failed/M1")[-1] == "feat(work): good"
    assert not (place.root / ".git/orchestra-in-place").exists()


def test_a_milestone_that_waits_for_a_person_keeps_the_checkout(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="standard")
    place.milestone("M2", [Phase(("b.txt",), title="b")])
    place.writes("M2/phase-1", "b.txt")
    place.rule({"unit": "M1/phase-1"}, {"run": "date +%N >> a.txt"})
    place.rule({"role": "reviewer"}, {"findings": [{"severity": "important", "file": "a.txt", "title": "not good"}]})
    place.save()
    assert place.run("--auto") == 2, place.said()
    assert "M2 was passed over: locked: M1 is being built in this checkout" in place.said()
    assert place.subjects(cwd=place.remote)[-1] == "chore: plan"
    (decision,) = place.json("status")["decisions"]
    assert place.call("decide", decision["id"], "accept") == 0
    assert place.run("--auto") == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done"}
    assert place.subjects(cwd=place.remote) == place.subjects()


# Where the checkout stands


def test_a_detached_head_is_refused(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",))])
    place.save()
    place.git("checkout", "--quiet", "--detach")
    assert place.run("--auto") == 1
    assert "HEAD is detached, so there is no branch to land on" in place.said()


def test_another_target_than_the_branch_checked_out_is_refused(place: World) -> None:
    in_place(place, git={"target": "main"})
    place.milestone("M1", [Phase(("a.txt",))])
    place.save()
    place.git("switch", "--quiet", "--create", "topic")
    assert place.run("--auto") == 1
    assert "the checkout is on topic, but M1 is built on main" in place.said() and "git switch main" in place.said()


def test_a_dirty_checkout_is_refused_or_stashed(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.writes("M1/phase-1", "a.txt")
    place.save()
    (place.root / "README.md").write_text("mine\n")
    (place.root / "new.txt").write_text("mine\n")
    assert place.run("--auto") == 1
    assert "README.md, new.txt" in place.said()
    assert place.run("--auto", "--stash") == 0, place.said()
    assert place.subjects()[-1] == "feat(work): a"
    assert status(place) == "M README.md\n?? new.txt"


def test_a_milestone_begun_in_the_checkout_is_finished_there(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    place.writes("M1/phase-1", "a.txt")
    place.rule({"unit": "M1/phase-2"}, {"say": "what now?"}, {"report": {"status": "blocked"}}, times=1)
    place.rule({"unit": "M1/phase-2"}, {"run": "pwd > ../where; echo b > b.txt"})
    place.save()
    assert place.run() == 2, place.said()
    assert place.subjects()[-1] == "feat(work): a"
    place.config(verification={**CHECKS, "test": "true"})
    (decision,) = place.json("status")["decisions"]
    assert place.call("decide", decision["id"], "retry") == 0
    assert place.run("--auto") == 0, place.said()
    assert (place.root.parent / "where").read_text().strip() == str(place.root)
    assert status(place) == "" and free(place)
