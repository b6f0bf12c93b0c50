"""The supervisor is killed again and again; every program runs once, and each end is learnt."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.support.jobs import until

SUPERVISOR = Path(__file__).parents[1] / "support" / "supervisor.py"
COUNT = 200
KILLS = 40


def start(base: Path) -> subprocess.Popen[bytes]:
    call = [sys.executable, "-I", str(SUPERVISOR), str(base), str(COUNT), "4", "0.1"]
    return subprocess.Popen(call, stdin=subprocess.DEVNULL, stderr=(base / "errors").open("ab"))


def test_no_program_runs_twice_and_none_is_lost_over_many_kills(tmp_path: Path) -> None:
    chance = random.Random(7)
    kills = 0
    while not (tmp_path / "all").exists():
        known = len(ran(tmp_path))
        with start(tmp_path) as supervisor:
            # At least one program more, then a moment by chance: kills fall before, at and after the markers.
            until(lambda: len(ran(tmp_path)) > known or supervisor.poll() is not None)  # noqa: B023
            try:
                supervisor.wait(chance.uniform(0, 0.03) if kills < KILLS else 60)
            except subprocess.TimeoutExpired:
                supervisor.send_signal(signal.SIGKILL)
                kills += 1
    assert kills == KILLS
    assert Counter(ran(tmp_path)) == Counter(range(COUNT))
    ends = dict(line.split(" ", 1) for line in (tmp_path / "ended").read_text().splitlines())
    assert ends == {str(number): f"exit {number % 7}" for number in range(COUNT)}
    said = [(tmp_path / "jobs" / str(number) / "stdout").read_text() for number in range(COUNT)]
    assert said == [f"out-{number}\n" for number in range(COUNT)]
    assert (tmp_path / "errors").read_text() == ""


def ran(base: Path) -> list[int]:
    try:
        return [int(word) for word in (base / "ran").read_text().split()]
    except FileNotFoundError:
        return []
