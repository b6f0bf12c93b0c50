"""liveness: five words, each from evidence."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from orchestra import proc, process
from orchestra.views.liveness import is_over, liveness
from tests.support.live import SCRIPTS, until

NOW = 2_000_000_000.0


def touched(path, age_s, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for each in (path, *path.parents[:2]):
        os.utime(each, (NOW - age_s, NOW - age_s))


@pytest.mark.parametrize(
    ("age_s", "word"), [(0, "working"), (59, "working"), (61, "quiet"), (1199, "quiet"), (1201, "wedged")]
)
def test_growth_is_life(tmp_path, age_s, word):
    touched(tmp_path / "T" / "turn-1" / "stdout", age_s)
    assert liveness(tmp_path / "T", 1, NOW) == word


def test_any_file_of_the_ticket_counts(tmp_path):
    touched(tmp_path / "T" / "turn-1" / "stdout", 5000)
    touched(tmp_path / "T" / "verify-1" / "test.log", 10)
    os.utime(tmp_path / "T", (NOW - 5000, NOW - 5000))
    assert liveness(tmp_path / "T", 1, NOW) == "working"


def test_a_file_from_the_future_is_working_not_an_error(tmp_path):
    touched(tmp_path / "T" / "turn-1" / "stdout", -3600)
    assert liveness(tmp_path / "T", 1, NOW) == "working"


def test_nothing_yet_is_working(tmp_path):
    assert liveness(tmp_path / "T", 1, NOW) == "working"


def test_waiting_and_parked_come_before_silence(tmp_path):
    touched(tmp_path / "T" / "turn-1" / "stdout", 5000)
    assert liveness(tmp_path / "T", 1, NOW, parked_until=NOW + 1) == "parked"
    assert liveness(tmp_path / "T", 1, NOW, parked_until=NOW - 1) == "wedged"
    assert liveness(tmp_path / "T", 1, NOW, parked_until=NOW + 1, asked=True) == "waiting-for-you"


def test_a_process_that_died_without_a_result_is_wedged(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    turn = tmp_path / "T" / "turn-1"
    turn.mkdir(parents=True)
    (turn / "pid").write_text(f"{process.pid} 123")
    assert liveness(tmp_path / "T", 1, time.time()) == "wedged"
    (turn / "rc").write_text("0")
    assert liveness(tmp_path / "T", 1, time.time()) == "working"


@pytest.mark.parametrize(
    ("start", "boot", "word"),
    [
        ("{start}", "{boot}:{space}", "working"),
        ("{start}9", "{boot}:{space}", "wedged"),
        ("{start}", "another:{space}", "wedged"),
        ("{start}9", "{boot}:another", "working"),
    ],
    ids=["alive", "its number is another's by now", "the machine was started again", "in another container"],
)
def test_a_number_alone_is_no_process(tmp_path, start, boot, word):
    mine = {"start": proc.identity.start_of(os.getpid()), "boot": process.boot(), "space": process.space()}
    turn = tmp_path / "T" / "turn-1"
    turn.mkdir(parents=True)
    (turn / "pid").write_text(f"{os.getpid()} {start} {boot}\n/some/group\n".format(**mine))
    assert liveness(tmp_path / "T", 1, time.time()) == word


def test_a_turn_that_was_started_again_is_looked_at_where_it_runs(tmp_path):
    for name, pid in (("turn-1", os.getpid()), ("turn-1.1", os.getpid()), ("turn-1.2", 99999999)):
        (tmp_path / "T" / name).mkdir(parents=True)
        (tmp_path / "T" / name / "pid").write_text(f"{pid}\n")
    assert liveness(tmp_path / "T", 1, time.time()) == "wedged"
    (tmp_path / "T/turn-1/rc").touch()
    assert not is_over(tmp_path / "T", 1)
    (tmp_path / "T/turn-1.2/rc").touch()
    assert is_over(tmp_path / "T", 1)


def job(place, command):
    """A turn with a real program, followed by a supervisor of its own; the child's pid is in the file `child`."""
    text = (
        "import asyncio, os, sys; from pathlib import Path; from orchestra.proc import Job, run; b = Path(sys.argv[1])"
    )
    text += "; asyncio.run(run(Job(b / 'turn-1', ('/bin/sh', '-c', sys.argv[2]), b, dict(os.environ))))"
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    return subprocess.Popen([sys.executable, "-c", text, str(place), command], env=env)


@pytest.mark.parametrize(
    ("command", "word"),
    [("exec sleep 100", "wedged"), ("sleep 100 & echo $! > child; wait", "quiet")],
    ids=["nothing else runs", "a test runs"],
)
def test_who_waits_for_something_is_quiet_for_as_long_as_it_runs(tmp_path, monkeypatch, command, word):
    """A program that is half an hour old, silent for all the time since it began a test, or hung up."""
    (tmp_path / "T").mkdir()
    running = job(tmp_path / "T", command)
    try:
        until(lambda: proc.running(tmp_path / "T/turn-1") is not None, "its start")
        if word == "quiet":
            until(lambda: (tmp_path / "T/child").exists(), "the test")
            child = int((tmp_path / "T/child").read_text())
            started = proc.identity.start_of(child)
        else:
            started = ""
        real = proc.age_s
        # The test began 25 minutes ago, everything else half an hour ago.
        monkeypatch.setattr(proc, "age_s", lambda start: real(start) + (1500 if start == started else 1800))
        silent = time.time() - 1495
        for file in (tmp_path / "T").rglob("*"):
            os.utime(file, (silent, silent))
        os.utime(tmp_path / "T", (silent, silent))
        assert liveness(tmp_path / "T", 1, time.time()) == word
    finally:
        proc.stop(tmp_path / "T/turn-1")
        running.wait()
    assert liveness(tmp_path / "T", 1, time.time() + 3600) == "wedged"


@pytest.mark.parametrize("marker", ["", "x", "99999999999999999999 1", "1 1", "\xff"])
def test_an_odd_marker_is_no_error(tmp_path, marker):
    turn = tmp_path / "T" / "turn-1"
    turn.mkdir(parents=True)
    (turn / "pid").write_text(marker, encoding="latin-1")
    assert liveness(tmp_path / "T", 1, time.time()) in ("working", "wedged")
