"""orchestra verifier: what a command decides is decided, and what nothing proves is not called met."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestra.core.words import Outcome, Purpose, UnitStatus
from orchestra.plans.requirements import Requirement
from orchestra.views.outcome import Accepted, Standing, deviations, judge
from tests.support import runs, states
from tests.support.jobs import gone
from tests.support.planning import milestone
from tests.support.planning import phase as phase_file
from tests.support.projects import Phase, World, world


@pytest.fixture
def project(tmp_path):
    return world(tmp_path, remote=False)


def criteria(folder: Path, number: int, *lines: str) -> None:
    """Give a phase these acceptance criteria."""
    path = folder / "phases" / f"phase-{number}.md"
    head, _, tail = path.read_text().partition("## Acceptance Criteria\n")
    bullets = "".join(f"- [ ] {line}\n" for line in lines)
    path.write_text(f"{head}## Acceptance Criteria\n\n{bullets}\n## Constraints{tail.partition('## Constraints')[2]}")


def built(project: World, *asked: str) -> Path:
    """M1 with two phases, carried out, whose first phase is asked for these things."""
    folder = project.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    criteria(folder, 1, *asked)
    project.writes("M1/phase-1", "a.txt", "one\n")
    project.writes("M1/phase-2", "b.txt", "two\n")
    project.save()
    assert project.run() == 0, project.said()
    return folder


def outcomes(told: dict) -> dict[str, str]:
    return {one["id"]: one["outcome"] for each in told["milestones"] for one in each["requirements"]}


def asked(told: dict, id_: str) -> dict:
    (found,) = (one for each in told["milestones"] for one in each["requirements"] if one["id"] == id_)
    return found


def test_commands_decide_and_the_rest_is_only_evidence(project):
    built(
        project,
        "`a.txt` says one — check: `grep -q one a.txt`",
        "`a.txt` says two — check: `grep -q two a.txt`",
        "the text is friendly",
    )
    told = project.json("verifier")
    assert outcomes(told) == {
        "M1/phase-1/AC1": "met",
        "M1/phase-1/AC2": "missed",
        "M1/phase-1/AC3": "partial",
        "M1/phase-2/AC1": "partial",
    }
    assert told["milestones"][0]["counts"] == {"met": 1, "partial": 2, "missed": 1, "deviated": 0}
    receipt = asked(told, "M1/phase-1/AC1")["receipt"]
    assert (receipt["command"], receipt["exit_code"], len(receipt["tree"])) == ("grep -q one a.txt", 0, 40)
    assert receipt["tree"] == told["tree"] == project.git("rev-parse", "HEAD^{tree}")
    proof = asked(told, "M1/phase-1/AC3")["why"]
    assert "no command decides it" in proof
    assert "test exit 0" in proof and "commit " in proof
    assert (told["ok"], project.call("verifier", "1")) == (False, 1)
    assert "missed    phase-1/AC2" in project.said()


def test_nothing_missed_is_success(project):
    built(project, "it is there — check: `test -f a.txt`")
    assert project.call("verifier") == 0


def test_it_looks_at_the_checkout_as_it_is(project):
    built(project, "it is there — check: `test -f a.txt`")
    before = project.git("status", "--porcelain")
    (project.root / "a.txt").unlink()
    told = project.json("verifier", "M1")
    assert outcomes(told)["M1/phase-1/AC1"] == "missed"
    assert told["changed"] == 1
    assert told["tree"] != project.git("rev-parse", "HEAD^{tree}")
    project.git("checkout", "--", "a.txt")
    assert project.git("status", "--porcelain") == before


def test_a_skipped_and_a_failed_phase_are_missed(project):
    project.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    project.writes("M1/phase-1", "a.txt")
    project.rule({"unit": "M1/phase-2"}, {"say": "I cannot"}, {"report": {"status": "failed", "notes": "no"}})
    project.save()
    assert project.run("--auto", "--max-attempts", "1") == 1
    told = project.json("verifier", "m1")
    assert outcomes(told) == {"M1/phase-1/AC1": "partial", "M1/phase-2/AC1": "missed"}
    assert "failed" in asked(told, "M1/phase-2/AC1")["why"]
    assert told["milestones"][0]["notes"]


def test_a_scope_that_was_narrowed_afterwards_is_a_deviation(project):
    folder = built(project, "it is there — check: `test -f a.txt`")
    path = folder / "phases/phase-1.md"
    path.write_text(path.read_text().replace("`a.txt` (new)", "`other.txt` (new)"))
    told = project.json("verifier")
    assert outcomes(told)["M1/phase-1/scope"] == "deviated"
    assert "a.txt" in asked(told, "M1/phase-1/scope")["why"]
    assert told["ok"] is True


def test_a_phase_that_was_deleted_afterwards_is_a_deviation(project):
    folder = built(project, "x")
    (folder / "phases/phase-2.md").unlink()
    told = project.json("verifier")
    assert "no such phase" in asked(told, "M1/phase-2/scope")["why"]


def test_the_milestones_own_criteria_count(project):
    folder = built(project, "x")
    text = "# Why\n\nx\n\n## Acceptance Criteria\n\n- [ ] all — check: `true`\n- [ ] it pleases people\n"
    (folder / "prd.md").write_text(text)
    told = outcomes(project.json("verifier"))
    assert (told["M1/prd/AC1"], told["M1/prd/AC2"]) == ("met", "partial")


def test_a_ticked_box_proves_nothing(project):
    folder = built(project, "never — check: `false`")
    path = folder / "phases/phase-1.md"
    path.write_text(path.read_text().replace("- [ ] never", "- [x] never"))
    assert outcomes(project.json("verifier"))["M1/phase-1/AC1"] == "missed"


def test_a_phase_without_criteria_is_asked_for_its_objective(project):
    folder = built(project, "x")
    criteria(folder, 1)
    told = project.json("verifier")
    assert asked(told, "M1/phase-1/objective")["outcome"] == "partial"


def test_without_the_state_commits_tell(project):
    built(project, "it is there — check: `test -f a.txt`", "it is friendly")
    for path in (project.root / ".orchestra").glob("state.db*"):
        path.unlink()
    told = project.json("verifier")
    assert outcomes(told)["M1/phase-1/AC1"] == "met"
    assert "no receipt is on record" in asked(told, "M1/phase-1/AC2")["why"]
    assert "no record" in " ".join(told["milestones"][0]["notes"])
    assert not (project.root / ".orchestra/state.db").exists()


def test_work_that_is_not_in_the_checkout_is_said_to_be_elsewhere(project):
    built(project, "x")
    project.git("checkout", "--quiet", "HEAD~1")
    assert "is not in this checkout" in " ".join(project.json("verifier")["milestones"][0]["notes"])


def test_an_empty_project(tmp_path):
    made = world(tmp_path, remote=False)
    assert made.call("verifier") == 0
    assert "no milestone is done" in made.said()
    assert made.json("verifier")["milestones"] == []
    assert made.call("verifier", "7", "\x1b[2J") == 64
    assert "\x1b" not in made.said()


def test_a_folder_without_git(tmp_path):
    made = milestone(tmp_path, status="done")
    phase_file(made)
    path = made / "phases/phase-1.md"
    path.write_text(path.read_text().replace("has 3 lines", "has 3 lines — check: `pwd`"))
    project = World(tmp_path)
    told = project.json("verifier")
    assert outcomes(told) == {"M1/phase-1/AC1": "met"}
    assert (told["head"], told["tree"]) == ("", "")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("no-such-program-of-anyone", "a program was not found"),
        ("exit 3", "exit 3"),
        ("kill -9 $$", "it was killed"),
        ("sleep 600", "it did not end in time"),
    ],
)
def test_each_way_a_command_may_end(project, command, why):
    project.config(thresholds={"verification_timeout_minutes": 0.02})
    built(project, f"x — check: `{command}`")
    found = asked(project.json("verifier"), "M1/phase-1/AC1")
    assert (found["outcome"], found["why"]) == ("missed", why)


def test_one_command_runs_once_and_leaves_its_log(project):
    folder = built(project, "a — check: `echo again; echo x >> count`", "b — check: `echo again; echo x >> count`")
    told = project.json("verifier")
    assert (project.root / "count").read_text() == "x\n"
    log = Path(asked(told, "M1/phase-1/AC2")["receipt"]["log"])
    assert log.read_text() == "again\n"
    assert log.is_relative_to(project.root / ".orchestra/runs")
    assert folder.is_dir()


def test_old_logs_go(project):
    built(project, "a — check: `true`")
    home = project.root / ".orchestra/runs/verifier"
    for number in range(15):
        (home / f"20200101T0000{number:02d}-aaaaaa").mkdir(parents=True)
    project.call("verifier")
    assert len(list(home.iterdir())) == 10


def test_hostile_words_are_only_words(project):
    folder = built(project, "x")
    criteria(folder, 1, "\x1b[2J red {{ 7 }} — check: `printf '\\033[2J'`")
    assert project.call("verifier") == 0
    assert "\x1b" not in project.said()


@pytest.mark.parametrize("odd", ["binary", "fifo", "link", "gone"])
def test_odd_files_are_no_bug(project, odd):
    folder = built(project, "x")
    path = folder / "phases/phase-1.md"
    path.unlink()
    if odd == "binary":
        path.write_bytes(b"\0" * 99)
    elif odd == "fifo":
        os.mkfifo(path)
    elif odd == "link":
        path.symlink_to("/etc/hosts")
    assert project.call("verifier") in (0, 1)
    assert "bug" not in project.said()


def test_a_killed_run_can_be_looked_at(project):
    """The state of a driver that died between two phases, its last words in the write-ahead log."""
    project.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    project.save()
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom orchestra.state.store import Store\n"
        "from tests.support import states\nstore = Store.open(Path(sys.argv[1]))\n"
        "run = states.begun(store)\nstates.carried_out(store, run, 'M1/phase-1')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    states.python(code, project.root / ".orchestra/state.db", cwd=Path(__file__).resolve().parents[2]).communicate()
    told = outcomes(project.json("verifier", "1"))
    assert told == {"M1/phase-1/AC1": "partial", "M1/phase-2/AC1": "missed"}


def test_an_interrupted_verification_leaves_no_program(project, tmp_path):
    built(project, f"x — check: `echo $$ > {tmp_path}/pid; exec sleep 600`")
    env = {**os.environ, "PYTHONPATH": str(states.SCRIPTS)}
    argv = [sys.executable, "-m", "orchestra", "-C", str(project.root), "verifier"]
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    mark = tmp_path / "pid"
    states.until(lambda: mark.exists() and mark.read_text().endswith("\n"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    states.until(lambda: gone(int(mark.read_text())))


# The judgement alone

DONE, FAILED, SKIPPED = (Standing(status) for status in (UnitStatus.DONE, UnitStatus.FAILED, UnitStatus.SKIPPED))


@pytest.mark.parametrize("status", list(UnitStatus))
def test_a_phase_that_is_not_done_is_missed_whatever_it_is(status):
    found = judge(Requirement("M1/a/AC1", "M1/a", "x"), {"M1/a": Standing(status)}, {})
    assert found.outcome is (Outcome.PARTIAL if status is UnitStatus.DONE else Outcome.MISSED)
    assert found.outcome is not Outcome.MET


@pytest.mark.parametrize(
    ("standings", "outcome"),
    [
        ({"M1/a": DONE, "M1/b": DONE}, Outcome.PARTIAL),
        ({"M1/a": DONE, "M1/b": SKIPPED}, Outcome.MISSED),
        ({"M1/a": FAILED}, Outcome.MISSED),
        ({}, Outcome.MISSED),
    ],
)
def test_a_milestone_holds_as_far_as_its_phases_do(standings, outcome):
    assert judge(Requirement("M1/prd/AC1", "", "x"), standings, {}).outcome is outcome


def test_a_command_that_was_not_run_decides_nothing():
    assert judge(Requirement("x", "", "x", check="true"), {}, {}).outcome is Outcome.MISSED


@pytest.mark.parametrize(
    ("unit", "purpose", "files", "strays"),
    [
        ("M1/a", Purpose.BUILD, ("src/a/x",), False),
        ("M1/a", Purpose.BUILD, ("src/b/x",), True),
        ("M1/a", Purpose.FIX, ("src/b/x",), False),
        ("M1/a", Purpose.FIX, ("src/c/x",), True),
        ("M1/free", Purpose.BUILD, ("anything",), False),
        ("M1/gone", Purpose.BUILD, (), True),
        ("M1/a", Purpose.BUILD, (), False),
    ],
)
def test_a_build_keeps_to_its_scope_and_a_fix_to_the_milestones(unit, purpose, files, strays):
    free = [runs.unit("free", writes=())] if unit == "M1/free" else []
    plan = runs.group(runs.unit("a"), runs.unit("b"), *free)
    found = list(deviations(plan, [Accepted(unit, purpose, files)]))
    assert bool(found) is strays
    assert all(one.outcome is Outcome.DEVIATED for one in found)


def test_of_many_files_out_of_scope_a_few_are_named_once():
    files = ("x/1", "x/1", "x/2", "x/3", "x/4", "x/5", "x/6")
    (found,) = deviations(runs.group(runs.unit("a", path="a.md")), [Accepted("M1/a", Purpose.BUILD, files)])
    assert found.why.endswith(": x/1, x/2, x/3, x/4, x/5 and 1 more"), found.why
