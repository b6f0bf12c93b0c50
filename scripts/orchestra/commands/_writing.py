"""What `doctor` says of the state's folders and files that cannot be written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from orchestra.errors import UserError
from orchestra.project import Project


def refuse_unwritable(here: Project) -> None:
    """Raise UserError, with what to do, for the first of them. What is not there yet is made by the first run."""
    for place in _needed(here):
        need = os.W_OK | os.X_OK if place.is_dir() else os.W_OK
        if place.exists() and not os.access(place, need):
            raise UserError(f"{place} cannot be written, so nothing can be run", hint=_mend(place))


def _needed(here: Project) -> Iterator[Path]:
    yield from (here.dir, here.runs, here.locks, here.quarantine, here.worktrees)
    # A link may lead to a state on another disk; its log lies beside it.
    state = here.state_path.resolve()
    yield from (state.parent, state)


def _mend(place: Path) -> str:
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return "its file system is read-only: mount it writable, or work in a clone on another one"
    seen, name = place.stat(), shlex.quote(str(place))
    return f"chmod -R u+rwX {name}" if seen.st_uid == os.getuid() else f'sudo chown -R "$(id -u)" {name}'
