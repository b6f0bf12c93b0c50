"""Which run is meant when none is named: the newest is not always the one that matters.

A second run may have been started beside one that is under way, and may be over before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestra.core.words import GroupStatus, RunState

from .driver import is_driven

if TYPE_CHECKING:
    from .store import Store

_OVER = (RunState.DONE.value, RunState.IDLE.value)
_ENDED = (GroupStatus.DONE.value, GroupStatus.FAILED.value, GroupStatus.BLOCKED.value)


def current(store: Store, locks: Path) -> str | None:
    """The newest run that a driver carries out; else the newest that has something left to do; else the newest."""
    return next(iter(driven(store, locks)), None) or left(store) or store.latest_run_id()


def driven(store: Store, locks: Path) -> list[str]:
    """The runs that a living driver carries out, the newest first."""
    rows = store.query("SELECT id FROM runs WHERE state = ? ORDER BY n DESC", RunState.RUNNING.value)
    return [run for (run,) in rows if is_driven(locks, run)]


def left(store: Store) -> str | None:
    """The newest run that has groups to finish which no later one has gone on with."""
    rows = store.query(
        "SELECT id FROM runs WHERE state NOT IN (?, ?) AND EXISTS"
        " (SELECT 1 FROM groups WHERE groups.run = runs.id AND groups.status NOT IN (?, ?, ?)) ORDER BY n DESC LIMIT 1",
        *(*_OVER, *_ENDED),
    )
    return str(rows[0][0]) if rows else None
