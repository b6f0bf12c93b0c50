"""Which backend a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.backends.make import check, make
from orchestra.core.words import BackendName
from orchestra.errors import Exit, UserError
from tests.support.launching import program
from tests.support.turns import task


@pytest.mark.parametrize("name", ["claude", "codex", "opencode", "gemini"])
def test_an_agent_program_is_made_with_its_settings(tmp_path: Path, name: str) -> None:
    file = tmp_path / "some-program"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    made = make(name, {"agent": {"program": str(file), "args": ("--more", "x y"), "models": "not for it"}})
    argv = made.argv(task(tmp_path))
    assert made.name == name
    assert str(file) in argv
    assert [argv[at + 1] for at, word in enumerate(argv) if word == "--more"] == ["x y"]


@pytest.mark.parametrize("named", ["./tools/claude", "tools/claude", "~/tools/claude", "claude"])
def test_a_program_is_started_from_wherever_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """An agent works in a work tree, in which a relative path leads elsewhere."""
    (tmp_path / "tools").mkdir()
    program(tmp_path / "tools/claude", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "tools")
    argv = make("claude", {"agent": {"program": named}}).argv(task(tmp_path))
    assert argv[4] == str(tmp_path / "tools/claude")


@pytest.mark.parametrize("name", ["claude", "codex", "opencode", "gemini"])
def test_an_agent_program_that_is_missing_or_too_old_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    options = {"agent": {"program": str(tmp_path / "none")}}
    with pytest.raises(UserError, match="is not installed") as missing:
        check(name, options)
    assert missing.value.hint
    for said, wrong in (("0.1.2", "too old: .* or newer is needed"), ("hello", "says no version")):
        program(tmp_path / "none", f"echo {said}")
        with pytest.raises(UserError, match=wrong) as raised:
            check(name, options)
        assert "npm install" in raised.value.hint
    program(tmp_path / "none", "echo 'v99.1.0 (beta)'")
    assert check(name, options) == "99.1.0"


def test_other_backends_have_no_version() -> None:
    assert check("command", {}) == check("scripted", {}) == ""


def test_the_two_backends_are_made(tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text("[]")
    assert make("command", {"command": "true"}).name == "command"
    assert make("scripted", {"script": str(tmp_path / "s.yml"), "counts": tmp_path / "c"}).name == "scripted"


@pytest.mark.parametrize("name", ["Claude", "Command", "", "nope"])
def test_any_other_name_is_bad_usage(name: str) -> None:
    with pytest.raises(UserError) as raised:
        make(name, {"command": "true", "script": "x"})
    assert raised.value.code == Exit.USAGE
    assert raised.value.hint


@pytest.mark.parametrize("name", [BackendName.COMMAND, BackendName.SCRIPTED])
def test_an_option_that_is_missing_is_bad_usage(name: BackendName) -> None:
    with pytest.raises(UserError) as raised:
        make(name, {})
    assert raised.value.code == Exit.USAGE


def test_a_script_that_is_bad_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        make("scripted", {"script": tmp_path / "none.yml"})
    assert raised.value.code == Exit.BAD_INPUT
