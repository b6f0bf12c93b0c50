"""A pseudo-terminal with a person at it: what is shown can be waited for, answers can be typed."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support import live
from tests.support.projects import World


@dataclass
class Terminal:
    """`shown` is all that was ever printed; `seen` is how far the person has read."""

    master: int
    running: subprocess.Popen[bytes]
    shown: str = ""
    seen: int = 0
    deadline_s: float = field(default=live.DEADLINE_S)

    def expect(self, text: str) -> None:
        """Read on until `text` appears below what was read before."""
        end = time.monotonic() + self.deadline_s
        while text not in self.shown[self.seen :]:
            assert time.monotonic() < end, f"{text!r} was not shown in:\n{self.shown[self.seen :]}"
            self._read(0.1)
        self.seen = self.shown.index(text, self.seen) + len(text)

    def _read(self, patience_s: float) -> bool:
        if not select.select([self.master], [], [], patience_s)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says EIO when the last process has closed its side
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.type("\x03")

    def close(self) -> None:
        """What closing the window does."""
        os.close(self.master)
        self.master = -1

    def ends(self) -> int:
        """The exit code; the rest of the output is read meanwhile, as a terminal does."""
        end = time.monotonic() + self.deadline_s
        while self.running.poll() is None:
            assert time.monotonic() < end, f"it did not end; it has shown:\n{self.shown}"
            if self.master >= 0:
                self._read(0.05)
            else:
                time.sleep(0.02)
        while self.master >= 0 and self._read(0.05):
            pass
        return self.running.returncode


@contextmanager
def terminal(place: World, *words: str, **env: str) -> Iterator[Terminal]:
    """`orchestra run` as the foreground job of a terminal of its own."""
    words = tuple(live.command("-C", str(place.root), *place.words(*words)))
    with terminal_of(words, live.environment(NO_COLOR="1", **env)) as here:
        yield here


@contextmanager
def terminal_of(argv: Sequence[str], env: Mapping[str, str]) -> Iterator[Terminal]:
    """Any program as the foreground job of a terminal of its own."""
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    running = subprocess.Popen(
        argv,
        env=env,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: _take(name),
    )
    os.close(slave)
    here = Terminal(master, running)
    try:
        yield here
    finally:
        with suppress(ProcessLookupError):
            running.send_signal(signal.SIGKILL)
        running.wait()
        if here.master >= 0:
            os.close(here.master)


def _take(name: str) -> Any:
    # A session leader without a terminal gets the first one that it opens.
    os.close(os.open(name, os.O_RDWR))
