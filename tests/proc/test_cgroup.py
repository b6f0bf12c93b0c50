"""Control groups: what a program starts is ended with it, wherever it has run to. Skipped where there are none."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestra.proc import abandon, cgroup, marker, run, stop
from tests.support.jobs import cleared, finish, gone, job, number_in, until
from tests.support.live import SCRIPTS

# With an empty environment, in a session of its own, and without its parents: there is nothing left to know it by.
RUNAWAY = (
    "env -i PATH=$PATH setsid sh -c 'sleep 1000 > /dev/null 2>&1 & echo $! > daemon' & "
    "until [ -s daemon ]; do sleep 0.01; done"
)

SUPERVISOR = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(SCRIPTS)!r})
from orchestra.proc import Job, run
base = Path(sys.argv[1])
asyncio.run(run(Job(base / "j", ("/bin/sh", "-c", sys.argv[2]), base, dict(os.environ))))
"""


@pytest.fixture(autouse=True)
def groups(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "probe").mkdir()
    probe = cgroup.make(tmp_path / "probe")
    if probe is None:
        pytest.skip("no control group can be made here")
    cgroup.remove(probe)
    with cleared(tmp_path / "daemon"):
        yield


def group_of(dir: Path) -> Path:
    found = cgroup.of(dir)
    assert found is not None
    return found


def test_a_runaway_is_ended_at_the_end_and_the_group_is_removed(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", f"{RUNAWAY}; exit 3"))
    assert (ended.cause, ended.code) == ("exit", 3)
    assert gone(number_in(tmp_path / "daemon"))
    assert not group_of(tmp_path / "j").exists()


def test_without_a_group_such_a_one_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known to escape where the system allows no group; a sandbox with its own processes holds it there."""
    monkeypatch.setattr(cgroup, "base", lambda: None)
    finish(job(tmp_path / "j", RUNAWAY))
    assert not gone(number_in(tmp_path / "daemon"))


@pytest.mark.parametrize("end", [stop, abandon], ids=["stop", "abandon"])
def test_a_runaway_is_ended_when_the_program_is_stopped(tmp_path: Path, end: object) -> None:
    one = job(tmp_path / "j", f"{RUNAWAY}; sleep 1000")
    causes: list[str] = []
    thread = threading.Thread(target=lambda: causes.append(finish(one).cause))
    thread.start()
    daemon = number_in(tmp_path / "daemon")
    assert end(one.dir)  # type: ignore[operator]
    thread.join()
    assert causes == ["stopped"]
    assert gone(daemon)
    assert not group_of(one.dir).exists()


@pytest.mark.parametrize("lost", [False, True], ids=["the program has ended", "its shell was killed too"])
def test_a_runaway_is_ended_by_whoever_comes_after_a_crash(tmp_path: Path, lost: bool) -> None:
    command = f"{RUNAWAY}; {'sleep 1000' if lost else 'until [ -e go ]; do sleep 0.01; done'}"
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path), command]) as supervisor:
        daemon = number_in(tmp_path / "daemon")
        supervisor.kill()
    who = marker.read_mark(tmp_path / "j")
    assert who is not None
    if lost:
        os.kill(who.pid, signal.SIGKILL)
    (tmp_path / "go").touch()
    until(lambda: gone(who.pid), "the end of the shell")
    assert not gone(daemon)
    assert finish(job(tmp_path / "j", command)).cause == ("lost" if lost else "exit")
    assert gone(daemon)
    assert not group_of(tmp_path / "j").exists()


def test_a_group_whose_maker_was_killed_before_the_marker_goes_with_its_directory(tmp_path: Path) -> None:
    made = cgroup.make(tmp_path / "j")
    assert made is not None and made.is_dir()
    assert abandon(tmp_path / "j")
    assert not made.exists()


def test_a_server_in_the_background_does_not_hold_up_the_end(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", "setsid sleep 1000 & echo $! > daemon; echo done"))
    assert (ended.cause, ended.stdout.read_text()) == ("exit", "done\n")
    assert gone(number_in(tmp_path / "daemon"))


def test_groups_that_the_program_has_made_are_looked_into_and_removed(tmp_path: Path) -> None:
    enter = 'sh -c \'echo $$ > "$1/cgroup.procs"; exec sleep 1000\' x "$g"'
    inner = f'g=$(sed -n 2p j/pid)/inner; mkdir "$g"; {enter} & echo $! > daemon'
    finish(job(tmp_path / "j", f"{inner}; until grep -q . $(sed -n 2p j/pid)/inner/cgroup.procs; do sleep 0.01; done"))
    assert gone(number_in(tmp_path / "daemon"))
    assert not group_of(tmp_path / "j").exists()


def test_other_jobs_are_left_alone(tmp_path: Path) -> None:
    async def both() -> None:
        other = asyncio.ensure_future(run(job(tmp_path / "other", "echo $$ > daemon; sleep 1000")))
        while not (tmp_path / "daemon").exists():
            await asyncio.sleep(0.01)
        await run(job(tmp_path / "j", "true"))
        assert not gone(number_in(tmp_path / "daemon"))
        stop(tmp_path / "other")
        await other

    asyncio.run(both())


def test_a_group_that_cannot_be_entered_keeps_nothing_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cgroup.make

    def vanished(dir: Path) -> Path | None:
        group = real(dir)
        cgroup.remove(group)
        return group

    monkeypatch.setattr(cgroup, "make", vanished)
    assert finish(job(tmp_path / "j", "exit 4")).code == 4


@pytest.mark.parametrize("text", ["", "x", "/etc\n", "/etc/orchestra-\0\n", "/etc/orchestra-1", "0 tombstone -\n"])
def test_a_damaged_note_of_the_group_names_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(f"12 34 boot\n{text}")
    assert cgroup.of(tmp_path) is None
