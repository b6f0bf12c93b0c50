"""orchestra rewind: measured history, from a run that really happened and from databases that are large or odd."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from orchestra.core.codec import encode
from orchestra.core.events import EventType
from orchestra.core.model import Decision, Event, Run
from orchestra.core.words import Gate
from orchestra.state.store import Store
from orchestra.views.rewind import rewind
from tests.support import shown, states
from tests.support.projects import Phase, world
from tests.support.shown import orchestra

FINDING = {"severity": "blocking", "file": "a.txt", "line": 1, "title": "It says nothing"}


@pytest.fixture
def project(tmp_path):
    made = shown.project(tmp_path)
    with shown.store(made) as store:
        shown.reviewed(store, shown.begun(store, made))
    return made


def told(root: Path, *words: str) -> dict[str, Any]:
    said = orchestra(root, "rewind", *words, "--json")
    assert said.code == 0, said
    return said.json


def test_a_run_that_happened(tmp_path):
    """Two phases, one verification that fails at first, an edit out of scope, a review, a fix, a question."""
    made = world(tmp_path, remote=False)
    made.config(verification={"typecheck": "", "test": "grep -q good a.txt", "lint": ""})
    made.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))], complexity="standard")
    first = {"unit": "M1/phase-1", "role": "worker", "attempt": 1}
    bad = ({"write": {"path": "a.txt", "text": "bad\n"}}, {"write": {"path": "stray.txt", "text": "x\n"}})
    made.rule(first, *bad, {"report": {"status": "done", "learnings": ["a.txt has to be good"]}}, times=1)
    made.rule(
        first, {"write": {"path": "a.txt", "text": "good\n"}}, {"usage": {"input": 70, "output": 7}}, {"say": "x"}
    )
    made.rule({"unit": "M1/phase-1", "role": "worker"}, {"write": {"path": "a.txt", "text": "good!\n"}}, {"say": "x"})
    made.writes("M1/phase-2", "b.txt")
    made.rule({"role": "reviewer"}, {"findings": [FINDING]}, times=1)
    made.approves()
    made.save()
    assert made.run("--push", "ask") == 2, made.said()
    assert made.call("decide", "M1-D1", "keep") == 0
    assert made.run("--push", "ask") == 0, made.said()

    (group,) = made.json("rewind", "1")["groups"]
    assert (group["id"], group["status"], group["reviews"]) == ("M1", "done", ["changes-requested", "approved"])
    assert group["duration_s"] > 0
    assert set(group["stages"]) == {"units", "review", "fix", "land"}
    assert sum(group["stages"].values()) == pytest.approx(group["duration_s"], abs=0.01)
    one, two = group["units"]
    assert (one["attempts"], one["retries"], one["verification_failed"]) == (2, 1, 1)
    assert (two["attempts"], two["retries"]) == (1, 0)
    assert one["duration_s"] > 0 and one["verification_s"] > 0
    assert (one["input"], one["output"]) == (70, 7)
    assert {path["path"] for path in group["set_aside"]} == {"stray.txt"}
    assert group["learnings"] == [{"unit": "M1/phase-1", "text": "a.txt has to be good"}]
    assert group["findings"]["blocking"]["fixed"] == 1
    (asked,) = group["decisions"]
    assert (asked["id"], asked["gate"], asked["answer"], asked["by"]) == ("M1-D1", "push", "keep", "decide")
    assert asked["waited_s"] >= 0
    assert group["tiers"]["quick"]["attempts"] >= 3
    assert made.call("rewind") == 0
    for part in ("stages: units", "learnt in M1/phase-1: a.txt has to be good", "stray.txt", "(by decide", "1 fixed"):
        assert part in made.said()


def test_a_made_up_run(project):
    (group,) = told(project.root)["groups"]
    assert group["usage"] == {"input": 210, "output": 42, "cost_usd": 1.1, "turns": 3}
    assert group["verification"] == {"commands": 3, "failed": 1, "duration_s": 0.064}
    assert group["tiers"] == {
        "standard": {"attempts": 4, "failed": 1, "retries": 0, "duration_s": group["tiers"]["standard"]["duration_s"]}
    }
    assert group["findings"] == {"blocking": {"open": 1, "fixed": 0, "parked": 0, "waived": 0}}
    assert group["decisions"][0]["answer"] is None
    text = orchestra(project.root, "rewind").out
    assert "1 open" in text
    assert "[review] Go on?: open" in text


def test_who_answered_is_told(project):
    with shown.store(project) as store:
        run = store.load("r1")
        data = {"id": "M1-D1", "answer": "accept", "by": "terminal"}
        store.record(run, [Event(EventType.DECISION_ANSWERED, group="M1", data=data)])
    (asked,) = (one for one in told(project.root)["groups"][0]["decisions"] if one["id"] == "M1-D1")
    assert (asked["answer"], asked["by"]) == ("accept", "terminal")


def test_a_group_that_a_later_run_adopted_is_counted_once(project):
    before = told(project.root)["groups"]
    with shown.store(project) as store:
        run = store.load("r1")
        data = {
            "group": encode(run.groups["M1"]),
            "units": [encode(unit) for unit in run.units.values()],
            "attempts": [encode(attempt) for attempt in run.attempts.values()],
            "findings": [encode(finding) for finding in run.findings.values()],
        }
        store.record(Run(id=""), [states.started(), Event(EventType.GROUP_ADOPTED, group="M1", data=data)])
    after = told(project.root)["groups"]
    assert [after[0][key] for key in ("tiers", "findings", "units")] == [
        before[0][key] for key in ("tiers", "findings", "units")
    ]


def test_a_green_receipt_that_was_used_again_is_counted_once(project):
    with shown.store(project) as store:
        rows = store.query("SELECT count(*) FROM receipts")
        run = store.load("r1")
        receipt = {"name": "test", "command": "pytest", "tree": "t" * 40, "exit_code": 0, "duration_ms": 12}
        events = [states.about(EventType.RECEIPT, "M1/phase-1", 2, **receipt, log="x.log")]
        store.record(run, events)
        assert store.query("SELECT count(*) FROM receipts") == [(rows[0][0] + 1,)]
    assert told(project.root)["groups"][0]["verification"]["commands"] == 3


def test_what_repeats_across_milestones(tmp_path):
    made = shown.project(tmp_path)
    with shown.store(made) as store:
        run = states.begun(store, states.group("M1"), states.group("M2"))
        for unit in ("M1/phase-1", "M2/phase-1"):
            run = shown.failed_once(store, run, unit)
    patterns = {(p["kind"], p["what"]): (p["times"], p["groups"]) for p in told(tmp_path)["patterns"]}
    assert patterns["attempt failed", "test failed"] == (2, ["M1", "M2"])
    assert patterns["set aside", "secrets.txt"] == (2, ["M1", "M2"])
    assert patterns["verification failed", "test"] == (2, ["M1", "M2"])
    assert "2x attempt failed: test failed (M1, M2)" in orchestra(tmp_path, "rewind").out
    assert told(tmp_path, "M1")["patterns"] == []


def test_plan_reviews_are_told(project):
    with shown.store(project) as store:
        store.append([Event(EventType.PLAN_REVIEWED, group="M1", data={"digest": "x", "reviewer": "Ada"})])
        data = {"digest": "x", "reviewer": "plan-reviewer", "verdict": "approved"}
        store.append([Event(EventType.PLAN_REVIEWED, group="M1", data=data)])
    assert "plan reviews: read by Ada, approved" in orchestra(project.root, "rewind").out


@pytest.mark.parametrize("words", [["1"], ["M1"], ["m1"], ["1,"], ["M1-user-auth"], [" M01 "]])
def test_each_way_to_name_a_milestone(project, words):
    assert [group["id"] for group in told(project.root, *words)["groups"]] == ["M1"]


@pytest.mark.parametrize("word", ["2", "M9", "../x", "\x1b[2J", "1' OR '1'='1"])
def test_a_milestone_that_no_run_knows(project, word):
    said = orchestra(project.root, "rewind", word)
    assert said.code == 64
    assert "\x1b" not in said.err


def test_nothing_has_run(tmp_path):
    made = shown.project(tmp_path)
    before = sorted(made.dir.rglob("*"))
    assert told(tmp_path)["groups"] == []
    assert "Nothing has run yet." in orchestra(tmp_path, "rewind").out
    assert sorted(made.dir.rglob("*")) == before


def test_hostile_words_reach_no_terminal(project):
    with shown.store(project) as store:
        asked = Decision("M1-D9", Gate.HALT, "M1", "\x1b[2J?\nM2 done: 0 s", ("a",))
        events = [Event(EventType.DECISION_ASKED, group="M1", data={"decision": encode(asked)})]
        store.record(store.load("r1"), events)
    out = orchestra(project.root, "rewind").out
    assert "\x1b" not in out
    assert "\nM2 done" not in out


def test_a_killed_run(tmp_path):
    made = shown.project(tmp_path)
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom orchestra.project import Project\n"
        "from tests.support import shown, states\nproject = Project(Path(sys.argv[1]))\n"
        "with shown.store(project) as store:\n    run = shown.begun(store, project)\n"
        "    store.record(run, [states.dispatched('M1/phase-2')])\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    states.python(code, made.root, cwd=Path(__file__).resolve().parents[2]).communicate()
    (group,) = told(tmp_path)["groups"]
    assert (group["status"], group["duration_s"]) == ("in-progress", None)
    assert [unit["attempts"] for unit in group["units"]] == [2, 1]
    assert orchestra(tmp_path, "rewind").code == 0


def test_a_clock_that_was_set_back_makes_nothing_negative(tmp_path):
    made = shown.project(tmp_path)
    now = [2e9]

    def clock() -> float:
        now[0] -= 100.0
        return now[0]

    with Store.open(made.state_path, clock=clock) as store:
        run = states.begun(store)
        run = store.record(run, [states.dispatched("M1/phase-1")])
        store.record(run, [states.about(EventType.ATTEMPT_FAILED, "M1/phase-1", reason="no")])
    (group,) = told(tmp_path)["groups"]
    assert all(value >= 0 for value in group["stages"].values())
    assert all(unit["duration_s"] >= 0 for unit in group["units"])


def test_ten_thousand_units_are_summed_up_where_they_lie(tmp_path):
    """No value of a run is built, and the number of statements does not grow with the units."""
    made = shown.project(tmp_path)
    with shown.store(made) as store:
        run = states.begun(store, *(states.group(f"M{n}", 500) for n in range(1, 21)))
        run = states.carried_out(store, run, "M7/phase-3")
    asked: list[str] = []
    with Store.open(made.state_path, readonly=True) as store:
        real = store.db.rows
        store.db.rows = lambda sql, *values: asked.append(sql) or real(sql, *values)  # type: ignore[method-assign]
        found = rewind(store)
    assert (found["totals"]["groups"], found["totals"]["units"]) == (20, 10_000)
    assert found["totals"]["usage"]["input"] == 100
    assert len(asked) < 30
    assert not any(sql.startswith("SELECT data FROM units") for sql in asked)
    text = orchestra(tmp_path, "rewind").out
    assert len(text) < 20_000


def test_the_tables_are_searched_by_their_indexes(project):
    """A statement without one would read all attempts for each attempt."""
    from orchestra.views import rewind as module

    with sqlite3.connect(project.state_path) as db:
        where = f"{module._CHOSEN} AND {module._NEWEST.format(table='attempts')}"
        plan = db.execute(f"EXPLAIN QUERY PLAN SELECT id FROM attempts t WHERE {where}", (json.dumps(["M1"]),))
        steps = [row[3] for row in plan]
    assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step], steps
