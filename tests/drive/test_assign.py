"""`orchestra assign`: a person's word about whose a unit is, before a run, beside one and after a failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import kiro_specs
from tests.support.live import background, until
from tests.support.projects import World, world

TASKS = "- [ ] 1. A\n  - _writes: a.txt_\n- [ ] 2. B\n  - _writes: b.txt_\n- [ ] 3. C\n  - _depends: 1_\n- [x] 4. D\n"
ROUNDTABLE = ("--workflow", "roundtable", "--plan", ".kiro/specs/login", "--auto")


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    # Without --backend each owner has its own: `mine` says who it was.
    owners = {"codex": "scripted", "mine": "command"}
    command = 'test "$ORCHESTRA_ROLE" = reviewer && echo \'{"findings": []}\' || echo mine > mine.txt'
    made.config(backend={"name": "scripted", "command": command}, roundtable={"owners": owners})
    kiro_specs.write(made.root, TASKS, "login")
    return made


def run(place: World, *words: str) -> int:
    return place.call("run", "--script", str(place.root.parent / "script.yml"), *words)


def assigner(place: World, *ids: str, **step: Any) -> None:
    units = [{"task_id": id_, "type": "code", "owner_agent": "codex"} for id_ in ids]
    place.rule({"role": "assigner"}, *([step] if step else []), {"say": json.dumps({"dispatch_units": units})})


def builds(place: World, *ids: str) -> None:
    for id_ in ids:
        place.writes(f"login/{id_}", f"{' abc'[int(id_)]}.txt")


def log(place: World, kind: str) -> list[dict[str, Any]]:
    return [event for event in place.json("log")["events"] if event["type"] == kind]


def test_what_was_said_before_a_run_is_not_asked_again(place: World) -> None:
    assigner(place, "2", "3")
    builds(place, "2", "3")
    place.approves()
    place.save()
    assert place.call("assign", "login/1", "--owner", "mine", "--criticality", "complex") == 0
    # What is left out stays, and of two words about one unit the later one counts.
    assert place.json("assign", ".kiro/specs/login/1", "--type", "ui") | {"by": ""} == {
        "unit": "login/1", "run": None, "owner_agent": "mine", "type": "ui", "criticality": "complex",
        "target_window": "", "by": "",
    }  # fmt: skip
    # It changes nothing where tasks.md says what is written: this one has to be in its scope.
    (place.root / ".kiro/specs/login/tasks.md").write_text(TASKS.replace("a.txt", "mine.txt"))
    place.save()
    assert run(place, *ROUNDTABLE) == 0, place.said()
    assert "1: A" not in (place.root / ".orchestra/runs/r1/login.assigner-1/turn-1/prompt.md").read_text()
    said = {event["unit"]: event["data"]["source"] for event in log(place, "unit-assigned") if event["run"]}
    assert said == {"login/1": "person", "login/2": "agent", "login/3": "agent"}
    assert place.git("show", "main:mine.txt") == "mine"
    reviewers = [e["attempt"] for e in log(place, "attempt-started") if e["attempt"].startswith("login.1.reviewer")]
    assert len(reviewers) == 2
    # A spec that is read again does not bring back what was said of it the last time.
    (place.root / ".kiro/specs/login/tasks.md").write_text("- [ ] 1. Other work\n")
    builds(place, "1")
    place.rules[0]["do"][0]["say"] = place.rules[0]["do"][0]["say"].replace('"3"', '"1"').replace('"2"', '"7"')
    place.save()
    run(place, *ROUNDTABLE)
    assert place.json("status")["run"] == "r2"
    assert "1: Other work" in (place.root / ".orchestra/runs/r2/login.assigner-1/turn-1/prompt.md").read_text()


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("login/9", "--owner", "mine"), 64, "there is no unit login/9"),
        (("login/4", "--owner", "mine"), 64, "login/4 is done"),
        (("login/1", "--owner", "claude"), 65, "use one of codex, mine"),
        (("login/1",), 64, "nothing was said"),
        (("1", "--owner", "mine"), 64, "no unit of a spec"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_said(place: World, words: tuple[str, ...], code: int, what: str) -> None:
    assert place.call("assign", *words) == code
    assert what in place.said()


def test_beside_a_run_what_waits_can_be_given_away_and_what_is_under_way_cannot(place: World) -> None:
    assigner(place, "1", "2", "3")
    hold = f"while ! test -e {place.root.parent}/go; do sleep 0.02; done"
    place.rule({"unit": "login/1", "role": "worker"}, {"run": hold}, {"write": {"path": "a.txt", "text": "x"}})
    builds(place, "2")
    place.approves()
    place.save()
    pid = place.root / ".orchestra/runs/r1/login.1.worker-1/turn-1/pid"
    with background(place, *ROUNDTABLE) as running:
        until(pid.exists, "the worker of 1")
        assert place.call("assign", "login/1", "--criticality", "complex") == 75
        assert "login/1 is in-progress" in place.said()
        assert place.call("assign", "login/3", "--criticality", "complex", "--owner", "mine") == 0, place.said()
        assert '"assigned_by": "person"' in (place.root / ".kiro/specs/login/AGENT_STATE.json").read_text()
        builds(place, "3")
        place.save()
        (place.root.parent / "go").touch()
        assert running.wait() == 0, place.said()
    assert place.call("assign", "login/3", "--owner", "codex") == 64
    reviewers = [e["attempt"] for e in log(place, "attempt-started") if e["attempt"].startswith("login.3.reviewer")]
    assert len(reviewers) == 2


def test_while_an_assigner_thinks_a_person_is_faster(place: World) -> None:
    hold = f"touch {place.root.parent}/thinks; while ! test -e {place.root.parent}/go; do sleep 0.02; done"
    assigner(place, "1", "2", "3", run=hold)
    builds(place, "1", "2", "3")
    place.approves()
    place.save()
    with background(place, *ROUNDTABLE) as running:
        until((place.root.parent / "thinks").exists, "the assigner")
        assert place.call("assign", "login/1", "--owner", "mine") == 0, place.said()
        (place.root.parent / "go").touch()
        assert running.wait() == 0, place.said()
    said = {event["unit"]: (event["data"]["owner"], event["data"]["source"]) for event in log(place, "unit-assigned")}
    assert said["login/1"] == ("mine", "person") and said["login/2"] == ("codex", "agent")
    assert len(log(place, "sent-back")) == 0


def test_in_sequential_a_unit_that_failed_is_given_to_somebody_else(place: World) -> None:
    (place.root / ".kiro/specs/login/tasks.md").write_text("- [ ] 1. A\n- [ ] 2. B\n")
    place.rule({"unit": "login/1", "role": "worker"}, {"fail": "crash"})
    builds(place, "2")
    place.approves()
    place.save()
    words = ("--workflow", "sequential", "--plan", "login", "--max-attempts", "1")
    assert run(place, *words) == 2, place.said()
    assert place.call("assign", "login/1", "--owner", "mine") == 0, place.said()
    assert place.call("decide", "login-D1", "retry") == 0
    assert run(place, *words) == 0, place.said()
    backends = {e["attempt"]: e["data"]["backend"] for e in log(place, "attempt-started")}
    assert backends["login.1.worker-2"] == "command" and backends["login.2.worker-1"] == "scripted"
