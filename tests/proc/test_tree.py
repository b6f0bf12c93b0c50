"""Everything below a process is found and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestra.proc import Tree, kill_tree
from orchestra.proc import identity as identity_module
from orchestra.proc import tree as tree_module
from orchestra.proc.identity import Identity, boot_id, identify, start_of
from tests.support.jobs import cleared, gone, number_in, until


def shell(command: str, cwd: Path, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sh", "-c", command], cwd=cwd, env={**os.environ, **env}, start_new_session=True)


def test_children_in_sessions_of_their_own_are_ended(tmp_path: Path) -> None:
    with cleared(tmp_path / "a", tmp_path / "b"):
        program = shell("setsid sh -c 'echo $$ > a; sleep 100 & echo $! > b; wait' & sleep 100", tmp_path)
        first, second = number_in(tmp_path / "a"), number_in(tmp_path / "b")
        assert kill_tree(program.pid, 2.0)
        program.wait()
        assert gone(first)
        assert gone(second)


def test_orphans_in_a_session_that_a_child_leads_are_ended(tmp_path: Path) -> None:
    with cleared(tmp_path / "a", tmp_path / "b"):
        orphan = "(env -i sh -c 'echo \\$\\$ > b; exec sleep 100' &)"
        program = shell(f'setsid sh -c "echo \\$\\$ > a; {orphan}; sleep 100" & sleep 100', tmp_path)
        first, second = number_in(tmp_path / "a"), number_in(tmp_path / "b")
        until(lambda: identity_module.read_stat(second).parent != first)  # type: ignore[union-attr]
        assert kill_tree(program.pid, 2.0)
        program.wait()
        assert gone(first)
        assert gone(second)


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo $$ > a; while :; do sleep 0.05; done"
    with cleared(tmp_path / "a"):
        program = shell(f"trap '' TERM; (setsid sh -c \"{stubborn.replace('$', chr(92) + '$')}\") & wait", tmp_path)
        child = number_in(tmp_path / "a")
        assert kill_tree(program.pid, 0.1)
        program.wait()
        assert gone(child)


def test_a_stopped_program_is_ended_without_waiting_for_the_kill(tmp_path: Path) -> None:
    program = shell("trap 'exit 3' TERM; echo $$ > a; while :; do sleep 0.01; done", tmp_path)
    number_in(tmp_path / "a")
    os.kill(program.pid, signal.SIGSTOP)
    assert kill_tree(program.pid, 20.0)
    assert program.wait() == 3


def test_a_program_that_keeps_forking_is_ended(tmp_path: Path) -> None:
    program = shell("trap '' TERM; echo $$ > a; while :; do sh -c 'sleep 0.2' & sleep 0.01; done", tmp_path)
    number_in(tmp_path / "a")
    assert kill_tree(program.pid, 0.1)
    program.wait()


def test_a_daemon_with_the_mark_is_found_after_its_parents_are_gone(tmp_path: Path) -> None:
    with cleared(tmp_path / "d"):
        program = shell("setsid sh -c 'echo $$ > d; exec sleep 100' &", tmp_path, ORCHESTRA_JOB=str(tmp_path))
        daemon = number_in(tmp_path / "d")
        program.wait()
        dead = Identity(program.pid, "1", boot_id())
        assert daemon not in Tree(dead).look()
        assert Tree(dead, str(tmp_path)).end(2.0)
        assert gone(daemon)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="start times have an order on Linux only")
def test_what_started_before_the_root_is_not_its_doing(tmp_path: Path) -> None:
    with cleared(tmp_path / "d"):
        shell("setsid sh -c 'echo $$ > d; exec sleep 100' &", tmp_path, ORCHESTRA_JOB=str(tmp_path)).wait()
        daemon = number_in(tmp_path / "d")
        later = Identity(1 << 21, str(int(start_of(daemon)) + 1), boot_id())
        assert daemon not in Tree(later, str(tmp_path)).look(deep=True)
        assert daemon in Tree(replace(later, start=start_of(daemon)), str(tmp_path)).look(deep=True)


def test_another_jobs_daemon_is_left_alone(tmp_path: Path) -> None:
    with cleared(tmp_path / "d"):
        program = shell("setsid sh -c 'echo $$ > d; exec sleep 100' &", tmp_path, ORCHESTRA_JOB=f"{tmp_path}2")
        daemon = number_in(tmp_path / "d")
        program.wait()
        assert Tree(Identity(program.pid, "1", boot_id()), str(tmp_path)).end(2.0)
        assert not gone(daemon)


def test_a_reused_pid_is_not_signalled(tmp_path: Path) -> None:
    program = shell("echo $$ > a; sleep 100", tmp_path)
    try:
        number_in(tmp_path / "a")
        for stranger in (Identity(program.pid, "1", boot_id()), Identity(program.pid, start_of(program.pid), "x:1")):
            assert Tree(stranger).end(0.1)
        identity_module.send(program.pid, "1", signal.SIGKILL)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.1)
    finally:
        kill_tree(program.pid, 0.1)
        program.wait()


def test_ending_what_is_gone_is_done(tmp_path: Path) -> None:
    program = shell("exit", tmp_path)
    program.wait()
    assert kill_tree(program.pid, 0.1)


def test_the_caller_is_never_a_member() -> None:
    assert os.getpid() not in Tree(identify(os.getppid())).look()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_numbers_below_are_left_out_until_they_have_come_round(tmp_path: Path) -> None:
    # Above the last number that was handed out: what starts from now on has lower ones.
    assert os.getpid() in tree_module.processes(above=1 << 22)
    program = shell("echo $$ > a; sleep 100", tmp_path)
    try:
        number_in(tmp_path / "a")
        found = tree_module.processes(above=program.pid)
        assert program.pid in found
        assert 1 not in found
        assert 1 in tree_module.processes([1], above=program.pid)
    finally:
        kill_tree(program.pid, 1.0)
        program.wait()


@pytest.mark.skipif(tree_module._last_number() == 0, reason="the kernel does not tell its last number")
def test_where_nothing_was_left_no_list_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> list[str]:
        raise AssertionError(path)

    program = shell("true", tmp_path)
    program.wait()
    monkeypatch.setattr(tree_module, "_is_number", lambda pid: pid == 1)
    monkeypatch.setattr(os, "listdir", refuse)
    assert tree_module.processes(above=program.pid) == {}


@pytest.mark.skipif(tree_module._last_number() == 0, reason="the kernel does not tell its last number")
def test_what_takes_a_number_during_the_look_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shell("true", tmp_path)
    program.wait()
    late: list[subprocess.Popen[bytes]] = []

    def ends_and_leaves_a_child(pid: int) -> bool:
        if not late:
            late.append(shell("sleep 100", tmp_path))
        return pid == late[0].pid

    monkeypatch.setattr(tree_module, "_is_number", ends_and_leaves_a_child)
    try:
        found = tree_module.processes(above=program.pid)
        assert late[0].pid in found
    finally:
        for one in late:
            kill_tree(one.pid, 1.0)
            one.wait()


@pytest.mark.parametrize("last", [0, 99, 100 + (1 << 10)])
def test_numbers_that_have_come_round_or_are_many_say_nothing(last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "_last_number", lambda: last)
    monkeypatch.setattr(tree_module, "_is_number", lambda _: False)
    assert not tree_module._none_since(100)


def test_numbers_that_come_round_during_the_look_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([101, 5])
    monkeypatch.setattr(tree_module, "_last_number", lambda: next(said))
    monkeypatch.setattr(tree_module, "_is_number", lambda _: False)
    assert not tree_module._none_since(100)


def test_the_children_of_an_old_root_may_have_any_number(tmp_path: Path) -> None:
    with cleared(tmp_path / "d"):
        program = shell("echo $$ > d; exec sleep 100", tmp_path, ORCHESTRA_JOB=str(tmp_path))
        try:
            child = number_in(tmp_path / "d")
            root = Identity((1 << 22) - 1, "1", boot_id())
            assert child in Tree(root, str(tmp_path)).look(deep=True)
        finally:
            kill_tree(program.pid, 1.0)
            program.wait()


def test_without_proc_the_same_processes_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_module, "LINUX", False)
    with cleared(tmp_path / "d"):
        program = shell("setsid sh -c 'echo $$ > d; exec sleep 100' & sleep 100", tmp_path, ORCHESTRA_JOB=str(tmp_path))
        daemon = number_in(tmp_path / "d")
        tree = Tree(identify(program.pid), str(tmp_path))
        assert {program.pid, daemon} <= set(tree.look(deep=True))
        program.kill()
        program.wait()
        assert daemon in tree.look(deep=True)
        assert tree.end(2.0)
        assert gone(daemon)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="compares with /proc")
def test_a_start_time_is_the_same_from_ps_and_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(os.getpid())],
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC0"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    monkeypatch.setattr(identity_module, "LINUX", False)
    day, month, date, _, year = said
    ours = start_of(os.getpid()).split("_")
    # procps and psutil round the boot time differently on Linux, so the second may differ here.
    assert [ours[0], ours[1], ours[2], ours[4]] == [day, month, date, year]


def test_a_zombie_is_gone(tmp_path: Path) -> None:
    program = shell("exit", tmp_path)
    until(lambda: gone(program.pid))
    assert start_of(program.pid, zombies=True)
    program.wait()
