"""What `run` takes on the command line, what it answers, and what other verbs say while it works."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import forks
from tests.support.live import background, until
from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    for number in (1, 2):
        made.milestone(f"M{number}", [Phase((f"m{number}.txt",), title=f"m{number}")])
        made.writes(f"M{number}/phase-1", f"m{number}.txt")
    made.save()
    return made


def contents(root: Path) -> dict[str, str]:
    """Every file of the project with the hash of its content."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def answer(place: World, *words: str) -> tuple[int, Any]:
    """Exit code and JSON document of a `run`."""
    out = place.root.parent / "answer"
    out.unlink(missing_ok=True)
    code = forks.orchestra(place.root, place.words(*words, "--json"), log=out)
    (line,) = [line for line in out.read_text().splitlines() if line.startswith("{")]
    return code, json.loads(line)


# Which milestones


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(place: World) -> None:
    before = contents(place.root)
    assert place.run("--dry-run", "--auto") == 0
    said = place.said()
    assert said.index("M1/phase-1") < said.index("M2/phase-1")
    assert contents(place.root) == before
    code, document = answer(place, "--dry-run", "M2")
    assert (code, document) == (0, {"groups": [{"id": "M2", "units": ["M2/phase-1"]}], "skipped": []})
    assert contents(place.root) == before


def test_a_dry_run_after_a_run_leaves_out_what_is_done(place: World) -> None:
    assert place.run("--auto", "M1") == 0, place.said()
    _, document = answer(place, "--dry-run")
    assert [group["id"] for group in document["groups"]] == ["M2"]


@pytest.mark.parametrize("name", ["M2", "m2", "M2-work", "02"])
def test_one_milestone_by_its_name(place: World, name: str) -> None:
    assert place.run("--auto", name) == (0 if name != "02" else 64), place.said()
    assert place.statuses() == {"M1": "ready", "M2": "done" if name != "02" else "ready"}


@pytest.mark.parametrize("part", ["", "/", "/milestone.md", "/phases/phase-1.md"])
def test_a_milestone_by_its_path(place: World, part: str) -> None:
    folder = f".orchestra/milestones/M2-work{part}"
    assert place.run("--auto", "--plan", folder) == 0, place.said()
    assert place.statuses() == {"M1": "ready", "M2": "done"}


def test_a_milestone_named_twice_runs_once(place: World) -> None:
    assert place.run("--auto", "M1", "m1", "M1-work") == 0, place.said()
    assert place.subjects().count("feat(work): m1") == 1


@pytest.mark.parametrize(
    "words", [["M9"], ["nonsense"], [""], ["../M1"], ["--plan", "elsewhere"], ["--plan", ".."], ["M1", "M9"]]
)
def test_what_is_not_there_is_bad_usage_and_nothing_runs(place: World, words: list[str]) -> None:
    assert place.run("--auto", *words) == 64, place.said()
    assert "Traceback" not in place.said()
    assert place.subjects()[-1] == "chore: plan"


def test_a_milestone_that_is_done_is_done(place: World) -> None:
    assert place.run("--auto") == 0, place.said()
    before = place.git("rev-parse", "main")
    assert place.run("--auto", "M1") == 0, place.said()
    assert place.git("rev-parse", "main") == before


# Words that are refused


@pytest.mark.parametrize(
    "words",
    [
        ["--workflow", "sequential"],
        ["--workflow", "waves"],
        ["--workflow", "nonsense"],
        ["--executor", "temporal"],
        ["--executor", "nonsense"],
        ["--push", "force"],
        ["--backend", "nonsense"],
        ["--backend", "command"],
        ["--auto=yes"],
        ["--aut"],
        ["--nonsense"],
    ],
)
def test_words_that_run_does_not_know_are_bad_usage(place: World, words: list[str]) -> None:
    assert place.run(*words) == 64, place.said()
    assert "Traceback" not in place.said()
    assert not (place.root / ".orchestra/state.db").exists()


def test_outside_of_a_project(tmp_path: Path) -> None:
    assert forks.orchestra(tmp_path, ["run", "--auto"], log=tmp_path / "log") == 64
    assert "orchestra init" in (tmp_path / "log").read_text()


def test_a_project_that_is_not_a_repository(tmp_path: Path) -> None:
    (tmp_path / "p/.orchestra/milestones").mkdir(parents=True)
    place = World(tmp_path / "p")
    place.config()
    (tmp_path / "script.yml").write_text("[]")
    assert place.run("--auto") == 1
    assert "is not a git repository" in place.said()


def test_a_script_that_cannot_be_read_is_bad_input(place: World) -> None:
    (place.root.parent / "script.yml").write_text("- when: [not, a, mapping]\n")
    assert place.run("--auto") == 65, place.said()
    (place.root.parent / "script.yml").unlink()
    assert place.run("--auto") == 65, place.said()
    assert "Traceback" not in place.said()


# What it answers


def test_the_document_of_a_run(place: World) -> None:
    place.milestone("M3", [Phase(("m3.txt",))], rows="| Depends-On | M4 |\n")
    place.milestone("M4", [Phase(("m4.txt",))], status="planning")
    place.save()
    code, document = answer(place, "--auto")
    assert document["run"] == "r1"
    assert (document["state"], document["exit"]) == ("done", code)
    assert [(g["id"], g["status"]) for g in document["groups"]] == [("M1", "done"), ("M2", "done")]
    assert [one["id"] for one in document["skipped"]] == ["M3"]


def test_an_error_is_a_document_too(place: World) -> None:
    code, document = answer(place, "--auto", "M9")
    assert (code, document["ok"], document["error"]["code"]) == (64, False, 64)


@pytest.mark.parametrize(
    ("rule", "words", "code", "state"),
    [
        ({"write": {"path": "m1.txt", "text": "x"}}, ["--auto"], 0, "done"),
        ({"fail": "garbage"}, ["--auto"], 1, "done"),
        ({"fail": "garbage"}, [], 2, "waiting-for-you"),
        ({"fail": "halt"}, ["--auto"], 2, "waiting-for-you"),
        ({"usage": {"input": 10}}, ["--auto", "--max-tokens", "1"], 1, "halted"),
    ],
)
def test_exit_codes_and_states(place: World, rule: dict[str, Any], words: list[str], code: int, state: str) -> None:
    place.rules.insert(0, {"when": {"unit": "M1/phase-1"}, "do": [rule]})
    place.save()
    assert answer(place, *words, "M1")[0] == code
    assert place.json("status")["state"] == state


def test_parallel_is_capped_by_the_command_line(place: World) -> None:
    place.config(pipeline={"parallel": "enabled"})
    free: tuple[str, ...] = ()
    place.milestone("M3", [Phase((f"p{n}.txt",), free, title=f"p{n}") for n in range(4)])
    count = "ls ../../runs/now | wc -l >> ../../runs/most"
    do = f"mkdir -p ../../runs/now; touch ../../runs/now/$ORCHESTRA_TICKET; {count}; sleep 0.1; echo x > p.txt"
    for number in range(4):
        step = do.replace("p.txt", f"p{number}.txt") + "; rm ../../runs/now/$ORCHESTRA_TICKET"
        place.rule({"unit": f"M3/phase-{number + 1}"}, {"run": step})
    place.save()
    assert place.run("--auto", "--max-parallel", "2", "M3") == 0, place.said()
    most = max(int(line) for line in (place.root / ".orchestra/runs/most").read_text().split())
    assert most <= 2


# What others say meanwhile and afterwards


def test_status_log_and_report_during_and_after_a_run(place: World) -> None:
    wait = "touch ../../runs/begun; while ! test -f ../../runs/go; do sleep 0.05; done; echo x > m1.txt"
    place.rules.insert(0, {"when": {"unit": "M1/phase-1"}, "do": [{"run": wait}]})
    place.save()
    runs = place.root / ".orchestra/runs"
    with background(place, "--auto") as running:
        until((runs / "begun").exists, "the agent's start")
        status = place.json("status")
        assert (status["run"], status["state"]) == ("r1", "running")
        first = status["groups"][0]
        assert (first["lease"]["alive"], first["lease"]["epoch"]) == (True, 1)
        assert (first["units"][0]["status"], first["units"][0]["liveness"]) == ("in-progress", "working")
        assert place.json("report-run")["run"] == "r1"
        assert place.call("views") == 0
        early = place.json("log")["events"]
        (runs / "go").touch()
        assert running.wait(60) == 0, place.said()
    events = place.json("log")["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[: len(early)] == early, "what was recorded stays recorded"
    assert set(events[0]) == {"seq", "at", "run", "epoch", "type", "group", "unit", "attempt", "data"}
    status = place.json("status")
    assert status["state"] == "done"
    unit = status["groups"][0]["units"][0]
    assert unit["commit"] == place.git("log", "--format=%H", "-1", "--grep=m1", "main")
    assert status["groups"][0]["lease"] is None
    assert place.json("report-run")["groups"]


def test_every_done_unit_has_a_green_receipt_of_the_tree_that_was_committed(place: World) -> None:
    assert place.run("--auto") == 0, place.said()
    events = place.json("log")["events"]
    receipts = {(e["unit"], e["data"]["tree"]) for e in events if e["type"] == "receipt" and not e["data"]["exit_code"]}
    for event in events:
        if event["type"] == "unit-accepted":
            tree = place.git("rev-parse", f"{event['data']['commit']}^{{tree}}")
            assert (event["unit"], tree) in receipts


def test_output_that_nobody_reads_does_not_end_a_run(place: World) -> None:
    """`orchestra run | head`, a terminal that was closed: the work goes on."""
    import subprocess

    from tests.support.live import command, environment

    running = subprocess.Popen(
        command("-C", str(place.root), *place.words("--auto")),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stderr and running.stdout
    running.stderr.close()
    running.stdout.close()
    running.wait(60)
    assert place.statuses() == {"M1": "done", "M2": "done"}
