"""`git.strategy: none`: agents work in the project folder itself; nothing is compared, set aside or committed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from ..core.model import Attempt, Group, GroupState
from .workspace import Compared, Moved, Opening


class FolderWorkspace:
    """A folder that is not a repository. Its boundary is what surrounds the agent, not a diff."""

    makes_trees: ClassVar[bool] = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, group: GroupState) -> Opening:
        return Opening("", "", "")

    def place(self, attempt: Attempt) -> Path:
        return self.root

    def free_name(self, group: str, taken: set[str]) -> str:
        return ""

    def set_up_mark(self, attempt: Attempt) -> Path | None:
        return None

    def keep(self, attempt: Attempt, patch: Path) -> None:
        return

    def clean(self, attempt: Attempt) -> None:
        return

    def watch(self, attempt: Attempt, file: Path | None = None, others: tuple[Path, ...] = ()) -> None:
        return

    def watched(
        self, attempt: Attempt, keep: Path, tips: Mapping[str, str], file: Path | None = None
    ) -> tuple[str, ...]:
        return ()

    def compare(self, attempt: Attempt, scope: tuple[str, ...]) -> Compared:
        return Compared()

    def set_aside(self, attempt: Attempt, paths: tuple[str, ...], patch: Path) -> None:
        return

    def snapshot(self, attempt: Attempt, paths: tuple[str, ...]) -> str:
        return ""

    def restore(self, attempt: Attempt, tree: str) -> None:
        return

    def found(self, group: GroupState, attempt: Attempt) -> str:
        return ""

    def unchanged(self, attempt: Attempt, tree: str) -> bool:
        return False

    def move(self, attempt: Attempt, tip: str) -> Moved:
        return Moved()

    def commit(self, group: GroupState, attempt: Attempt, message: str) -> str:
        return ""

    def diff(self, base: str, tip: str, file: Path | None) -> tuple[str, ...]:
        return ()

    def landed(self, group: Group) -> dict[str, str]:
        return {}

    def taken_by(self, group: str) -> str:
        return ""

    @property
    def occupant(self) -> str:
        return ""

    def vacate(self, attempt: Attempt) -> None:
        return

    def remains(self, group: str) -> bool:
        return False

    def close(self, group: str, base: str, *, landed: bool) -> str:
        return ""
