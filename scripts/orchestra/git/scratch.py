"""An index of our own: what a work tree holds is found out without touching the index that git or an agent uses.

It starts from the stat data that our last look kept (`orchestra-index`), so that unchanged files are not read
again. The agent's index is never trusted: it may hold assume-unchanged marks.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .repo import Worktree

SEED = "orchestra-index"
_STALE_S = 86_400.0


@contextmanager
def index(tree: Worktree, rev: str) -> Iterator[Path]:
    """A temporary index that holds the commit or tree `rev`; gone at the end unless `keep` took it."""
    path = tree.git_dir / f"{SEED}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        _fill(tree, path, rev)
        yield path
    finally:
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".lock").unlink(missing_ok=True)


def keep(tree: Worktree, index: Path) -> None:
    """Keep the stat data of `index` for the next look. A rename keeps its time, on which git's race check rests."""
    with suppress(FileNotFoundError):
        index.replace(tree.git_dir / SEED)


def kept_at(tree: Worktree) -> int:
    """When the stat data was taken that the next index starts from (nanoseconds), 0 without any."""
    try:
        return (tree.git_dir / SEED).stat().st_mtime_ns
    except OSError:
        return 0


def sweep(tree: Worktree) -> None:
    """Remove temporary indexes that a killed process left more than a day ago."""
    for left in tree.git_dir.glob(f"{SEED}.*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                left.unlink()


def _fill(tree: Worktree, path: Path, rev: str) -> None:
    with suppress(FileNotFoundError):
        shutil.copy2(tree.git_dir / SEED, path)
    if tree.git("read-tree", "--reset", rev, index=path, check=False).code == 0:
        return
    # A seed that a full disk cut short must not stop anything.
    path.unlink(missing_ok=True)
    tree.git("read-tree", "--reset", rev, index=path)
