"""liveness: five words, each from evidence."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from orchestra.views.liveness import liveness

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


@pytest.mark.parametrize("marker", ["", "x", "99999999999999999999 1", "1 1", "\xff"])
def test_an_odd_marker_is_no_error(tmp_path, marker):
    turn = tmp_path / "T" / "turn-1"
    turn.mkdir(parents=True)
    (turn / "pid").write_text(marker, encoding="latin-1")
    assert liveness(tmp_path / "T", 1, time.time()) in ("working", "wedged")
