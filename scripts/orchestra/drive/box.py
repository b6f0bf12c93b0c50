"""`sandbox: bwrap`: what an agent, and the verification of what it wrote, may write."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..config import Sandbox
from ..git.repo import LINKS, Repo, Worktree
from ..git.scratch import SEED
from ..git.worktrees import READY
from ..proc.sandbox import Box, own_objects, why_not
from .session import Session
from .turn_files import SET_UP

# Orchestra's own code, and the Python that runs it, which may lie among temporary files.
_READS = (Path(__file__).resolve().parents[3], Path(sys.prefix), Path(sys.base_prefix))
_OF_TREE = ("commondir", "gitdir", "locked", "config.worktree", LINKS, READY, SEED, SET_UP)
_OF_CHECKOUT = (".git", ".orchestra", ".claude", ".codex")
OBJECTS = "orchestra-objects"


def check_sandbox(sandbox: Sandbox) -> None:
    """Raise UserError when a sandbox is configured that does not work on this machine."""
    why = why_not() if sandbox is Sandbox.BWRAP else None
    if why is not None:
        raise why


def box_around(session: Session, place: Path, *writes: Path) -> Box | None:
    """The box in which a program works in the directory `place`, and may write `writes` too; None without a sandbox."""
    if session.config.sandbox is not Sandbox.BWRAP:
        return None
    root, home = session.project.root, os.environ.get("HOME", "")
    more = [root / Path(name).expanduser() for name in session.config.sandbox_write]
    written = (place, *writes, *(path for path in more if path.is_dir()))
    reads = (root, *_READS)
    tree = Repo(root).worktree(place) if place != root else None
    if tree is None:
        protects = tuple(root / name for name in _OF_CHECKOUT)
        return Box(written, protects, reads, Path(home) if home else None)
    return _of_tree(tree, Box(written, (place / ".git",), reads, Path(home) if home else None))


def around(session: Session, place: Path) -> Callable[[tuple[str, ...]], tuple[str, ...]] | None:
    """The same for commands that verify what is in `place`: they run what agents wrote."""
    box = box_around(session, place)
    return partial(box.argv, place) if box is not None else None


def _of_tree(tree: Worktree, box: Box) -> Box:
    """A linked work tree has an index and a HEAD of its own, which `git add` writes; what all share stays as it is."""
    return Box(
        writes=(*box.writes, tree.git_dir),
        protects=(*box.protects, *(tree.git_dir / name for name in _OF_TREE)),
        reads=(*box.reads, tree.common_dir),
        home=box.home,
        objects=own_objects(tree.git_dir / OBJECTS, tree.common_dir / "objects"),
    )
