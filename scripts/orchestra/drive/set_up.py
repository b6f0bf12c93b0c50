"""`git.worktree_setup`: what has to be done once in a new work tree, such as `npm ci`."""

from __future__ import annotations

from pathlib import Path

from .. import proc
from ..core.model import Attempt
from ..errors import UserError
from .session import Session
from .workspace import Workspace


async def set_up(session: Session, workspace: Workspace, attempt: Attempt, folder: Path) -> None:
    """Run the command in the attempt's work tree unless that was done; its files lie below `folder`.

    Raises UserError when it fails: no agent could do better.
    """
    command, mark = session.config.git.worktree_setup, workspace.set_up_mark(attempt)
    if not command or mark is None or mark.exists():
        return
    thresholds = session.config.thresholds
    number = sum(1 for _ in folder.glob("setup-*"))
    place, limit = workspace.place(attempt), thresholds.verification_timeout_minutes * 60.0
    ended = await proc.sh(command, place, session.environment, folder / f"setup-{number}", limit)
    if ended.code != 0:
        hint = f"read {ended.stderr}, and correct git.worktree_setup in .orchestra/config.yml"
        raise UserError(f"git.worktree_setup failed in a new work tree: `{command}` (exit {ended.code})", hint=hint)
    mark.touch()
