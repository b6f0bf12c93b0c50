"""orchestra report: a claim is recorded whole or not at all, and the agent hears what is wrong."""

from __future__ import annotations

import json

import pytest

from orchestra.backends.claim import Claim, read_claim
from tests.support import shown
from tests.support.shown import orchestra

TICKET = "M1.phase-1.worker-1"
FINDING = {"severity": "blocking", "file": "src/a.py", "line": 3, "title": "Token is logged", "detail": "x"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("ORCHESTRA_TICKET", "ORCHESTRA_TURN_DIR", "ORCHESTRA_ROLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def turns(tmp_path):
    project = shown.project(tmp_path)
    found = [project.runs / "r1" / TICKET / f"turn-{n}" for n in (1, 2)]
    for each in found:
        each.mkdir(parents=True)
    return project, *found


def test_the_newest_turn_gets_it(turns):
    project, first, second = turns
    said = orchestra(
        project.root,
        "report",
        TICKET,
        "--status",
        "blocked",
        "--notes",
        "Which database?",
        "--learning",
        "a",
        "--learning",
        "b",
        "--learning",
        " ",
    )
    assert said.code == 0
    assert read_claim(second) == (Claim("blocked", "Which database?", ("a", "b")), "")
    assert read_claim(first) == (None, "")


def test_the_environment_s_turn_gets_it(turns, monkeypatch):
    project, first, second = turns
    monkeypatch.setenv("ORCHESTRA_TICKET", TICKET)
    monkeypatch.setenv("ORCHESTRA_TURN_DIR", str(first))
    assert orchestra(project.root, "report", TICKET, "--json").json == {
        "ok": True,
        "ticket": TICKET,
        "status": "done",
        "findings": 0,
    }
    assert read_claim(first)[0] == Claim("done")
    assert read_claim(second) == (None, "")


def test_another_agent_s_ticket_is_refused(turns, monkeypatch):
    project, first, second = turns
    monkeypatch.setenv("ORCHESTRA_TICKET", "M1.phase-2.worker-1")
    monkeypatch.setenv("ORCHESTRA_TURN_DIR", str(first))
    said = orchestra(project.root, "report", TICKET)
    assert said.code == 64
    assert "M1.phase-2.worker-1" in said.err
    assert read_claim(first) == read_claim(second) == (None, "")


@pytest.mark.parametrize("how", ["file", "stdin"])
def test_findings(turns, tmp_path, how):
    project, _, second = turns
    data = json.dumps([FINDING]).encode()
    (tmp_path / "f.json").write_bytes(data)
    given = "-" if how == "stdin" else "f.json"
    assert orchestra(project.root, "report", TICKET, "--findings", given, stdin=data).code == 0
    claim, _ = read_claim(second)
    assert claim is not None and claim.findings == (FINDING,)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"oops", "not JSON"),
        (b'[{"severity": "critical", "title": "x"}]', "use one of blocking, important, suggestion"),
        (b'[{"severity": "blocking"}]', "findings[0].title is missing"),
    ],
)
def test_bad_findings_change_nothing_and_say_why(turns, data, says):
    project, _, second = turns
    orchestra(project.root, "report", TICKET, "--notes", "first")
    said = orchestra(project.root, "report", TICKET, "--findings", "-", stdin=data)
    assert said.code == 65
    assert says in said.err
    assert read_claim(second)[0] == Claim("done", "first")


def test_a_findings_file_that_is_not_there(turns):
    said = orchestra(turns[0].root, "report", TICKET, "--findings", "nowhere.json")
    assert said.code == 65
    assert "nowhere.json" in said.err


def test_a_review_without_findings_is_refused(turns, monkeypatch):
    project, _, second = turns
    monkeypatch.setenv("ORCHESTRA_ROLE", "reviewer")
    said = orchestra(project.root, "report", TICKET)
    assert said.code == 64
    assert "--findings" in said.err
    assert read_claim(second) == (None, "")
    assert orchestra(project.root, "report", TICKET, "--findings", "-", stdin=b"[]").code == 0
    assert orchestra(project.root, "report", TICKET, "--status", "failed", "--notes", "no diff").code == 0


@pytest.mark.parametrize("words", [["--status", "finished"], ["--nonsense"], []])
def test_bad_usage(turns, words):
    ticket = [TICKET] if words else []
    assert orchestra(turns[0].root, "report", *ticket, *words).code == 64


def test_an_assigner_hands_its_answer_in(turns):
    project, _, second = turns
    (project.root / "answer.json").write_text('{"dispatch_units": []}')
    assert orchestra(project.root, "report", TICKET, "--file", "answer.json").code == 0
    assert read_claim(second) == (Claim("done", answer='{"dispatch_units": []}'), "")
    assert orchestra(project.root, "report", TICKET, "--file", "nowhere.json").code == 65
