"""Whether a run has a driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from orchestra.state.driver import any_driven, is_driven, lock_file

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


def test_looking_leaves_the_lock_free(tmp_path: Path) -> None:
    lock_file(tmp_path, "r1").touch()
    assert not is_driven(tmp_path, "r1")
    process = holder(lock_file(tmp_path, "r1"))
    process.kill()
    process.wait()
