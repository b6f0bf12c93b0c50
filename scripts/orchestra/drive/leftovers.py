"""What drivers have left that were killed and not started again: agents at work, their control groups, windows.

Nothing of a run is touched that somebody drives: no driver begins while this looks, and one that is alive holds its
run's lock.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import proc
from ..core.words import Step
from ..project import Project
from ..state.driver import is_driven, starting
from ..state.store import Store
from .tmux import Tmux, TmuxError
from .windows import is_left, off

# A group that a later run has taken over is that run's, with the attempts that it went on with.
_LIVE = (
    "SELECT a.run, json_extract(a.data, '$.run'), a.id FROM attempts a JOIN groups g ON g.id = a.group_id AND g.run = "
    "a.run WHERE a.step NOT IN (?, ?)"
)


@dataclass(frozen=True)
class Left:
    """The directories of programs that still run, and the ids of panes of tmux."""

    programs: tuple[Path, ...] = ()
    panes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.programs or self.panes)

    def __str__(self) -> str:
        found = ((len(self.programs), "agent"), (len(self.panes), "window"))
        return " and ".join(f"{count} {word}{'s' if count > 1 else ''}" for count, word in found if count)


def left(project: Project, store: Store, *, keep_windows: bool) -> Left:
    """What is still there of runs that nobody drives. Windows that are kept on purpose do not count."""
    return _left(project, _marked(project, store), keep_windows)


def end_left(project: Project, store: Store, *, keep_windows: bool) -> Left:
    """End it, and say what it was. The next run goes on with the work. Raises UserError when the disk refuses."""
    with starting(project.locks):
        # Also where the program has ended: what it has started may go on.
        marked = _marked(project, store)
        found = _left(project, marked, keep_windows)
        with ThreadPoolExecutor() as pool:
            list(pool.map(proc.abandon, marked))
        close(found.panes)
        for folder in _folders(project, store):
            # Those that have a marker were abandoned.
            for place in (turn for turn in folder.rglob("*") if turn.is_dir() and not (turn / "pid").exists()):
                proc.tidy(place)
    return found


def _left(project: Project, marked: list[Path], keep_windows: bool) -> Left:
    return Left(tuple(place for place in marked if proc.alive(place)), tuple(windows_left(project, keep_windows)))


def _marked(project: Project, store: Store) -> list[Path]:
    return [mark.parent for folder in _folders(project, store) for mark in folder.rglob("pid")]


def _folders(project: Project, store: Store) -> Iterator[Path]:
    """Where programs of attempts lie that are under way in runs which nobody drives, and those of landings."""
    driven: dict[str, bool] = {}
    for run, began, ticket in store.query(_LIVE, Step.ACCEPTED.value, Step.FAILED.value):
        if not driven.setdefault(str(run), is_driven(project.locks, str(run))):
            yield project.runs / str(began or run) / str(ticket)
    for run, group in store.query("SELECT run, id FROM groups"):
        place = project.runs / str(run) / f"{group}.land"
        if place.is_dir() and not driven.setdefault(str(run), is_driven(project.locks, str(run))):
            yield place


# Windows


def windows_left(project: Project, keep_windows: bool) -> Iterator[str]:
    """The panes of tmux that show runs of this project which nobody drives; nothing is asked that never had any."""
    program = shutil.which("tmux")
    if program is None or off(os.environ) or not any(project.runs.glob("*/windows")):
        return
    try:
        panes = Tmux(program, "").panes()
    except TmuxError:
        return
    yield from (pane for tag, pane in panes.items() if is_left(project, tag, keep=keep_windows))


def close(panes: tuple[str, ...]) -> None:
    """Close these panes; a server that does not answer is left alone."""
    program = shutil.which("tmux")
    try:
        for pane in panes if program else ():
            Tmux(str(program), "").close(pane)
    except TmuxError:
        return
