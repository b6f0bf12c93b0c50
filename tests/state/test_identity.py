from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.process import ask_ps
from orchestra.state import identity
from orchestra.state.identity import Holder, by_hand, me, proved_alive, proved_dead

from ..support import states

CODE = "import sys; from orchestra.state.identity import me; print(me()); sys.stdout.flush(); sys.stdin.read()"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    running = states.python(CODE, stdin=subprocess.PIPE)
    yield running
    running.kill()
    running.communicate()


@pytest.fixture
def holder(process: subprocess.Popen[str]) -> Holder:
    """The holder that a real process says it is."""
    assert process.stdout is not None
    found = eval(process.stdout.readline(), {"Holder": Holder})
    assert isinstance(found, Holder)
    return found


def test_a_running_process_is_alive(holder: Holder) -> None:
    assert (proved_alive(holder), proved_dead(holder)) == (True, False)
    assert proved_alive(me()) and me().token != me().token


def test_a_process_that_has_gone_is_dead(process: subprocess.Popen[str], holder: Holder) -> None:
    states.kill(process)
    assert (proved_alive(holder), proved_dead(holder)) == (False, True)


def test_a_zombie_is_dead(process: subprocess.Popen[str], holder: Holder) -> None:
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert (proved_alive(holder), proved_dead(holder)) == (False, True)


def test_a_stopped_process_is_neither(process: subprocess.Popen[str], holder: Holder) -> None:
    process.send_signal(signal.SIGSTOP)
    states.until(lambda: not proved_alive(holder))
    assert not proved_dead(holder)
    process.send_signal(signal.SIGCONT)
    states.until(lambda: proved_alive(holder))


def test_a_recycled_process_id_is_another_process(holder: Holder) -> None:
    earlier = replace(holder, started=holder.started + "1")
    assert (proved_alive(earlier), proved_dead(earlier)) == (False, True)


def test_nobody_survives_a_reboot(holder: Holder) -> None:
    before = replace(holder, boot_id="another boot")
    assert (proved_alive(before), proved_dead(before)) == (False, True)


@pytest.mark.parametrize(
    "unknown",
    [{"host": "elsewhere"}, {"space": "4026531999"}, {"pid": 0}, {"started": ""}, {"boot_id": ""}],
    ids=lambda change: next(iter(change)),
)
def test_what_cannot_be_known_proves_nothing(holder: Holder, unknown: dict[str, object]) -> None:
    somebody = replace(holder, **unknown)  # type: ignore[arg-type]
    assert (proved_alive(somebody), proved_dead(somebody)) == (False, False)


def test_the_dead_of_another_host_or_container_are_not_ours_to_bury(
    process: subprocess.Popen[str], holder: Holder
) -> None:
    states.kill(process)
    assert not proved_dead(replace(holder, host="elsewhere"))
    assert not proved_dead(replace(holder, space="4026531999"))


def test_a_claim_by_hand_can_be_proved_neither() -> None:
    somebody = by_hand("night shift")
    assert (proved_alive(somebody), proved_dead(somebody)) == (False, False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_program_name_with_brackets_and_spaces_does_not_confuse(tmp_path: Path) -> None:
    odd = tmp_path / "a) Z (b"
    odd.symlink_to("/bin/sleep")
    process = subprocess.Popen([odd, "60"])
    try:
        states.until(lambda: b"a) Z" in Path(f"/proc/{process.pid}/stat").read_bytes())
        found = identity._process(process.pid)
        assert found is not None and found[0] in "SRD" and found[1].isdecimal()
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="needs ps")
def test_ps_tells_the_same_story(process: subprocess.Popen[str], holder: Holder) -> None:
    """What macOS goes by: it runs here too, because Linux's ps knows the same words."""
    found = ask_ps(process.pid)
    assert found is not None and found[0] in "SRD" and len(found[1].split()) == 5
    assert ask_ps(process.pid) == found
    states.kill(process)
    assert ask_ps(process.pid) is None


@given(st.builds(Holder, host=st.text(), pid=st.integers(0, 9), token=st.text(), name=st.text(), user=st.text()))
def test_a_holder_is_one_word_of_plain_letters(holder: Holder) -> None:
    word = holder.text
    assert len(word.split()) == 1 and word.isascii() and word.isprintable()
    assert not set("|`\\<>&*[]") & set(word)
    assert word.count("/") == 2 and all(word.split("/"))
