"""Linked work trees: made, found again after a kill, removed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from . import paths, scratch, snapshot
from .repo import LINKS, Repo, Worktree

READY = "orchestra-ready"
# `git check-ignore` would do, but refuses literal pathspecs.
_IGNORED = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z", "--")


def add_worktree(repo: Repo, path: Path, commit: str, links: Sequence[str] = ()) -> Worktree:
    """The work tree at `path`; when there is none yet, one detached at `commit`.

    A finished one is returned as it is, with whatever an agent did in it (`snapshot.put` moves it). One that a
    kill left half made is made again. A directory at `path` that git knows nothing of is kept under another
    name. `links` are ignored paths (node_modules) that become symbolic links to the main checkout's.
    """
    found = repo.worktree(path)
    if found and (found.git_dir / READY).exists() and found.path.is_dir():
        snapshot.mend(found)
        return found
    # The git of a process that was killed while it made this one may still be at it.
    repo.wait_idle()
    if found:
        _forget(found)
    _put_aside(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    call = ("worktree", "add", "--force", "--detach", "--no-checkout", str(path), commit)
    repo.git(*call, hold=repo.common_dir)
    return _finish(repo, path, commit, links)


def _finish(repo: Repo, path: Path, commit: str, links: Sequence[str]) -> Worktree:
    made = repo.worktree(path)
    if made is None:
        raise UserError(f"The work tree {path} vanished while it was made.", hint="Is another run using this project?")
    made.git("read-tree", "--reset", "-u", commit)
    linked = [link.strip("/") for link in links if _link(repo, made, link.strip("/"))]
    _write_synced(made.git_dir / LINKS, paths.joined(linked))
    _write_synced(made.git_dir / READY, commit.encode() + b"\n")
    return Worktree(made.path, made.git_dir, linked=True, links=tuple(linked))


def _link(repo: Repo, tree: Worktree, link: str) -> bool:
    """Only what the main checkout has and git ignores: a tracked path must come from the commit."""
    source, target = repo.top / link, tree.path / link
    if not link or not source.exists() or os.path.lexists(target) or not paths.plain_parent(repo.top, link):
        return False
    if not repo.checkout.git(*_IGNORED, link).out:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source)
    return True


def _write_synced(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _put_aside(path: Path) -> None:
    """An unknown directory may hold an agent's work whose registration is lost: it is renamed, never deleted."""
    if not os.path.lexists(path) or (path.is_dir() and not path.is_symlink() and not any(path.iterdir())):
        return
    number = 1
    while os.path.lexists(path.with_name(f"{path.name}.lost-{number}")):
        number += 1
    path.rename(path.with_name(f"{path.name}.lost-{number}"))


def remove_worktree(repo: Repo, path: Path) -> None:
    """Remove the work tree at `path` and git's record of it; nothing happens when it is gone already."""
    found = repo.worktree(path)
    if found:
        _forget(found)


def _forget(tree: Worktree) -> None:
    # In this order, a kill between two steps leaves a tree that is still registered and not ready: removed next time.
    (tree.git_dir / READY).unlink(missing_ok=True)
    paths.remove_tree(tree.path)
    paths.remove_tree(tree.git_dir)


def sweep(repo: Repo) -> None:
    """Remove what killed processes left behind in git directories."""
    for tree in (repo.checkout, *repo.worktrees()):
        scratch.sweep(tree)
