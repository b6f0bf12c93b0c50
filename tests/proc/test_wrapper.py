"""The shell between supervisor and program, under every shell that is here."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from orchestra.proc import marker
from orchestra.proc.identity import start_of
from orchestra.proc.wrapper import REFUSED, UNTOLD, UNWRITABLE, wrap
from tests.support.jobs import until

SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh", "zsh") if shutil.which(shell)]


def start(shell: str, dir: Path, *argv: str, told: str | None = None) -> subprocess.Popen[bytes]:
    """The shell, told its start time, or `told`."""
    call = wrap(str(dir), "boot:1", argv)
    by_name = [shell, "sh"] if shell == "busybox" else [shell]
    options = ["--posix"] if shell == "bash" else []
    streams = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*by_name, *options, *call[1:]], **streams)
    assert process.stdin is not None
    process.stdin.write((f"{start_of(process.pid)}\n" if told is None else told).encode())
    process.stdin.close()
    process.stdin = None
    return process


@pytest.mark.parametrize("shell", SHELLS)
def test_the_marker_names_the_shell_and_the_code_is_written(shell: str, tmp_path: Path) -> None:
    with start(
        shell, tmp_path, "sh", "-c", 'until [ -e "$0/go" ]; do sleep 0.01; done; exit 9', str(tmp_path)
    ) as process:
        who = until(lambda: marker.read_mark(tmp_path))
        assert (who.pid, who.start, who.boot) == (process.pid, start_of(process.pid), "boot:1")
        (tmp_path / "go").touch()
        assert process.wait() == 9
    assert marker.read_code(tmp_path) == 9


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("told", ["", "\n", "47"])
def test_without_the_word_nothing_begins(shell: str, told: str, tmp_path: Path) -> None:
    with start(shell, tmp_path, "touch", str(tmp_path / "ran"), told=told) as process:
        assert process.wait() == UNTOLD
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_program_finds_nothing_on_its_standard_input(shell: str, tmp_path: Path) -> None:
    with start(shell, tmp_path, "sh", "-c", 'cat > "$0/read"', str(tmp_path), told="4711\nmore\n") as process:
        assert process.wait() == 0
    assert (tmp_path / "read").read_bytes() == b""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_marker_that_is_there_is_respected_without_a_word(shell: str, tmp_path: Path) -> None:
    marker.bury(tmp_path)
    with start(shell, tmp_path, "touch", str(tmp_path / "ran")) as process:
        said = process.communicate()[1]
    assert process.returncode == REFUSED
    assert not (tmp_path / "ran").exists()
    assert said == b""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_directory_that_is_gone_starts_nothing(shell: str, tmp_path: Path) -> None:
    with start(shell, tmp_path / "gone", "touch", str(tmp_path / "ran")) as process:
        process.communicate()
    assert process.returncode in (REFUSED, UNWRITABLE)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_sigterm_reaches_the_program_alone(shell: str, tmp_path: Path) -> None:
    program = 'trap "exit 4" TERM; touch "$0/up"; while :; do sleep 0.01; done'
    with start(shell, tmp_path, "sh", "-c", program, str(tmp_path)) as process:
        until((tmp_path / "up").exists)
        process.send_signal(signal.SIGTERM)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait() == 4
    assert marker.read_code(tmp_path) == 4
