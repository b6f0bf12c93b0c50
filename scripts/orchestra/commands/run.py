"""`orchestra run`: carries a plan out, headless."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.words import Workflow
from ..errors import Exit, usage
from ._arguments import named
from ._driving import MODES, check_verification, count, execute, policy, seconds

if TYPE_CHECKING:
    from ..core.model import Group, Unit
    from ..project import Project


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "run", help="carry the plan out", description="Carries milestones or Kiro specs out."
    )
    parser.add_argument(
        "ids",
        nargs="*",
        type=named,
        metavar="ID",
        help="milestones to run, such as M3, or names of specs (default: all with work)",
    )
    parser.add_argument("--include-planning", action="store_true", help="also run milestones whose Status is planning")
    parser.add_argument("--workflow", choices=[w.value for w in Workflow], help="default: what PATH is made for")
    which = "a milestone's folder; a spec's folder, tasks.md or name"
    parser.add_argument("--plan", type=named, metavar="PATH", help=which)
    parser.add_argument("--max-dispatches", type=count, default=0, metavar="N", help="most attempts at units")
    parser.add_argument("--delay", type=seconds, default=0.0, metavar="S", help="seconds to pause between two units")
    parser.add_argument("--include-optional", action="store_true", help="also carry out what is optional in a spec")
    parser.add_argument("--mode", choices=MODES, default=MODES[0], help="llm: an agent says what is begun first")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    policy(parser)


def run(args: argparse.Namespace) -> int:
    from ..project import find
    from ._specs import workflow_of

    project = find(args.directory)
    workflow = workflow_of(project, args.directory, args.plan, args.workflow)
    only = _milestones(args, project) if workflow is Workflow.MILESTONES else _specs(args, project, workflow)
    if args.dry_run:
        return _dry_run(args, only, workflow)
    more = {"max_dispatches": args.max_dispatches, "delay_s": args.delay, "include_optional": args.include_optional}
    return execute(args, lambda: only, include_planning=args.include_planning, workflow=workflow, only=only, more=more)


def _milestones(args: argparse.Namespace, project: Project) -> tuple[str, ...]:
    from ..plans import milestones

    named = [*args.ids, *(_at(project.milestones, args.directory / args.plan) if args.plan else ())]
    return tuple(milestones.find_group(project.root, name).id for name in named)


def _at(home: Path, path: Path) -> tuple[str, ...]:
    """The name of the milestone whose folder, or a file in it, `path` is; nothing for the folder of them all."""
    place = path.resolve()
    if not place.exists():
        raise usage(f"there is no {path}", "--plan takes the folder of a milestone")
    if not place.is_relative_to(home.resolve()):
        raise usage(f"{path} is not in {home}", "--plan takes the folder of a milestone")
    return place.relative_to(home.resolve()).parts[:1]


def _specs(args: argparse.Namespace, project: Project, workflow: Workflow) -> tuple[str, ...]:
    """The specs that were named, after saying what is open in them, or in all of them."""
    from ..config import load
    from ..plans.reader import of_workflow
    from ._specs import say_open

    plans = of_workflow(workflow)
    named = [*args.ids, *([args.plan] if args.plan else ())]
    if not named and not plans.heads(project.root, load(project.config_path)).plan.groups:
        raise usage("there are no specs", "specs are folders below .kiro/specs with a tasks.md")
    only = tuple(dict.fromkeys(plans.find(project.root, args.directory, name) for name in named))
    if not args.json and not args.dry_run:
        say_open(project, workflow, only)
    return only


def _dry_run(args: argparse.Namespace, only: tuple[str, ...], workflow: Workflow) -> int:
    from ..config import load
    from ..core.words import GroupStatus
    from ..project import find
    from ._specs import plan_of

    project = find(args.directory)
    check_verification(load(project.config_path), project.root)
    groups, errors = plan_of(project, workflow, only)
    ended = {GroupStatus.DONE} if args.include_planning or only else {GroupStatus.DONE, GroupStatus.PLANNING}
    wanted = sorted((g for g in groups if g.status not in ended), key=lambda g: (g.order, g.id))
    chosen = [g for g in wanted if g.id not in errors]
    broken = {g.id: errors[g.id] for g in wanted if g.id in errors}
    if args.json:
        listed = [{"id": g.id, "units": [u.id for u in g.units if _will_run(args, u)]} for g in chosen]
        print(json.dumps({"groups": listed, "skipped": [{"id": id_, "reason": why} for id_, why in broken.items()]}))
    else:
        _print(chosen)
        for id_, why in broken.items():
            print(f"{id_} would be passed over: its files have errors: {why}", file=sys.stderr)
    return Exit.BAD_INPUT if broken else Exit.DONE


def _print(groups: list[Group]) -> None:
    for group in groups:
        print(f"{group.id} {group.title} ({group.pipeline})")
        for unit in group.units:
            print(f"  {unit.id} {unit.title} [{unit.complexity}] {_mark(unit)}".rstrip())


def _will_run(args: argparse.Namespace, unit: Unit) -> bool:
    return not unit.done and (args.include_optional or not unit.optional)


def _mark(unit: Unit) -> str:
    return "done" if unit.done else "optional" if unit.optional else ""
