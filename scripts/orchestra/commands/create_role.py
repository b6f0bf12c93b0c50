"""`orchestra create-role NAME`: a role of the project's own, as a file to be filled in."""

from __future__ import annotations

import argparse
import json
import sys

from orchestra.errors import Exit, UserError, usage


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("create-role", help="write a role of this project's own")
    parser.add_argument("name", metavar="NAME", help="as in release-manager")
    parser.add_argument("--for", dest="purpose", required=True, metavar="TEXT", help="what the role is for, in a line")
    parser.add_argument("--writes", nargs="*", default=[], metavar="GLOB", help="what it may write (default: nothing)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Write `.orchestra/roles/NAME.md`; a role that exists is never touched."""
    from orchestra import files, project
    from orchestra.plans import roles, writing

    here = project.find(args.directory)
    roles.check_name(args.name)
    roles.check_writes(args.writes)
    purpose = args.purpose.strip()
    if not purpose or not purpose.isprintable() or len(purpose) > 300:
        raise usage("--for must be one line of text of at most 300 characters", "say what the role is for")
    path = here.root / roles.FOLDER / f"{args.name}.md"
    with files.edit_lock(here.root):
        if path.exists() or path.is_symlink():
            raise UserError(f"the role {args.name} exists already", hint=f"edit {roles.FOLDER}/{args.name}.md")
        with writing.explained():
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, roles.text(args.name, purpose, args.writes).encode(), inside=here.root)
    shown = path.relative_to(here.root).as_posix()
    print(json.dumps({"ok": True, "name": args.name, "file": shown}) if args.json else shown)
    if not args.json:
        hint = f"next: write what is marked TODO; orchestra brief {args.name} prints the role to whoever takes it"
        print(hint, file=sys.stderr)
    return Exit.DONE
