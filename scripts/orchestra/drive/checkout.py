"""The user's checkout while a group is built in it. Every step may be repeated after a kill; nothing there is lost.

The hold says which commit the checkout shows and what people had there; what else differs is the attempt's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import GitConfig
from ..errors import UserError
from ..git import hold as holds
from ..git.branches import branch_of
from ..git.changes import Change, Kind, changes, names
from ..git.commits import move_ref, read_ref
from ..git.diff import between
from ..git.history import TICKET, log
from ..git.hold import Hold
from ..git.landing import align, follow, record_behind, unstage
from ..git.paths import EPHEMERAL
from ..git.quarantine import set_aside
from ..git.repo import Repo
from ..git.snapshot import restore, snapshot
from ..project import Project

if TYPE_CHECKING:
    from filelock import BaseFileLock

# The checkout is promised to an attempt that has not begun yet: it must not change under it.
PROMISED = "?"


class Checkout:
    """The main checkout of a repository, and the group that holds it."""

    def __init__(self, project: Project, repo: Repo, config: GitConfig) -> None:
        self.project = project
        self.repo = repo
        self.ephemeral = (*EPHEMERAL, *config.ephemeral)

    # The hold

    @property
    def hold(self) -> Hold | None:
        """The hold that there is, whosever."""
        return holds.read(self.repo.git_dir)

    def of(self, group: str) -> Hold | None:
        """The hold of this group."""
        hold = self.hold
        return hold if hold is not None and hold.group == group else None

    def write(self, hold: Hold) -> Hold:
        return holds.write(self.repo.git_dir, hold)

    def drop(self) -> None:
        holds.drop(self.repo.git_dir)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time moves the branch and the checkout; reports of parallel units may come together."""
        self.project.locks.mkdir(parents=True, exist_ok=True)
        with self._lock:
            yield

    @cached_property
    def _lock(self) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(self.project.locks / "in-place.lock")

    # Where the branch stands

    def head(self, hold: Hold) -> str:
        """The commit of the group's target branch."""
        return self.repo.resolve(f"refs/heads/{hold.target}") or ""

    def is_on(self, hold: Hold) -> bool:
        """Whether the target branch is what is checked out."""
        return self.repo.head_branch() == hold.target

    def undisturbed(self, hold: Hold) -> bool:
        """Whether the checkout is on the target branch, and that is where Orchestra left it."""
        return self.is_on(hold) and self._is_left(hold, self.head(hold))

    def _is_left(self, hold: Hold, head: str) -> bool:
        """Commits of plans on top are people's good right: no unit writes those files, so nothing can meet."""
        if head == hold.left:
            return True
        if not self.repo.contains(head, hold.left):
            return False
        return all(self.repo.checkout.spares(path) for path in between(self.repo, hold.left, head))

    def guard(self, hold: Hold) -> str:
        """The commit of the target branch. Raises UserError when somebody else has switched or moved it."""
        if not self.is_on(hold):
            now = self.repo.head_branch()
            where = f"the checkout is on {now}" if now else "HEAD is detached"
            hint = f"`git switch {hold.target}`, then go on"
            raise UserError(f"{where}, but {hold.group} is built on {hold.target}", hint=hint)
        head = self.head(hold)
        if not self._is_left(hold, head):
            raise _moved(hold, head, forward=self.repo.contains(head, hold.left))
        return head

    def foreign_commits(self, base: str, tip: str) -> bool:
        """Whether somebody else's commits are among those from `base` to `tip`."""
        return any(not one.trailer(TICKET) for one in log(self.repo, base, tip))

    # What lies there

    def changed(self, rev: str) -> list[Change]:
        """How the files differ from a commit or tree."""
        return changes(self.repo.checkout, rev, (), self.ephemeral)

    def own(self, hold: Hold, rev: str) -> list[str]:
        """The paths that differ from `rev`, but for what people had there when the attempt began."""
        foreign = self.foreign(hold)
        return [path for path in names(self.changed(rev)) if path not in foreign]

    def foreign(self, hold: Hold) -> set[str]:
        """The paths that people had changed when the attempt began."""
        return set(hold.nested) | (set(between(self.repo, hold.shown, hold.held)) if hold.held else set())

    def put_aside(self, hold: Hold, basis: str, wanted: Iterable[str], patch: Path) -> None:
        """Save what differs from `basis` at these paths as a patch, and put files and index right."""
        chosen = list(wanted)
        if not chosen:
            return
        done = set_aside(self.repo.checkout, basis, chosen, patch)
        if not unstage(self.repo.checkout, hold.shown, set(done.paths) - self.foreign(hold)):
            raise _index_locked()

    def since(self, hold: Hold, basis: str) -> list[str]:
        """The paths that differ from `basis`, without nested repositories that were there before."""
        return [path for path in names(self.changed(basis)) if path not in hold.nested]

    def tidy(self, hold: Hold, tree: str, *others: str) -> None:
        """Leave only what `tree` says (or one of `others`) and what people had; the rest becomes a patch."""
        strange = set(self.own(hold, tree))
        for other in others:
            strange &= set(self.own(hold, other))
        self.put_aside(hold, tree, sorted(strange), self.patch(hold.ticket))

    def patch(self, ticket: str) -> Path:
        """Where it is kept what verification, or people meanwhile, left in the checkout."""
        return self.project.quarantine / f"{ticket or 'checkout'}.checkout.patch"

    # Steps

    def finish(self, hold: Hold) -> Hold:
        """Do what a killed process has left to do: the group's branch may be ahead of the target's."""
        tip = read_ref(self.repo, branch_of(hold.group))
        if tip and tip != hold.left and self.repo.contains(tip, hold.left):
            return self.carry_over(hold, tip)
        return hold

    def carry_over(self, hold: Hold, tip: str) -> Hold:
        """Move the target branch to the group's new commit `tip`, and the checkout unless another attempt has it."""
        made = next((one.trailer(TICKET) for one in reversed(log(self.repo, hold.left, tip))), "")
        mine = bool(hold.ticket) and made == hold.ticket
        if mine and self.is_on(hold):
            self.tidy(hold, self.repo.tree(tip))
        self._move_target(hold, tip)
        if mine:
            return self._shows(replace(hold, left=tip), tip)
        hold = self.write(replace(hold, left=tip))
        return hold if hold.ticket else self.show(hold, tip)[0]

    def _move_target(self, hold: Hold, tip: str) -> None:
        head = self.head(hold)
        if head == tip:
            return
        fits = self._is_left(hold, head) and self.repo.contains(tip, head)
        if not fits or not move_ref(self.repo, f"refs/heads/{hold.target}", tip, head):
            raise _moved(hold, head, forward=self.repo.contains(head, hold.left))

    def _shows(self, hold: Hold, tip: str) -> Hold:
        """The attempt's files are just what was committed: the index follows, and the checkout is free."""
        if self.is_on(hold) and not align(self.repo, self.repo.checkout, hold.shown, tip):
            raise _index_locked()
        return self.write(replace(hold, shown=tip, ticket="", held="", nested=()))

    def show(self, hold: Hold, commit: str) -> tuple[Hold, tuple[str, ...]]:
        """Bring the checkout to `commit`; also the paths that are in the way: then it was left alone."""
        if hold.shown == commit:
            return hold, ()
        behind = follow(self.repo, self.repo.checkout, hold.shown, commit) if self.is_on(hold) else []
        return (hold, tuple(behind)) if behind else (self.write(replace(hold, shown=commit)), ())

    def begin(self, hold: Hold, ticket: str, base: str) -> Hold:
        """Give the checkout to an attempt: it shows `base`, and what people have there stays theirs."""
        hold, behind = self.show(self.free(hold), base)
        if behind:
            hint = "commit or remove them, then go on"
            raise UserError(f"your changes in {', '.join(behind)} are in the way of what was committed", hint=hint)
        found = self.changed(base)
        nested = tuple(change.path for change in found if change.kind is Kind.NESTED)
        held = snapshot(self.repo.checkout, base, [path for path in names(found) if path not in nested])
        dirty = hold.unproved or held != self.repo.tree(base)
        return self.write(replace(hold, ticket=ticket, held=held, nested=nested, unproved=dirty))

    def free(self, hold: Hold) -> Hold:
        """Take the checkout from an attempt that has ended: what it left becomes a patch."""
        if not hold.ticket:
            return hold
        if hold.held and self.undisturbed(hold):
            self.put_aside(hold, hold.held, self.since(hold, hold.held), self.patch(hold.ticket))
        return self.write(replace(hold, ticket="", held="", nested=()))

    def rebase(self, hold: Hold, mine: str, merged: str, tip: str) -> Hold:
        """Put the attempt's tree `mine` on the newer commit `tip`, where it is the tree `merged`."""
        self.tidy(hold, mine, merged)
        restore(self.repo.checkout, merged, self.own(hold, merged))
        if not align(self.repo, self.repo.checkout, hold.shown, tip):
            raise _index_locked()
        held = snapshot(self.repo.checkout, tip, self.foreign(hold) - set(hold.nested))
        return self.write(replace(hold, shown=tip, held=held))

    def leave(self, hold: Hold) -> None:
        """Give the checkout back to its user, at the target branch."""
        head = self.head(hold)
        hold, behind = self.show(hold, head)
        if behind:
            record_behind(self.repo, hold.target, hold.shown)
        self.drop()


def _moved(hold: Hold, head: str, *, forward: bool) -> UserError:
    if not forward:
        hint = f"`git reset --keep {hold.left[:12]}` brings it back; `git reflog {hold.target}` says what moved it"
        return UserError(f"{hold.target} was moved to {head[:12]}, away from the commits of {hold.group}", hint=hint)
    hint = (
        f"`git reset --soft {hold.left[:12]}` takes the commits back and keeps the changes in your checkout; "
        f"to keep a commit for later, give it a branch first (`git branch mine`)"
    )
    what = f"{hold.target} has commits that Orchestra did not make, up to {head[:12]}"
    return UserError(f"{what}, while {hold.group} is being built on it", hint=hint)


def _index_locked() -> UserError:
    return UserError("the index of the checkout is locked", hint="is another git process at work there?")
