"""What can go wrong around a run: git in odd states, remotes that refuse, agents that die, people who interfere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from orchestra.core.model import GroupState
from orchestra.drive.repository import GitWorkspace
from orchestra.git.landing import Advanced
from tests.support import forks
from tests.support.projects import Phase, World, world

DEADLINE_S = 60.0


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a")])
    return made


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.05)


def start(place: World, *words: str) -> subprocess.Popen[bytes]:
    """`orchestra run` in the background."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "scripts")}
    log = place.log.open("ab")
    command = [sys.executable, "-m", "orchestra", *place.words(*words)]
    return subprocess.Popen(command, cwd=place.root, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


# Git in odd states


def test_a_dirty_checkout_is_refused_and_named(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    (place.root / "README.md").write_text("mine\n")
    (place.root / "new.txt").write_text("mine\n")
    assert place.run("--auto") == 1
    assert "README.md, new.txt" in place.said()
    assert place.subjects()[-1] == "chore: plan"


def test_stash_sets_the_changes_aside_and_brings_them_back(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    (place.root / "README.md").write_text("mine\n")
    (place.root / "new.txt").write_text("mine\n")
    place.git("add", "new.txt")
    before = place.git("status", "--porcelain", "--", "README.md", "new.txt")
    assert place.run("--auto", "--stash") == 0, place.said()
    assert place.git("status", "--porcelain", "--", "README.md", "new.txt") == before
    assert (place.root / "a.txt").read_text() == "made\n"


def test_stashed_changes_come_back_after_a_kill(place: World) -> None:
    place.rule({"role": "worker"}, {"write": {"path": "a.txt", "text": "x"}}, {"sleep": 2})
    place.save()
    (place.root / "README.md").write_text("mine\n")
    running = start(place, "--auto", "--stash")
    until(lambda: "attempt 1" in place.said(), "the attempt")
    running.kill()
    running.wait()
    assert place.run("--auto") == 0, place.said()
    assert (place.root / "README.md").read_text() == "mine\n"


def test_a_detached_head_has_no_branch_to_land_on(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    place.git("checkout", "--quiet", "--detach")
    assert place.run("--auto") == 1
    assert "HEAD is detached" in place.said()
    told = place.json("status")
    assert (told["state"], told["reason"].partition(",")[0]) == ("halted", "HEAD is detached")
    assert told["groups"][0]["lease"] is None
    place.config(git={"target": "main"})
    place.git("commit", "--quiet", "--all", "--message", "chore: target")
    assert place.run("--auto") == 0, place.said()
    assert place.subjects("main")[-1] == "feat(work): a"


def test_without_a_remote_the_work_lands_here(tmp_path: Path) -> None:
    place = world(tmp_path, remote=False)
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert "nothing was pushed" in place.said()
    assert place.subjects()[-1] == "feat(work): a"


def test_without_an_upstream_the_branch_of_the_same_name_is_pushed(place: World) -> None:
    place.git("checkout", "--quiet", "-b", "topic")
    place.writes("M1/phase-1", "a.txt")
    place.save()
    place.git("branch", "--unset-upstream", check=False)
    assert place.run("--auto") == 0, place.said()
    assert place.subjects("topic", cwd=place.remote)[-1] == "feat(work): a"
    assert place.subjects("main", cwd=place.remote)[-1] == "chore: start"


def other_clone(place: World) -> Path:
    clone = place.root.parent / "clone"
    place.git("clone", "--quiet", str(place.remote), str(clone), cwd=place.root.parent)
    return clone


def test_a_rejected_push_is_repeated_on_the_remotes_commits_and_verified_there(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "ls > /dev/null", "lint": ""})
    place.writes("M1/phase-1", "a.txt")
    place.save()
    clone = other_clone(place)
    (clone / "theirs.txt").write_text("theirs\n")
    place.git("add", "--all", cwd=clone)
    place.git("-c", "user.name=X", "-c", "user.email=x@x", "commit", "--quiet", "-m", "feat: theirs", cwd=clone)
    place.git("push", "--quiet", cwd=clone)
    assert place.run("--auto") == 0, place.said()
    assert place.subjects(cwd=place.remote)[-2:] == ["feat: theirs", "feat(work): a"]
    assert place.subjects() == place.subjects(cwd=place.remote)
    assert (place.root / "theirs.txt").exists()


def test_commits_of_people_are_not_lost_when_both_sides_have_moved(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    clone = other_clone(place)
    for where, name in ((clone, "theirs.txt"), (place.root, "mine.txt")):
        (where / name).write_text(name)
        place.git("add", name, cwd=where)
        place.git("-c", "user.name=X", "-c", "user.email=x@x", "commit", "--quiet", "-m", f"feat: {name}", cwd=where)
    place.git("push", "--quiet", cwd=clone)
    assert place.run("--auto") == 2, place.said()
    assert "main and origin/main have commits that the other lacks" in place.said()
    assert place.subjects()[-1] == "feat: mine.txt"
    place.git("pull", "--quiet", "--no-rebase", "--no-edit")
    assert place.call("decide", "M1-D1", "retry") == 0
    assert place.run("--auto") == 0, place.said()
    assert {"feat: mine.txt", "feat: theirs.txt", "feat(work): a"} <= set(place.subjects(cwd=place.remote))
    assert place.subjects() == place.subjects(cwd=place.remote)


def test_a_commit_made_during_the_run_stays_and_the_group_goes_on_top(place: World) -> None:
    place.rule({"role": "worker"}, {"run": "git -C ../../.. commit --quiet --allow-empty -m 'feat: meanwhile'"},
               {"write": {"path": "a.txt", "text": "x"}})  # fmt: skip
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-2:] == ["feat: meanwhile", "feat(work): a"]
    assert place.subjects() == place.subjects(cwd=place.remote)


def test_a_commit_made_while_landing_is_left_to_its_author(place: World) -> None:
    hook = place.root / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncd ../project 2>/dev/null || cd .\ngit commit --quiet --allow-empty -m 'feat: late'\n")
    place.writes("M1/phase-1", "a.txt")
    place.save()
    hook.chmod(0o755)
    assert place.run("--auto") == 0, place.said()
    assert "git pull --rebase" in place.said()
    assert place.subjects()[-1] == "feat: late"
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): a"


@pytest.mark.parametrize("push", ["never", "auto"])
def test_a_commit_made_in_the_instant_before_the_branch_moves_is_not_lost(
    place: World, monkeypatch: pytest.MonkeyPatch, push: str
) -> None:
    advance, late = GitWorkspace.advance, ("commit", "--quiet", "--allow-empty", "-m", "feat: late")

    def advances(self: GitWorkspace, group: GroupState, head: str) -> Advanced:
        if "feat: late" not in place.subjects():
            place.git(*late)
        return advance(self, group, head)

    monkeypatch.setattr(GitWorkspace, "advance", advances)
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto", "--push", push) == 0, place.said()
    if push == "never":
        assert place.subjects()[-2:] == ["feat: late", "feat(work): a"]
    else:
        assert place.subjects()[-1] == "feat: late"
        assert place.subjects(cwd=place.remote)[-1] == "feat(work): a"
        assert "git pull --rebase" in place.said()


def test_a_push_that_a_hook_declines_asks_a_person(place: World) -> None:
    hook = place.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho protected by policy >&2\nexit 1\n")
    hook.chmod(0o755)
    place.writes("M1/phase-1", "a.txt")
    (place.root.parent / "script.yml").write_text("[]")
    hook.rename(hook.with_suffix(".off"))
    place.save()
    hook.with_suffix(".off").rename(hook)
    assert place.run("--auto") == 2, place.said()
    assert "protected by policy" in place.json("status")["decisions"][0]["question"]
    assert place.subjects()[-1] == "chore: plan", "what was refused there does not land here"
    hook.unlink()
    assert place.call("decide", "M1-D1", "retry") == 0
    assert place.run("--auto") == 0, place.said()
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): a"


@pytest.mark.parametrize("policy", ["never", "pr-branch"])
def test_push_policies_that_leave_the_remotes_branch_alone(place: World, policy: str) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto", "--push", policy) == 0, place.said()
    assert place.subjects("main", cwd=place.remote)[-1] == "chore: plan"
    branches = place.git("for-each-ref", "--format=%(refname:short)", "refs/heads", cwd=place.remote).split()
    assert branches == (["main"] if policy == "never" else ["main", "orchestra/M1-work"])


def test_push_ask_waits_for_the_answer(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto", "--push", "ask") == 2
    assert place.subjects("main", cwd=place.remote)[-1] == "chore: plan"
    assert place.call("decide", "M1-D1", "push") == 0
    assert place.run("--auto", "--push", "ask") == 0, place.said()
    assert place.subjects("main", cwd=place.remote)[-1] == "feat(work): a"


# Agents and supervisors that die


def test_a_killed_agent_is_an_attempt_that_failed(place: World) -> None:
    place.rule({"attempt": 1}, {"write": {"path": "a.txt", "text": "half"}}, {"run": "kill -9 $PPID"})
    place.writes("M1/phase-1", "a.txt", "whole\n")
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "main:a.txt") == "whole"
    assert place.json("status")["groups"][0]["units"][0]["attempts"] == 2


def test_an_agent_that_still_runs_is_adopted_not_started_twice(place: World) -> None:
    place.rule(
        {"role": "worker"},
        {"run": "echo begun >> ../../runs/begun"},
        {"sleep": 3},
        {"write": {"path": "a.txt", "text": "x"}},
    )
    place.save()
    running = start(place, "--auto")
    begun = place.root / ".orchestra/runs/begun"
    until(begun.exists, "the agent's start")
    running.kill()
    running.wait()
    assert place.run("--auto") == 0, place.said()
    assert begun.read_text() == "begun\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_run_goes_on_later(place: World, number: signal.Signals) -> None:
    place.rule({"role": "worker"}, {"run": "setsid sleep 300 & sleep 300"}, times=1)
    place.writes("M1/phase-1", "a.txt")
    place.save()
    running = start(place, "--auto")
    until(lambda: any(p.name() == "sleep" for p in children_of(running.pid)), "the agent's work")
    below = children_of(running.pid)
    running.send_signal(number)
    assert running.wait(DEADLINE_S) == 130
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in below), "the end of the tree")
    assert place.json("status")["state"] == "halted"
    assert place.run("--auto") == 0, place.said()
    assert place.json("status")["groups"][0]["units"][0]["attempts"] == 1


def children_of(pid: int) -> list[psutil.Process]:
    try:
        below = psutil.Process(pid).children(recursive=True)
        return [p for p in below if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []


def test_stop_ends_the_run_from_another_terminal(place: World) -> None:
    place.rule({"role": "worker"}, {"run": "touch ../../runs/begun"}, {"sleep": 300}, times=1)
    place.writes("M1/phase-1", "a.txt")
    place.save()
    running = start(place, "--auto")
    until((place.root / ".orchestra/runs/begun").exists, "the agent's work")
    assert place.run("--auto") == 75, "somebody else has all there is to do"
    told = place.json("status")
    assert (told["run"], told["state"]) == ("r1", "running"), "not the run that came later and has nothing"
    assert place.json("stop").items() >= {"run": "r1", "message": "stopped", "also": []}.items()
    assert running.wait(DEADLINE_S) == 1
    assert place.json("status")["groups"][0]["units"][0]["liveness"] is None, "nobody works after the stop"
    assert place.run("--auto") == 0, place.said()


def test_stop_ends_a_verification_too(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "touch ../../runs/testing; sleep 300", "lint": ""})
    place.writes("M1/phase-1", "a.txt")
    place.save()
    running = start(place, "--auto")
    until((place.root / ".orchestra/runs/testing").exists, "the verification")
    below = children_of(running.pid)
    running.send_signal(signal.SIGTERM)
    assert running.wait(DEADLINE_S) == 130
    until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in below), "the end of the tree")


def test_no_agent_goes_on_when_the_driver_gives_up(tmp_path: Path) -> None:
    place = world(tmp_path)
    waits = "while ! test -f ../../runs/begun; do sleep 0.1; done; exit 1"
    place.config(pipeline={"parallel": "enabled"}, git={"worktree_setup": f"case $PWD in *-2) {waits};; esac"})
    place.milestone("M1", [Phase(("a.txt",), ()), Phase(("b.txt",), ())])
    place.rule({"role": "worker"}, {"run": "touch ../../runs/begun"}, {"run": "exec sleep 300"})
    place.save()
    assert place.run("--auto") == 1
    assert "git.worktree_setup failed" in place.said()
    assert [p for p in psutil.process_iter() if str(tmp_path) in _job_of(p)] == []


def test_a_run_whose_folder_is_deleted_ends_with_a_sentence_and_so_do_its_agents(tmp_path: Path) -> None:
    place = world(tmp_path)
    place.config(pipeline={"parallel": "enabled"})
    place.milestone("M1", [Phase(("a.txt",), ()), Phase(("b.txt",), ())])
    place.rule({"unit": "M1/phase-1"}, {"run": "touch ../../../../begun; exec sleep 300"})
    wait = "while ! test -f ../../../../begun; do sleep 0.1; done"
    place.rule({"unit": "M1/phase-2"}, {"run": f"{wait}; cd /; rm -rf $ORCHESTRA_PROJECT/.orchestra; exec sleep 300"})
    place.save()
    assert place.run("--auto") == 1, place.said()
    assert "is gone" in place.said()
    assert [p for p in psutil.process_iter() if str(tmp_path) in _job_of(p)] == []


def _job_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get("ORCHESTRA_JOB", ""))
    except psutil.Error:
        return ""


def test_a_usage_limit_parks_and_goes_on_by_itself(place: World) -> None:
    place.rule(
        {"role": "worker"}, {"write": {"path": "a.txt", "text": "half"}}, {"fail": "limit", "reset_in": 1}, times=1
    )
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert "is parked until" in place.said()
    assert place.json("status")["groups"][0]["units"][0]["attempts"] == 1


def test_an_agent_that_is_not_logged_in_needs_a_person(place: World) -> None:
    place.rule({"role": "worker"}, {"fail": "auth"}, times=1)
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 2, place.said()
    assert place.call("decide", "M1-D1", "retry") == 0
    assert place.run("--auto") == 0, place.said()


# Ownership


def test_two_supervisors_share_the_milestones(place: World) -> None:
    for number in range(2, 7):
        place.milestone(f"M{number}", [Phase((f"m{number}.txt",), title=f"m{number}")])
    place.rule({"role": "worker"}, {"sleep": 0.2}, {"run": 'echo x > "$(basename $(ls -d ../..))".txt'})
    place.rules.clear()
    for number in range(1, 7):
        name = "a.txt" if number == 1 else f"m{number}.txt"
        place.rule({"unit": f"M{number}/phase-1"}, {"sleep": 0.2}, {"write": {"path": name, "text": "x"}})
    place.save()
    first, second = start(place, "--auto"), start(place, "--auto")
    codes = sorted((first.wait(DEADLINE_S), second.wait(DEADLINE_S)))
    assert codes[0] == 0, place.said()
    assert place.run("--auto") == 0, place.said()
    landed = place.subjects()[2:]
    assert sorted(landed) == sorted(["feat(work): a", *(f"feat(work): m{n}" for n in range(2, 7))])
    assert place.subjects(cwd=place.remote) == place.subjects()


def test_a_stopped_leader_whose_lease_was_taken_is_refused(place: World) -> None:
    place.config(thresholds={"lock_timeout_minutes": 0.02})
    place.rule({"role": "worker"}, {"sleep": 2}, {"write": {"path": "a.txt", "text": "x"}})
    place.save()
    leader = start(place, "--auto")
    until(lambda: "attempt 1" in place.said(), "the attempt")
    leader.send_signal(signal.SIGSTOP)
    try:
        until(lambda: not place.json("lock", "show", "M1")["alive"], "the lease to grow stale")
        assert place.run("--auto") == 0, place.said()
    finally:
        leader.send_signal(signal.SIGCONT)
    assert leader.wait(DEADLINE_S) == 75
    assert "taken over by another process" in place.said()
    assert place.subjects()[-1] == "feat(work): a"
    assert place.subjects().count("feat(work): a") == 1


def test_a_young_foreign_lock_is_respected(place: World) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path = next((place.root / ".orchestra/milestones").glob("M1-*/milestone.md"))
    path.write_text(path.read_text() + f"| Locked-By | {stamp} |\n")
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 75, place.said()
    path.write_text(path.read_text().replace(stamp, "2020-01-01T00:00:00"))
    place.git("commit", "--quiet", "--all", "--message", "chore: old lock")
    assert place.run("--auto") == 0, place.said()


# The disk


def test_a_read_only_orchestra_folder_is_said_so(place: World) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    place.save()
    (place.root / ".orchestra").chmod(0o555)
    assert place.run("--auto") == 1
    assert "Traceback" not in place.said()


def test_verification_commands_that_do_not_exist_are_an_error(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "no-such-program --all", "lint": ""})
    place.save()
    assert place.run("--auto") == 65
    assert "no-such-program" in place.said()


def test_the_picture_of_a_killed_run_is_told_by_status(place: World) -> None:
    place.rule({"role": "worker"}, {"sleep": 300})
    place.save()
    running = start(place, "--auto")
    until(lambda: "attempt 1" in place.said(), "the attempt")
    unit = place.json("status")["groups"][0]["units"][0]
    assert (unit["status"], unit["liveness"]) == ("in-progress", "working")
    running.send_signal(signal.SIGTERM)
    running.wait(DEADLINE_S)


def test_clones_on_other_machines_are_fenced_through_the_remote(place: World) -> None:
    place.config(leases={"remote": "origin"})
    place.rule({"role": "worker"}, {"sleep": 2}, {"write": {"path": "a.txt", "text": "x"}})
    place.save()
    there = World(other_clone(place))
    there.git("config", "user.name", "Other")
    there.git("config", "user.email", "other@localhost")
    here = start(place, "--auto")
    until(lambda: "attempt 1" in place.said(), "the attempt")
    assert forks.orchestra(there.root, place.words("--auto"), log=there.root.parent / "there.log") == 75
    assert here.wait(DEADLINE_S) == 0, place.said()
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): a"
    refs = place.git("for-each-ref", "refs/orchestra", "--format=%(refname)", cwd=place.remote)
    assert refs == "", "the lease was given back"


def test_a_lock_that_is_claimed_by_hand_holds_in_other_clones_too(place: World) -> None:
    place.config(leases={"remote": "origin"})
    place.save()
    there = World(other_clone(place))
    assert place.call("lock", "claim", "M1", "--holder", "ann") == 0, place.said()
    assert there.call("lock", "claim", "M1", "--holder", "bob") == 75
    assert "/ann/" in there.json("lock", "show", "M1")["holder"]
    assert there.call("lock", "claim", "M1", "--holder", "bob", "--take-over") == 0
    assert place.call("lock", "renew", "M1", "--holder", "ann") == 75, "she was set aside"
    assert place.call("lock", "release", "M1", "--holder", "ann") == 0
    assert there.json("lock", "show", "M1")["holder"].split("/")[1] == "bob", "hers was not his to give back"
    assert there.call("lock", "release", "M1", "--holder", "bob") == 0
    assert place.git("for-each-ref", "refs/orchestra", cwd=place.remote) == ""


def test_a_collision_with_others_work_is_settled_by_a_person(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    there = World(other_clone(place))
    (there.root / "a.txt").write_text("theirs\n")
    there.git("add", "a.txt")
    there.git("-c", "user.name=O", "-c", "user.email=o@localhost", "commit", "--quiet", "--message", "feat: theirs")
    there.git("push", "--quiet", "origin", "main")
    assert place.run("--auto") == 2, place.said()
    assert "M1 collides with" in place.said()
    own = place.root.parent / "own"
    place.git("fetch", "--quiet")
    place.git("worktree", "add", "--quiet", str(own), "orchestra/M1")
    place.git("rebase", "--quiet", "--strategy-option=theirs", "origin/main", cwd=own)
    assert place.call("decide", "M1-D1", "retry") == 0, place.said()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects(cwd=place.remote)[-2:] == ["feat: theirs", "feat(work): a"]
    assert place.git("show", "main:a.txt", cwd=place.remote) == "made"


def test_a_supervisor_that_was_killed_takes_its_own_remote_lease_again(place: World) -> None:
    place.config(leases={"remote": "origin"})
    place.rule(
        {"role": "worker"}, {"run": "touch ../../runs/begun"}, {"sleep": 1}, {"write": {"path": "a.txt", "text": "x"}}
    )
    place.save()
    running = start(place, "--auto")
    until((place.root / ".orchestra/runs/begun").exists, "the agent's work")
    running.kill()
    running.wait()
    assert place.run("--auto") == 0, place.said()
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): a"


def test_what_another_clone_has_landed_is_not_made_again(place: World) -> None:
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    there = World(other_clone(place))
    there.git("config", "user.name", "Other")
    there.git("config", "user.email", "other@localhost")
    log = there.root.parent / "there.log"
    assert forks.orchestra(there.root, place.words("--auto"), log=log) == 0, log.read_text()
    assert there.subjects() == place.subjects()
    assert "attempt" not in log.read_text()
    there.git("revert", "--no-edit", "HEAD")
    (there.root / ".orchestra/state.db").unlink()
    there.git("checkout", "--quiet", "--", ".orchestra")
    there.git("clean", "--force", "--quiet", ".orchestra/milestones")
    assert forks.orchestra(there.root, place.words("--auto"), log=log) == 0, log.read_text()
    assert there.subjects()[-2:] == ['Revert "feat(work): a"', "feat(work): a"]
