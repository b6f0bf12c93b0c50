"""A client that runs: waited for with a deadline, ended with all that it has started."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from tests.support.clients.model import Model

LAUNCHER = Path(__file__).with_name("launcher.py")
# Not one of ours: agents do not inherit those.
MARK = "PLAYED_CLIENT"
DEADLINE_S = 90.0


class Running:
    """One started program. `alone` says that it can reach nothing but loopback.

    `out` is where its two outputs go; `installed` the directory that clients are installed in.
    """

    def __init__(
        self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], out: Path, installed: Path, model: Model | None
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._installed = installed.resolve()
        self.out, self.err = out.with_suffix(".out"), out.with_suffix(".err")
        self.timed_out = False
        self._killing = threading.Lock()
        ours, theirs = socket.socketpair()
        with ours, theirs, self.out.open("wb") as stdout, self.err.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(theirs.fileno()), *argv],
                cwd=cwd,
                env={**env, MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
            theirs.close()
            self.alone = self._connect(ours, model)

    def _connect(self, ours: socket.socket, model: Model | None) -> bool:
        alone, listeners, *_ = socket.recv_fds(ours, 1, 1)
        assert listeners, f"the launcher failed: {self.err.read_text()}"
        listener = socket.socket(fileno=listeners[0])
        if model is None:
            listener.close()
        else:
            model.serve(listener, self.kill)
        return alone == b"\x01"

    def wait(self, limit_s: float = DEADLINE_S) -> int:
        """The exit code (128 + the signal's number for one that ended it). After `limit_s` seconds all is killed."""
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.timed_out = True
            self.kill("tree")
        code = self.process.wait()
        return code if code >= 0 else 128 - code

    def family(self) -> list[psutil.Process]:
        """What lives of all that was ever started from here: each inherits the mark, also when its parent is gone."""
        return [one for one in psutil.process_iter() if _mark_of(one) == self._mark]

    def terminate(self) -> None:
        """What a closed window or a shutdown does: SIGTERM to the program."""
        self.process.terminate()

    def kill(self, what: str) -> None:
        """SIGKILL for the "client" only, which leaves the commands it has started, or for the whole "tree".

        "agent" stands for the installed programs alone, where the client is what has started them.
        """
        end = time.monotonic() + 10
        with self._killing:
            while left := [one for one in self.family() if what == "tree" or self._is_meant(one, what)]:
                assert time.monotonic() < end, f"cannot be killed: {left}"
                for one in left:
                    with suppress(psutil.Error):
                        one.kill()
                time.sleep(0.02)

    def _is_meant(self, one: psutil.Process, what: str) -> bool:
        # Codex is a program of Node's that starts another; the death of the first alone is not noticed by the second.
        with suppress(psutil.Error):
            if one.pid == self.process.pid:
                return what == "client"
            # Some are scripts of Node's.
            words = one.cmdline() if Path(one.exe()).name == "node" else []
            return any(Path(word).is_relative_to(self._installed) for word in (one.exe(), *words))
        return False


def _mark_of(one: psutil.Process) -> str:
    try:
        return "" if one.status() == psutil.STATUS_ZOMBIE else one.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return ""
