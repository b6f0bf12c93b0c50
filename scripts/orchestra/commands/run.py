"""`orchestra run`: carries a plan out, headless."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..core.words import Workflow
from ..errors import Exit, usage
from ._driving import execute, policy

_LATER = "this version carries out the workflow `milestones` with the executor `local`"


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("run", help="carry the plan out", description="Carries milestones out, in order.")
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="milestones to run, such as M3 (default: all that are ready)"
    )
    parser.add_argument("--include-planning", action="store_true", help="also run milestones whose Status is planning")
    parser.add_argument("--workflow", default="milestones", choices=[w.value for w in Workflow])
    parser.add_argument("--plan", metavar="PATH", help="the milestone's folder, instead of its id")
    parser.add_argument("--executor", default="local", choices=["local", "tmux", "temporal"])
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    policy(parser)


def run(args: argparse.Namespace) -> int:
    if args.workflow != "milestones" or args.executor != "local":
        raise usage(f"--workflow {args.workflow} --executor {args.executor} is not there yet", _LATER)
    from ..plans import milestones
    from ..project import find

    project = find(args.directory)
    named = [*args.ids, *(_at(project.milestones, args.directory / args.plan) if args.plan else ())]
    only = tuple(milestones.find_group(project.root, name).id for name in named)
    if args.dry_run:
        return _dry_run(args, only)
    return execute(args, lambda: only, include_planning=args.include_planning)


def _at(home: Path, path: Path) -> tuple[str, ...]:
    """The name of the milestone whose folder, or a file in it, `path` is; nothing for the folder of them all."""
    place = path.resolve()
    if not place.exists():
        raise usage(f"there is no {path}", "--plan takes the folder of a milestone")
    if not place.is_relative_to(home.resolve()):
        raise usage(f"{path} is not in {home}", "--plan takes the folder of a milestone")
    return place.relative_to(home.resolve()).parts[:1]


def _dry_run(args: argparse.Namespace, only: tuple[str, ...]) -> int:
    from ..config import load
    from ..core.words import GroupStatus
    from ..plans import milestones
    from ..project import find

    project = find(args.directory)
    plan = milestones.read(project.root, load(project.config_path)).plan
    ended = {GroupStatus.DONE} if args.include_planning or only else {GroupStatus.DONE, GroupStatus.PLANNING}
    chosen = [g for g in plan.groups if g.status not in ended and (not only or g.id in only)]
    chosen.sort(key=lambda g: (g.order, g.id))
    if args.json:
        print(json.dumps({"groups": [{"id": g.id, "units": [u.id for u in g.units if not u.done]} for g in chosen]}))
        return Exit.DONE
    for group in chosen:
        print(f"{group.id} {group.title} ({group.pipeline})")
        for unit in group.units:
            print(f"  {unit.id} {unit.title} [{unit.complexity}] {'done' if unit.done else ''}".rstrip())
    return Exit.DONE
