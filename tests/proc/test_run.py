"""One program and the directory that remembers it."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from orchestra.errors import Exit, UserError
from orchestra.proc import Job, Tree, abandon, age_s, alive, run, sh, stop
from orchestra.proc import identity as identity_module
from orchestra.proc import marker as marker_module
from orchestra.proc import watch as watch_module
from orchestra.proc import wrapper as wrapper_module
from orchestra.proc.identity import Identity
from tests.support.jobs import cleared, finish, gone, job, number_in, until

run_module = sys.modules["orchestra.proc.run"]


def test_a_program_ends_with_its_code_and_its_output_in_files(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", "echo out; echo err >&2; exit 7"))
    assert (ended.cause, ended.code) == ("exit", 7)
    assert ended.stdout.read_text() == "out\n"
    assert ended.stderr.read_text() == "err\n"
    assert ended.duration_s >= 0


def test_a_finished_directory_answers_again_and_starts_nothing(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran; echo said")
    heard: list[bytes] = []
    first = finish(one)
    assert finish(one, on_output=heard.append) == first
    assert (tmp_path / "ran").read_text() == "x\n"
    assert b"".join(heard) == b"said\n"


def test_arguments_and_directories_may_hold_any_character(tmp_path: Path) -> None:
    odd = tmp_path / "a b'c\"$(touch evil);*\n"
    odd.mkdir()
    words = ("/bin/echo", "$HOME", "a  b", "*", "--", "'", "`id`")
    ended = finish(Job(odd / "j", words, odd, {"PATH": "/nowhere"}))
    assert (ended.cause, ended.code) == ("exit", 0)
    assert ended.stdout.read_text() == "$HOME a  b * -- ' `id`\n"
    assert not list(tmp_path.rglob("evil"))


def test_a_program_that_does_not_exist_is_127_with_a_reason(tmp_path: Path) -> None:
    ended = finish(Job(tmp_path / "j", ("no-such-program-here",), tmp_path, dict(os.environ)))
    assert (ended.cause, ended.code) == ("exit", 127)
    assert "not found" in ended.stderr.read_text()


def test_a_program_killed_by_a_signal_ends_with_the_shells_code(tmp_path: Path) -> None:
    assert finish(job(tmp_path / "j", "kill -9 $$")).code == 128 + 9


def test_the_exit_codes_of_the_wrapper_are_free_for_programs(tmp_path: Path) -> None:
    for code in (98, 99):
        ended = finish(job(tmp_path / str(code), f"exit {code}"))
        assert (ended.cause, ended.code) == ("exit", code)


def test_a_program_has_no_input_no_stray_descriptors_and_a_session_of_its_own(tmp_path: Path) -> None:
    stray, kept = os.pipe()
    os.set_inheritable(kept, True)
    look = "import os,sys; print(sys.stdin.read() == '', os.path.exists(f'/dev/fd/%s'), os.getsid(0))"
    try:
        ended = finish(Job(tmp_path / "j", (sys.executable, "-c", look % kept), tmp_path, dict(os.environ)))
    finally:
        os.close(stray)
        os.close(kept)
    empty, has_stray, session = ended.stdout.read_text().split()
    assert (empty, has_stray) == ("True", "False")
    assert int(session) != os.getsid(0)


def test_the_environment_arrives_as_it_was_given(tmp_path: Path) -> None:
    names = ["dir", "boot", "line", "start", "me", "first", "code", "IFS", "ENV", "BASH_ENV", "PS4"]
    given = {**dict.fromkeys(names, "0123456789"), "PATH": os.environ["PATH"], "ORCHESTRA_JOB": "outer"}
    dump = "import json, os; print(json.dumps(dict(os.environ)))"
    ended = finish(Job(tmp_path / "j", (sys.executable, "-c", dump), tmp_path, given))
    found = json.loads(ended.stdout.read_text())
    assert found.pop("ORCHESTRA_JOB") == str(tmp_path / "j")
    kept = [name for name in names if name != "IFS"]
    assert [found[name] for name in kept] == [given[name] for name in kept]


def test_sh_runs_a_command_line(tmp_path: Path) -> None:
    ended = asyncio.run(sh("echo $WORD | tr a-z A-Z", tmp_path, {**os.environ, "WORD": "loud"}, tmp_path / "v", 30))
    assert ended.stdout.read_text() == "LOUD\n"


def test_output_arrives_while_the_program_runs(tmp_path: Path) -> None:
    def heard(data: bytes) -> None:
        if b"first" in data:
            (tmp_path / "go").touch()

    ended = finish(job(tmp_path / "j", "echo first; until [ -e go ]; do sleep 0.01; done; echo last"), on_output=heard)
    assert ended.stdout.read_text() == "first\nlast\n"


# --- time-outs -------------------------------------------------------------------------------------------------


def test_the_wall_time_out_ends_the_tree_and_is_remembered(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo $$ > pid; sleep 100 & echo $! > child; wait", wall_s=0.3)
    ended = finish(one)
    assert ended.cause == "timeout"
    assert gone(number_in(tmp_path / "pid"))
    assert gone(number_in(tmp_path / "child"))
    assert finish(one) == ended


def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ended = finish(
        job(tmp_path / "j", "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done", wall_s=0.3, grace_s=0.2)
    )
    assert (ended.cause, ended.code) == ("timeout", 128 + 9)
    assert gone(number_in(tmp_path / "pid"))


def test_a_program_that_ended_just_before_its_time_was_over_has_ended_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = wrapper_module.SCRIPT.replace('exit "$_o_code"', 'sleep 0.6; exit "$_o_code"')
    monkeypatch.setattr(wrapper_module, "SCRIPT", slow)
    ended = finish(job(tmp_path / "j", "exit 3", wall_s=0.2))
    assert (ended.cause, ended.code) == ("exit", 3)


def test_sigterm_lets_a_program_end_in_its_own_way(tmp_path: Path) -> None:
    program = "trap 'echo bye; exit 5' TERM; while :; do sleep 0.05; done"
    ended = finish(job(tmp_path / "j", program, wall_s=0.3))
    assert (ended.cause, ended.code) == ("timeout", 5)
    assert ended.stdout.read_text() == "bye\n"


def test_a_silent_program_is_idle(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", "echo once; sleep 100", idle_s=0.4))
    assert ended.cause == "idle"


def test_output_keeps_a_program_from_being_idle(tmp_path: Path) -> None:
    program = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo $i >&2; sleep 0.1; done"
    assert finish(job(tmp_path / "j", program, idle_s=1.0)).cause == "exit"


def test_work_without_output_keeps_a_program_from_being_idle(tmp_path: Path) -> None:
    busy = "import time; end = time.process_time() + 0.8\nwhile time.process_time() < end: pass"
    ended = finish(Job(tmp_path / "j", (sys.executable, "-c", busy), tmp_path, dict(os.environ), idle_s=0.4))
    assert ended.cause == "exit"


def test_a_program_that_waits_for_what_it_has_started_is_not_idle(tmp_path: Path) -> None:
    ended = asyncio.run(run(job(tmp_path / "j", "sleep 1.5; true", idle_s=0.3), busy=lambda: True))
    assert ended.cause == "exit"


@pytest.mark.parametrize("command", ["exec sleep 100", "sleep 100; true"], ids=["nothing runs", "it waits for nothing"])
def test_a_program_that_only_says_so_is_idle(tmp_path: Path, command: str) -> None:
    ended = asyncio.run(run(job(tmp_path / "j", command, idle_s=0.3), busy=lambda: command.startswith("exec")))
    assert ended.cause == "idle"


# --- what is left over -----------------------------------------------------------------------------------------


def test_a_grandchild_that_holds_stdout_open_blocks_nothing_and_is_ended(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", "sleep 100 & echo $! > child; echo done"))
    assert (ended.cause, ended.code) == ("exit", 0)
    assert gone(number_in(tmp_path / "child"))


def test_a_daemon_in_a_session_of_its_own_is_ended_with_its_program(tmp_path: Path) -> None:
    with cleared(tmp_path / "daemon"):
        ended = finish(
            job(tmp_path / "j", "(setsid sh -c 'echo $$ > daemon; sleep 100' > /dev/null 2>&1 &); sleep 0.3")
        )
        assert ended.cause == "exit"
        assert gone(number_in(tmp_path / "daemon"))


def test_an_orphan_without_environment_is_found_by_its_session(tmp_path: Path) -> None:
    with cleared(tmp_path / "orphan"):
        orphan = "env -i sh -c 'echo $$ > orphan; exec sleep 100'"
        finish(job(tmp_path / "j", f"({orphan} &); until [ -s orphan ]; do sleep 0.01; done"))
        assert gone(number_in(tmp_path / "orphan"))


def test_a_daemon_that_hides_its_environment_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_module, "_TREE_S", 0.05)
    hide = "env -i setsid sh -c 'echo $$ > daemon; sleep 100' & until [ -e go ]; do sleep 0.01; done"
    with cleared(tmp_path / "daemon"):
        one = job(tmp_path / "j", f"{hide}; echo bye")

        async def follow() -> None:
            running = asyncio.ensure_future(run(one))
            await asyncio.sleep(0)
            while not (tmp_path / "daemon").exists():
                await asyncio.sleep(0.01)
            # Two looks at the tree, so that the daemon was seen below its parent.
            await asyncio.sleep(0.3)
            (tmp_path / "go").touch()
            await running

        asyncio.run(follow())
        assert gone(number_in(tmp_path / "daemon"))


# --- who may run -----------------------------------------------------------------------------------------------


def test_two_supervisors_start_one_program_and_hear_the_same(tmp_path: Path) -> None:
    for turn in range(10):
        base = tmp_path / str(turn)
        base.mkdir()
        one = job(base / "j", "echo x >> ran; sleep 0.05; echo said; exit 3")
        ends: list[tuple[str, int | None]] = []

        def follow(one: Job = one, ends: list[tuple[str, int | None]] = ends) -> None:
            ended = finish(one)
            ends.append((ended.cause, ended.code))

        threads = [threading.Thread(target=follow) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (base / "ran").read_text() == "x\n"
        assert ends == [("exit", 3)] * 4
        assert (base / "j" / "stdout").read_text() == "said\n"
        assert (base / "j" / "stderr").read_text() == ""


def test_a_start_that_comes_too_late_leaves_the_winners_files_alone(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran; echo said; echo noted >&2; until [ -e go ]; do sleep 0.01; done; exit 3")
    ends: list[int | None] = []
    thread = threading.Thread(target=lambda: ends.append(finish(one).code))
    thread.start()
    until(lambda: (one.dir / "stderr").exists() and (one.dir / "stderr").read_text() == "noted\n")
    with run_module._spawn(one, None)[0] as late:
        assert late.wait() == wrapper_module.REFUSED
    (tmp_path / "go").touch()
    thread.join()
    assert ends == [3]
    assert (tmp_path / "ran").read_text() == "x\n"
    assert [(one.dir / name).read_text() for name in ("stdout", "stderr")] == ["said\n", "noted\n"]


def child_of(pid: int) -> int:
    """The child that a process started last."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])


def test_permission_is_asked_once_before_the_program_begins(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran")
    asked: list[bool] = []

    def permit() -> None:
        asked.append(marker_module.exists(one.dir) or (tmp_path / "ran").exists())

    assert finish(one, permit=permit).code == 0
    assert finish(one, permit=permit).code == 0
    assert asked == [False]


def test_what_is_not_permitted_does_not_begin_and_may_later(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran")

    shells: list[int] = []

    def refuse() -> None:
        shells.append(child_of(os.getpid()))
        raise KeyError("no")

    with pytest.raises(KeyError):
        finish(one, permit=refuse)
    assert all(map(gone, shells))
    assert not (tmp_path / "ran").exists()
    assert not marker_module.exists(one.dir)
    assert finish(one).code == 0
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_supervisor_that_is_killed_before_it_permits_leaves_nothing_running(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran")

    def die() -> None:
        (tmp_path / "shell").write_text(str(child_of(os.getpid())))
        os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if not pid:
        finish(one, permit=die)
        os._exit(70)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    shell = int((tmp_path / "shell").read_text())
    until(lambda: gone(shell))
    assert not (tmp_path / "ran").exists()
    assert finish(one).code == 0
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_cancelled_run_leaves_the_program_to_the_next_one(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran; until [ -e go ]; do sleep 0.01; done; echo end")

    async def give_up() -> None:
        running = asyncio.ensure_future(run(one))
        while not (tmp_path / "ran").exists():
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(give_up())
    assert alive(one.dir)
    (tmp_path / "go").touch()
    ended = finish(one)
    assert (ended.cause, ended.code) == ("exit", 0)
    assert (tmp_path / "ran").read_text() == "x\n"
    assert ended.stdout.read_text() == "end\n"


@pytest.mark.parametrize("adopted", [False, True])
def test_a_program_whose_place_is_deleted_is_ended_and_that_is_said(tmp_path: Path, adopted: bool) -> None:
    one = job(tmp_path / "runs/j", "echo $$ > ran; exec sleep 100", cwd=tmp_path)

    async def follow() -> None:
        running = asyncio.ensure_future(run(one))
        while not (tmp_path / "ran").exists():
            await asyncio.sleep(0.01)
        if adopted:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            running = asyncio.ensure_future(run(one))
            await asyncio.sleep(0)
        shutil.rmtree(one.dir.parent)
        await running

    with cleared(tmp_path / "ran"):
        with pytest.raises(UserError, match="j is gone"):
            asyncio.run(follow())
        assert gone(number_in(tmp_path / "ran"))


def test_a_program_that_deletes_its_own_directory_has_ended_as_it_did(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "runs/j", "rm -rf runs/j; sleep 0.2; exit 3", cwd=tmp_path))
    assert (ended.cause, ended.code) == ("exit", 3)


def test_a_run_that_is_cancelled_after_its_directory_was_deleted_leaves_nothing(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo $$ > ran; exec sleep 100")

    async def give_up() -> None:
        running = asyncio.ensure_future(run(one))
        while not (tmp_path / "ran").exists():
            await asyncio.sleep(0.01)
        shutil.rmtree(one.dir)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with cleared(tmp_path / "ran"):
        asyncio.run(give_up())
        assert gone(number_in(tmp_path / "ran"))


def test_the_time_of_an_adopted_program_counts_from_its_start(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo $$ > pid; sleep 100", wall_s=1000)

    async def give_up() -> None:
        running = asyncio.ensure_future(run(one))
        while not (tmp_path / "pid").exists():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(give_up())
    who = marker_module.read_mark(one.dir)
    assert who is not None
    assert age_s(who.start) >= 0.1
    assert finish(replace(one, wall_s=0.1)).cause == "timeout"
    assert gone(number_in(tmp_path / "pid"))


@pytest.fixture
def without_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (identity_module, watch_module):
        monkeypatch.setattr(module, "open_pidfd", lambda pid, start: None)
    monkeypatch.setattr(identity_module, "has_pidfd", lambda: False)


def test_without_pidfds_programs_end_time_out_and_are_adopted(tmp_path: Path, without_pidfd: None) -> None:
    assert finish(job(tmp_path / "a", "exit 3")).code == 3
    assert finish(job(tmp_path / "b", "setsid sleep 100 & sleep 100", wall_s=0.2)).cause == "timeout"
    two = job(tmp_path / "c", "echo x >> ran; sleep 0.3; exit 5")
    ends: list[int | None] = []
    threads = [threading.Thread(target=lambda: ends.append(finish(two).code)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == [5] * 3
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_tombstone_makes_a_late_child_refuse(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "touch ran")
    assert abandon(one.dir)
    assert finish(one).cause == "refused"
    assert finish(one).cause == "refused"
    assert not (tmp_path / "ran").exists()


def test_a_child_that_is_held_up_inside_the_marker_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = 'set +C\ntouch "$_o_dir/opened"\nwhile ! [ -e "$_o_dir/go" ]; do sleep 0.01; done'
    monkeypatch.setattr(wrapper_module, "SCRIPT", wrapper_module.SCRIPT.replace("set +C", held))
    monkeypatch.setattr(run_module, "_MARKER_WAIT_S", 0.05)
    one = job(tmp_path / "j", "touch ran")
    causes: list[str] = []
    thread = threading.Thread(target=lambda: causes.append(finish(one).cause))
    thread.start()
    until(lambda: (one.dir / "opened").exists())
    assert abandon(one.dir)
    (one.dir / "go").touch()
    thread.join()
    assert causes == ["refused"]
    assert not (tmp_path / "ran").exists()


def test_a_marker_whose_maker_died_before_its_line_is_buried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "_MARKER_WAIT_S", 0.05)
    one = job(tmp_path / "j", "touch ran")
    one.dir.mkdir()
    (one.dir / "pid").touch()
    assert finish(one).cause == "refused"
    assert not (tmp_path / "ran").exists()


def test_abandon_at_any_moment_leaves_nothing_running(tmp_path: Path) -> None:
    for turn in range(30):
        base = tmp_path / str(turn)
        base.mkdir()
        one = job(base / "j", "touch ran; sleep 100")
        ends: list[str] = []
        thread = threading.Thread(target=lambda one=one, ends=ends: ends.append(finish(one).cause))  # type: ignore[misc]
        thread.start()
        threading.Event().wait(turn * 0.0005)
        assert abandon(one.dir, 2.0)
        assert not alive(one.dir)
        thread.join()
        assert ends == ["stopped" if (base / "ran").exists() else ends[0]]
        assert ends[0] in ("refused", "stopped")
        assert Tree(Identity(0, "", ""), str(one.dir)).look(deep=True) == {}


def test_stop_ends_the_tree_and_its_run_answers_stopped(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "setsid sleep 100 & echo $! > child; sleep 100")
    causes: list[str] = []
    thread = threading.Thread(target=lambda: causes.append(finish(one).cause))
    thread.start()
    child = number_in(tmp_path / "child")
    assert stop(one.dir)
    thread.join()
    assert causes == ["stopped"]
    assert gone(child)
    assert finish(one).cause == "stopped"


def test_stop_where_nothing_runs_changes_nothing(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "exit 4")
    assert stop(one.dir)
    ended = finish(one)
    assert stop(one.dir)
    assert abandon(one.dir)
    assert finish(one) == ended


def test_a_program_that_died_with_its_shell_is_lost_and_its_children_are_ended(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "echo x >> ran; echo $$ > pid; sleep 100")

    async def lose() -> str:
        running = asyncio.ensure_future(run(one))
        while not (tmp_path / "pid").exists():
            await asyncio.sleep(0.01)
        who = marker_module.read_mark(one.dir)
        assert who is not None
        os.kill(who.pid, signal.SIGKILL)
        return (await running).cause

    assert asyncio.run(lose()) == "lost"
    assert gone(number_in(tmp_path / "pid"))
    assert finish(one).cause == "lost"
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_reused_pid_is_neither_adopted_nor_ended(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "100"]) as stranger:
        try:
            one = job(tmp_path / "j", "touch ran")
            one.dir.mkdir()
            boot = identity_module.boot_id()
            (one.dir / "pid").write_text(f"{stranger.pid} 1 {boot}\n")
            assert not alive(one.dir)
            assert finish(one).cause == "lost"
            assert abandon(one.dir)
            assert stranger.poll() is None
            assert not (tmp_path / "ran").exists()
        finally:
            stranger.kill()


def test_a_marker_of_another_boot_is_dead(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "touch ran")
    one.dir.mkdir()
    start = identity_module.start_of(os.getpid())
    (one.dir / "pid").write_text(f"{os.getpid()} {start} other-boot:1\n")
    assert finish(one).cause == "lost"


def test_a_program_in_another_container_is_left_alone(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "touch ran")
    one.dir.mkdir()
    boot = identity_module.boot_id().partition(":")[0]
    (one.dir / "pid").write_text(f"1 1 {boot}:0\n")
    with pytest.raises(UserError) as raised:
        finish(one)
    assert raised.value.code == Exit.LOCKED
    assert not abandon(one.dir)


@pytest.mark.parametrize("text", ["garbage\n", "x y z\n", "\n", "\0\xff\n", "1 2\n", "99999999999999999999 1 x\n"])
def test_a_marker_of_garbage_runs_nothing(tmp_path: Path, text: str) -> None:
    one = job(tmp_path / "j", "touch ran")
    one.dir.mkdir()
    (one.dir / "pid").write_text(text, encoding="latin-1")
    assert finish(one).cause in ("refused", "lost")
    assert abandon(one.dir)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["", "{", "{\n", "[]\n", '{"cause": 1}\n', "\0" * 9000])
def test_a_damaged_answer_is_made_again(tmp_path: Path, text: str) -> None:
    one = job(tmp_path / "j", "echo x >> ran; exit 6")
    finish(one)
    (one.dir / "rc").write_text(f"6\n{text}")
    ended = finish(one)
    assert (ended.cause, ended.code) == ("exit", 6)
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_cause_whose_writer_was_killed_is_carried_out(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "touch ran; sleep 100")

    async def follow() -> str:
        running = asyncio.ensure_future(run(one))
        while not (tmp_path / "ran").exists():
            await asyncio.sleep(0.01)
        marker_module.write_cause(one.dir, "stopped")
        return (await running).cause

    assert asyncio.run(follow()) == "stopped"


# --- when the disk refuses -------------------------------------------------------------------------------------


def test_a_directory_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    one = job(tmp_path / "file" / "j", "touch ran", cwd=tmp_path)
    for call in (lambda: finish(one), lambda: abandon(one.dir)):
        with pytest.raises(UserError, match="cannot be started in"):
            call()


def test_a_working_directory_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        finish(job(tmp_path / "j", "touch ran", cwd=tmp_path / "gone"))
    assert not (tmp_path / "j" / "pid").exists()


def test_a_directory_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    one = job(tmp_path / "j", "touch ran")
    one.dir.mkdir()
    code = f"""
import asyncio, os, sys
sys.path[:0] = [{str(Path(__file__).parents[2] / "scripts")!r}]
from pathlib import Path
from orchestra.errors import UserError
from orchestra.proc import Job, run
if os.getuid() == 0: os.setuid(65534)
try:
    asyncio.run(run(Job(Path({str(one.dir)!r}), ("true",), Path("/"), {{}})))
except UserError as error:
    print(error)
"""
    one.dir.chmod(0o555)
    # Without a way there, the answer would be the same for another reason.
    for parent in one.dir.parents:
        if not parent.name.startswith(("pytest-", "popen-", "test_")):
            break
        parent.chmod(0o755)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Permission denied" in said.stdout, said.stderr


@pytest.fixture
def full_disk(tmp_path: Path) -> Path:
    """A tiny file system that is all but full."""
    place = tmp_path / "full"
    place.mkdir()
    try:
        # A private mount name space would hide the mount from this process: mount it here and take it down after.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a tmpfs")
    return place


def unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> None:
    with (place / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def test_a_full_disk_starts_nothing_and_says_so(full_disk: Path, tmp_path: Path) -> None:
    try:
        (full_disk / "j").mkdir()
        fill(full_disk)
        one = job(full_disk / "j", f"touch {tmp_path}/ran", cwd=tmp_path)
        with pytest.raises(UserError, match="cannot be started in"):
            finish(one)
        assert not (tmp_path / "ran").exists()
    finally:
        unmount(full_disk)


def test_a_disk_that_fills_up_does_not_hide_how_the_program_ended(full_disk: Path, tmp_path: Path) -> None:
    try:
        one = job(full_disk / "j", f"echo x >> {tmp_path}/ran; cat /dev/zero > {full_disk}/b; exit 5", cwd=tmp_path)
        ended = finish(one)
        assert (ended.cause, ended.code) == ("exit", 5)
        assert (tmp_path / "ran").read_text() == "x\n"
    finally:
        unmount(full_disk)


def test_a_limit_on_file_sizes_does_not_hide_how_the_program_ended(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        ended = finish(job(tmp_path / "j", "head -c 100000 /dev/zero; echo $? > code; exit 3"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (ended.cause, ended.code) == ("exit", 3)
