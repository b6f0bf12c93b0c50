"""Landing: the target branch moves by compare-and-swap; the user's checkout follows unless their work is in the way.

Before the branch moves, `refs/orchestra/checkout/<branch>` records the commit that the checkout shows. As long as
it exists the checkout has to be brought along, whatever was killed in between.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from . import paths, scratch
from .changes import changes, names
from .commits import delete_ref, move_ref, read_ref
from .diff import ABSENT, Entry, Pair, between, index_info, records
from .repo import Repo, Worktree
from .snapshot import entries, listing
from .worktrees import READY

_LOCK_WAIT_S = 5.0


@dataclass(frozen=True)
class Advanced:
    """`moved` says whether the branch stands at the new commit; `behind` names the paths that people changed and
    the landing changes too: then the checkout was left alone, and `bring_along` can finish it later."""

    moved: bool
    behind: tuple[str, ...] = ()


def advance(repo: Repo, branch: str, new: str, old: str) -> Advanced:
    """Move `branch` from `old` to `new` and bring checkouts of it along.

    Not moved when the branch stands elsewhere. Uncommitted work is never overwritten; files below `.orchestra/`
    are never written over. Repeating the call after a kill finishes it.
    """
    if checkouts(repo, branch) and read_ref(repo, f"refs/heads/{branch}") == old:
        _record(repo, branch, old)
    if not move_ref(repo, f"refs/heads/{branch}", new, old):
        return Advanced(False)
    return Advanced(True, bring_along(repo, branch))


def _record(repo: Repo, branch: str, old: str) -> None:
    """A record that is there already says what the index really shows, unless somebody put that right by hand."""
    ref = _record_ref(branch)
    earlier = read_ref(repo, ref)
    if earlier is None or all(_shows(tree, old) for tree in checkouts(repo, branch)):
        move_ref(repo, ref, old, earlier or "")


def _record_ref(branch: str) -> str:
    return f"refs/orchestra/checkout/{paths.ref_part(branch)}"


def _shows(tree: Worktree, rev: str) -> bool:
    staged = tree.git("diff-index", "--cached", "--name-only", "--no-renames", "-z", rev, check=False)
    return staged.code == 0 and all(tree.spares(path) for path in staged.fields)


def checkouts(repo: Repo, branch: str) -> list[Worktree]:
    """The user's checkouts (main or linked, none of ours) that have `branch` checked out."""
    linked = [tree for tree in repo.worktrees() if tree.path.is_dir() and not (tree.git_dir / READY).exists()]
    others = [replace(tree, spare=repo.checkout.spare) for tree in linked if tree.git_dir != repo.git_dir]
    return [tree for tree in (repo.checkout, *others) if tree.head_branch == branch]


def bring_along(repo: Repo, branch: str) -> tuple[str, ...]:
    """Finish what `advance` began: update the checkouts of `branch` to its tip.

    Returns the paths that are in the way; nothing of a checkout that has such paths is touched.
    """
    start = read_ref(repo, _record_ref(branch))
    tip = repo.resolve(f"refs/heads/{branch}")
    if start is None or tip is None:
        return ()
    behind = {path for tree in checkouts(repo, branch) for path in follow(repo, tree, start, tip)}
    if not behind:
        delete_ref(repo, _record_ref(branch), start)
    return tuple(sorted(behind))


def follow(repo: Repo, tree: Worktree, start: str, tip: str) -> list[str]:
    """Bring files and index of a checkout that show the commit `start` to `tip`; what people changed stays.

    Returns the paths that are in the way; with one, nothing is touched. Repeating the call after a kill finishes it.
    """
    moved = between(repo, start, tip)
    ours = {path: pair for path, pair in moved.items() if tree.spares(path)}
    theirs = {path: pair for path, pair in moved.items() if path not in ours}
    late = theirs.keys() & names(changes(tree, tip, ephemeral=()))
    blocked = _blocked(tree, start, theirs, late)
    if blocked:
        return sorted(blocked)
    done = {path: pair.new for path, pair in theirs.items() if path not in late}
    if _switch(tree, start, _without(tree, tip, ours), done) and _show_views(tree, ours):
        return []
    return sorted(late) or sorted(moved)


def align(repo: Repo, tree: Worktree, start: str, tip: str) -> bool:
    """Have the index of a checkout say what `tip` says, for the paths in which it differs from `start`.

    The files are not looked at: they show `tip` already. False when somebody keeps the index locked.
    """
    moved = between(repo, start, tip)
    info = index_info({path: pair.new for path, pair in moved.items() if not tree.spares(path)})
    done = _locking(tree, "update-index", "-z", "--index-info", input=info)
    return done and _locking(tree, "update-index", "-q", "--refresh", fine=(0, 1))


def unstage(tree: Worktree, rev: str, wanted: Iterable[str]) -> bool:
    """Have the index say of the paths `wanted` what the commit `rev` says; False when somebody keeps it locked."""
    known = listing(tree, rev)
    info = index_info({path: known.get(path, ABSENT) for path in wanted})
    done = _locking(tree, "update-index", "-z", "--index-info", input=info)
    return done and _locking(tree, "update-index", "-q", "--refresh", fine=(0, 1))


def record_behind(repo: Repo, branch: str, shown: str) -> None:
    """Note that the checkout of `branch` still shows the commit `shown`, for `bring_along` to finish later."""
    ref = _record_ref(branch)
    move_ref(repo, ref, shown, read_ref(repo, ref) or "")


def _blocked(tree: Worktree, start: str, moved: dict[str, Pair], late: set[str]) -> set[str]:
    touched = set(names(changes(tree, start, ephemeral=())))
    staged = _staged(tree, start)
    odd = {path for path, pair in moved.items() if path in staged and staged[path] != pair.new}
    # Ignored files count: `read-tree -u` overwrites them without a word since git 2.34.
    free = {path for path, pair in moved.items() if pair.old != ABSENT and path not in touched}
    new = {path for path in late if moved[path].old == ABSENT and paths.in_the_way(tree.path, path, free)}
    return (late & touched) | odd | new


def _staged(tree: Worktree, rev: str) -> dict[str, Entry]:
    call = ("diff-index", "--cached", "--raw", "-z", "--no-renames", rev)
    return {path: pair.new for path, pair in records(tree.git(*call).fields)}


def _without(tree: Worktree, tip: str, ours: dict[str, Pair]) -> str:
    """The tree of `tip` with the files below `.orchestra/` as they were: git must not want to write those."""
    with scratch.index(tree, tip) as index:
        info = index_info({path: pair.old for path, pair in ours.items()})
        tree.git("update-index", "-z", "--index-info", index=index, input=info)
        return tree.git("write-tree", index=index).text


def _switch(tree: Worktree, start: str, target: str, done: dict[str, Entry]) -> bool:
    """git-read-tree(1), two-tree merge: checks every path before it writes the first."""
    return (
        _locking(tree, "update-index", "-z", "--index-info", input=index_info(done))
        and _locking(tree, "update-index", "-q", "--refresh", fine=(0, 1))
        and _locking(tree, "read-tree", "-m", "-u", start, target)
    )


def _show_views(tree: Worktree, ours: dict[str, Pair]) -> bool:
    """The index says what was committed below `.orchestra/`; a file that lies there stays as it is."""
    if not ours:
        return True
    shown = entries(tree)
    known = {path: pair.new for path, pair in ours.items() if shown.get(path, ABSENT) in (pair.old, pair.new)}
    if not _locking(tree, "update-index", "-z", "--index-info", input=index_info(known)):
        return False
    fresh = [path for path, pair in ours.items() if pair.old == ABSENT and not os.path.lexists(tree.path / path)]
    tree.git("checkout-index", "-q", "-z", "--stdin", input=paths.joined(fresh), check=False)
    return True


def _locking(tree: Worktree, *args: str, input: bytes | None = None, fine: tuple[int, ...] = (0,)) -> bool:
    """Run a command that takes the lock of the user's index, which an editor may hold for a moment."""
    if input == b"":
        return True
    deadline = time.monotonic() + _LOCK_WAIT_S
    while True:
        result = tree.git(*args, input=input, check=False)
        if "index.lock" not in result.err:
            return result.code in fine
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
