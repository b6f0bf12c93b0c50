"""`orchestra run` with a person at the terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import live
from tests.support.live import until, working_in
from tests.support.projects import Phase, World, world
from tests.support.terminal import terminal

RFC = ".orchestra/milestones/M1-work/rfc.md"


@pytest.fixture
def place(tmp_path: Path) -> World:
    """M1 with an RFC."""
    made = world(tmp_path)
    made.config(pipeline={"rfc_approval": "optional"})
    made.milestone("M1", [Phase(("a.txt",), title="a")], complexity="full")
    write = f"mkdir -p $(dirname {RFC}); echo '# RFC' > {RFC}; cp $ORCHESTRA_PROMPT_FILE ../../runs/asked"
    made.rule({"role": "architect"}, {"run": write})
    made.writes("M1/phase-1", "a.txt")
    made.approves()
    made.save()
    return made


def more(place: World, *numbers: int) -> None:
    for number in numbers:
        place.milestone(f"M{number}", [Phase((f"m{number}.txt",), title=f"m{number}")])
        place.writes(f"M{number}/phase-1", f"m{number}.txt")
    place.save()


def answers(place: World) -> list[tuple[str, str, str]]:
    """What was answered, with which words, through what."""
    found: list[dict[str, Any]] = [
        event["data"] for event in place.json("log")["events"] if event["type"] == "decision-answered"
    ]
    return [(data["answer"], data["comment"], data["by"]) for data in found]


def test_a_gate_is_asked_and_a_wrong_answer_is_asked_again(place: World) -> None:
    with terminal(place) as person:
        person.expect("M1-D1: M1: is the RFC")
        person.expect("[approve / revise / stop] ")
        person.type("maybe\n")
        person.expect("'maybe' is not one of the answers")
        person.expect("[approve / revise / stop] ")
        person.type("\n")
        person.expect("[approve / revise / stop] ")
        person.type("APPROVE looks good to me\n")
        assert person.ends() == 0, person.shown
    assert answers(place) == [("approve", "looks good to me", "terminal")]
    assert place.subjects()[-1] == "feat(work): a"


def test_a_comment_typed_at_the_prompt_reaches_the_agent(place: World) -> None:
    with terminal(place) as person:
        person.expect("[approve / revise / stop] ")
        person.type("revise use SQLite, ünïcode\n")
        person.expect("[approve / revise / stop] ")
        assert "use SQLite, ünïcode" in (place.root / ".orchestra/runs/asked").read_text()
        person.type("approve\n")
        assert person.ends() == 0, person.shown


def test_answers_typed_ahead_are_taken_one_by_one(place: World) -> None:
    with terminal(place) as person:
        person.expect("[approve / revise / stop] ")
        person.type("nonsense\nrevise again\napprove\n")
        assert person.ends() == 0, person.shown
    assert [answer for answer, _, _ in answers(place)] == ["revise", "approve"]


@pytest.mark.parametrize("at", ["prompt", "work"])
def test_ctrl_c_stops_cleanly_and_the_run_goes_on_later(place: World, at: str) -> None:
    if at == "work":
        place.rules.insert(
            0, {"when": {"role": "architect"}, "times": 1, "do": [{"run": "touch ../../runs/begun; setsid sleep 300"}]}
        )
        place.save()
    with terminal(place) as person:
        person.expect("[approve / revise / stop] " if at == "prompt" else "architect, attempt 1")
        if at == "work":
            until((place.root / ".orchestra/runs/begun").exists, "the agent's work")
        person.interrupt()
        assert person.ends() == 130, person.shown
    assert "Traceback" not in person.shown
    assert place.json("status")["state"] == "halted"
    assert place.json("status")["groups"][0]["lease"] is None
    until(lambda: not working_in(place.root / ".orchestra"), "the end of the agents")
    with terminal(place) as person:
        person.expect("[approve / revise / stop] ")
        person.type("approve\n")
        assert person.ends() == 0, person.shown
    assert place.subjects()[-1] == "feat(work): a"


@pytest.mark.parametrize("how", ["end of input", "closed window"])
def test_a_person_who_goes_away_leaves_the_question_for_later(place: World, how: str) -> None:
    with terminal(place) as person:
        person.expect("[approve / revise / stop] ")
        if how == "end of input":
            person.type("\x04")
            assert person.ends() == 2, person.shown
        else:
            person.close()
            assert person.ends() in (2, 130)
    assert [d["id"] for d in place.json("decide")["decisions"]] == ["M1-D1"]
    assert place.call("decide", "M1-D1", "approve") == 0
    assert place.run() == 0, place.said()


def test_an_answer_given_elsewhere_is_no_longer_asked(place: World) -> None:
    with terminal(place) as person:
        person.expect("[approve / revise / stop] ")
        assert place.call("decide", "M1-D1", "approve") == 0
        assert person.ends() == 0, person.shown
    assert [by for _, _, by in answers(place)] == ["decide"]


def test_auto_asks_nothing_even_at_a_terminal(place: World) -> None:
    more(place, 2)
    with terminal(place, "--auto") as person:
        assert person.ends() == 0, person.shown
    assert answers(place) == []
    assert place.statuses() == {"M1": "done", "M2": "done"}


# Between milestones


def plain(tmp_path: Path, *numbers: int) -> World:
    place = world(tmp_path)
    more(place, *numbers)
    return place


def test_between_milestones_it_asks_whether_to_go_on(tmp_path: Path) -> None:
    place = plain(tmp_path, 1, 2, 3)
    with terminal(place) as person:
        person.expect("M1-D1: M1 is done. Go on with M2 (work)?")
        person.expect("[go-on / stop] ")
        assert place.json("status")["state"] == "waiting-for-you"
        assert place.statuses()["M2"] == "ready"
        person.type("go-on\n")
        person.expect("M2 is done. Go on with M3 (work)?")
        person.type("stop\n")
        assert person.ends() == 0, person.shown
    assert place.statuses() == {"M1": "done", "M2": "done", "M3": "ready"}
    assert place.json("decide")["decisions"] == []
    assert place.run() == 0, "without a person nobody is asked"
    assert place.statuses()["M3"] == "done"


def test_after_the_last_milestone_nothing_is_asked(tmp_path: Path) -> None:
    place = plain(tmp_path, 1)
    with terminal(place) as person:
        assert person.ends() == 0, person.shown
    assert "Go on" not in person.shown


def test_a_milestone_that_is_named_alone_is_not_followed_by_a_question(tmp_path: Path) -> None:
    place = plain(tmp_path, 1, 2)
    with terminal(place, "M1") as person:
        assert person.ends() == 0, person.shown
    assert "Go on" not in person.shown


@pytest.mark.parametrize("how", ["ctrl-c", "kill", "end of input"])
def test_a_question_about_going_on_that_was_left_open_is_answered_by_the_next_run(tmp_path: Path, how: str) -> None:
    place = plain(tmp_path, 1, 2)
    with terminal(place) as person:
        person.expect("[go-on / stop] ")
        if how == "kill":
            live.kill(person.running)
        else:
            person.type("\x03" if how == "ctrl-c" else "\x04")
            assert person.ends() == (130 if how == "ctrl-c" else 2), person.shown
    assert place.run("--auto") == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done"}
    assert place.json("decide")["decisions"] == []


def test_a_unit_that_fails_is_asked_about_at_the_terminal(tmp_path: Path) -> None:
    place = world(tmp_path)
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    place.rule({"attempt": "[123]"}, {"fail": "garbage"})
    place.writes("M1/phase-1", "a.txt")
    place.save()
    with terminal(place) as person:
        person.expect("failed 3 times")
        person.expect("[retry / skip / stop] ")
        person.type("retry\n")
        assert person.ends() == 0, person.shown


def test_hostile_text_in_a_question_does_not_drive_the_terminal(tmp_path: Path) -> None:
    place = world(tmp_path)
    place.milestone("M1", [Phase(("a.txt",), title="a")])
    notes = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b"
    place.rule({"attempt": 1}, {"report": {"status": "blocked", "notes": notes}})
    place.writes("M1/phase-1", "a.txt")
    place.save()
    with terminal(place) as person:
        person.expect("[retry / skip / stop] ")
        assert "\x1b" not in person.shown
        assert "\x07" not in person.shown
        person.type("retry\n")
        assert person.ends() == 0, person.shown


def test_a_background_job_does_not_read_from_the_terminal(place: World) -> None:
    """It would be stopped by SIGTTIN in the middle of the night."""
    script = place.root.parent / "job.sh"
    words = " ".join(f"'{word}'" for word in live.command("-C", str(place.root), *place.words()))
    script.write_text(f"set -m\n{words} &\nwait $!\necho code $?\n")
    tmux = shutil.which("script")
    if tmux is None:
        pytest.skip("needs script(1)")
    command = ["script", "-qec", f"bash {script}", "/dev/null"]
    done = subprocess.run(command, env=live.environment(), capture_output=True, text=True, timeout=60, check=False)
    assert "code 0" in done.stdout, done.stdout


def test_in_a_real_tmux(place: World) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    socket = f"orchestra-test-{os.getpid()}"

    def tmux(*words: str) -> str:
        return subprocess.run(["tmux", "-L", socket, *words], capture_output=True, text=True, check=False).stdout

    words = " ".join(f"'{word}'" for word in live.command("-C", str(place.root), *place.words()))
    command = f"PYTHONPATH='{live.SCRIPTS}' {words}; echo code $?; sleep 600"
    subprocess.run(
        ["tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "sh", "-c", command],
        check=True,
    )
    try:
        until(lambda: "[approve / revise / stop]" in tmux("capture-pane", "-p"), "the question")
        tmux("send-keys", "approve", "Enter")
        until(lambda: "code 0" in tmux("capture-pane", "-p"), "the end")
        picture = tmux("capture-pane", "-p")
        if os.environ.get("ORCHESTRA_SHOW"):
            print(picture)
    finally:
        tmux("kill-server")
    assert place.subjects()[-1] == "feat(work): a"
