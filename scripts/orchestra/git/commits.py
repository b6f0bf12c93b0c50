"""Commits and refs, made by plumbing: no hook, no editor, no index."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import UserError
from .repo import Repo


def commit(
    repo: Repo,
    tree: str,
    parent: str | Sequence[str],
    message: str,
    author: tuple[str, str] | None = None,
    at: float | None = None,
) -> str:
    """Make a commit object and return its id; no ref moves.

    `parent` may be empty (a first commit) or several. `author` is (name, email), by default the user. `at` is
    the time of both author and committer as a Unix stamp, by default now: with it, the same commit gets the same id.
    """
    parents = [parent] if isinstance(parent, str) else list(parent)
    flags = [word for one in parents if one for word in ("-p", one)]
    env = repo.identity()
    if author:
        env |= {"GIT_AUTHOR_NAME": author[0], "GIT_AUTHOR_EMAIL": author[1]}
    if at is not None:
        env |= {"GIT_AUTHOR_DATE": f"@{int(at)} +0000", "GIT_COMMITTER_DATE": f"@{int(at)} +0000"}
    text = message.encode("utf-8", "replace")
    return repo.git("commit-tree", *flags, "-F", "-", tree, input=text, env=env).text


def move_ref(repo: Repo, ref: str, new: str, old: str | None) -> bool:
    """Move `ref` to `new` if it stands at `old` ("": it must not exist; None: wherever it stands).

    True when it stands at `new` afterwards by this call or already did. Raises GitError for a ref that cannot be
    written for another reason (a lock, a full disk).
    """
    expected = [] if old is None else [old]
    result = repo.git("update-ref", "--no-deref", ref, new, *expected, env=repo.identity(), check=False)
    if result.code == 0:
        return True
    now = read_ref(repo, ref)
    if now == new:
        return True
    if now == (old or None):
        raise UserError(f"{ref} could not be moved: {result.err.strip()}", hint=_in_the_way(result.err))
    return False


def _in_the_way(err: str) -> str:
    found = re.search(r"'refs/heads/([^']+)' exists; cannot create", err)
    taken = f"Your branch {found[1]} takes the name: rename it with `git branch -m {found[1]} NAME`." if found else ""
    return taken or "Is another git process at work there?"


def delete_ref(repo: Repo, ref: str, old: str) -> bool:
    """Delete `ref` if it stands at `old`; True when it is gone afterwards."""
    result = repo.git("update-ref", "--no-deref", "-d", ref, old, env=repo.identity(), check=False)
    return result.code == 0 or read_ref(repo, ref) is None


def read_ref(repo: Repo, ref: str) -> str | None:
    """The object that the full name `ref` points to, None when there is no such ref."""
    result = repo.git("rev-parse", "--verify", "-q", ref, check=False)
    return result.text if result.code == 0 else None
