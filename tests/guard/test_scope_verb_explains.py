"""`orchestra scope`: the guard's decision, explained by the rule that made it."""

from __future__ import annotations

import json

import pytest

from orchestra.main import main
from tests.guard.world import World, scope


@pytest.fixture
def ticket(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Inside the project, with one ticket given out."""
    world.armed().turn(
        "t-1", compiled=scope(world.project, ["src/lib/**", "!src/lib/keep/**"], blocked_commands=["DROP TABLE"])
    )
    monkeypatch.delenv("ORCHESTRA_SCOPE", raising=False)
    monkeypatch.setenv("HOME", str(world.home))
    return world


def orchestra(world: World, *words: str) -> int:
    return main(["-C", str(world.project), "scope", *words])


def answer(world: World, capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    orchestra(world, *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_scope_of_a_ticket(ticket, capsys):
    assert orchestra(ticket, "show", "t-1") == 0
    shown = capsys.readouterr().out
    assert "t-1 (worker), strict" in shown
    assert "  src/lib/**\n  not src/lib/keep/**\n" in shown
    assert "DROP TABLE" in shown


def test_the_scope_as_json(ticket, capsys):
    found = answer(ticket, capsys, "show", "t-1")
    assert found["write"] == ["src/lib/**", "!src/lib/keep/**"]
    assert found["root"] == str(ticket.project)
    assert found.keys() >= {"ticket", "role", "enforcement", "blocked_commands", "file"}


def test_a_reviewers_scope(ticket, capsys):
    ticket.turn("t-2", compiled=scope(ticket.project, []))
    orchestra(ticket, "show", "t-2")
    assert "nothing may be written" in capsys.readouterr().out


def test_the_scope_that_the_process_was_given(ticket, capsys, monkeypatch):
    monkeypatch.setenv("ORCHESTRA_SCOPE", str(ticket.run / "t-1/turn-1/scope.json"))
    assert orchestra(ticket, "show") == 0
    assert "t-1" in capsys.readouterr().out


DECISIONS = [
    ("src/lib/a.py", "allow", "src/lib/**"),
    ("src/lib/keep/a.py", "deny", "!src/lib/keep/**"),
    ("src/other/o.py", "deny", "outside the scope"),
    ("/etc/passwd", "deny", "outside the work tree"),
    (".git/config", "deny", "nobody writes git's own files"),
    ("/dev/null", "allow", "a device, not a file"),
    ("/tmp/x", "allow", "a temp file"),
    ("~root/x", "deny", "a target that cannot be established"),
    ("echo x > src/lib/a.py", "allow", "src/lib/**"),
    ("echo x > secret.py", "deny", "outside the scope"),
    ("cat secret.py", "allow", "nothing is written"),
    ("git reset --hard", "deny", "git"),
    ("mysqlx -e 'drop  table x'", "deny", "blocked_commands: DROP TABLE"),
    ("orchestra stop", "deny", "the verbs that agents may run"),
    ("eval $X", "deny", "what is written must be known"),
]


@pytest.mark.parametrize(("subject", "decision", "rule"), DECISIONS)
def test_why(ticket, capsys, subject, decision, rule):
    found = answer(ticket, capsys, "why", subject, "--ticket", "t-1")
    assert found["decision"] == decision
    assert rule in found["rule"]
    assert found["subject"] == subject
    assert bool(found["reason"]) == bool(found["class"]) == (decision == "deny")


@pytest.mark.parametrize(("subject", "decision", "rule"), DECISIONS)
def test_the_hook_decides_the_same(ticket, subject, decision, rule):
    ticket.headless(json.loads((ticket.run / "t-1/turn-1/scope.json").read_text()))
    told = ticket.bash(subject) if " " in subject else ticket.edit(subject)
    assert told.decision == decision, told


def test_why_in_words_and_exit_codes(ticket, capsys):
    assert orchestra(ticket, "why", "--ticket", "t-1", "rm", "secret.py") == 1
    shown = capsys.readouterr().out
    assert shown.startswith("deny: rm secret.py\n  rule: ")
    assert "secret.py is outside the scope" in shown
    assert orchestra(ticket, "why", "--ticket", "t-1", "src/lib/a.py") == 0
    assert orchestra(ticket, "why", "--ticket", "t-1", "--command", "make") == 0
    assert "not known before it runs" in capsys.readouterr().out


def test_why_by_a_file(ticket, capsys):
    (ticket.project / "s.json").write_text(json.dumps(scope(ticket.project, ["**"])))
    assert answer(ticket, capsys, "why", "secret.py", "--scope", "s.json")["decision"] == "allow"


def test_a_ticket_that_nobody_has_given_out(ticket, capsys):
    assert orchestra(ticket, "show", "t-9") == 64


def test_no_scope_at_all(ticket, capsys):
    assert orchestra(ticket, "why", "x") == 64
    assert "--ticket" in capsys.readouterr().err


def test_a_scope_file_that_cannot_be_used(ticket, capsys):
    (ticket.project / "s.json").write_text("{")
    assert orchestra(ticket, "why", "x", "--scope", "s.json") == 65
    assert orchestra(ticket, "why", "x", "--scope", "missing.json") == 65
