"""`run --command`: any program as the agent, from its environment to what its exit code comes to."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.live import started, until, working_in
from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a")])
    made.save()
    return made


def agent(place: World, text: str) -> str:
    """A shell script as agent; `$OUT` is a folder that outlives its work tree."""
    out = place.root.parent / "out"
    out.mkdir(exist_ok=True)
    script = place.root.parent / "agent.sh"
    script.write_text(f"#!/bin/sh\nOUT={shlex.quote(str(out))}\n{text}\n")
    script.chmod(0o755)
    return str(script)


def run(place: World, text: str, *words: str) -> int:
    command = ["run", "--backend", "command", "--command", agent(place, text), *words]
    return forks.orchestra(place.root, command, log=place.log)


def out(place: World, name: str) -> str:
    return (place.root.parent / "out" / name).read_text()


def unit(place: World) -> dict[str, object]:
    return dict(place.json("status")["groups"][0]["units"][0])


def failures(place: World) -> list[str]:
    return [e["data"]["reason"] for e in place.json("log")["events"] if e["type"] == "attempt-failed"]


# What it finds


def test_the_environment_is_the_one_of_the_contract(place: World) -> None:
    script = 'env > "$OUT/env"; pwd -P > "$OUT/pwd"; cp "$ORCHESTRA_PROMPT_FILE" "$OUT/prompt"\n'
    script += 'cp "$ORCHESTRA_SCOPE" "$OUT/scope"; echo x > a.txt'
    assert run(place, script, "--auto") == 0, place.said()
    env = dict(line.partition("=")[::2] for line in out(place, "env").splitlines() if line.startswith("ORCHESTRA_"))
    tree = place.root / ".orchestra/worktrees/M1-1"
    assert out(place, "pwd").strip() == str(tree.resolve())
    named = {key: env[key] for key in ("TICKET", "UNIT", "ROLE", "ATTEMPT", "PROJECT") for key in [f"ORCHESTRA_{key}"]}
    assert named == {
        "ORCHESTRA_TICKET": "M1.phase-1.worker-1",
        "ORCHESTRA_UNIT": "M1/phase-1",
        "ORCHESTRA_ROLE": "worker",
        "ORCHESTRA_ATTEMPT": "1",
        "ORCHESTRA_PROJECT": str(place.root),
    }
    scope = json.loads(out(place, "scope"))
    assert set(scope) == {"version", "root", "ticket", "role", "enforcement", "write", "blocked_commands"}
    assert (scope["version"], scope["root"], scope["enforcement"]) == (1, str(tree), "strict")
    assert "a.txt" in scope["write"]
    assert "a.txt" in out(place, "prompt")


def test_it_stands_on_the_group_and_in_no_git_environment(place: World) -> None:
    script = 'git log --format=%s -1 > "$OUT/head"; git symbolic-ref -q HEAD > "$OUT/branch"\n'
    script += 'env | grep -c -e ^GIT_DIR -e ^GIT_INDEX -e ^GIT_WORK -e ^GIT_CONFIG > "$OUT/git"; echo x > a.txt'
    assert run(place, script, "--auto") == 0, place.said()
    assert out(place, "head") == "chore: plan\n"
    assert out(place, "branch") == "", "no branch is checked out that an agent could move"
    assert out(place, "git") == "0\n"


def test_a_command_line_with_arguments_and_pipes(place: World) -> None:
    command = ["run", "--backend", "command", "--command", "echo 'it''s' | tr s S > a.txt && true", "--auto"]
    assert forks.orchestra(place.root, command, log=place.log) == 0, place.said()
    assert place.git("show", "main:a.txt") == "itS"


# Its exit code


def test_zero_is_done_and_stdout_is_the_final_message(place: World) -> None:
    assert run(place, "echo x > a.txt; echo 'All of it.'; echo noise >&2", "--auto") == 0, place.said()
    finals = [e["data"]["final"] for e in place.json("log")["events"] if e["type"] == "turn-ended"]
    assert finals == ["All of it."]


def test_zero_without_work_is_not_done(place: World) -> None:
    assert run(place, "echo 'I am done, believe me'", "--auto") == 1
    assert unit(place)["status"] == "failed"
    assert all("nothing in your scope has changed" in reason for reason in failures(place))


@pytest.mark.parametrize(("code", "told"), [(3, "exit code 3: it broke"), (127, "command not found")])
def test_another_code_is_a_failed_attempt_with_its_last_words(place: World, code: int, told: str) -> None:
    assert run(place, f"echo x > a.txt; echo 'it broke' >&2; exit {code}", "--auto") == 1
    assert len(failures(place)) == 3
    assert all(told in reason for reason in failures(place))


def test_a_program_that_is_not_there(place: World) -> None:
    command = ["run", "--backend", "command", "--command", "no-such-agent-program", "--auto"]
    code = forks.orchestra(place.root, command, log=place.log)
    assert code in (1, 65), place.said()
    assert "no-such-agent-program" in place.said()


def test_seventy_five_is_try_later(place: World) -> None:
    script = 'echo x > a.txt; test -f "$OUT/later" || { touch "$OUT/later"; exit 75; }'
    command = ["run", "--backend", "command", "--command", agent(place, script), "--auto"]
    with started(place, *command) as parked:
        until(lambda: place.json("status")["state"] == "parked", "the park")
        assert unit(place)["liveness"] == "parked"
        assert place.call("stop") == 0, place.said()
        assert parked.wait(60) == 1
    assert "is parked until" in place.said()


# What it reports


def test_orchestra_report_is_on_its_path_and_stands_above_the_exit_code(place: World) -> None:
    script = (
        'echo x > a.txt; orchestra report "$ORCHESTRA_TICKET" --notes "cookies hold sessions" --learning "use tabs"'
    )
    assert run(place, f'{script} > "$OUT/answer" 2>&1; exit 3', "--auto") == 0, place.said() + out(place, "answer")
    context = next((place.root / ".orchestra/milestones").glob("M1-*/context.md")).read_text()
    assert "cookies hold sessions" in context


def test_a_report_of_failure_is_believed(place: World) -> None:
    script = 'echo x > a.txt; orchestra report "$ORCHESTRA_TICKET" --status failed --notes "the API is gone"'
    assert run(place, script, "--auto", "--max-attempts", "1") == 1, place.said()
    assert "the API is gone" in " ".join(failures(place))


def test_a_report_of_being_blocked_asks_a_person(place: World) -> None:
    script = 'echo x > a.txt; orchestra report "$ORCHESTRA_TICKET" --status blocked --notes "Which port?"'
    assert run(place, script, "--auto") == 2, place.said()
    assert "Which port?" in place.json("decide")["decisions"][0]["question"]


def test_somebody_elses_ticket_is_refused(place: World) -> None:
    script = 'echo x > a.txt; orchestra report M9.phase-9.worker-9 2> "$OUT/refused"; echo $? > "$OUT/code"'
    assert run(place, script, "--auto") == 0, place.said()
    assert out(place, "code") == "64\n"
    assert "M1.phase-1.worker-1" in out(place, "refused")


def test_a_reviewer_reports_findings_and_its_fix_is_reviewed_again(place: World) -> None:
    place.milestone("M2", [Phase(("b.txt",), title="b")], complexity="standard")
    place.save()
    finding = '[{"severity": "blocking", "file": "b.txt", "line": 1, "title": "it is wrong"}]'
    script = f"""case "$ORCHESTRA_ROLE/$ORCHESTRA_ATTEMPT" in
  reviewer/1) printf '%s' '{finding}' | orchestra report "$ORCHESTRA_TICKET" --findings - ;;
  reviewer/*) orchestra report "$ORCHESTRA_TICKET" --findings - < "$OUT/none" ;;
  worker/1) echo wrong > b.txt ;;
  worker/*) grep -q 'it is wrong' "$ORCHESTRA_PROMPT_FILE" && echo right > b.txt ;;
esac"""
    agent(place, "")
    (place.root.parent / "out/none").write_text("[]")
    assert run(place, script, "--auto", "M2") == 0, place.said()
    assert place.subjects()[-2:] == ["feat(work): b", "fix(work): it is wrong"]
    assert place.git("show", "main:b.txt") == "right"


def test_a_reviewer_may_print_its_findings(place: World) -> None:
    place.milestone("M2", [Phase(("b.txt",), title="b")], complexity="standard")
    place.save()
    script = """case "$ORCHESTRA_ROLE" in
  reviewer) echo 'Looks fine.'; echo '{"findings": []}' ;;
  *) echo x > b.txt ;;
esac"""
    assert run(place, script, "--auto", "M2") == 0, place.said()
    verdicts = [e["data"]["verdict"] for e in place.json("log")["events"] if e["type"] == "review-ended"]
    assert verdicts == ["approved"]


# What it leaves behind


def test_a_child_that_holds_its_output_open_does_not_hold_the_run(place: World) -> None:
    """The turn ends with the program, and what it started ends with the turn."""
    script = "echo x > a.txt; (sleep 600; echo late >> a.txt) & setsid sleep 600 & echo done"
    assert run(place, script, "--auto") == 0, place.said()
    assert place.git("show", "main:a.txt") == "x"
    until(lambda: not working_in(place.root / ".orchestra"), "the end of its children")


def test_output_without_end_is_kept_in_bounds(place: World) -> None:
    script = "echo x > a.txt; head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; echo 'the last line'"
    assert run(place, script, "--auto") == 0, place.said()
    kept = sum(path.stat().st_blocks * 512 for path in (place.root / ".orchestra/runs").rglob("*") if path.is_file())
    assert kept < 20_000_000
    finals = [e["data"]["final"] for e in place.json("log")["events"] if e["type"] == "turn-ended"]
    assert finals[0].endswith("the last line")


def test_an_agent_that_commits_and_switches_branches_has_done_nothing_to_them(place: World) -> None:
    script = (
        "echo x > a.txt; git add -A; git -c user.name=A -c user.email=a@a commit -qm 'mine'; git checkout -q -b mine"
    )
    assert run(place, script, "--auto") == 0, place.said()
    assert place.subjects()[-1] == "feat(work): a"
    assert "mine" not in place.subjects()


def test_an_agent_that_removes_its_own_work_tree(place: World) -> None:
    script = 'test "$ORCHESTRA_ATTEMPT" = 1 && rm -rf "$PWD"; echo x > a.txt'
    code = run(place, script, "--auto")
    assert "Traceback" not in place.said()
    assert "bug in Orchestra" not in place.said()
    assert code in (0, 1), place.said()


def test_what_no_child_of_ours_is_stays_alive(place: World) -> None:
    """Only the agent's own tree is ended."""
    other = subprocess.Popen(["sleep", "600"], cwd=place.root)
    try:
        assert run(place, "echo x > a.txt", "--auto") == 0, place.said()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
