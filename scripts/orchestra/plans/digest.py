"""A digest of what people planned, which stays the same while a run writes its views into the files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from . import source
from .edit import replace_section, set_frontmatter_field, set_table_field
from .folders import Folder, phase_files


def of(root: Path, folder: Folder) -> str:
    """The SHA-256 (hex) of a milestone's files without `Status`, `Locked-By`, a phase's status and its Result."""
    digest = hashlib.sha256()
    paths = [folder.path / name for name in ("prd.md", "milestone.md", "grooming.md")]
    for path in [*paths, *(p.path for p in phase_files(root, folder)[0])]:
        text, _ = source.read(path, root)
        content = _planned(text.text, path.name) if text else ""
        digest.update(f"{path.relative_to(folder.path).as_posix()}\0{len(content)}\0{content}".encode())
    return digest.hexdigest()


def _planned(text: str, name: str) -> str:
    try:
        if name == "milestone.md":
            return set_table_field(set_table_field(text, "Status", None), "Locked-By", None)
        if name.startswith("phase-"):
            return replace_section(set_frontmatter_field(text, "status", None), "Result", None)
    except ValueError:
        pass
    return text
