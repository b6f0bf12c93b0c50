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


FOUND = '{"findings": [{"severity": "important", "title": "wrong", "file": "a.txt", "line": 1}]}'
# A reviewer finds something once; `fix` is what the agent does that mends it.
REVIEWED = """
f=a.txt
[ $ORCHESTRA_UNIT != M1/phase-1 ] || f={first}
if [ $ORCHESTRA_ROLE = reviewer ]; then
  said='{{"findings": []}}'
  [ -e {place}/reviewed ] || said='{found}'
  touch {place}/reviewed
elif [ -e {place}/reviewed ]; then
  {fix}
  echo mended > $f
else
  echo made > $f
fi
said=${{said:-I did it.}}
"""


def reviewed(tmp_path: Path, fix: str, *before: Phase) -> World:
    """A phase that is mended after its review, by an agent that does `fix` before; others are built beside it."""
    made = world(tmp_path)
    made.milestone("M1", [*before, Phase(("a.txt",), (), title="a")], complexity="standard")
    here = shlex.quote(str(tmp_path))
    found = program(tmp_path / "wrapper", WRAPPER.format(place=here))
    wrapper = {"program": str(found)}
    made.config(backend={"name": "codeagent-wrapper", "codeagent_wrapper": wrapper}, pipeline={"parallel": "enabled"})
    made.save()
    work(made, REVIEWED.format(place=here, found=FOUND, fix=fix, first=before[0].scope[0] if before else "a.txt"))
    assert run(made, "--auto") == 0, made.said()
    assert made.git("show", "main:a.txt") == "mended"
    return made


def calls_of_workers(made: World) -> list[str]:
    """Whose session each start of the agent goes on with, in order; empty for a new one. Reviewers have none."""
    calls = (made.root.parent / "calls").read_text().splitlines()
    return [call.partition("resume ")[2].partition(" ")[0] for call in calls]


def briefs(made: World, ticket: str) -> list[str]:
    return [one.read_text() for one in sorted(made.root.glob(f".orchestra/runs/*/{ticket}/turn-*/prompt.md"))]


def test_a_fix_goes_on_in_the_session_of_whoever_built(tmp_path: Path) -> None:
    made = reviewed(tmp_path, ":")
    build, review, fix, again = calls_of_workers(made)
    assert (build, review, fix, again) == ("", "", "s-M1.phase-1.worker-1", "")
    [brief] = briefs(made, "M1.phase-1.worker-2")
    assert "Findings to mend" in brief


def test_a_fix_whose_session_may_not_have_heard_what_to_mend_is_told_again(tmp_path: Path) -> None:
    here = shlex.quote(str(tmp_path))
    limited = f"[ -e {here}/limited ] || {{ touch {here}/limited; echo 'usage limit; try again in 1s' >&2; exit 1; }}"
    made = reviewed(tmp_path, limited)
    assert [session for session in calls_of_workers(made) if session] == ["s-M1.phase-1.worker-1"] * 2
    first, second = briefs(made, "M1.phase-1.worker-2")
    assert "Findings to mend" in first
    assert "Findings to mend" in second


def test_after_a_fix_that_failed_an_agent_begins_anew(tmp_path: Path) -> None:
    made = reviewed(tmp_path, "[ $ORCHESTRA_ATTEMPT != 2 ] || exit 1")
    build, review, failed, fix, again = calls_of_workers(made)
    assert (build, review, failed, fix, again) == ("", "", "s-M1.phase-1.worker-1", "", "")


def test_a_fix_has_the_work_tree_of_whoever_built_though_another_is_free(tmp_path: Path) -> None:
    """A program finds its session in the directory where it had it."""
    made = reviewed(tmp_path, ":", Phase(("b.txt",), (), title="b"))
    started = [e for e in made.json("log")["events"] if e["type"] == "attempt-started" and e["unit"] == "M1/phase-2"]
    build, fix = (event["data"] for event in started)
    assert build["worktree"] == fix["worktree"] == "M1-2"
    assert fix["session"] == "s-M1.phase-2.worker-1"
