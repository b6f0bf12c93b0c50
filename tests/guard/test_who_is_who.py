"""Badges and parts: `badges.py` on the files of a run, readable or not."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from orchestra.guard import badges, disk, hook, identity, scopes
from orchestra.guard.identity import Call
from orchestra.guard.state import State, merged

MADE = '{"version": 1, "root": "/w", "write": ["src/**"]}'


@pytest.fixture
def run(tmp_path: Path) -> badges.Run:
    folder = tmp_path / ".orchestra/runs"
    for name in ("r1/sessions", "r1/agents"):
        (folder / name).mkdir(parents=True)
    (folder / "armed").write_text('{"run": "r1"}')
    return badges.Run(str(tmp_path))


def turn(run: badges.Run, ticket: str, number: str = "1", digest: str | None = None) -> Path:
    """A turn as the driver makes it."""
    folder = Path(run.folder) / ticket / f"turn-{number}"
    folder.mkdir(parents=True)
    (folder / "scope.json").write_text(MADE)
    (folder / "scope.sha256").write_text((scopes.sha256(MADE.encode()) if digest is None else digest) + "\n")
    return folder


def agent(name: str = "a1") -> Call:
    return Call(name, "coder", "s-1")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((one, True) for one in ("a", "0", "a.b", "-", "_", "x" * 200)),
        *((one, False) for one in ("", ".", "..", "a..b", "a/b", "a b", "é", "x" * 201)),
    ],
)
def test_names(text: str, name: bool) -> None:
    assert badges.is_name(text) is name


@pytest.mark.parametrize("text", [None, "{", "[]", '{"run": "../x"}', '{"run": 1}', "{}"])
def test_a_run_that_cannot_be_read_lets_nobody_in(text: str | None, tmp_path: Path) -> None:
    (tmp_path / ".orchestra/runs").mkdir(parents=True)
    if text is not None:
        (tmp_path / ".orchestra/runs/armed").write_text(text)
    with pytest.raises(identity.Refused):
        badges.Run(str(tmp_path))


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        (None, identity.USER),
        ('{"role": "product-manager"}', identity.PLANNER),
        ('{"role": "lead"}', identity.LEAD),
        ('{"role": "aaa"}', identity.LEAD),
        ('{"role": "zzz"}', identity.LEAD),
        ("{}", identity.LEAD),
        ("{", identity.LEAD),
        ("", identity.LEAD),
    ],
)
def test_the_part_of_a_session(note: str | None, kind: str, run: badges.Run) -> None:
    if note is not None:
        (Path(run.folder) / "sessions/s-1").write_text(note)
    found = run.caller(Call("", "", "s-1"))
    assert (found.kind, found.record, bool(found.scope.write)) == (kind, run.record, kind == identity.PLANNER)
    assert run.record == f"{run.folder}/guard.jsonl"
    assert run.caller(Call("", "", "../s-1")).kind == identity.USER


def test_a_note_that_is_no_file_counts_as_the_lead(run: badges.Run) -> None:
    (Path(run.folder) / "sessions/s-1").mkdir()
    assert run.caller(Call("", "", "s-1")).kind == identity.LEAD


def test_parts_are_taken_once(run: badges.Run) -> None:
    planner, lead = Call("", "", "s-1"), Call("", "", "s-2")
    for _ in range(2):
        run.play(planner, identity.PLANNER)
        run.play(lead, identity.LEAD)
    assert [run.caller(one).kind for one in (planner, lead)] == [identity.PLANNER, identity.LEAD]
    with pytest.raises(identity.Refused, match="leads the run"):
        run.play(lead, identity.PLANNER)
    run.play(planner, identity.LEAD)
    assert run.caller(planner).kind == identity.LEAD
    for role in (identity.PLANNER, identity.LEAD):
        with pytest.raises(identity.Refused, match="no name"):
            run.play(Call("", "", "a/b"), role)


def test_a_badge_is_written_and_read(run: badges.Run) -> None:
    turn(run, "t-1")
    assert run.caller(agent()).kind == identity.READER
    run.take(agent(), "t-1")
    found = run.caller(agent())
    assert (found.kind, found.scope.write) == (identity.SCOPED, ["src/**"])
    assert found.record == f"{run.folder}/t-1/turn-1/guard.jsonl"
    assert json.loads((Path(run.folder) / "agents/a1").read_text())["turn"] == 1
    turn(run, "t-1", "1.5")
    assert "turn has ended" in run.caller(agent()).why
    run.take(agent(), "t-1")
    assert json.loads((Path(run.folder) / "agents/a1").read_text())["turn"] == "1.5"
    assert run.caller(agent()).record == f"{run.folder}/t-1/turn-1.5/guard.jsonl"
    (Path(run.folder) / "t-1/closed").touch()
    assert "has ended" in run.caller(agent()).why


@pytest.mark.parametrize(
    "badge",
    [
        "{",
        "",
        "{}",
        '{"ticket": "t-1", "turn": 1}',
        '{"ticket": "t-1", "turn": 1, "sha256": ""}',
        '{"ticket": "../t-1", "turn": 1, "sha256": "x"}',
        '{"ticket": "t-1", "turn": "../1", "sha256": "x"}',
    ],
)
def test_a_badge_that_cannot_be_read_allows_nothing(badge: str, run: badges.Run) -> None:
    turn(run, "t-1")
    (Path(run.folder) / "agents/a1").write_text(badge)
    found = run.caller(agent())
    assert (found.kind, found.scope.write) == (identity.READER, [])
    assert "badge cannot be read" in found.why


def test_a_badge_that_is_no_file_or_of_another_place(run: badges.Run) -> None:
    (Path(run.folder) / "agents/a1").mkdir()
    assert "badge cannot be read" in run.caller(agent()).why
    (Path(run.folder) / "secret").write_text('{"ticket": "t-1", "turn": 1, "sha256": "x"}')
    outsider = run.caller(agent("../secret"))
    assert (outsider.kind, outsider.why) == (identity.READER, "")


def test_a_scope_that_is_another_one_allows_nothing(run: badges.Run) -> None:
    folder = turn(run, "t-1")
    run.take(agent(), "t-1")
    (folder / "scope.json").write_text(MADE.replace("src", "lib"))
    assert "not the one" in run.caller(agent()).why


def test_a_scope_without_a_digest_is_no_badge(run: badges.Run) -> None:
    folder = turn(run, "t-1")
    (folder / "scope.sha256").unlink()
    run.take(agent(), "t-1")
    assert "badge cannot be read" in run.caller(agent()).why


@pytest.mark.parametrize(("name", "ticket"), [("a/b", "t-1"), ("a1", "../t-1"), ("a1", "gone"), ("a1", "")])
def test_what_is_no_name_takes_nothing(name: str, ticket: str, run: badges.Run) -> None:
    turn(run, "t-1")
    run.take(agent(name), ticket)
    assert list((Path(run.folder) / "agents").iterdir()) == []
    assert not (Path(run.folder) / "t-1/turn-1/agent").exists()


@pytest.mark.parametrize("holder", ["{", "", '{"agent_id": "a2"}', "[]", '{"agent_id": 1}'])
def test_a_ticket_of_another_agent_is_not_taken(holder: str, run: badges.Run) -> None:
    (turn(run, "t-1") / "agent").write_text(holder)
    with pytest.raises(identity.Refused, match="another agent"):
        run.take(agent(), "t-1")


def test_a_holder_that_is_no_file_is_another_agent(run: badges.Run) -> None:
    (turn(run, "t-1") / "agent").mkdir()
    with pytest.raises(identity.Refused, match="another agent"):
        run.take(agent(), "t-1")


@pytest.mark.parametrize(("old", "new"), [("t-1", "t-2"), ("t-2", "t-1")])
def test_one_agent_has_one_ticket_until_it_ends(old: str, new: str, run: badges.Run) -> None:
    for ticket in (old, new):
        turn(run, ticket)
    run.take(agent(), old)
    with pytest.raises(identity.Refused, match=f"still hold ticket {old}"):
        run.take(agent(), new)
    (Path(run.folder) / old / "closed").touch()
    run.take(agent(), new)
    assert json.loads((Path(run.folder) / "agents/a1").read_text())["ticket"] == new


def test_the_newest_turn_is_the_highest_number(run: badges.Run) -> None:
    for number in ("1", "2", "10", "2.9", "x"):
        turn(run, "t-1", number)
    assert run.newest("t-1") == "turn-10"
    assert run.newest("gone") == ""
    turn(run, "t-2", "x")
    assert run.newest("t-2") == ""


@pytest.mark.parametrize(
    ("name", "number"),
    [("turn-2", (2,)), ("turn-2.10", (2, 10)), ("turn-", ()), ("turn-2.", ()), ("turn-x", ()), ("2", ())],
)
def test_numbers_of_turns(name: str, number: tuple[int, ...]) -> None:
    assert badges.number(name) == number


# -- which digest, and what is noted


@pytest.mark.parametrize(
    ("version", "name"), [((3, 11, 9), "_sha256"), ((3, 12), "_sha2"), ((3, 13, 1), "_sha2"), ((4, 0), "_sha2")]
)
def test_the_digest_is_the_interpreters_own(
    version: tuple[int, ...], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    for one in ("_sha2", "_sha256"):
        made = type(sys)(one)
        made.sha256 = lambda data, one=one: asked.append(one) or hashlib.sha256(data)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, one, made)
    monkeypatch.setattr(sys, "version_info", version)
    assert scopes.sha256(b"x") == hashlib.sha256(b"x").hexdigest()
    assert asked == [name]


def test_an_interpreter_without_one_takes_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in ("_sha2", "_sha256"):
        monkeypatch.setitem(sys.modules, one, None)
    assert scopes.sha256(b"x") == hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(("many", "size"), [(1, 26), (30, 400)])
def test_how_much_of_what_was_let_through_is_noted(many: int, size: int, tmp_path: Path) -> None:
    (tmp_path / "scope.json").write_text(MADE.replace("/w", str(tmp_path)))
    command = "; ".join(f"deploy{number:02}" for number in range(many))
    payload = {"tool_name": "Bash", "cwd": str(tmp_path), "tool_input": {"command": command}}
    setting = hook.Setting("/plugin", "", "", {"ORCHESTRA_SCOPE": f"{tmp_path}/scope.json"})
    assert hook.decide(json.dumps(payload).encode(), setting).code == 0
    (line,) = (tmp_path / "guard.jsonl").read_text().splitlines()
    assert len(json.loads(line)["reason"]) == size


@pytest.mark.parametrize(
    ("command", "patched"),
    [
        ("apply_patch '\n*** Add File: f\n'", ["f"]),
        ("x/applypatch a <<E\n*** Add File: f\nE", ["f"]),
        ("ls apply_patch '\n*** Add File: f'", []),
        ("apply_patch", []),
    ],
)
def test_the_files_of_a_patch_that_codex_carries_out(command: str, patched: list[str], tmp_path: Path) -> None:
    assert hook._patched(command, hook.effects_of(command, str(tmp_path), {})) == patched


@pytest.mark.parametrize(("size", "taken"), [(1 << 26, True), ((1 << 26) + 1, False)])
def test_a_file_has_at_most_64_megabytes(size: int, taken: bool, tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    os.truncate(tmp_path / "f", size)
    if taken:
        assert len(disk.read(f"{tmp_path}/f")) == size
    else:
        with pytest.raises(disk.TooLarge):
            disk.read(f"{tmp_path}/f")


@pytest.mark.parametrize(("many", "kept"), [(1, 1), (6, 6), (7, 1)])
def test_six_states_of_a_shell_are_told_apart(many: int, kept: int) -> None:
    states = [State(f"/{number}") for number in range(many)]
    found = merged([*states, *states, *(one.copy() for one in states)])
    assert len(found) == kept
    assert kept == many or found[0].cwd is None
