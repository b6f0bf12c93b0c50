"""What an index tracks, and where stat data or git's own look at a directory prove too little."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .repo import Worktree

GITLINK = "160000"
_NAME = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True)
class Tracked:
    """One path of an index; `line` is how `git ls-files --stage` says it."""

    mode: str
    sha: str
    path: str
    line: str


def tracked(tree: Worktree, index: Path) -> list[Tracked]:
    """Everything that an index holds."""
    return [_of(line) for line in tree.git("ls-files", "--stage", "-z", index=index).fields]


def _of(line: str) -> Tracked:
    head, _, path = line.partition("\t")
    mode, sha, _ = head.split(" ")
    return Tracked(mode, sha, path, line)


def distrust(tree: Worktree, index: Path, found: Iterable[Tracked], since_ns: int) -> None:
    """Have git read every file again whose inode was touched since `since_ns`, when the index's stat data was taken.

    Most builds of git compare whole seconds (racy-git, USE_NSEC): a file that was changed within the second of its
    checkout, to the same size and with its old time put back, would pass for unchanged.
    """
    doubtful = [one.line for one in found if one.mode != GITLINK and _touched(tree.path / one.path) >= since_ns]
    if doubtful:
        tree.git("update-index", "-z", "--index-info", index=index, input=paths.joined(doubtful))


def _touched(path: Path) -> int:
    # The change time cannot be set by a program, unlike that of the content.
    try:
        return os.lstat(path).st_ctime_ns
    except OSError:
        return 0


def hidden_repositories(tree: Worktree, found: Iterable[Tracked]) -> list[str]:
    """Every `.git` in a directory that holds tracked files, other than the work tree's own.

    Git passes over it without a word, but every program that asks git there, the next agent's or a test, would
    follow its configuration.
    """
    folders = {part for one in found if one.mode != GITLINK for part in _parents(one.path)}
    return sorted(f"{folder}/.git" for folder in folders if os.path.lexists(tree.path / folder / ".git"))


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


@contextmanager
def submodule(tree: Worktree, one: Tracked) -> Iterator[Worktree | None]:
    """The submodule at a gitlink as a work tree of its own; None when it does not stand at the commit recorded.

    Git is given a directory of ours that borrows the submodule's objects: its own configuration, which an agent can
    write, may name programs (a filter, a file system monitor) that git would run.
    """
    place = tree.path / one.path
    real = _git_dir(place)
    if real is None or _head(real) != one.sha:
        yield None
        return
    made = tree.git_dir / f"orchestra-submodule.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        _borrow(made, _common(real) / "objects", one.sha)
        yield Worktree(place, made, linked=False)
    finally:
        paths.remove_tree(made)


def empty(tree: Worktree, path: str) -> bool:
    """Whether a submodule is not initialised: an empty directory."""
    place = tree.path / path
    return paths.plain_parent(tree.path, path) and place.is_dir() and not place.is_symlink() and not os.listdir(place)  # noqa: PTH208


def _borrow(made: Path, objects: Path, sha: str) -> None:
    (made / "objects/info").mkdir(parents=True)
    (made / "refs").mkdir()
    (made / "objects/info/alternates").write_text(f"{objects}\n")
    (made / "HEAD").write_text(f"{sha}\n")
    wide = "\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n"
    (made / "config").write_text("[core]\n" + (wide if len(sha) == 64 else "\trepositoryformatversion = 0\n"))


def _git_dir(place: Path) -> Path | None:
    """gitrepository-layout(5): `.git` is the directory, or a file that names it."""
    dot_git = place / ".git"
    if place.is_symlink() or not os.path.lexists(dot_git):
        return None
    if dot_git.is_file():
        with suppress(OSError, UnicodeDecodeError):
            dot_git = place / dot_git.read_text().removeprefix("gitdir:").strip()
    return dot_git if dot_git.is_dir() else None


def _common(git_dir: Path) -> Path:
    with suppress(OSError, UnicodeDecodeError):
        return (git_dir / (git_dir / "commondir").read_text().strip()).resolve()
    return git_dir.resolve()


def _head(git_dir: Path) -> str:
    """The commit of HEAD, read without git; empty when it cannot be found."""
    with suppress(OSError, UnicodeDecodeError):
        text = (git_dir / "HEAD").read_text().strip()
        if not text.startswith("ref:"):
            return text if _NAME.fullmatch(text) else ""
        return _ref(git_dir, text.removeprefix("ref:").strip())
    return ""


def _ref(git_dir: Path, name: str) -> str:
    for folder in (git_dir, _common(git_dir)):
        with suppress(OSError, UnicodeDecodeError):
            return (folder / name).read_text().strip()
    packed = (_common(git_dir) / "packed-refs").read_text()
    return next((line.split(" ")[0] for line in packed.splitlines() if line.endswith(f" {name}")), "")
