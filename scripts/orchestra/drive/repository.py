"""`git.strategy: worktree`: a group is built on `orchestra/<group>`, each attempt in a work tree of its own.

No branch is checked out in those work trees: an attempt works on a detached commit, and the group's branch is moved by
compare-and-swap when the harness has committed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ..config import GitConfig
from ..core.model import Attempt, Group, GroupState
from ..core.paths import matches
from ..errors import UserError
from ..files import write_atomic
from ..git.branches import branch_of, rename_branch_to_failed, restore_failed_branch
from ..git.changes import Change, Kind, changes, names
from ..git.commits import commit, delete_ref, move_ref, read_ref
from ..git.history import TICKET, Commit, history_units, log
from ..git.landing import Advanced, advance, bring_along
from ..git.merge import Conflict, merge
from ..git.paths import EPHEMERAL
from ..git.quarantine import set_aside
from ..git.repo import Repo, Worktree
from ..git.snapshot import put, snapshot
from ..git.worktrees import add_worktree, remove_worktree
from ..project import Project
from .internals import Internals
from .turn_files import SET_UP
from .workspace import Compared, Moved, Opening

_NOBODY_KNOWS = "Another holder of the lease has moved it; start again to go on from there."


class GitWorkspace:
    """The user's repository and the linked work trees below `.orchestra/worktrees/`."""

    makes_trees: ClassVar[bool] = True

    def __init__(self, project: Project, config: GitConfig) -> None:
        self.project = project
        self.config = config
        self.repo = Repo(project.root)
        self.internals = Internals(self.repo)
        self._trees: dict[str, str] = {}

    # Groups

    def open(self, group: GroupState) -> Opening:
        """Make the group's branch at the target's commit, or find the one that is there, a failed one included."""
        target = group.target or self.target()
        branch = branch_of(group.id)
        tip = read_ref(self.repo, branch) or restore_failed_branch(self.repo, group.id)
        start = self.repo.resolve(f"refs/heads/{target}")
        if start is None:
            raise UserError(f"the branch {target} has no commit", hint="make a first commit, then run again")
        if tip and group.base:
            return Opening(target, group.base, tip)
        if tip and not self.repo.contains(start, tip):
            # Commits without a state that explains them: somebody deleted state.db. They are kept, not built upon.
            rename_branch_to_failed(self.repo, group.id)
            tip = None
        self._move(branch, start, tip or "")
        return Opening(target, start, start)

    def target(self) -> str:
        """The branch that groups land on. Raises UserError when HEAD is detached and none is configured."""
        name = self.config.target or self.repo.head_branch()
        if not name:
            hint = "check a branch out, or set git.target in .orchestra/config.yml"
            raise UserError("HEAD is detached, so there is no branch to land on", hint=hint)
        return name

    def landed(self, group: Group) -> dict[str, str]:
        """The units of a group that the target branch holds already, each with its commit: another clone made them.

        A commit that was reverted since does not count.
        """
        tip = f"refs/heads/{self.target()}"
        found = history_units(self.repo, tip, group.slug or group.id) if self.repo.resolve(tip) else {}
        gone = _reverted(self.repo, tip) if found else frozenset()
        return {f"{group.id}/{name}": sha for name, sha in found.items() if sha not in gone}

    def taken_by(self, group: str) -> str:
        return ""

    @property
    def occupant(self) -> str:
        return ""

    def vacate(self, attempt: Attempt) -> None:
        return

    def settle(self) -> bool:
        """Bring the user's checkout to where its branch was moved; False when it need not be clean.

        A git process that outlived a killed driver finishes alone; what it holds is not touched before.
        """
        self.repo.wait_idle()
        if branch := self.repo.head_branch():
            bring_along(self.repo, branch)
        return True

    def remains(self, group: str) -> bool:
        return any(self.project.worktrees.glob(f"{group}-*")) or read_ref(self.repo, branch_of(group)) is not None

    def close(self, group: str, base: str, *, landed: bool) -> str:
        """Remove work trees and branch; commits that did not land are kept on `orchestra/failed/<group>`."""
        for path in sorted(self.project.worktrees.glob(f"{group}-*")):
            remove_worktree(self.repo, path)
        branch = branch_of(group)
        tip = read_ref(self.repo, branch)
        if tip is None:
            return ""
        if landed or tip == base:
            delete_ref(self.repo, branch, tip)
            return ""
        return rename_branch_to_failed(self.repo, group) or ""

    # Landing

    def people(self, group: GroupState) -> str:
        """The commit that people's work on the target branch has come to: what the group has to be on top of."""
        return self.repo.resolve(f"refs/heads/{group.target}") or ""

    def proved(self, group: str) -> bool:
        """Whether every verification of the group saw just what was committed."""
        return True

    def advance(self, group: GroupState, head: str) -> Advanced:
        """Move the target branch to the group's tip, by compare-and-swap, and bring the checkout along.

        `head` is the commit of people that the group was found to be on top of: where the branch stands is not read
        again, or what has come in between would be lost.
        """
        return advance(self.repo, group.target, group.tip, head)

    # Attempts

    def free_name(self, group: str, taken: set[str]) -> str:
        """The lowest free number: work trees are used again, with whatever builds have left there that git ignores."""
        number = 1
        while f"{group}-{number}" in taken:
            number += 1
        return f"{group}-{number}"

    def place(self, attempt: Attempt) -> Path:
        return self._tree(attempt).path

    def _tree(self, attempt: Attempt) -> Worktree:
        path = self.project.worktrees / attempt.worktree
        return add_worktree(self.repo, path, attempt.base, self.config.worktree_links)

    def set_up_mark(self, attempt: Attempt) -> Path | None:
        # In the git directory of the work tree: it goes when that goes, and no agent sees it.
        return self._tree(attempt).git_dir / SET_UP

    def keep(self, attempt: Attempt, patch: Path) -> None:
        if not (self.project.worktrees / attempt.worktree).is_dir():
            return
        tree = self._tree(attempt)
        left = names(self._changes(tree, attempt.base))
        if left:
            set_aside(tree, attempt.base, left, patch)

    def clean(self, attempt: Attempt) -> None:
        put(self._tree(attempt), attempt.base, attempt.base)

    def _changes(self, tree: Worktree, base: str) -> list[Change]:
        return changes(tree, base, self.config.worktree_links, (*EPHEMERAL, *self.config.ephemeral))

    def watch(self, attempt: Attempt, file: Path | None = None, others: tuple[Path, ...] = ()) -> None:
        self.internals.begin(attempt.ticket, self._tree(attempt), file, others)

    def watched(
        self, attempt: Attempt, keep: Path, tips: Mapping[str, str], file: Path | None = None
    ) -> tuple[str, ...]:
        return tuple(self.internals.end(attempt.ticket, keep, tips, file))

    def compare(self, attempt: Attempt, scope: tuple[str, ...]) -> Compared:
        found = self._changes(self._tree(attempt), attempt.base)
        allowed = {path for path in names(found) if scope and matches(path, scope)}
        # A repository inside the work tree cannot be committed, wherever it is.
        inside = tuple(c.path for c in found if c.path in allowed and c.kind not in (Kind.NESTED, Kind.HIDDEN))
        outside = (c.path for c in found if c.path not in allowed or c.kind is Kind.NESTED)
        return Compared(inside, tuple(outside))

    def set_aside(self, attempt: Attempt, paths: tuple[str, ...], patch: Path) -> None:
        set_aside(self._tree(attempt), attempt.base, paths, patch)

    def snapshot(self, attempt: Attempt, paths: tuple[str, ...]) -> str:
        return snapshot(self._tree(attempt), attempt.base, paths)

    def restore(self, attempt: Attempt, tree: str) -> None:
        put(self._tree(attempt), attempt.base, tree)

    def found(self, group: GroupState, attempt: Attempt) -> str:
        tip = read_ref(self.repo, branch_of(group.id)) or group.tip
        made = log(self.repo, group.base, tip) if tip != group.tip else []
        mine = [one for one in made if one.trailer(TICKET) == attempt.ticket]
        # An agent knows its ticket, and could make such a commit of anything.
        return mine[-1].sha if mine and self._is_of(mine[-1], attempt) else ""

    def _is_of(self, made: Commit, attempt: Attempt) -> bool:
        return made.tree == attempt.tree and made.parent == attempt.base

    def unchanged(self, attempt: Attempt, tree: str) -> bool:
        return bool(tree) and self._tree_of(attempt.base) == tree

    def _tree_of(self, commit: str) -> str:
        # A commit's tree never changes, so git is asked once.
        if commit not in self._trees:
            self._trees[commit] = self.repo.tree(commit)
        return self._trees[commit]

    def move(self, attempt: Attempt, tip: str) -> Moved:
        merged = merge(self.repo, attempt.base, tip, attempt.tree)
        if isinstance(merged, Conflict):
            return Moved(conflicts=merged.paths)
        put(self._tree(attempt), tip, merged.tree)
        return Moved(tree=merged.tree)

    def commit(self, group: GroupState, attempt: Attempt, message: str) -> str:
        made = commit(self.repo, attempt.tree, group.tip, message)
        self._move(branch_of(group.id), made, group.tip)
        return made

    def _move(self, branch: str, new: str, old: str) -> None:
        if not move_ref(self.repo, branch, new, old):
            raise UserError(f"{branch} is not where it was left", hint=_NOBODY_KNOWS)

    def diff(self, base: str, tip: str, file: Path | None) -> tuple[str, ...]:
        if file is not None:
            text = self.repo.git("diff", "--no-ext-diff", "--no-color", "--find-renames", base, tip).out
            write_atomic(file, text)
        return tuple(self.repo.git("diff", "--no-ext-diff", "--name-only", "--no-renames", "-z", base, tip).fields)


def _reverted(repo: Repo, tip: str) -> frozenset[str]:
    """The commits that `git revert` has undone, by the line that it writes into its message."""
    bodies = repo.git("log", "--format=%B", "--grep=This reverts commit", tip).text
    return frozenset(re.findall(r"This reverts commit ([0-9a-f]{40})", bodies))
