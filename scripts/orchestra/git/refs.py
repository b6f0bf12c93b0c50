"""Refs that moved while an agent worked: which of them nobody but the agent can have moved, and how they go back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .commits import move_ref, read_ref
from .history import TICKET, log
from .landing import checkouts
from .repo import Repo, Worktree

NOWHERE = "nowhere"
_HEADS = "refs/heads/"
_OURS = "refs/heads/orchestra/"
_STASHED = "refs/orchestra/stash/"
# Noted by fetches and pushes of anybody, or ours to move at any time.
_FREE = ("refs/remotes/", "refs/orchestra/", "refs/worktree/", "refs/bisect/", "refs/rewritten/", "refs/prefetch/")


@dataclass(frozen=True)
class Moved:
    """A ref that stands elsewhere than it did ("": it does not exist)."""

    name: str
    old: str
    new: str


def read(repo: Repo) -> dict[str, str]:
    """Every ref with its object; one that only names another reads `ref: <name>`."""
    lines = repo.git("for-each-ref", "--format=%(objectname) %(refname) %(symref)", check=False).text.splitlines()
    found = (line.split(" ", 2) for line in lines)
    return {name: f"ref: {other}" if other else sha for sha, name, other in found}


def stashed(common: Path) -> list[str]:
    """The commits of the user's `git stash list`, which all work trees share."""
    return [sha for sha, _ in _reflog(common / "logs/refs/stash")]


def _reflog(path: Path) -> list[tuple[str, str]]:
    """Where a ref was moved to each time, and why."""
    with suppress(OSError):
        lines = (line.partition("\t") for line in path.read_text(errors="replace").splitlines())
        return [(head.split(" ")[1], why) for head, _, why in lines if " " in head]
    return []


def _made(tree: Worktree) -> set[str]:
    """The commits that an agent has made in its work tree. Orchestra moves HEAD there, too, but says nothing."""
    verbs = ("commit", "merge", "cherry-pick", "revert", "rebase", "am", "pull")
    return {sha for sha, why in _reflog(tree.git_dir / "logs/HEAD") if why.startswith(verbs)} if tree.linked else set()


def strange(
    repo: Repo, before: Mapping[str, str], after: Mapping[str, str], tree: Worktree, landed: Collection[str]
) -> list[Moved]:
    """The refs that an agent has moved, created or deleted where it may not.

    People go on working meanwhile: a branch that their checkout followed is theirs, and so is one that only went
    forward, unless to a commit that the agent of the work tree `tree` made. `landed` are the commits that Orchestra
    itself has brought branches to.
    """
    made = _made(tree) - set(before.values())
    moved = [
        Moved(name, before.get(name, ""), after.get(name, ""))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return [one for one in moved if _is_strange(repo, one, made, landed)]


def _is_strange(repo: Repo, one: Moved, made: Collection[str], landed: Collection[str]) -> bool:
    if one.name.startswith(_STASHED):
        return bool(one.old)
    if one.name.startswith(_FREE) or one.name == "refs/stash":
        return False
    if one.name.startswith(_OURS):
        # Where the branch of a group has to stand is known from elsewhere; a failed one's only grows by us.
        return bool(one.old) and not one.new and one.name.startswith(f"{_OURS}failed/") and not _taken_back(repo, one)
    if one.name.startswith("refs/replace/") or one.new.startswith("ref: "):
        return True
    if not one.name.startswith(_HEADS):
        return bool(one.old)
    return _strange_branch(repo, one, made, landed)


def _taken_back(repo: Repo, one: Moved) -> bool:
    return read_ref(repo, _OURS + one.name.removeprefix(f"{_OURS}failed/")) is not None


def _strange_branch(repo: Repo, one: Moved, made: Collection[str], landed: Collection[str]) -> bool:
    if not one.old:
        return False
    if one.new in landed:
        return False
    if not one.new or one.new in made:
        return True
    forward = repo.contains(one.new, one.old)
    if forward and any(commit.trailer(TICKET) for commit in log(repo, one.old, one.new)[-1:]):
        return False
    trees = checkouts(repo, one.name.removeprefix(_HEADS))
    last = {sha for tree in trees for sha, _ in _reflog(tree.git_dir / "logs/HEAD")[-1:]}
    # A branch that is moved from another work tree leaves no line in the log of the checkout that is on it.
    return one.new not in last if last else not forward


def put_back(repo: Repo, one: Moved) -> bool:
    """Move a ref back to where it stood; False when git refuses, or it has moved again."""
    if not one.old:
        return repo.git("update-ref", "--no-deref", "-d", one.name, check=False).code == 0
    if one.new.startswith("ref: ") or one.old.startswith("ref: "):
        return _put_symbolic_back(repo, one)
    try:
        return move_ref(repo, one.name, one.old, one.new)
    except UserError:
        return False


def _put_symbolic_back(repo: Repo, one: Moved) -> bool:
    repo.git("symbolic-ref", "--delete", one.name, check=False)
    if one.old.startswith("ref: "):
        return repo.git("symbolic-ref", one.name, one.old.removeprefix("ref: "), check=False).code == 0
    return repo.git("update-ref", "--no-deref", one.name, one.old, env=repo.identity(), check=False).code == 0


def store_again(repo: Repo, lost: Collection[str]) -> list[str]:
    """Put commits back on the user's stash, oldest first; the ones for which that worked."""
    call = ("stash", "store", "--quiet", "--message", "brought back by Orchestra")
    return [sha for sha in lost if repo.git(*call, sha, env=repo.identity(), check=False).code == 0]


def misplaced(repo: Repo, ref: str, tip: str, ticket: str) -> str:
    """Where the branch of a group stands when the agent of `ticket`, which is not accepted yet, has moved it; else "".

    A commit that carries another ticket is a parallel unit's that was just accepted.
    """
    now = read_ref(repo, ref)
    if now == tip:
        return ""
    if now is None or not repo.contains(now, tip):
        return now or NOWHERE
    tickets = [one.trailer(TICKET) for one in log(repo, tip, now)]
    return "" if all(one and one != ticket for one in tickets) else now
