"""Trees out of a work tree, and back into it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import UserError
from . import paths, scratch
from .changes import GITLINK, changes
from .repo import Worktree

# What an interrupted merge, rebase or bisect of an agent leaves in a git directory (gitrepository-layout(5)).
_UNFINISHED = (
    "MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "MERGE_RR", "AUTO_MERGE", "SQUASH_MSG", "CHERRY_PICK_HEAD",
    "REVERT_HEAD", "REBASE_HEAD", "BISECT_LOG", "BISECT_START", "rebase-merge", "rebase-apply", "sequencer",
)  # fmt: skip


def snapshot(tree: Worktree, base: str, wanted: Iterable[str]) -> str:
    """The tree of `base` with exactly the paths `wanted` as they are in the work tree.

    Neither the work tree nor its index is changed. Raises UserError for a nested repository (git can only
    record a pointer to it, which nobody else could follow), GitError when a file cannot be read.
    """
    chosen = sorted(set(wanted))
    with scratch.index(tree, base) as index:
        _refuse_nested(tree, chosen)
        there = [path for path in chosen if paths.is_file(tree.path, path)]
        gone = set(chosen) - set(there)
        if gone:
            tree.git("update-index", "--force-remove", "-z", "--stdin", index=index, input=paths.joined(sorted(gone)))
        tree.git("update-index", "--add", "--replace", "-z", "--stdin", index=index, input=paths.joined(there))
        return tree.git("write-tree", index=index).text


def _refuse_nested(tree: Worktree, chosen: list[str]) -> None:
    nested = [path for path in chosen if (tree.path / path / ".git").exists() and not (tree.path / path).is_symlink()]
    if nested:
        raise UserError(
            f"{nested[0]} is a git repository of its own and cannot be committed.",
            hint="Delete its .git, or add it as a submodule by hand.",
        )


def restore(tree: Worktree, rev: str, wanted: Iterable[str]) -> None:
    """Make the paths `wanted` of the work tree what they are in the commit or tree `rev`: written, or removed."""
    chosen = set(wanted)
    with scratch.index(tree, rev) as index:
        known = entries(tree, index)
        for path in sorted(chosen - known.keys(), reverse=True):
            paths.remove(tree.path, path)
        for path in sorted(path for path in chosen & known.keys() if known[path][0] == GITLINK):
            _empty(tree.path / path)
        _write(tree, index, sorted(path for path in chosen & known.keys() if known[path][0] != GITLINK))
        scratch.keep(tree, index)


def _write(tree: Worktree, index: Path, wanted: list[str]) -> None:
    for folder in {(tree.path / path).parent for path in wanted}:
        with suppress(OSError):
            folder.chmod(folder.stat().st_mode | 0o700)
    tree.git("checkout-index", "--force", "-u", "-z", "--stdin", index=index, input=paths.joined(wanted))


def _empty(folder: Path) -> None:
    """A submodule that is not initialised is an empty directory."""
    paths.remove_tree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def entries(tree: Worktree, index: Path | None = None) -> dict[str, tuple[str, str]]:
    """Mode and object of every path in an index (default: the work tree's own)."""
    found = {}
    for line in tree.git("ls-files", "--stage", "-z", index=index).fields:
        head, _, path = line.partition("\t")
        mode, sha, _ = head.split(" ")
        found[path] = (mode, sha)
    return found


def listing(tree: Worktree, rev: str) -> dict[str, tuple[str, str]]:
    """Mode and object of every path in a commit or tree."""
    found = {}
    for line in tree.git("ls-tree", "-r", "-z", "--full-tree", rev).fields:
        head, _, path = line.partition("\t")
        mode, _, sha = head.split(" ")
        found[path] = (mode, sha)
    return found


def put(tree: Worktree, base: str, content: str) -> None:
    """Make the work tree hold exactly `content` (a tree or commit), as uncommitted changes on HEAD = `base`.

    Everything else that is not ignored is removed: the caller has saved it. In a linked work tree HEAD is
    detached and what an agent left half done (a merge, a lock, a broken `.git`) is put right; the user's own
    checkout keeps its HEAD. Safe to repeat after a kill.
    """
    if tree.linked:
        settle(tree, base)
    differing = [change.path for change in changes(tree, content)]
    if differing:
        restore(tree, content, differing)
    if tree.linked:
        _reset_index(tree, base)


def settle(tree: Worktree, base: str) -> None:
    """Give a linked work tree back its `.git` file and a HEAD detached at `base`, with nothing half done."""
    mend(tree)
    for name in (*_UNFINISHED, "index.lock", "HEAD.lock"):
        paths.remove_tree(tree.git_dir / name)
    tree.git("update-ref", "--no-deref", "HEAD", base)


def mend(tree: Worktree) -> None:
    """Write the `.git` file again. A repository that an agent made in its place is kept in the git directory."""
    dot_git = tree.path / ".git"
    line = f"gitdir: {tree.git_dir}\n"
    if dot_git.is_dir() and not dot_git.is_symlink():
        dot_git.rename(_unused(tree.git_dir / "orchestra-foreign-git"))
    elif dot_git.is_file() and not dot_git.is_symlink() and dot_git.read_bytes() == line.encode():
        return
    else:
        dot_git.unlink(missing_ok=True)
    dot_git.write_text(line)


def _unused(path: Path) -> Path:
    number = 1
    while path.with_name(f"{path.name}-{number}").exists():
        number += 1
    return path.with_name(f"{path.name}-{number}")


def _reset_index(tree: Worktree, base: str) -> None:
    with scratch.index(tree, base) as index:
        tree.git("update-index", "-q", "--refresh", index=index, check=False)
        index.replace(tree.git_dir / "index")
