"""`orchestra blueprint list|add`: the blueprints there are, and a new one made of a milestone."""

from __future__ import annotations

import argparse
import json
import sys

from orchestra import files, project
from orchestra.errors import Exit, UserError
from orchestra.plans import blueprints, writing
from orchestra.plans.folders import find_group
from orchestra.project import Project

from ._json import json_flag


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("blueprint", help="list blueprints, or make one of a milestone")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="list the blueprints")
    making = actions.add_parser("add", help="make a blueprint of a milestone")
    making.add_argument("id", metavar="ID")
    making.add_argument("--name", default="", help="the blueprint's name (default: the milestone's)")
    making.add_argument("--param", action="append", default=[], metavar="K=TEXT", help="make TEXT the parameter K")
    json_flag(parser, listing, making)


def run(args: argparse.Namespace) -> int:
    """List the blueprints, or write `.orchestra/blueprints/NAME.md`."""
    here = project.find(args.directory)
    return _list(here, args.json) if args.action == "list" else _add(here, args)


def _list(here: Project, as_json: bool) -> int:
    known = blueprints.available(here.root)
    if as_json:
        shown = [{"name": b.name, "description": b.description, "params": dict(b.params)} for b in known]
        print(json.dumps({"blueprints": shown}, ensure_ascii=False))
        return Exit.DONE
    for blueprint in known:
        print(f"{blueprint.name}  {blueprint.description}")
        for name, meaning in blueprint.params.items():
            print(f"    --param {name}=…  {meaning}")
    return Exit.DONE


def _add(here: Project, args: argparse.Namespace) -> int:
    folder = find_group(here.root, args.id)
    name = args.name or folder.slug.partition("-")[2] or folder.slug
    blueprints.check_name(name)
    path = here.blueprints / f"{name}.md"
    text = blueprints.from_milestone(here.root, folder, name, blueprints.params(args.param))
    with files.edit_lock(here.root):
        if path.exists() or path.is_symlink():
            raise UserError(f"the blueprint {name} exists already", hint="choose another one with --name")
        with writing.explained():
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_atomic(path, text.encode(), inside=here.root)
    shown = path.relative_to(here.root).as_posix()
    print(json.dumps({"ok": True, "name": name, "file": shown}) if args.json else shown)
    if not args.json:
        print(f"next: look it over, then orchestra new --blueprint {name}", file=sys.stderr)
    return Exit.DONE
