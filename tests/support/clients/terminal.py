"""A client in a terminal that a person looks at: tmux draws it, keys go in, the screen comes out as text."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.clients.programs import Program
from tests.support.clients.run import DEADLINE_S
from tests.support.clients.world import World

WIDTH, HEIGHT = 140, 50
PANE = "=client:"
# When a key that has changed nothing is pressed again.
AGAIN_S = 1.0


class Terminal:
    """One window of a tmux server of its own in which `argv` runs; a `with` ends all of it. Skips without tmux.

    The launcher starts the server, so that its window has the address of the played model and no other network.
    `{BASE}` in `argv` stands for that address.
    """

    def __init__(self, world: World, which: Program, argv: Sequence[str], place: Path) -> None:
        program = shutil.which("tmux")
        if program is None:
            pytest.skip("tmux is not installed")
        self._open = ExitStack()
        # A socket's path has to be short, and that of a test's directory is not.
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="tmux-")))
        self._tmux = [program, "-u", "-S", str(folder / "socket"), "-f", "/dev/null"]
        server = Program("tmux", lambda _: [*self._tmux, "-D"], {**which.env, "PLAYED": "{BASE}"}, lambda _: None)
        self.running = world.start(server, "", cwd=place)
        self._open.callback(self.running.kill, "tree")
        self._until((folder / "socket").exists, lambda: self.running.err.read_text())
        line = " ".join(shlex.quote(word).replace("{BASE}", "'\"$PLAYED\"'") for word in argv)
        window = ["new-session", "-d", "-s", "client", "-x", str(WIDTH), "-y", str(HEIGHT), "-c", str(place), line]
        self._call("set-option", "-g", "remain-on-exit", "on", ";", *window)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def screen(self) -> str:
        """What is to be seen now."""
        return self._call("capture-pane", "-p", "-t", PANE)

    def see(self, pattern: str) -> str:
        """The screen as soon as `pattern` is found on it."""
        self._until(lambda: re.search(pattern, self.screen()), lambda: f"{pattern!r} is not on:\n{self.screen()}")
        return self.screen()

    def answer(self, question: str, key: str) -> None:
        """Wait for a question, and press a key until it is gone: a client that has just drawn it may not listen yet.

        What comes after the question has to take the same key without harm.
        """
        self.see(question)
        again = 0.0

        def gone() -> bool:
            nonlocal again
            if not re.search(question, self.screen()):
                return True
            if time.monotonic() > again:
                self.press(key)
                again = time.monotonic() + AGAIN_S
            return False

        self._until(gone, lambda: f"{question!r} stays on:\n{self.screen()}")

    def say(self, text: str) -> None:
        """Type a line, and send it once it is to be seen: what comes all at once, clients take for pasted."""
        self.type(text)
        self.see(re.escape(text))
        self.press("Enter")

    def type(self, text: str) -> None:
        """Type `text` as it is, without a line end."""
        self._call("send-keys", "-t", PANE, "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by their names in tmux: Enter, Escape, Down."""
        self._call("send-keys", "-t", PANE, *keys)

    def _call(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, env={"LANG": "C.UTF-8"})
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def _until(self, what: Callable[[], object], otherwise: Callable[[], str]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not what():
            assert time.monotonic() < end, otherwise()
            time.sleep(0.05)
