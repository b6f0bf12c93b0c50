"""`orchestra new`: the files of a new milestone, from templates or a blueprint."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from orchestra import config, files, project
from orchestra.commands._numbers import spent
from orchestra.core.words import Complexity, Pipeline, Priority
from orchestra.errors import Exit, usage
from orchestra.plans import blueprints, templates, writing
from orchestra.plans.values import PIPELINE_OF
from orchestra.project import Project


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("new", help="write the files of a new milestone")
    parser.add_argument("name", nargs="?", metavar="NAME", help="as in M3-user-auth; without number, the next free one")
    parser.add_argument("--title", default="", help="the milestone's title")
    parser.add_argument("--phases", type=int, default=1, metavar="N", help="how many phases (default: 1)")
    words = [*(w.value for w in Pipeline), *PIPELINE_OF]
    parser.add_argument("--complexity", choices=words, default="", help="its pipeline (default: from config.yml)")
    parser.add_argument("--priority", choices=[w.value for w in Priority], default=Priority.P1.value)
    parser.add_argument("--blueprint", default="", metavar="NAME", help="the milestones of a blueprint instead")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter of the blueprint")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Write new folders below `.orchestra/milestones/`; nothing that exists is touched."""
    here = project.find(args.directory)
    with files.edit_lock(here.root):
        made = _from_blueprint(here, args) if args.blueprint else _blank(here, args)
        writing.sweep(here.root)
        written = writing.write_folders(here.root, made)
    folders = list(dict.fromkeys(path.split("/")[2] for path in written))
    ids = [folder.partition("-")[0] for folder in folders]
    if args.json:
        print(json.dumps({"ok": True, "milestones": ids, "folders": folders, "files": written}))
    else:
        for path in written:
            print(path)
        print(f"next: write what is marked TODO, then orchestra ready {ids[0]}", file=sys.stderr)
    return Exit.DONE


def _blank(here: Project, args: argparse.Namespace) -> dict[str, str]:
    if not args.name:
        raise usage("the milestone needs a name", "as in orchestra new M3-user-auth --title 'User auth' --phases 3")
    if args.param:
        raise usage("--param belongs to --blueprint")
    if not 1 <= args.phases <= 100:
        raise usage("--phases must be between 1 and 100")
    before = spent(here)
    number, slug = writing.parse_name(args.name, here.root, before)
    writing.refuse_existing(here.root, number, before)
    title = args.title.strip() or slug.replace("-", " ").capitalize() or f"Milestone {number}"
    if not title.isprintable():
        raise usage("--title must be one line of text")
    folder = f"M{number}-{slug or templates.slug(title)}"
    return _files(folder, f"M{number}", title, args, config.load(here.config_path))


def _files(folder: str, id_: str, title: str, args: argparse.Namespace, settings: config.Config) -> dict[str, str]:
    pipeline = PIPELINE_OF.get(args.complexity, args.complexity) or settings.pipeline.default_pipeline
    common = {"id": id_, "title": title, "complexity": str(pipeline), "priority": args.priority}
    empty = {"depends_on": [], "criteria": [], "why": "", "what": "", "out_of_scope": []}
    values = {**common, **empty, "created": datetime.now(UTC).date().isoformat()}
    names = ("milestone", "prd", "grooming")
    result = {f"{folder}/{name}.md": templates.render(f"project/{name}.md.j2", **values) for name in names}
    tier = settings.pipeline.default_complexity
    for number in range(1, args.phases + 1):
        result[f"{folder}/phases/phase-{number}.md"] = _phase(number, tier)
    return result


def _phase(number: int, tier: Complexity) -> str:
    lists = ("skills", "decisions", "scope", "references", "criteria", "constraints")
    values = {**dict.fromkeys(lists, ()), "objective": "", "context": ""}
    after = [f"phase-{number - 1}"] if number > 1 else []
    title = f"TODO: name phase {number}"
    return templates.render(
        "project/phase.md.j2", number=number, title=title, complexity=tier.value, depends_on=after, **values
    )


def _from_blueprint(here: Project, args: argparse.Namespace) -> dict[str, str]:
    if args.name or args.title:
        raise usage("a blueprint brings its own names", "leave NAME and --title out")
    found = blueprints.find(here.root, args.blueprint)
    first = writing.next_number(here.root, spent(here))
    return blueprints.instantiate(found, blueprints.params(args.param), first, datetime.now(UTC).date())
