"""The program tmux, as far as windows to look into need it: no call takes long, and ours are known by a tag.

The tag is the last word of a pane's command, so a pane never exists without it; whatever people name, move or split,
it is found by the tag and ended by its id. A name may hold dots and colons, which targets of tmux give a meaning.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

CALL_S = 3.0
# The size until somebody looks, and how much a window remembers is the server's own setting.
_SIZE = ("-x", "200", "-y", "50")
_LIST = ("list-panes", "-a", "-F", "#{pane_id} #{pane_start_command}")
_FOLLOW = 'exec tail -n +1 -F "$0" 2>/dev/null'
# tmux cuts a command at a word that ends in `;` and reads `#` as the start of a format.
_NOT_IN_NAMES = re.compile(r"[#;\x00-\x1f\x7f]")


class TmuxError(Exception):
    """tmux did not do what it was asked, or not in time."""


@dataclass(frozen=True)
class Tmux:
    """One session of the server that a person's own `tmux` would talk to (`TMUX`, `TMUX_TMPDIR`)."""

    program: str
    session: str

    def panes(self) -> dict[str, str]:
        """Every pane of the server with the last word of its command as key, its id as value; none without a server."""
        listed = (line.split() for line in self._call(*_LIST).stdout.splitlines())
        return {words[-1]: words[0] for words in listed if len(words) > 1}

    def open(self, name: str, file: Path, tag: str) -> None:
        """A new window that shows `file` as it grows; also the session, where there is none."""
        window = ("-n", _NOT_IN_NAMES.sub("", name) or "-", "sh", "-c", _FOLLOW, str(file), tag)
        self._in_session(window)

    def _in_session(self, window: tuple[str, ...]) -> None:
        there = ("new-window", "-d", "-t", f"={self.session}:", *window)
        new = ("new-session", "-d", "-s", self.session, *_SIZE, *window)
        # The session may come or go between two calls.
        if not any(self._done(*words) for words in (there, new, there)):
            self._must(*new)

    def close(self, pane: str) -> None:
        self._done("kill-pane", "-t", pane)

    def rename(self, pane: str, name: str) -> None:
        """Give the pane's window another name."""
        self._done("rename-window", "-t", pane, _NOT_IN_NAMES.sub("", name))

    def _done(self, *words: str) -> bool:
        return self._call(*words).returncode == 0

    def _must(self, *words: str) -> None:
        called = self._call(*words)
        if called.returncode:
            raise TmuxError(called.stderr.strip() or f"{words[0]} ended with {called.returncode}")

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            # In a session of its own, so that Ctrl-C ends the run and not a call in its middle.
            return subprocess.run(
                [self.program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=CALL_S,
                check=False,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise TmuxError(str(error)) from error


def session_name(text: str) -> str:
    """`text` as a session may be called; empty when nothing is left of it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text.replace(".", "_")).strip("-")
