"""Runs with codeagent-wrapper in front of an agent; the program here speaks as version 5.4.0 does."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.launching import program
from tests.support.projects import Phase, World, world

# It notes how it was called, does what `work` says, and ends with the message and the session.
WRAPPER = """
if [ "$1" = --version ]; then echo "codeagent-wrapper version 5.4.0"; exit; fi
echo "$*" >> {place}/calls
cat > {place}/brief
. {place}/work
printf '%s\\n---\\nSESSION_ID: s-%s\\n' "$said" "$ORCHESTRA_TICKET"
"""


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.milestone("M1", [Phase((f"{name}.txt",), title=name) for name in "abc"])
    found = program(tmp_path / "wrapper", WRAPPER.format(place=shlex.quote(str(tmp_path))))
    wrapper = {"program": str(found), "args": ["--backend", "claude"]}
    verification = {"typecheck": "", "test": "! grep -q wrong *.txt", "lint": ""}
    made.config(backend={"name": "codeagent-wrapper", "codeagent_wrapper": wrapper}, verification=verification)
    made.save()
    return made


def work(made: World, text: str) -> None:
    (made.root.parent / "work").write_text(f"{text}\n")


def run(made: World, *words: str) -> int:
    return forks.orchestra(made.root, ["run", *words], log=made.log)


FILE = "case $ORCHESTRA_UNIT in *1) f=a;; *2) f=b;; *) f=c;; esac"


def test_three_phases_become_three_commits_and_a_rejected_one_goes_on_in_its_session(place: World) -> None:
    """The second phase is wrong at first; its next turn resumes the session and gets the reason alone."""
    wrong = 'case "$*" in *resume*) text=right;; *) [ $f = b ] && text=wrong || text=right;; esac'
    work(place, f"{FILE}; {wrong}; echo $text > $f.txt; said='I did it.'")
    assert run(place, "--auto") == 0, place.said()
    assert place.subjects()[-3:] == ["feat(work): a", "feat(work): b", "feat(work): c"]
    calls = (place.root.parent / "calls").read_text().splitlines()
    [resumed] = [call for call in calls if "resume" in call]
    tree = place.root / ".orchestra/worktrees/M1-1"
    assert resumed == f"--skip-permissions --backend claude resume s-M1.phase-2.worker-1 - {tree.resolve()}"
    assert len(calls) == 4, "three phases, one of them twice"


def test_a_message_that_asks_to_halt_asks_a_person(place: World) -> None:
    work(place, "said='Which currency?\n<promise>HALT</promise>'")
    assert run(place, "--auto") == 2, place.said()
    [decision] = place.json("status")["decisions"]
    assert "Which currency?" in decision["question"]
    work(place, f"{FILE}; echo x > $f.txt; said='I did not need `<promise>HALT</promise>`.'")
    assert place.call("decide", decision["id"], "retry") == 0
    assert run(place, "--auto") == 0, place.said()
