"""Gates: what is asked, of whom, what each answer does, and what happens when nobody answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.live import background, until
from tests.support.projects import Phase, World, world

RFC = ".orchestra/milestones/M1-work/rfc.md"


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path)


def designed(place: World, approval: str, complexity: str = "full") -> None:
    """A milestone whose architect writes down which try it is and what it was told."""
    place.config(pipeline={"rfc_approval": approval})
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity=complexity)
    write = f"mkdir -p $(dirname {RFC}); echo try $ORCHESTRA_ATTEMPT > {RFC}"
    place.rule(
        {"role": "architect"}, {"run": f"{write}; cp $ORCHESTRA_PROMPT_FILE ../../runs/asked-$ORCHESTRA_ATTEMPT"}
    )
    place.writes("M1/phase-1", "a.txt")
    place.approves()
    place.save()


def roles(place: World) -> list[str]:
    """Who was started, in order."""
    events = place.json("log")["events"]
    return [event["data"]["role"] for event in events if event["type"] == "attempt-started"]


def decision(place: World) -> dict[str, Any]:
    (one,) = place.json("decide")["decisions"]
    return dict(one)


def attempts(place: World) -> int:
    return int(place.json("status")["groups"][0]["units"][0]["attempts"])


# The RFC


@pytest.mark.parametrize(
    ("approval", "words", "code"),
    [("required", [], 2), ("required", ["--auto"], 0), ("optional", [], 0), ("skip", [], 0)],
)
def test_who_is_asked_about_the_rfc(place: World, approval: str, words: list[str], code: int) -> None:
    designed(place, approval)
    assert place.run(*words) == code, place.said()
    built = ["worker", "reviewer"] if code == 0 else []
    assert roles(place) == ["architect", *built]
    assert (place.root / RFC).read_text() == "try 1\n"


def test_a_revision_reaches_the_architect_and_the_third_rfc_is_the_last(place: World) -> None:
    designed(place, "required")
    assert place.run() == 2, place.said()
    for number in (1, 2):
        assert decision(place)["options"] == ["approve", "revise", "stop"]
        assert place.call("decide", f"M1-D{number}", "revise", "use", f"SQLite {number}") == 0
        assert place.run() == 2, place.said()
        assert f"use SQLite {number}" in (place.root / f".orchestra/runs/asked-{number + 1}").read_text()
    assert decision(place)["options"] == ["approve", "stop"], "three rounds are enough"
    assert place.call("decide", "m1-d3", "approve") == 0
    assert place.run() == 0, place.said()
    assert (place.root / RFC).read_text() == "try 3\n"
    assert place.subjects()[-1] == "feat(work): a"


def test_an_rfc_that_is_stopped_ends_the_milestone_and_others_go_on(place: World) -> None:
    designed(place, "required")
    place.milestone("M2", [Phase(("b.txt",), title="b")])
    place.rules.insert(0, {"when": {"unit": "M2/phase-1"}, "do": [{"write": {"path": "b.txt", "text": "x"}}]})
    place.save()
    assert place.run() == 2, place.said()
    assert place.statuses() == {"M1": "in-progress", "M2": "done"}
    assert place.call("decide", "M1-D1", "stop") == 0
    assert place.run() == 1, place.said()
    assert place.statuses() == {"M1": "failed", "M2": "done"}


def test_an_architect_who_writes_nothing_is_told_so(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="full")
    place.rule({"role": "architect"}, {"say": "thought about it"}, times=1)
    place.rule({"role": "architect"}, {"write": {"path": RFC, "text": "# RFC\n"}})
    place.writes("M1/phase-1", "a.txt")
    place.approves()
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert "is missing or empty" in place.said()
    assert roles(place) == ["architect", "worker", "reviewer"], "it was the same architect's second turn"


# Pipelines


@pytest.mark.parametrize(
    ("complexity", "expected"),
    [
        ("quick", ["worker"]),
        ("standard", ["worker", "reviewer"]),
        ("full", ["architect", "worker", "reviewer"]),
        ("trivial", ["worker"]),
        ("complex", ["architect", "worker", "reviewer"]),
    ],
)
def test_stages_of_each_pipeline(place: World, complexity: str, expected: list[str]) -> None:
    designed(place, "skip", complexity)
    assert place.run() == 0, place.said()
    assert roles(place) == expected


def test_review_can_be_left_out(place: World) -> None:
    place.config(pipeline={"review": "skip"})
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="standard")
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run() == 0, place.said()
    assert roles(place) == ["worker"]


# Units


def failing(place: World) -> None:
    """Phase 1 fails until there is `mended`, phase 2 waits for it."""
    place.config(verification={"typecheck": "", "test": "! test -f bad.txt", "lint": ""})
    place.milestone("M1", [Phase(("*.txt",), title="a"), Phase(("b.txt",), title="b")])
    do = "if grep -q 'try the other way' $ORCHESTRA_PROMPT_FILE; then echo x > good.txt; else echo x > bad.txt; fi"
    place.rule({"unit": "M1/phase-1"}, {"run": do})
    place.writes("M1/phase-2", "b.txt")
    place.save()


def test_a_unit_that_fails_asks_in_normal_mode_and_a_retry_brings_the_comment(place: World) -> None:
    failing(place)
    assert place.run() == 2, place.said()
    assert decision(place)["options"] == ["retry", "skip", "stop"]
    assert attempts(place) == 3
    assert place.call("decide", "M1-D1", "retry", "try the other way") == 0
    assert place.run() == 0, place.said()
    assert attempts(place) == 4
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"]


def test_a_unit_that_is_skipped_lets_the_others_go_on(place: World) -> None:
    failing(place)
    assert place.run() == 2, place.said()
    assert place.call("decide", "M1-D1", "skip") == 0
    assert place.run() == 0, place.said()
    assert place.subjects()[-1] == "feat(work): b"
    units = place.json("status")["groups"][0]["units"]
    assert [unit["status"] for unit in units] == ["skipped", "done"]


def test_a_unit_that_is_stopped_fails_its_milestone_and_leaves_nothing_open(place: World) -> None:
    failing(place)
    assert place.run() == 2, place.said()
    assert place.call("decide", "M1-D1", "stop") == 0
    assert place.run() == 1, place.said()
    assert place.statuses() == {"M1": "failed"}
    assert place.json("decide")["decisions"] == []
    assert place.git("for-each-ref", "refs/heads/orchestra/M1", "--format=%(refname)") == ""
    assert not list((place.root / ".orchestra/worktrees").glob("M1-*"))
    assert place.json("status")["groups"][0]["lease"] is None


def test_a_blocked_agent_asks_its_question_and_gets_the_answer(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    blocked = {"report": {"status": "blocked", "notes": "Which port, 80 or 8080?"}}
    place.rule({"attempt": 1}, {"write": {"path": "a.txt", "text": "half"}}, blocked)
    place.rule({"role": "worker"}, {"run": "grep -q 'port 8080' $ORCHESTRA_PROMPT_FILE && echo whole > a.txt"})
    place.save()
    assert place.run("--auto") == 2, place.said()
    assert "Which port, 80 or 8080?" in decision(place)["question"]
    assert place.call("decide", "M1-D1", "retry", "take port 8080") == 0
    assert place.run("--auto") == 0, place.said()
    assert place.git("show", "main:a.txt") == "whole"


def test_what_a_blocked_agent_left_is_kept(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    blocked = {"report": {"status": "blocked", "notes": "?"}}
    place.rule({"attempt": 1}, {"write": {"path": "a.txt", "text": "half"}}, blocked)
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto") == 2, place.said()
    assert place.call("decide", "M1-D1", "stop") == 0
    assert place.run("--auto") == 1, place.said()
    kept = [path.read_text() for path in (place.root / ".orchestra").rglob("*.patch")]
    assert any("half" in text for text in kept), "what it did is nowhere"


# Reviews


def reviewed(place: World) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")], complexity="standard")
    place.rule({"unit": "M1/phase-1"}, {"run": "date +%N >> a.txt"})
    finding = {"severity": "blocking", "file": "a.txt", "title": "not good"}
    place.rule({"role": "reviewer"}, {"findings": [finding]}, times=3)
    place.approves()
    place.save()


def test_a_review_that_does_not_converge_gets_another_round_when_a_person_says_fix(place: World) -> None:
    reviewed(place)
    assert place.run() == 2, place.said()
    assert place.call("decide", "M1-D1", "fix") == 0
    assert place.run() == 0, place.said()
    assert place.subjects()[-4:] == ["feat(work): a", *["fix(work): not good"] * 3]


def test_a_review_that_is_stopped_keeps_the_commits_aside(place: World) -> None:
    reviewed(place)
    assert place.run() == 2, place.said()
    assert place.call("decide", "M1-D1", "stop") == 0
    assert place.run() == 1, place.said()
    assert place.subjects("orchestra/failed/M1")[-1] == "fix(work): not good"
    assert place.subjects()[-1] == "chore: plan"
    assert place.subjects(cwd=place.remote)[-1] == "chore: plan"


# Pushing


@pytest.mark.parametrize(
    ("answer", "code", "here", "there"),
    [
        ("push", 0, "feat(work): a", "feat(work): a"),
        ("keep", 0, "feat(work): a", "chore: plan"),
        ("stop", 1, "chore: plan", "chore: plan"),
    ],
)
def test_answers_about_the_push(place: World, answer: str, code: int, here: str, there: str) -> None:
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--push", "ask") == 2, place.said()
    assert place.call("decide", "M1-D1", answer) == 0
    assert place.run("--push", "ask") == code, place.said()
    assert (place.subjects()[-1], place.subjects(cwd=place.remote)[-1]) == (here, there)


# The command


def test_wrong_answers_are_bad_usage_and_change_nothing(place: World) -> None:
    failing(place)
    assert place.run() == 2, place.said()
    before = place.json("log")["events"][-1]["seq"]
    for words in (["M1-D1", "maybe"], ["M1-D1"], ["M9-D1", "retry"], ["M1-D2", "retry"], ["", "retry"]):
        assert place.call("decide", *words) == 64, words
    assert "answer one of retry, skip, stop" in place.said()
    assert place.json("log")["events"][-1]["seq"] == before
    assert place.call("decide", "M1-D1", "skip") == 0
    assert place.call("decide", "M1-D1", "retry") == 64, "it is answered already"


def test_listing_says_how_to_answer(place: World) -> None:
    assert place.call("decide") == 0
    assert "nothing waits for you" in place.said()
    failing(place)
    assert place.run() == 2, place.said()
    assert place.call("decide") == 0
    assert "orchestra decide M1-D1 retry|skip|stop" in place.said()


def test_an_answer_to_a_live_run_is_taken_up_at_once(place: World) -> None:
    """M2 keeps the run alive while M1 waits; the answer lets M1 go on in the same run, beside it."""
    failing(place)
    settings = {"pipeline": {"parallel": "enabled"}}
    place.config(verification={"typecheck": "", "test": "! test -f bad.txt", "lint": ""}, **settings)
    place.milestone("M2", [Phase(("c.txt",), title="c")])
    wait = "touch ../../runs/m2; while ! test -f ../../runs/go; do sleep 0.05; done; echo x > c.txt"
    place.rule({"unit": "M2/phase-1"}, {"run": wait})
    place.save()
    runs = place.root / ".orchestra/runs"
    with background(place) as running:
        until((runs / "m2").exists, "M2's start")
        assert place.call("decide", "M1-D1", "skip") == 0
        until(lambda: "M1/phase-2 done" in place.said(), "M1's next phase")
        (runs / "go").touch()
        assert running.wait(60) == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done"}
    assert {event["run"] for event in place.json("log")["events"] if event["type"] == "group-done"} == {"r1"}
