"""`scripts/sequential_loop.py`: the older tool's flags and exit codes, on the same engine."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support import forks, kiro_specs
from tests.support.launching import program
from tests.support.projects import World, world

HALT = "<promise>HALT</promise>"
DOOR = "sequential_loop.py"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("CODEAGENT_NO_TMUX", "1")
    made = world(tmp_path)
    made.config(pipeline={"review": "skip"}, thresholds={"stuck_retry_limit": 1})
    kiro_specs.write(made.root, "- [ ] 1. A\n- [ ] 2. B\n", "feat")
    return made


def loop(place: World, *words: str, spec: str = ".kiro/specs/feat", where: Path | None = None) -> int:
    agent = ("--backend", "scripted", "--script", str(place.root.parent / "script.yml"))
    return forks.orchestra(where or place.root, [DOOR, "--spec", spec, *agent, *words], log=place.log)


def builds(place: World, *more: dict[str, Any]) -> None:
    for step in more:
        place.rule({"unit": "feat/1", "attempt": 1}, step)
    place.writes("feat/1", "a.txt")
    place.writes("feat/2", "b.txt")
    place.save()


def test_everything_done_is_0_and_so_is_nothing_to_do(place: World) -> None:
    builds(place)
    flags = ("--delay", "0", "--max-iterations", "2", "--tmux-session", "mine", "--workdir", str(place.root))
    assert loop(place, *flags) == 0, place.said()
    assert place.subjects()[2:] == ["feat(feat): A", "feat(feat): B"]
    assert "feat done: 2 done\n" in place.said()
    assert (place.root / ".kiro/specs/feat/SEQUENTIAL_STATE.json").exists()
    assert loop(place) == 0
    assert "every unit is ticked already" in place.said()
    assert len(place.subjects()) == 4


def test_a_limit_of_iterations_is_1_and_the_next_call_goes_on(place: World) -> None:
    builds(place)
    assert loop(place, "--max-iterations", "1") == 1
    assert "the limit of 1 attempts is reached" in place.said()
    assert loop(place) == 0, place.said()


@pytest.mark.parametrize("step", [{"say": f"Which?\n{HALT}"}, {"fail": "crash"}], ids=["halt", "failing"])
def test_a_person_needed_is_2_until_they_answer(place: World, step: dict[str, Any]) -> None:
    builds(place, step)
    assert loop(place) == 2
    assert loop(place) == 2
    assert place.call("decide", "feat-D1", "retry", "green") == 0
    assert loop(place) == 0, place.said()
    assert place.subjects()[2:] == ["feat(feat): A", "feat(feat): B"]


def test_what_fails_otherwise_is_1_and_a_wrong_flag_is_64(place: World) -> None:
    builds(place)
    kiro_specs.write(place.root, "nothing\n", "empty")
    assert loop(place, spec=".kiro/specs/nowhere") == 1
    assert loop(place, spec=".kiro/specs/empty") == 1
    assert loop(place, "--max-iterations", "0") == 64
    assert loop(place, "--delay", "-1") == 64
    assert len(place.subjects()) == 2


def test_the_backend_is_the_configured_one_else_the_older_tools(place: World) -> None:
    place.save()
    words = [DOOR, "--spec", ".kiro/specs/feat", "--max-iterations", "1"]
    assert forks.orchestra(place.root, words, log=place.log) == 1
    assert "opencode" in place.said()
    make = "echo x > $(basename $ORCHESTRA_UNIT).txt"
    place.config(pipeline={"review": "skip"}, backend={"name": "command", "command": make})
    assert forks.orchestra(place.root, words, log=place.log) == 1
    assert "feat/1 done" in place.said()


def test_the_agent_of_opencode_that_assigns_is_the_one_that_was_named(place: World) -> None:
    said = place.root.parent / "argv.txt"
    fake = program(place.root.parent / "opencode", f'[ "$1" = --version ] && echo 9.0.0 && exit\necho "$@" >> {said}')
    place.config(pipeline={"review": "skip"}, backend={"opencode": {"program": str(fake)}})
    builds(place)
    assert loop(place, "--assign-opencode-agent", "gawain") == 0, place.said()
    assert said.read_text().count("--agent gawain") == 2, "once for each unit"
    assert "feat/1 is codex's (code, standard; fallback)" in place.said()
    fake.unlink()
    assert loop(place, "--assign-backend", "opencode") == 1
    assert "opencode is not installed" in place.said()


def test_specs_are_found_from_where_one_stands_or_by_their_tasks(place: World) -> None:
    builds(place)
    here = place.root / ".kiro/specs/feat"
    assert loop(place, "--max-iterations", "1", "--script", "../../../../script.yml", spec=".", where=here) == 1
    assert "feat/1 done" in place.said()
    assert loop(place, spec="feat/tasks.md", where=place.root / ".kiro/specs") == 0, place.said()


def test_a_repository_that_is_not_set_up_is_set_up_first(place: World) -> None:
    shutil.rmtree(place.root / ".orchestra")
    (place.root / "Makefile").write_text("test:\n\ttrue\n")
    place.approves()
    builds(place)
    assert loop(place) == 0, place.said()
    said = place.said()
    assert "wrote .orchestra/config.yml, as `orchestra init` would" in said
    assert (place.root / ".orchestra/.gitignore").exists()
    assert "feat/1 done" in said


@pytest.mark.parametrize("how", ["workdir", "link", "no repository"])
def test_what_is_no_spec_of_a_project_sets_nothing_up(place: World, how: str) -> None:
    outside = place.root.parent / "outside"
    kiro_specs.write(outside, "- [ ] 1. A\n", "far")
    far = outside / ".kiro/specs/far"
    if how == "workdir":
        assert loop(place, "--workdir", str(outside / "nowhere")) == 1
        assert f"there is no {outside / 'nowhere'}" in place.said()
    elif how == "link":
        (place.root / ".kiro/specs/near").symlink_to(far)
        assert loop(place, spec=".kiro/specs/near") == 1
    else:
        assert loop(place, where=outside, spec=".kiro/specs/far") == 1
        assert "git init" in place.said()
    assert [path.name for path in outside.rglob("*")] == [".kiro", "specs", "far", "tasks.md"]
