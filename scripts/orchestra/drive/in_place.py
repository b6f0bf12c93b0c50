"""`git.strategy: in-place`: agents edit the user's checkout, and units are committed on the branch checked out there.

One attempt at a time has the checkout; those beside it work in linked work trees, as with `worktree`. The branch
`orchestra/<group>` moves first and tells after a kill what the checked-out branch has yet to follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..config import GitConfig
from ..core.model import Attempt, GroupState
from ..core.paths import matches
from ..errors import UserError
from ..git.branches import branch_of, rename_branch_to_failed, restore_failed_branch
from ..git.commits import commit, delete_ref, move_ref, read_ref
from ..git.diff import between
from ..git.history import Commit
from ..git.hold import Hold
from ..git.landing import Advanced
from ..git.merge import Conflict, merge, replay
from ..git.repo import Worktree
from ..git.snapshot import snapshot
from ..git.worktrees import remove_worktree
from ..project import Project
from .checkout import PROMISED, Checkout
from .repository import GitWorkspace
from .workspace import Compared, Moved, Opening

CHECKOUT = "checkout"


class InPlaceWorkspace(GitWorkspace):
    """The user's checkout, with linked work trees for what runs beside it.

    With `aside`, only the group that has the checkout already is finished there; others are built aside.
    """

    def __init__(self, project: Project, config: GitConfig, *, aside: bool = False) -> None:
        super().__init__(project, config)
        self.aside = aside
        self.checkout = Checkout(project, self.repo, config)

    # Groups

    def open(self, group: GroupState) -> Opening:
        """Take the checkout for the group. Raises UserError when another branch is checked out, or another group
        has it."""
        if self.aside and self.checkout.of(group.id) is None:
            return super().open(group)
        with self.checkout.alone():
            if why := self.taken_by(group.id):
                raise UserError(why, hint=f"wait for it, or delete {self.repo.git_dir}/orchestra-in-place")
            hold = self._opened(group) or self._fresh(group)
            return self._build_on(hold, group)

    def _opened(self, group: GroupState) -> Hold | None:
        """The hold of an opening that was killed; one that no state explains any more is given up."""
        hold, tip = self.checkout.of(group.id), read_ref(self.repo, branch_of(group.id))
        if hold is None or group.base or tip in (None, hold.base):
            return hold
        self.checkout.drop()
        return None

    def _fresh(self, group: GroupState) -> Hold:
        target = group.target or self.target()
        start = self.repo.resolve(f"refs/heads/{target}")
        if start is None:
            raise UserError(f"the branch {target} has no commit", hint="make a first commit, then run again")
        hold = Hold(group.id, target, start, start, start)
        self.checkout.guard(hold)
        return self.checkout.write(hold)

    def _build_on(self, hold: Hold, group: GroupState) -> Opening:
        """Have the group's branch begin at the hold's base; a retry brings its earlier commits along."""
        branch = branch_of(group.id)
        tip = read_ref(self.repo, branch) or restore_failed_branch(self.repo, group.id)
        if tip and not group.base and tip != hold.base:
            self._forget_unknown(group.id, hold, tip)
            tip = None
        if tip and self.repo.contains(hold.base, tip):
            self._move(branch, hold.base, tip)
            tip = hold.base
        if tip and not self.repo.contains(tip, hold.base):
            tip, hold = self._repeat(hold, group, tip)
        self._move(branch, tip or hold.base, tip or "")
        hold = self.checkout.finish(hold)
        return Opening(hold.target, hold.base, tip or hold.base)

    def _forget_unknown(self, group: str, hold: Hold, tip: str) -> None:
        """Commits without a state that explains them: they are kept, not built upon."""
        if self.repo.contains(hold.base, tip):
            delete_ref(self.repo, branch_of(group), tip)
        else:
            rename_branch_to_failed(self.repo, group)

    def _repeat(self, hold: Hold, group: GroupState, tip: str) -> tuple[str, Hold]:
        again = replay(self.repo, group.base, tip, hold.base)
        if isinstance(again, Conflict):
            self.checkout.drop()
            hint = "settle it on that branch, or build it aside with git.strategy: worktree"
            what = f"what {group.id} came to collides with {hold.target} in {', '.join(again.paths)}"
            rename_branch_to_failed(self.repo, group.id)
            raise UserError(f"{what}; it is on orchestra/failed/{group.id}", hint=hint)
        hold = self.checkout.write(replace(hold, unproved=True))
        self._move(branch_of(group.id), again.tip, tip)
        return again.tip, hold

    def taken_by(self, group: str) -> str:
        """Nothing, or why the group cannot be opened now: another one that is open has the checkout."""
        hold = self.checkout.hold
        if hold is None or hold.group == group or self.aside:
            return ""
        return f"locked: {hold.group} is being built in this checkout"

    @property
    def occupant(self) -> str:
        hold = self.checkout.hold
        return hold.ticket if hold is not None else ""

    def vacate(self, attempt: Attempt) -> None:
        with self.checkout.alone():
            hold = self.checkout.of(attempt.group)
            if hold is not None and hold.ticket == attempt.ticket:
                hold = self.checkout.free(self.checkout.finish(hold))
                self.checkout.show(hold, self.checkout.head(hold))

    def settle(self) -> bool:
        """Finish what a kill left half done; False when an attempt has the checkout, which is not clean then."""
        self.repo.wait_idle()
        with self.checkout.alone():
            hold = self.checkout.hold
            if hold is not None:
                hold = self.checkout.finish(hold)
                if hold.ticket:
                    return False
                self.checkout.show(hold, self.checkout.head(hold))
        return super().settle()

    def remains(self, group: str) -> bool:
        return self.checkout.of(group) is not None or super().remains(group)

    def close(self, group: str, base: str, *, landed: bool) -> str:
        """Give the checkout back. What did not land leaves the branch, unless somebody has committed on top."""
        with self.checkout.alone():
            hold = self.checkout.of(group)
            if hold is None:
                return super().close(group, base, landed=landed)
            hold = self.checkout.finish(hold)
            for path in sorted(self.project.worktrees.glob(f"{group}-*")):
                remove_worktree(self.repo, path)
            hold = self.checkout.free(hold)
            kept = "" if landed else self._give_back(hold, base)
            tip = read_ref(self.repo, branch_of(group))
            if tip is not None:
                delete_ref(self.repo, branch_of(group), tip)
            self.checkout.leave(hold)
            return kept

    def _give_back(self, hold: Hold, base: str) -> str:
        """Move the group's commits off the target branch; returns where they are kept."""
        if hold.left == base:
            return ""
        kept = rename_branch_to_failed(self.repo, hold.group) or ""
        head = self.checkout.head(hold)
        if head == base:
            return kept
        if head != hold.left:
            return f"{kept}, and stay on {hold.target}, where somebody has committed on top of them"
        if self.checkout.foreign_commits(base, head):
            return f"{kept}, and stay on {hold.target}, because somebody has committed between them"
        if self._is_pushed(hold.target, head):
            return f"{kept}, and stay on {hold.target}, because they are pushed"
        self._move(f"refs/heads/{hold.target}", base, head)
        return kept

    def _is_pushed(self, target: str, tip: str) -> bool:
        remote, branch = self.repo.upstream(target) or (self.config.remote, target)
        return self.repo.contains(f"refs/remotes/{remote}/{branch}", tip)

    # Landing

    def people(self, group: GroupState) -> str:
        head, hold = super().people(group), self.checkout.of(group.id)
        if hold is None or head != hold.left or self.checkout.foreign_commits(group.base, group.tip):
            return head
        return group.base

    def proved(self, group: str) -> bool:
        hold = self.checkout.of(group)
        return hold is None or not hold.unproved

    def advance(self, group: GroupState, head: str) -> Advanced:
        hold = self.checkout.of(group.id)
        if hold is None:
            return super().advance(group, head)
        with self.checkout.alone():
            hold = self.checkout.free(hold)
            ref = f"refs/heads/{hold.target}"
            if self.checkout.head(hold) != group.tip and not move_ref(self.repo, ref, group.tip, hold.left):
                return Advanced(False)
            hold = self.checkout.write(replace(hold, left=group.tip, base=group.base))
            _, behind = self.checkout.show(hold, group.tip)
            return Advanced(True, behind)

    # Attempts

    def free_name(self, group: str, taken: set[str]) -> str:
        with self.checkout.alone():
            hold = self.checkout.of(group)
            if hold is None or CHECKOUT in taken:
                return super().free_name(group, taken)
            if not hold.ticket:
                self.checkout.write(replace(hold, ticket=PROMISED))
        return CHECKOUT

    def _tree(self, attempt: Attempt) -> Worktree:
        return self.repo.checkout if attempt.worktree == CHECKOUT else super()._tree(attempt)

    @contextmanager
    def _held(self, attempt: Attempt) -> Iterator[Hold]:
        """The hold of an attempt in the checkout, nobody else at it. Raises UserError when that is not to be had."""
        with self.checkout.alone():
            hold = self.checkout.of(attempt.group)
            if hold is None:
                hint = f"`git switch` to its branch and answer `stop`, or `orchestra run {attempt.group}` anew"
                raise UserError(f"the checkout is no longer held for {attempt.group}", hint=hint)
            hold = self.checkout.finish(hold)
            self.checkout.guard(hold)
            yield hold

    def set_up_mark(self, attempt: Attempt) -> Path | None:
        return None if attempt.worktree == CHECKOUT else super().set_up_mark(attempt)

    def keep(self, attempt: Attempt, patch: Path) -> None:
        if attempt.worktree != CHECKOUT:
            return super().keep(attempt, patch)
        with self.checkout.alone():
            hold = self.checkout.of(attempt.group)
            # Where somebody has switched or committed, nobody can tell whose the difference is: it stays.
            if hold is None or hold.ticket != attempt.ticket or not self.checkout.undisturbed(hold):
                return None
            self.checkout.put_aside(hold, hold.held, self.checkout.since(hold, hold.held), patch)
        return None

    def clean(self, attempt: Attempt) -> None:
        if attempt.worktree != CHECKOUT:
            return super().clean(attempt)
        with self._held(attempt) as hold:
            # A second call finds only what was there at the first: no agent has begun, or `keep` has tidied up.
            if hold.ticket != attempt.ticket:
                self.checkout.begin(hold, attempt.ticket, attempt.base)
        return None

    def compare(self, attempt: Attempt, scope: tuple[str, ...]) -> Compared:
        if attempt.worktree != CHECKOUT:
            return super().compare(attempt, scope)
        with self._held(attempt) as hold:
            found = self.checkout.since(hold, _basis(hold, attempt))
            # A file is committed whole: what people had there, which git may not even show them, is not the unit's.
            theirs = self.checkout.foreign(hold)
        inside = tuple(path for path in found if scope and matches(path, scope) and path not in theirs)
        return Compared(inside, tuple(path for path in found if path not in set(inside)))

    def set_aside(self, attempt: Attempt, paths: tuple[str, ...], patch: Path) -> None:
        if attempt.worktree != CHECKOUT:
            return super().set_aside(attempt, paths, patch)
        with self._held(attempt) as hold:
            self.checkout.put_aside(hold, _basis(hold, attempt), paths, patch)
        return None

    def snapshot(self, attempt: Attempt, paths: tuple[str, ...]) -> str:
        return snapshot(self._tree(attempt), attempt.base, paths)

    def restore(self, attempt: Attempt, tree: str) -> None:
        if attempt.worktree != CHECKOUT:
            return super().restore(attempt, tree)
        with self._held(attempt) as hold:
            self.checkout.tidy(hold, tree)
        return None

    def _is_of(self, made: Commit, attempt: Attempt) -> bool:
        if not attempt.tree or not self.repo.contains(made.sha, attempt.base):
            return False
        # Plans that people commit in between come with it.
        return all(self.repo.checkout.spares(path) for path in between(self.repo, attempt.tree, made.tree))

    def found(self, group: GroupState, attempt: Attempt) -> str:
        with self.checkout.alone():
            made, hold = super().found(group, attempt), self.checkout.of(group.id)
            if made and hold is not None:
                self.checkout.finish(hold)
        return made

    def move(self, attempt: Attempt, tip: str) -> Moved:
        if attempt.worktree != CHECKOUT:
            return super().move(attempt, tip)
        merged = merge(self.repo, attempt.base, tip, attempt.tree)
        if isinstance(merged, Conflict):
            return Moved(conflicts=merged.paths)
        with self._held(attempt) as hold:
            self.checkout.rebase(hold, attempt.tree, merged.tree, tip)
        return Moved(tree=merged.tree)

    def commit(self, group: GroupState, attempt: Attempt, message: str) -> str:
        if self.checkout.of(group.id) is None:
            return super().commit(group, attempt, message)
        with self._held(attempt) as hold:
            head = self.checkout.guard(hold)
            tree = attempt.tree if head == group.tip else self._with_plans(hold, group, attempt, head)
            made = commit(self.repo, tree, head, message)
            self._move(branch_of(group.id), made, group.tip)
            self.checkout.carry_over(self.checkout.of(group.id) or hold, made)
        return made

    def _with_plans(self, hold: Hold, group: GroupState, attempt: Attempt, head: str) -> str:
        """People have committed plans meanwhile: the tree with those is not the one that was verified."""
        merged = merge(self.repo, group.tip, head, attempt.tree)
        if isinstance(merged, Conflict):
            raise UserError(f"{hold.target} was moved while {group.id} is being built on it", hint="start again")
        self.checkout.write(replace(hold, unproved=True))
        return merged.tree


def _basis(hold: Hold, attempt: Attempt) -> str:
    return hold.held if hold.held and hold.ticket == attempt.ticket else attempt.base
