"""Where groups are built: work trees of a git repository, or a plain folder. One small protocol for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ..core.model import Attempt, Group, GroupState


@dataclass(frozen=True)
class Opening:
    """Where a group starts: the branch it will land on, and the commits it is built from and stands at."""

    target: str
    base: str
    tip: str


@dataclass(frozen=True)
class Compared:
    """The paths that an agent has changed: those it may write, and the others."""

    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moved:
    """A unit's work put on a newer tip, or the paths in which it collides with it."""

    tree: str = ""
    conflicts: tuple[str, ...] = ()


class Workspace(Protocol):
    """What drivers need of the place where agents work. Every method may be called again after a kill.

    `makes_trees` says that an attempt's directory is made or cleaned for it: then the attempt is recorded before.
    """

    makes_trees: ClassVar[bool]

    def open(self, group: GroupState) -> Opening:
        """Make or find the place where the group is built."""

    def place(self, attempt: Attempt) -> Path:
        """The directory in which the attempt's agent works, made when it is missing."""

    def free_name(self, group: str, taken: set[str]) -> str:
        """A name for a work tree that no live attempt of the group has."""

    def set_up_mark(self, attempt: Attempt) -> Path | None:
        """The file that says that the attempt's directory has been set up; None where there is nothing to set up."""

    def keep(self, attempt: Attempt, patch: Path) -> None:
        """Save what an attempt that did not work out has left in its directory, so that nothing is lost."""

    def clean(self, attempt: Attempt) -> None:
        """Put the attempt's directory at its base; whatever else was in it is gone, but for ignored files."""

    def watch(self, attempt: Attempt, file: Path | None = None, others: tuple[Path, ...] = ()) -> None:
        """Note what git's own files and refs hold, before a program works for the attempt; see `internals`."""

    def watched(
        self, attempt: Attempt, keep: Path, tips: Mapping[str, str], file: Path | None = None
    ) -> tuple[str, ...]:
        """Put git's own files and refs right after it has ended, and say what was wrong."""

    def compare(self, attempt: Attempt, scope: tuple[str, ...]) -> Compared:
        """Compare the directory with the attempt's base."""

    def set_aside(self, attempt: Attempt, paths: tuple[str, ...], patch: Path) -> None:
        """Save these paths' changes as a patch and put them right."""

    def snapshot(self, attempt: Attempt, paths: tuple[str, ...]) -> str:
        """The tree that would be committed: the attempt's base with these paths as they are in the directory."""

    def restore(self, attempt: Attempt, tree: str) -> None:
        """Put the directory back to `tree`, after verification has run in it."""

    def found(self, group: GroupState, attempt: Attempt) -> str:
        """The commit that was made of the attempt's verified work, or nothing."""

    def unchanged(self, attempt: Attempt, tree: str) -> bool:
        """Whether `tree` is just what the attempt started from."""

    def move(self, attempt: Attempt, tip: str) -> Moved:
        """Put the attempt's verified work on a newer tip, in its directory too."""

    def commit(self, group: GroupState, attempt: Attempt, message: str) -> str:
        """Commit the attempt's tree on the group's tip; nothing when the tip has moved meanwhile."""

    def diff(self, base: str, tip: str, file: Path | None) -> tuple[str, ...]:
        """The paths that differ between two commits; the difference itself is written to `file`, if given."""

    def landed(self, group: Group) -> dict[str, str]:
        """The units that the target branch holds already, each with its commit."""

    def taken_by(self, group: str) -> str:
        """Nothing, or why the group cannot be opened now: another group has the place to itself."""

    @property
    def occupant(self) -> str:
        """The ticket of the attempt that has the user's checkout, which is not clean then; or nothing."""

    def vacate(self, attempt: Attempt) -> None:
        """Give the user's checkout back after the attempt has ended, if it had it."""

    def remains(self, group: str) -> bool:
        """Whether the group still has a branch or work trees, which `close` would remove."""

    def close(self, group: str, base: str, *, landed: bool) -> str:
        """Remove the group's work trees and branch; says where commits that did not land are kept."""
