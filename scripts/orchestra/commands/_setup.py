"""Setting a repository up: what `init` does, and the doors of older tools where nobody has done it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestra import files, project, stack
from orchestra.errors import UserError
from orchestra.plans import setup, writing
from orchestra.project import Project


@dataclass(frozen=True)
class SetUp:
    """What was found in a repository, and which files were written."""

    stacks: list[stack.Stack]
    verification: dict[str, str]
    written: list[str]


def top(directory: Path) -> Path:
    """The project that exists already, else the top of the git repository, else the directory itself."""
    try:
        return project.find(directory).root
    except UserError:
        pass
    start = directory.resolve()
    top = next((d for d in (start, *start.parents) if (d / ".git").exists()), start)
    return project.main_checkout(top) or top


def set_up(here: Project) -> SetUp:
    """Write what is missing; called again it writes nothing."""
    stacks = stack.detect(here.root)
    commands = stack.verification(stacks)
    return SetUp(stacks, commands, _write(here, commands, stack.links(here.root)))


def _write(here: Project, commands: dict[str, str], links: list[str]) -> list[str]:
    with writing.explained():
        here.milestones.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {f"verification.{name}": command for name, command in commands.items()}
    if links:
        values["git.worktree_links"] = links
    if stack.has_submodules(here.root):
        values["git.worktree_setup"] = stack.FILL_SUBMODULES
    written = []
    if not here.config_path.exists() and files.write_atomic(here.config_path, setup.config_text(values).encode()):
        written.append(".orchestra/config.yml")
    ignore = here.dir / ".gitignore"
    existing = ignore.read_text(encoding="utf-8", errors="surrogateescape") if ignore.exists() else ""
    if files.write_atomic(ignore, setup.ignore_text(existing).encode("utf-8", "surrogateescape")):
        written.append(".orchestra/.gitignore")
    return written
