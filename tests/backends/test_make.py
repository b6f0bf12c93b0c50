"""Which backend a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.backends.make import make
from orchestra.core.words import BackendName
from orchestra.errors import Exit, UserError


def test_the_two_backends_are_made(tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text("[]")
    assert make("command", {"command": "true"}).name == "command"
    assert make("scripted", {"script": str(tmp_path / "s.yml"), "counts": tmp_path / "c"}).name == "scripted"


@pytest.mark.parametrize("name", ["claude", "codex", "opencode", "gemini", "Command", "", "nope"])
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
