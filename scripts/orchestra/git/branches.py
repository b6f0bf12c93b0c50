"""The branch of a group, and where it goes when the group failed."""

from __future__ import annotations

from ..errors import UserError
from . import paths
from .commits import read_ref
from .repo import Repo

PREFIX = "refs/heads/orchestra/"


def branch_of(group: str) -> str:
    """The full name of the branch that a group is built on."""
    return PREFIX + paths.ref_part(group)


def failed_branch_of(group: str) -> str:
    """The full name of the branch that a failed group's commits are kept on."""
    return f"{PREFIX}failed/{paths.ref_part(group)}"


def rename_branch_to_failed(repo: Repo, group: str) -> str | None:
    """Move `orchestra/<group>` to `orchestra/failed/<group>`, so that the next group cannot push its commits.

    An earlier failure's branch is kept under a number (`…/M1-2`). Returns the full name of the branch that now
    holds the commits, None when there was nothing to move. Safe to repeat.
    """
    source = branch_of(group)
    sha = read_ref(repo, source)
    if sha is None:
        return _holding(repo, group, None)
    name = failed_branch_of(group)
    earlier = read_ref(repo, name)
    steps = [f"delete {source} {sha}"]
    if earlier is None:
        steps.append(f"create {name} {sha}")
    elif earlier != sha:
        steps += [f"create {_numbered(repo, name)} {earlier}", f"update {name} {sha} {earlier}"]
    _transact(repo, steps)
    return name


def restore_failed_branch(repo: Repo, group: str) -> str | None:
    """Bring `orchestra/failed/<group>` back to `orchestra/<group>` for a retry, and return its commit.

    None when there is no such branch; the group's branch, when there is one already, stays as it is.
    """
    name, target = failed_branch_of(group), branch_of(group)
    sha, there = read_ref(repo, name), read_ref(repo, target)
    if sha is None or there is not None:
        return there
    _transact(repo, [f"delete {name} {sha}", f"create {target} {sha}"])
    return sha


def _holding(repo: Repo, group: str, default: str | None) -> str | None:
    name = failed_branch_of(group)
    return name if read_ref(repo, name) else default


def _numbered(repo: Repo, name: str) -> str:
    number = 2
    while read_ref(repo, f"{name}-{number}"):
        number += 1
    return f"{name}-{number}"


def _transact(repo: Repo, steps: list[str]) -> None:
    """All or nothing: git takes every lock before it changes the first ref."""
    text = "\n".join(["start", *steps, "prepare", "commit", ""])
    result = repo.git("update-ref", "--stdin", input=text.encode(), env=repo.identity(), check=False)
    if result.code != 0:
        raise UserError(f"A branch could not be renamed: {result.err.strip()}", hint="Is another git process running?")
