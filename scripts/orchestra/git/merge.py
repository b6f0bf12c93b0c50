"""Joining work without a work tree: three-way merges of trees, and commits repeated on another base."""

from __future__ import annotations

from dataclasses import dataclass

from .history import Commit, log
from .repo import Repo
from .run import GitError, Result

_FIXED = {
    "GIT_AUTHOR_NAME": "Orchestra", "GIT_AUTHOR_EMAIL": "orchestra@localhost", "GIT_AUTHOR_DATE": "@0 +0000",
    "GIT_COMMITTER_NAME": "Orchestra", "GIT_COMMITTER_EMAIL": "orchestra@localhost", "GIT_COMMITTER_DATE": "@0 +0000",
}  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """The tree that holds both sides' work."""

    tree: str


@dataclass(frozen=True)
class Conflict:
    """The paths that a person, or an agent, must settle; in a replay, `commit` is the one that does not fit."""

    paths: tuple[str, ...]
    commit: str = ""


@dataclass(frozen=True)
class Replayed:
    """The commit that ends the repeated ones, and which of them became which (old id to new id)."""

    tip: str
    commits: dict[str, str]


def merge(repo: Repo, base: str, ours: str, theirs: str) -> Merged | Conflict:
    """Merge the changes from `base` to `theirs` into `ours`; all three are commits or trees.

    Nothing but objects is written. Raises GitError when git cannot merge at all.
    """
    # `merge-tree --merge-base` came with git 2.40 and takes trees since 2.45; this needs neither.
    root = _stand_in(repo, base)
    left, right = _stand_in(repo, ours, root), _stand_in(repo, theirs, root)
    call = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", left, right)
    result = repo.git(*call, check=False)
    return _answer(call, result)


def _answer(call: tuple[str, ...], result: Result) -> Merged | Conflict:
    fields = result.fields
    if result.code == 0 and fields:
        return Merged(fields[0])
    if result.code == 1 and fields:
        return Conflict(tuple(sorted({path for path in fields[1:] if path})))
    raise GitError(call, result)


def _stand_in(repo: Repo, rev: str, parent: str = "") -> str:
    flags = ("-p", parent) if parent else ()
    return repo.git("commit-tree", *flags, "-m", "merge", f"{rev}^{{tree}}", env=_FIXED).text


def replay(repo: Repo, base: str, tip: str, onto: str) -> Replayed | Conflict:
    """Repeat the commits after `base` up to `tip` on `onto`, with their messages, authors and dates.

    The same call gives the same commits again. One whose changes `onto` has already becomes an empty commit, so
    that its trailers stay in the history.
    """
    here, made = onto, dict[str, str]()
    for one in log(repo, base, tip):
        if one.parent == here:
            here = made[one.sha] = one.sha
            continue
        joined = merge(repo, one.parent or _empty_tree(repo), here, one.tree)
        if isinstance(joined, Conflict):
            return Conflict(joined.paths, one.sha)
        here = made[one.sha] = _again(repo, one, joined.tree, here)
    return Replayed(here, made)


def _again(repo: Repo, one: Commit, tree: str, parent: str) -> str:
    env = {
        "GIT_AUTHOR_NAME": one.author[0], "GIT_AUTHOR_EMAIL": one.author[1], "GIT_AUTHOR_DATE": f"@{one.author[2]}",
        "GIT_COMMITTER_NAME": one.committer[0], "GIT_COMMITTER_EMAIL": one.committer[1],
        "GIT_COMMITTER_DATE": f"@{one.committer[2]}",
    }  # fmt: skip
    text = one.message.encode("utf-8", "surrogateescape")
    return repo.git("commit-tree", "-p", parent, "-F", "-", tree, input=text, env=env).text


def _empty_tree(repo: Repo) -> str:
    return repo.git("mktree").text
