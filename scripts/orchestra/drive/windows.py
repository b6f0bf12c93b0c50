"""Windows to look into: one for the run and one for each attempt that is under way, in one session of tmux.

They are for people and for nothing else. An agent's process knows nothing of them, so whatever happens to a window, to
the session or to the server changes nothing for the work; and the work waits for nothing of it, because a thread of
its own looks after the windows.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..backends.base import AgentEvent, Task
from ..core.model import Attempt
from ..core.words import Purpose
from ..project import Project
from ..state.driver import is_supervised
from .progress import Progress
from .screen import Screen, Speech, heading
from .session import Session
from .tmux import CALL_S, Tmux, TmuxError, session_name

# What the peer's users set where they want no windows.
OFF = "CODEAGENT_NO_TMUX"
_YES = ("1", "true", "yes", "on")
_OURS, _RUN = "orchestra", "run"
_NAME_CHARS = 60

Say = Callable[[str], None]


@dataclass(frozen=True)
class Window:
    """What a window is called and which file it shows."""

    name: str
    file: Path


# The windows that there should be, by their tags.
Wanted = Mapping[str, Window]


@contextmanager
def windows(session: Session, name: str, say: Say, *, keep: bool) -> Iterator[None]:
    """Show what `session` does in the tmux session `name` (empty: one called after the project), while this is open.

    Where there is no tmux, or `CODEAGENT_NO_TMUX` says so, that is said and nothing else happens.
    """
    program = shutil.which("tmux")
    if off(os.environ) or program is None:
        say(f"no windows: {'tmux is not installed' if program is None else f'{OFF} is set'}")
        yield
        return
    tmux = Tmux(program, session_name(name) or session_name(f"orchestra-{session.project.root.name}"))
    shown = Windows(session, tmux, say, keep=keep)
    say(f"look at the agents with: tmux attach -t '={tmux.session}'")
    try:
        yield
    finally:
        shown.end()


def off(variables: Mapping[str, str]) -> bool:
    """Whether whoever has set these variables wants no windows."""
    return variables.get(OFF, "").lower() in _YES


def is_left(project: Project, tag: str, *, keep: bool = False) -> bool:
    """Whether a pane's tag is of a run of this project that no supervisor has; with `keep`, of its log alone."""
    program, place, run, word, *_ = (*tag.split(":"), "", "", "", "")
    if (program, place) != (_OURS, _place(project)) or (keep and word != _RUN):
        return False
    return not is_supervised(project.locks, run)


def _place(project: Project) -> str:
    return sha256(str(project.root).encode()).hexdigest()[:12]


class Windows:
    """Says which windows there should be, and writes what they show."""

    def __init__(self, session: Session, tmux: Tmux, say: Say, *, keep: bool) -> None:
        self._session, self._say = session, say
        self._folder = session.project.runs / session.run.id / "windows"
        self._mine = f"{_OURS}:{_place(session.project)}:{session.run.id}:"
        self._wanted: Wanted = {}
        self._noted = False
        self._write(lambda: self._folder.mkdir(parents=True, exist_ok=True))
        self._keeper = Keeper(tmux, self._tag(_RUN), self._ours, say, keep=keep)
        session.listeners.append(self._recorded)
        session.onlookers.append(self._onlooker)
        self._look()

    def end(self) -> None:
        """Close the windows, but for those that are to be kept."""
        self._keeper.end()

    def _recorded(self, row: Mapping[str, Any]) -> None:
        for name in (_RUN, row["attempt"]):
            if name:
                self._write(partial(self._tell, self._file(name), row))
        self._look()

    def _tell(self, file: Path, row: Mapping[str, Any]) -> None:
        with file.open("a", encoding="utf-8", errors="replace") as stream:
            Progress(stream, colour=True)(row)

    def _look(self) -> None:
        """See to it that there is a window for everything that is under way."""
        run = self._session.run
        live = [run.attempts[ticket] for tickets in run.live.values() for ticket in tickets]
        wanted = {self._tag(_RUN): Window(_RUN, self._file(_RUN))}
        wanted |= {
            self._tag(one.ticket): Window(name_of(one, self._target(one)), self._file(one.ticket)) for one in live
        }
        if wanted.keys() != self._wanted.keys():
            self._wanted = wanted
            for window in wanted.values():
                # A file that is not there yet is found late.
                self._write(window.file.touch)
            self._keeper.want(wanted)

    def _target(self, attempt: Attempt) -> str:
        unit = self._session.run.units.get(attempt.unit)
        return unit.assignment.target if unit and unit.assignment else ""

    def _onlooker(self, task: Task) -> Callable[[AgentEvent], None]:
        screen, speech = Screen(self._file(task.ticket)), Speech()
        self._write(lambda: screen.begin(heading(task)))
        return lambda event: self._write(lambda: screen.add(speech(event)))

    def _write(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            if not self._noted:
                self._say(f"what the windows show cannot be written: {error.strerror}")
            self._noted = True

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.txt"

    def _tag(self, name: str) -> str:
        # Nothing that tmux would put into quotes.
        word = name if name == _RUN else sha256(name.encode()).hexdigest()[:12]
        return f"{self._mine}{word}"

    def _ours(self, tag: str) -> bool:
        """Whether a window belongs to this run, or to one of this project that nobody drives any more."""
        return tag.startswith(self._mine) or is_left(self._session.project, tag)


def name_of(attempt: Attempt, target: str = "") -> str:
    """What an attempt's window is called: the name that its units share, if there is one, its unit, what is done for
    it unless it is built, and which try it is."""
    words = [target, attempt.unit or attempt.group] if target else [attempt.unit or attempt.group]
    words += [str(attempt.purpose)] if attempt.purpose is not Purpose.BUILD else []
    words += [f"({attempt.number})"] if attempt.number > 1 else []
    return " ".join(words)[-_NAME_CHARS:]


class Keeper:
    """Opens and closes windows in a thread of its own, until there are those that were wanted last.

    `main` is among those that are always wanted; `ours` says of a tag whether its window may be closed.
    """

    def __init__(self, tmux: Tmux, main: str, ours: Callable[[str], bool], say: Say, *, keep: bool) -> None:
        self._tmux, self._main, self._ours, self._say, self._keep = tmux, main, ours, say, keep
        self._asked: queue.SimpleQueue[Wanted | None] = queue.SimpleQueue()
        self._opened: set[str] = set()
        self._noted = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def want(self, windows: Wanted) -> None:
        self._asked.put(windows)

    def end(self) -> None:
        """Close what was opened; a server that does not answer is left alone."""
        self._asked.put(None)
        self._thread.join(2 * CALL_S)

    def _work(self) -> None:
        while (wanted := self._latest()) is not None:
            self._try(partial(self._match, wanted))
        self._try(lambda: self._close(self._tmux.panes(), {}))

    def _latest(self) -> Wanted | None:
        wanted = self._asked.get()
        with suppress(queue.Empty):
            while wanted is not None:
                wanted = self._asked.get_nowait()
        return wanted

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (TmuxError, ValueError) as error:
            if not self._noted:
                self._say(f"tmux shows no windows for now; the run goes on without them: {error}")
            self._noted = True

    def _match(self, wanted: Wanted) -> None:
        panes = self._tmux.panes()
        if self._main not in panes:
            # The first time, or the server was killed: nothing that was opened is there.
            self._opened.clear()
        # What a person closes stays closed.
        for tag in [tag for tag in wanted if tag not in self._opened and tag not in panes]:
            self._tmux.open(wanted[tag].name, wanted[tag].file, tag)
        self._opened |= wanted.keys()
        self._close(panes, wanted)

    def _close(self, panes: Mapping[str, str], wanted: Wanted) -> None:
        for tag, pane in panes.items():
            kept = self._keep and not tag.endswith(f":{_RUN}")
            if tag not in wanted and not kept and self._ours(tag):
                self._tmux.close(pane)
