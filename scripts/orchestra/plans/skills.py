"""Skills: check-lists that a phase names and an agent reads by path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[3] / "skills"
# The project's own come first, so that a team can put its ways in the place of ours.
_OWN = (".orchestra/skills", ".claude/skills")
# Whoever builds a phase neither leads nor plans.
_NOT_A_WORKERS = frozenset({"orchestra", "planning"})
# What `orchestra-install` puts in front of the names of ours.
_COPIED = "orchestra-"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)


def skill_path(root: Path, name: str) -> Path | None:
    """The file of the skill `name` for the project at `root`, or None when there is none of that name."""
    if not _NAME.fullmatch(name):
        return None
    files = (folder / name / "SKILL.md" for folder in _folders(root))
    return next((file for file in files if file.is_file()), None)


def skill_paths(root: Path, names: Iterable[str]) -> tuple[str, ...]:
    """For each name its file, or the name itself: the agent's client may know a skill that the project does not."""
    return tuple(str(skill_path(root, name) or name) for name in names)


def known_skills(root: Path) -> list[str]:
    """The names of all skills that a phase of the project at `root` may name, sorted."""
    names = {file.parent.name for folder in _folders(root) for file in folder.glob("*/SKILL.md")}
    return sorted(name for name in names if name not in _NOT_A_WORKERS and not name.startswith(_COPIED))


def _folders(root: Path) -> list[Path]:
    return [*(root / name for name in _OWN), BUNDLED]
