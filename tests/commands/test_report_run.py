"""orchestra report-run: what happened, the evidence, and where it lies."""

from __future__ import annotations

import pytest

from tests.support import shown, states
from tests.support.shown import orchestra


@pytest.fixture
def project(tmp_path):
    made = shown.project(tmp_path)
    with shown.store(made) as store:
        shown.reviewed(store, shown.begun(store, made))
    return made


def test_the_data(project):
    told = orchestra(project.root, "report-run", "--json").json
    assert (told["run"], told["workflow"]) == ("r1", "milestones")
    assert told["usage"] == {"input": 210, "output": 42, "cost_usd": 1.1, "turns": 3}
    (group,) = told["groups"]
    assert group["verdict"] == "changes-requested"
    assert [finding["id"] for finding in group["findings"]] == ["F-00000001"]
    assert "M1-D1" in [decision["id"] for decision in group["decisions"]]
    assert [attempt["ticket"] for attempt in group["attempts"]] == ["M1.reviewer-1"]
    first, second = group["units"]
    assert first["commit"] == "c" * 40
    assert first["files"] == ["src/a.py", "src/b.py"]
    failed, accepted = first["attempts"]
    assert failed["set_aside"]["patch"] == str(project.quarantine / "M1.phase-1.worker-1.patch")
    assert failed["set_aside"]["paths"] == ["secrets.txt"]
    assert [(r["name"], r["exit_code"]) for r in failed["receipts"]] == [("test", 1)]
    assert [(r["name"], r["exit_code"], r["tree"]) for r in accepted["receipts"]] == [("test", 0, "t" * 40)]
    assert accepted["files"] == str(project.runs / "r1" / "M1.phase-1.worker-2")
    assert second["attempts"][0]["set_aside"] is None
    assert told["places"]["state"] == str(project.state_path)
    types = [moment["type"] for moment in told["timeline"]]
    assert types[0] == "run-started"
    assert "unit-accepted" in types and "review-ended" in types
    assert [m["seq"] for m in told["timeline"]] == sorted(m["seq"] for m in told["timeline"])


def test_the_text(project):
    text = orchestra(project.root, "report-run", "r1").out
    for part in (
        "Run r1 (milestones)",
        "3 turns, 210 tokens in, 42 out, 1.10 USD.",
        "Time line",
        "review: changes-requested",
        "M1/phase-1 Part 1: done, commit cccccccccccc",
        "M1.phase-1.worker-1 [standard]: failed (test failed)",
        "test: exit 0, tree tttttttttttt",
        "set aside: ",
        "(secrets.txt)",
        "F-00000001 blocking open src/a.py:3",
        "orchestra decide M1-D1 fix|accept",
        "Where everything lies",
        str(project.state_path),
    ):
        assert part in text


def test_unknown_runs_are_a_sentence(project, tmp_path_factory):
    assert orchestra(project.root, "report-run", "r9").code == 64
    empty = shown.project(tmp_path_factory.mktemp("empty"))
    said = orchestra(empty.root, "report-run")
    assert said.code == 64
    assert "Nothing has run" in said.err


def test_a_run_in_which_nothing_happened(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        store.record(states.Run(id=""), [states.started()])
    told = orchestra(tmp_path, "report-run", "--json").json
    assert told["groups"] == []
    assert orchestra(tmp_path, "report-run").code == 0
