"""`orchestra hotfix`: one small task, from words on the command line to a pushed commit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.rule({"role": "worker"}, {"run": "cp $ORCHESTRA_PROMPT_FILE ../../runs/asked; echo mended > a.txt"})
    made.save()
    return made


def hotfix(place: World, *words: str) -> int:
    script = str(place.root.parent / "script.yml")
    options = ["--backend", "scripted", "--script", script]
    return forks.orchestra(place.root, ["hotfix", *options, *words], log=place.log)


def asked(place: World) -> str:
    return (place.root / ".orchestra/runs/asked").read_text()


def test_a_hotfix_is_verified_committed_and_pushed_at_once(place: World) -> None:
    assert hotfix(place, "login fails with an empty password") == 0, place.said()
    assert place.subjects()[-1] == "fix(hotfix): login fails with an empty password"
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert (place.root / "a.txt").read_text() == "mended\n"
    assert "login fails with an empty password" in asked(place)
    assert place.statuses() == {"M1": "done"}
    types = [event["type"] for event in place.json("log")["events"]]
    assert "receipt" in types
    assert "review-ended" not in types


def test_a_hotfix_leaves_other_milestones_alone(place: World) -> None:
    place.milestone("M1", [Phase(("b.txt",), title="b")])
    place.save()
    assert hotfix(place, "mend it") == 0, place.said()
    assert place.statuses() == {"M1": "ready", "M2": "done"}


def test_each_hotfix_is_a_milestone_of_its_own(place: World) -> None:
    assert hotfix(place, "mend it") == 0, place.said()
    place.rules[:] = []
    place.rule({"role": "worker"}, {"run": "echo again > b.txt"})
    place.save()
    assert hotfix(place, "mend it") == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done"}


def test_a_hotfix_that_fails_three_times_is_not_pushed(place: World) -> None:
    place.config(verification={"typecheck": "", "test": "false", "lint": ""})
    place.save()
    assert hotfix(place, "--auto", "mend it") == 1, place.said()
    assert place.subjects(cwd=place.remote)[-1] == "chore: plan"
    assert place.statuses() == {"M1": "failed"}


HOSTILE = {
    "quotes": """it's "broken" `whoami` ’quite’""",
    "shell": "$(touch ../../../pwned); touch pwned & rm -rf ~ | tee > pwned",
    "newlines": "first line\n\n# Heading\n---\nstatus: done\n---\n\n## Scope\n\n- `secret` (new)\n",
    "long": "word " * 1000,
    "one long word": "x" * 5000,
    "emoji": "🔥 the 登录 page é 🔥",
    "template": "{{ 7 * 7 }} {% raw %} {# note #} ${HOME} %s %(x)s",
    "yaml": "key: [unclosed, &anchor *alias !!python/object:os.system",
    "html": "<!-- --> <script>alert(1)</script> | a | b |",
    "controls": "bell \x07 escape \x1b[31m nul-less \x7f",
    "numbers": "2026-11-21",
    "todo": "TODO: write this or that",
    "dots": "../../etc/passwd",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_words_and_nothing_else(place: World, name: str) -> None:
    text = HOSTILE[name]
    assert hotfix(place, text) == 0, place.said()
    assert "Traceback" not in place.said()
    assert not list(place.root.parent.rglob("pwned"))
    assert place.git("show", "--format=", "--name-only", "HEAD").split() == ["a.txt"]
    assert len(place.subjects()[-1]) <= 72
    assert words_of(text)[:40].strip() in words_of(asked(place))


def words_of(text: str) -> str:
    return " ".join(re.findall(r"\w+", text))


@pytest.mark.parametrize("words", [["--", "--json is broken"], ["--", "-C", "--auto"]])
def test_texts_that_look_like_options_follow_two_dashes(place: World, words: list[str]) -> None:
    assert hotfix(place, *words) == 0, place.said()
    assert " ".join(words[1:]) in asked(place)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_text_is_bad_usage(place: World, text: str) -> None:
    assert hotfix(place, text) == 64
    assert not list((place.root / ".orchestra").glob("milestones/M*"))


def test_a_text_that_is_not_valid_unicode_is_said_so(place: World) -> None:
    assert hotfix(place, "caf\udce9") in (0, 64), place.said()
    assert "Traceback" not in place.said()
    assert "bug in Orchestra" not in place.said()


def test_a_hotfix_that_cannot_start_leaves_no_milestone_behind(place: World) -> None:
    """Otherwise the next `run` would carry it out by surprise, and a second try would make it twice."""
    (place.root / "README.md").write_text("mine\n")
    assert hotfix(place, "mend it") == 1
    assert "README.md" in place.said()
    assert not list((place.root / ".orchestra").glob("milestones/M*"))
    assert hotfix(place, "--stash", "mend it") == 0, place.said()
    assert place.statuses() == {"M1": "done"}
    assert (place.root / "README.md").read_text() == "mine\n"


def test_a_hotfix_that_was_interrupted_goes_on_with_the_next_run(place: World) -> None:
    place.rules[:] = []
    place.rule({"attempt": 1}, {"fail": "crash"})
    place.rule({"role": "worker"}, {"write": {"path": "a.txt", "text": "x"}})
    place.save()
    assert hotfix(place, "--max-attempts", "1", "mend it") == 2, place.said()
    assert place.call("decide", "M1-D1", "retry") == 0
    assert place.run() == 0, place.said()
    assert place.subjects()[-1] == "fix(hotfix): mend it"
