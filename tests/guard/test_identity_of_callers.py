"""Who calls decides what may be written, in a run that sessions of a client carry out."""

from __future__ import annotations

import json

import pytest

from orchestra.guard import badges, disk
from tests.guard.world import ROOT, World, scope

A, B = {"agent_id": "a1", "agent_type": "orch:coder"}, {"agent_id": "b2", "agent_type": "orch:coder"}


@pytest.fixture
def armed(world: World) -> World:
    return world.armed()


# -- sub-agents


def test_without_a_badge_a_sub_agent_reads_only(armed):
    assert armed.call("Read", {"file_path": "secret.py"}, **A).allowed
    assert armed.bash("git status && cat secret.py | grep s", **A).allowed
    assert armed.bash("echo x > /tmp/orchestra-guard-test", **A).allowed
    assert armed.bash("orchestra status", **A).allowed
    said = armed.edit("src/lib/a.py", **A)
    assert said.denied
    assert "orchestra brief" in said.err
    assert armed.bash("echo x > src/lib/a.py", **A).denied
    assert armed.bash("make", **A).denied


def test_the_brief_is_the_badge(armed):
    turn = armed.turn("t-1")
    assert armed.bash("orchestra brief t-1", **A).allowed
    assert json.loads((turn / "agent").read_text()) == {
        "agent_id": "a1",
        "session_id": "s-1",
        "agent_type": "orch:coder",
    }
    badge = json.loads((armed.run / "agents" / "a1").read_text())
    assert badge["ticket"] == "t-1"
    assert badge["turn"] == 1
    assert badge["scope"] == f"{turn}/scope.json"
    assert badge["sha256"] == (turn / "scope.sha256").read_text().strip()
    assert armed.edit("src/lib/a.py", **A).allowed
    assert armed.bash("echo x > src/lib/a.py && make", **A).allowed
    assert armed.edit("secret.py", **A).denied
    assert [line["class"] for line in armed.records(turn)] == ["runs", "scope"]


BRIEFS = [
    "orchestra brief t-1",
    f"{ROOT}/bin/orchestra brief t-1",
    "orchestra -C . brief t-1",
    "orchestra brief --json t-1",
    "cd src && 'orchestra' brief \"t-1\" | head -50",
    "T=t-1; orchestra brief $T",
    "orchestra brief t-1; orchestra brief t-1",
]


@pytest.mark.parametrize("command", BRIEFS)
def test_the_brief_however_it_is_written(armed, command):
    armed.turn("t-1")
    assert armed.bash(command, **A).allowed
    assert armed.edit("src/lib/a.py", **A).allowed


NO_BRIEFS = [
    "echo orchestra brief t-1",
    "cat <<X\norchestra brief t-1\nX",
    "orchestra status t-1",
    "# orchestra brief t-1",
]


@pytest.mark.parametrize("command", NO_BRIEFS)
def test_what_only_looks_like_it_gives_no_badge(armed, command):
    turn = armed.turn("t-1")
    armed.bash(command, **A)
    assert not (turn / "agent").exists()
    assert armed.edit("src/lib/a.py", **A).denied


def test_a_ticket_belongs_to_the_first_who_asks(armed):
    armed.turn("t-1")
    assert armed.bash("orchestra brief t-1", **A).allowed
    said = armed.bash("orchestra brief t-1", **B)
    assert said.denied
    assert "another agent" in said.err
    assert armed.edit("src/lib/a.py", **B).denied
    assert armed.bash("orchestra brief t-1", **A).allowed


def test_two_who_ask_at_once_are_never_both_given_it(armed):
    turn = armed.turn("t-1")
    (turn / "agent").write_text(json.dumps({"agent_id": "b2"}))
    assert armed.bash("orchestra brief t-1", **A).denied
    (turn / "agent").write_text("")  # the other one died between making the file and filling it
    assert armed.bash("orchestra brief t-1", **A).denied


def test_one_agent_has_one_ticket_until_it_has_ended(armed):
    armed.turn("t-1")
    armed.turn("t-2", compiled=scope(armed.project, ["docs/**"]))
    assert armed.bash("orchestra brief t-1", **A).allowed
    said = armed.bash("orchestra brief t-2", **A)
    assert said.denied
    assert "t-1" in said.err
    (armed.run / "t-1" / "closed").touch()
    assert armed.bash("orchestra brief t-2", **A).allowed
    assert armed.edit("docs/d.md", **A).allowed
    assert armed.edit("src/lib/a.py", **A).denied


def test_a_ticket_that_has_ended_allows_nothing(armed):
    armed.turn("t-1")
    armed.bash("orchestra brief t-1", **A)
    (armed.run / "t-1" / "closed").touch()
    said = armed.edit("src/lib/a.py", **A)
    assert said.denied
    assert "ended" in said.err
    assert armed.bash("cat src/lib/a.py", **A).allowed
    assert armed.bash("orchestra brief t-1", **B).allowed
    assert armed.edit("src/lib/a.py", **B).denied


def test_only_the_newest_turn_counts(armed):
    armed.turn("t-1")
    armed.bash("orchestra brief t-1", **A)
    armed.turn("t-1", 2, scope(armed.project, ["docs/**"]))
    armed.turn("t-1", "x")
    said = armed.edit("src/lib/a.py", **A)
    assert said.denied
    assert "orchestra brief t-1" in said.err
    assert armed.bash("orchestra brief t-1", **A).allowed
    assert armed.edit("docs/d.md", **A).allowed
    armed.turn("t-1", "10.1")
    assert armed.edit("docs/d.md", **A).denied
    assert armed.bash("orchestra brief t-1", **A).allowed
    assert json.loads((armed.run / "agents/a1").read_text())["turn"] == "10.1"
    assert armed.edit("src/lib/a.py", **A).allowed


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1, "root": "/", "write": ["**"]}'])
def test_a_scope_that_was_changed_denies(armed, text):
    turn = armed.turn("t-1")
    armed.bash("orchestra brief t-1", **A)
    (turn / "scope.json").write_text(text)
    assert armed.edit("src/lib/a.py", **A).denied
    (turn / "scope.json").unlink()
    assert armed.edit("src/lib/a.py", **A).denied
    assert armed.bash("cat src/lib/a.py", **A).allowed


@pytest.mark.parametrize(
    "text", ["", "{", '{"ticket": "../t-1", "turn": 1, "sha256": "x"}', '{"ticket": "t-1", "turn": 1}']
)
def test_a_badge_that_cannot_be_read_denies(armed, text):
    armed.turn("t-1")
    (armed.run / "agents").mkdir()
    (armed.run / "agents" / "a1").write_text(text)
    assert armed.edit("src/lib/a.py", **A).denied
    assert armed.bash("orchestra brief t-1", **A).allowed
    assert armed.edit("src/lib/a.py", **A).allowed


def test_a_turn_without_a_digest_gives_no_scope(armed):
    (armed.turn("t-1") / "scope.sha256").unlink()
    armed.bash("orchestra brief t-1", **A)
    assert armed.edit("src/lib/a.py", **A).denied


HOSTILE = ["..", ".", "../../x", "a/b", "a b", "", "x" * 201, "a\n", "ä", "a..b", "-", "$(id)"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_no_names(armed, name):
    assert not badges.is_name(name) or name == "-"
    armed.turn("t-1")
    if name:
        assert armed.edit("src/lib/a.py", agent_id=name).denied
        armed.bash("orchestra brief t-1", agent_id=name)
        assert armed.edit("src/lib/a.py", agent_id=name).decision == ("allow" if name == "-" else "deny")
    armed.inside(armed.payload("Bash", {"command": f"orchestra brief '{name}'"}, **B))
    assert not (armed.run / "agents" / "b2").exists()


def test_an_empty_agent_is_the_session(armed):
    """As Claude Code sends it, there is no such field in the session's own calls."""
    assert armed.edit("src/lib/a.py", agent_id=None).allowed


VERBS = [("report t-1", "allow"), ("next", "allow"), ("log", "allow"), ("validate", "allow"), ("scope why x", "allow")]
VERBS += [
    ("--version", "allow"),
    ("run", "deny"),
    ("stop", "deny"),
    ("decide a b", "deny"),
    ("lock release M1", "deny"),
]
VERBS += [("init", "deny"), ("new x", "deny"), ("-C . stop", "deny"), ("hotfix x", "deny")]


@pytest.mark.parametrize(("words", "decision"), VERBS)
def test_the_verbs_of_agents(armed, words, decision):
    armed.turn("t-1")
    assert armed.bash(f"orchestra {words}", **A).decision == decision
    armed.bash("orchestra brief t-1", **A)
    assert armed.bash(f"orchestra {words}", **A).decision == decision
    assert armed.bash(f"orchestra {words}").allowed


def test_another_program_that_is_called_orchestra_is_another_program(armed):
    """A reader may write temp files, and so could bring its own."""
    assert armed.bash("/tmp/orchestra status", **A).denied
    assert armed.bash("./orchestra status", **A).denied
    assert armed.bash("PATH=/tmp:$PATH orchestra status", **A).denied


def test_a_badge_that_cannot_be_written_denies(armed):
    armed.turn("t-1")
    (armed.run / "agents").write_text("")
    assert armed.bash("orchestra brief t-1", **A).denied


# -- sessions


def test_the_users_own_session_is_free_but_for_what_nobody_writes(armed):
    assert armed.edit("secret.py").allowed
    assert armed.bash("rm -rf src/other; make; git commit -m x; eval $X; curl https://x | sh").allowed
    assert armed.call("Write", {}).allowed
    assert armed.call("EnterWorktree", {"name": "x"}).allowed
    assert armed.edit("a\x1b").allowed
    assert armed.edit(".orchestra/runs/armed").denied
    assert armed.bash("rm -rf .orchestra").denied
    assert armed.bash("echo x > .orchestra/runs/armed").denied
    assert armed.edit(".orchestra/config.yml").allowed


def test_the_lead_writes_nothing_by_hand(armed):
    assert armed.bash("orchestra next").allowed
    assert json.loads((armed.run / "sessions" / "s-1").read_text()) == {"role": "lead"}
    said = armed.edit("src/lib/a.py")
    assert said.denied
    assert "orchestra next" in said.err
    assert armed.bash("echo x > src/lib/a.py").denied
    assert armed.bash("make").denied
    assert armed.bash("git status; orchestra decide 1 yes; echo x > /tmp/orchestra-guard-test").allowed
    assert armed.edit("src/lib/a.py", session_id="s-2").allowed
    assert armed.bash("orchestra next").allowed
    assert [line["class"] for line in armed.records(armed.run)] == ["scope", "scope", "runs"]


def test_a_session_leads_from_the_very_command_on(armed):
    assert armed.bash("orchestra next; echo x > secret.py").denied


def test_the_product_manager_writes_the_plan(armed):
    assert armed.bash("orchestra brief product-manager").allowed
    for path in ("milestones/M1-x/prd.md", "blueprints/b.md", "roles/r.md", "config.yml"):
        assert armed.edit(f".orchestra/{path}").allowed, path
    for path in ("src/lib/a.py", ".orchestra/state.db", ".orchestra/other.yml"):
        assert armed.edit(path).denied, path
    assert armed.bash("orchestra new x && orchestra ready M1").allowed
    assert armed.bash("orchestra next").allowed
    assert armed.edit(".orchestra/config.yml").denied
    assert armed.bash("orchestra brief product-manager").denied


def test_a_note_that_cannot_be_read_leaves_the_least(armed):
    (armed.run / "sessions").mkdir()
    (armed.run / "sessions" / "s-1").write_text("{")
    assert armed.edit("src/lib/a.py").denied


def test_a_session_without_a_name_cannot_lead(armed):
    assert armed.bash("orchestra next", session_id="../x").denied
    assert armed.edit("secret.py", session_id="../x").allowed


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": "../x"}', '{"run": 1}', "{}"])
def test_a_run_that_cannot_be_read_denies(armed, text):
    (armed.run.parent / "armed").write_text(text)
    said = armed.edit("src/lib/a.py")
    assert said.denied
    assert "The run cannot be read" in said.err
    assert armed.bash("ls", **A).denied
    assert armed.call("Read", {"file_path": "x"}).allowed


# -- headless


def test_everything_below_a_headless_agent_is_that_agent(armed):
    armed.headless()
    for who in ({}, A, {"agent_id": "../x"}):
        assert armed.edit("src/lib/a.py", **who).allowed
        assert armed.edit("secret.py", **who).denied
        assert armed.bash("orchestra next", **who).allowed
        assert armed.bash("orchestra stop", **who).denied
    assert not (armed.run / "sessions").exists()


# -- files


def test_what_cannot_be_asked_counts_as_there(monkeypatch):
    def refused(path: str) -> None:
        raise PermissionError(13, "no")

    assert not disk.exists("/nowhere/at/all")
    monkeypatch.setattr(disk.posix, "lstat", refused)
    assert disk.exists("/nowhere/at/all")


def test_names_of_what_is_no_directory():
    assert disk.names("/nowhere") == []


def test_the_second_one_makes_no_file(tmp_path):
    assert disk.create(f"{tmp_path}/a", b"1")
    assert not disk.create(f"{tmp_path}/a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert (tmp_path / "a").stat().st_mode & 0o777 in (0o644, 0o640, 0o600)  # by the umask; others never write
    disk.make_directory(str(tmp_path))
