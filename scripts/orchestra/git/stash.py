"""A dirty checkout set aside under a name, and brought back exactly: staged, unstaged and untracked.

Unlike `git stash` it leaves `.orchestra/` alone, does not touch the user's own stashes, keeps the bytes as they
are (no line-ending conversion), and can be repeated after a kill. The commit at `refs/orchestra/stash/<name>` holds
the work tree; its parents are HEAD and a commit that holds the index.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import UserError
from . import paths, raw, scratch
from .changes import changes, names
from .commits import commit, delete_ref, move_ref, read_ref
from .diff import ABSENT, Entry, between, index_info, records
from .merge import Conflict, merge
from .repo import Repo
from .snapshot import listing, restore


def stash_ref(name: str) -> str:
    """The full name of the ref that keeps the stash `name`."""
    return f"refs/orchestra/stash/{paths.ref_part(name)}"


def stash(repo: Repo, name: str) -> str | None:
    """Set the uncommitted work of the checkout aside and return its commit; None when there is none.

    Raises UserError, with nothing touched, when the work cannot be kept whole: an unfinished merge, a nested
    repository, or a stash of that name that holds something else.
    """
    held = read_ref(repo, stash_ref(name))
    dirty = repo.dirty()
    if not dirty:
        return held
    head = _head(repo)
    _refuse_nested(repo, dirty)
    _refuse_hidden(repo, head, dirty)
    staged, shown = _staged(repo, head), raw.record(repo.checkout, dirty)
    if held is None:
        held = _keep(repo, name, head, staged, shown)
    else:
        _refuse_others(repo, name, held, staged, shown)
    _clean(repo, head, dirty)
    return held


def _head(repo: Repo) -> str:
    head = repo.resolve("HEAD")
    if head is None:
        raise UserError("There is no commit yet to set changes aside from.", hint="Make a first commit.")
    return head


def _refuse_nested(repo: Repo, dirty: list[str]) -> None:
    nested = [path for path in dirty if path.endswith("/") or _is_repository(repo.top / path)]
    if nested:
        raise UserError(
            f"{nested[0]} is a git repository of its own and cannot be set aside.",
            hint="Commit inside it, move it away, or list it in .gitignore.",
        )


def _is_repository(path: Path) -> bool:
    return not path.is_symlink() and (path / ".git").exists()


def _refuse_hidden(repo: Repo, head: str, dirty: list[str]) -> None:
    """An ignored file in the place of a tracked one is in no list of git's, and would be overwritten."""
    known = _recorded(repo, head, dirty)
    free = set(dirty)
    hidden = [path for path in dirty if known[path] != ABSENT and paths.in_the_way(repo.top, path, free)]
    if hidden:
        raise UserError(
            f"Ignored files lie where {hidden[0]} belongs, and would be lost.",
            hint="Move them away, then run the command again.",
        )


def _staged(repo: Repo, head: str) -> dict[str, Entry]:
    """What the user has staged. Unmerged entries have no single content to keep."""
    result = repo.checkout.git("diff-index", "--cached", "--raw", "-z", "--no-renames", head)
    if repo.checkout.git("ls-files", "--unmerged", "-z").out:
        raise UserError("A merge is not finished in this checkout.", hint="Finish or abort it (`git merge --abort`).")
    found = dict(records(result.fields))
    return {path: pair.new for path, pair in found.items() if not repo.is_plan(path)}


def _keep(repo: Repo, name: str, head: str, staged: dict[str, Entry], shown: dict[str, Entry]) -> str:
    index = commit(repo, _tree(repo, head, staged), head, f"index of {name}\n")
    whole = commit(repo, _tree(repo, head, shown), [head, index], f"orchestra stash {name}\n")
    if not move_ref(repo, stash_ref(name), whole, ""):
        raise UserError(f"The stash {name} was made by another process just now.", hint="Run the command again.")
    return whole


def _tree(repo: Repo, head: str, changed: dict[str, Entry]) -> str:
    with scratch.index(repo.checkout, head) as index:
        repo.checkout.git("update-index", "-z", "--index-info", index=index, input=index_info(changed))
        return repo.checkout.git("write-tree", index=index).text


def _refuse_others(repo: Repo, name: str, held: str, staged: dict[str, Entry], shown: dict[str, Entry]) -> None:
    """After a kill the work tree holds part of what the stash holds; anything else is new work."""
    kept = _recorded(repo, held, shown)
    kept_index = _recorded(repo, f"{held}^2", staged)
    strange = [path for path in shown if shown[path] != kept[path]]
    strange += [path for path in staged if staged[path] != kept_index[path]]
    if strange:
        raise UserError(
            f"The stash {name} holds other changes already; {sorted(strange)[0]} has new ones.",
            hint="Bring the stash back first, or commit your changes.",
        )


def _recorded(repo: Repo, rev: str, wanted: Iterable[str]) -> dict[str, Entry]:
    known = listing(repo.checkout, rev)
    return {path: known.get(path, ABSENT) for path in wanted}


def _clean(repo: Repo, head: str, dirty: list[str]) -> None:
    before = _recorded(repo, head, dirty)
    repo.checkout.git("update-index", "-z", "--index-info", input=index_info(before))
    restore(repo.checkout, head, dirty)
    repo.checkout.git("update-index", "-q", "--refresh", check=False)


def unstash(repo: Repo, name: str) -> list[str]:
    """Bring the stash `name` back onto the checkout; the paths in conflict, empty when all is back.

    Where the branch has moved meanwhile, both changes are merged. With a conflict nothing is touched, and the
    ref keeps the work. Nothing happens when there is no such stash.
    """
    held = read_ref(repo, stash_ref(name))
    if held is None:
        return []
    plan = _Return(repo, held, _head(repo))
    conflicts = plan.conflicts()
    if not conflicts:
        plan.carry_out()
        delete_ref(repo, stash_ref(name), held)
    return conflicts


class _Return:
    """The way back of one stash: what every path has to become in the work tree and in the index."""

    def __init__(self, repo: Repo, held: str, now: str) -> None:
        self.repo, self.tree, self.now, self.held = repo, repo.checkout, now, held
        self.work = between(repo, f"{held}^1", held)
        self.index = between(repo, f"{held}^1", f"{held}^2")
        self.since = between(repo, f"{held}^1", now)
        self.wanted = _recorded(repo, held, {*self.work, *self.index})
        self.known = _recorded(repo, now, self.wanted)
        self.merged: dict[str, str] = {}

    def conflicts(self) -> list[str]:
        found: set[str] = set()
        for part, rev in ((self.work, self.held), (self.index, f"{self.held}^2")):
            if self._met(part):
                found |= self._merge(rev)
        return sorted(found | self._overwritten()) if not found else sorted(found)

    def _met(self, part: object) -> bool:
        """Whether the commits since then touched a path of this part, or a parent of one."""
        mine = set(part) if isinstance(part, dict) else set()
        return bool(self.since.keys() & mine) or any(paths.related(path, mine) for path in self.since)

    def _merge(self, rev: str) -> set[str]:
        joined = merge(self.repo, f"{self.held}^1", self.now, rev)
        if isinstance(joined, Conflict):
            return set(joined.paths)
        self.merged[rev] = joined.tree
        return set()

    def _overwritten(self) -> set[str]:
        """Paths that somebody has changed since: they are neither as HEAD has them nor as they shall become."""
        shown = raw.record(self.tree, self.wanted)
        touched = set(names(changes(self.tree, self.now, ephemeral=())))
        left = {path for path in self.wanted.keys() - self._already() if shown[path] != self.wanted[path]}
        free = self.wanted.keys() - touched
        fresh = {path for path in left if self.wanted[path] != ABSENT and self.known[path] == ABSENT}
        return (left & touched) | {path for path in fresh if paths.in_the_way(self.tree.path, path, free - fresh)}

    def _already(self) -> set[str]:
        if self.held not in self.merged:
            return set()
        return self.wanted.keys() - names(changes(self.tree, self.merged[self.held], ephemeral=()))

    def carry_out(self) -> None:
        met = self.wanted.keys() & self.since.keys() if self.held in self.merged else set()
        restore(self.tree, self.merged.get(self.held, self.held), met)
        for path, entry in sorted(self.wanted.items(), key=lambda item: item[1] != ABSENT):
            if path not in met:
                raw.write(self.tree, path, entry)
        rev = f"{self.held}^2"
        staged = _recorded(self.repo, self.merged.get(rev, rev), self.index)
        self.tree.git("update-index", "-z", "--index-info", input=index_info(staged))
        self.tree.git("update-index", "-q", "--refresh", check=False)
