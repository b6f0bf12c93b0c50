"""`orchestra init`: sets a repository up, and never changes what a person wrote."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from orchestra import files, project, stack
from orchestra.errors import Exit, UserError
from orchestra.plans import setup, writing
from orchestra.project import Project


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("init", help="set up this repository for Orchestra")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Write what is missing; running it again writes nothing. An older `.orchestra/` is taken as it is."""
    here = Project(_root(args.directory))
    stacks = stack.detect(here.root)
    commands = stack.verification(stacks)
    written = _write(here, commands, stack.links(here.root))
    if args.json:
        names = [s.name for s in stacks]
        print(
            json.dumps(
                {"ok": True, "root": str(here.root), "stack": names, "verification": commands, "written": written}
            )
        )
    else:
        _tell(here, stacks, commands, written)
    return Exit.DONE


def _root(directory: Path) -> Path:
    """The project that exists already, else the top of the git repository, else the directory itself."""
    try:
        return project.find(directory).root
    except UserError:
        pass
    start = directory.resolve()
    top = next((d for d in (start, *start.parents) if (d / ".git").exists()), start)
    return project.main_checkout(top) or top


def _write(here: Project, commands: dict[str, str], links: list[str]) -> list[str]:
    with writing.explained():
        here.milestones.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {f"verification.{name}": command for name, command in commands.items()}
    if links:
        values["git.worktree_links"] = links
    written = []
    if not here.config_path.exists() and files.write_atomic(here.config_path, setup.config_text(values).encode()):
        written.append(".orchestra/config.yml")
    ignore = here.dir / ".gitignore"
    existing = ignore.read_text(encoding="utf-8", errors="surrogateescape") if ignore.exists() else ""
    if files.write_atomic(ignore, setup.ignore_text(existing).encode("utf-8", "surrogateescape")):
        written.append(".orchestra/.gitignore")
    return written


def _tell(here: Project, stacks: list[stack.Stack], commands: dict[str, str], written: list[str]) -> None:
    for name in written:
        print(f"wrote {name}")
    if not written:
        print(f"nothing to do: {here.dir} is set up")
        return
    found = ", ".join(f"{s.name} ({s.marker})" for s in stacks) or "no known stack"
    print(f"found {found}", file=sys.stderr)
    for name, command in commands.items():
        print(f"  {name}: {command or 'none found; write one into .orchestra/config.yml'}", file=sys.stderr)
    print("next: orchestra doctor, then orchestra new M1-name --title …", file=sys.stderr)
