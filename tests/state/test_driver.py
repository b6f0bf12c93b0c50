"""Whether a run has a driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from orchestra.state.driver import any_driven, hold, is_driven, lock_file
from tests.support import states

HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(300)
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_run_without_a_lock_file_has_no_driver(tmp_path: Path) -> None:
    assert not is_driven(tmp_path, "r1")


def test_a_lock_that_is_held_means_a_driver_until_it_is_killed(tmp_path: Path) -> None:
    process = holder(lock_file(tmp_path, "r1"))
    try:
        assert is_driven(tmp_path, "r1")
        assert any_driven(tmp_path)
        os.kill(process.pid, signal.SIGSTOP)
        assert is_driven(tmp_path, "r1"), "a stopped driver may go on"
    finally:
        process.kill()
        process.wait()
    assert not is_driven(tmp_path, "r1")
    assert not any_driven(tmp_path)


LOOK = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_SH)
print("looks", flush=True)
sys.stdin.readline()
"""

START = """
import sys
from pathlib import Path
from orchestra.state import driver
look = driver.is_supervised
driver.is_supervised = lambda *args: print("asks", flush=True) or look(*args)
lock = driver.hold(Path(sys.argv[1]), "r1")
print("drives" if lock else "taken", flush=True)
sys.stdin.readline()
"""


def process(code: str, argument: Path) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", code, str(argument)]
    env = {**os.environ, "PYTHONPATH": str(states.SCRIPTS)}
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_who_only_looks_at_a_run_is_not_taken_for_its_driver(tmp_path: Path) -> None:
    lock_file(tmp_path, "r1").touch()
    look = process(LOOK, lock_file(tmp_path, "r1"))
    assert said(look) == "looks"
    start = process(START, tmp_path)
    try:
        assert said(start) == "asks"
        assert not is_driven(tmp_path, "r1")
        look.communicate("enough\n")
        assert next(word for word in iter(lambda: said(start), "") if word != "asks") == "drives"
        assert is_driven(tmp_path, "r1")
        assert hold(tmp_path, "r1") is None
    finally:
        start.communicate("\n")
    assert not is_driven(tmp_path, "r1")


def test_looking_leaves_the_lock_free(tmp_path: Path) -> None:
    lock_file(tmp_path, "r1").touch()
    assert not is_driven(tmp_path, "r1")
    process = holder(lock_file(tmp_path, "r1"))
    process.kill()
    process.wait()
