"""The project: a directory with `.orchestra/`, and where things lie in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .errors import UserError, usage

FOLDER = ".orchestra"


@dataclass(frozen=True)
class Project:
    """`root` is the absolute main checkout; every path below it is derived."""

    root: Path

    @cached_property
    def dir(self) -> Path:
        return self.root / FOLDER

    @property
    def config_path(self) -> Path:
        return self.dir / "config.yml"

    @property
    def milestones(self) -> Path:
        return self.dir / "milestones"

    @property
    def blueprints(self) -> Path:
        return self.dir / "blueprints"

    @property
    def state_path(self) -> Path:
        return self.dir / "state.db"

    @cached_property
    def runs(self) -> Path:
        return self.dir / "runs"

    @property
    def quarantine(self) -> Path:
        return self.dir / "quarantine"

    @property
    def worktrees(self) -> Path:
        return self.dir / "worktrees"

    @property
    def locks(self) -> Path:
        return self.dir / "locks"


def find(start: Path) -> Project:
    """The project that `start` lies in: the nearest parent with `.orchestra/`.

    Inside a linked git work tree this is the main checkout's project, because state exists once.
    Raises UserError (usage) when there is none.
    """
    for directory in _candidates(_outermost(start.absolute().resolve())):
        if (directory / FOLDER).is_dir():
            return Project(directory)
    raise usage(f"no {FOLDER}/ in {start} or above it", "run `orchestra init` in your repository first")


def not_inside(text: str, path: Path, root: Path) -> UserError:
    """The error for `text`, which leads to `path`, outside the project at `root`."""
    mains = (main_checkout(top) for top in path.parents if (top / ".git").is_file())
    linked = any(main is not None and root.is_relative_to(main) for main in mains)
    twin = f"a linked work tree has no state of its own: give the path in {root}, as the branch there has it"
    return usage(f"{text} is not in the project {root}", twin if linked else "use -C to work in another one")


def main_checkout(top: Path) -> Path | None:
    """The main checkout of the linked git work tree at `top`, or None when `top` is not one (or has no main checkout).

    Read from git's own files (gitrepository-layout(5)): `.git` names the work tree's folder, `commondir` in it
    leads to the shared one. A submodule's `.git` is a file too, but has no `commondir`.
    """
    try:
        pointer = (top / ".git").read_text(encoding="utf-8", errors="surrogateescape")
        git_dir = top / pointer.removeprefix("gitdir:").strip()
        common = git_dir / (git_dir / "commondir").read_text(encoding="utf-8", errors="surrogateescape").strip()
        shared = common.resolve()
    except (OSError, ValueError):
        return None
    return shared.parent if shared.name == ".git" and shared.is_dir() else None


def _outermost(start: Path) -> Path:
    """`.orchestra/worktrees/` belongs to the project around it, whatever is checked out inside."""
    parts = start.parts
    cut = next((n for n in range(1, len(parts) - 1) if parts[n : n + 2] == (FOLDER, "worktrees")), None)
    return Path(*parts[:cut]) if cut else start


def _candidates(start: Path) -> Iterator[Path]:
    """Directories to look into, nearest first; those of a linked work tree after their twins in the main checkout."""
    top = next((d for d in (start, *start.parents) if (d / ".git").exists()), None)
    main = main_checkout(top) if top and (top / ".git").is_file() else None
    for directory in (start, *start.parents):
        if main and top and directory.is_relative_to(top):
            yield main / directory.relative_to(top)
    yield from (start, *start.parents)
