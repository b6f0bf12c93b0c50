"""`orchestra plan [PATH]`: the plan as Orchestra reads it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from orchestra import config, project
from orchestra.core.model import Group, Plan, Unit
from orchestra.core.words import Workflow
from orchestra.errors import Exit, usage
from orchestra.plans import milestones
from orchestra.plans.diagnostics import ERROR
from orchestra.plans.folders import find_group


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("plan", help="print the plan as Orchestra reads it")
    parser.add_argument("path", nargs="?", metavar="PATH", help="a milestone's id or folder (default: all)")
    parser.add_argument("--workflow", choices=[w.value for w in Workflow], default=Workflow.MILESTONES.value)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the plan. What is wrong with it goes to stderr; exit 65 when there are errors."""
    if args.workflow != Workflow.MILESTONES:
        raise usage(f"this version cannot read plans of the workflow {args.workflow}", "use --workflow milestones")
    here = project.find(args.directory)
    settings = config.load(here.config_path)
    result = milestones.read(here.root, settings)
    plan, wrong = result.plan, [d for d in result.diagnostics if d.severity is ERROR]
    if args.path:
        only = find_group(here.root, args.path.rstrip("/").rpartition("/")[2])
        plan = Plan(plan.workflow, tuple(g for g in plan.groups if g.id == only.id))
        wrong = [d for d in wrong if d in result.about(only.id)]
    print(json.dumps(document(plan), ensure_ascii=False) if args.json else text(plan))
    for diagnostic in wrong:
        print(diagnostic.to_text(), file=sys.stderr)
    return Exit.BAD_INPUT if wrong else Exit.DONE


def document(plan: Plan) -> dict[str, Any]:
    """The plan in the shape of `plan --json`."""
    return {"workflow": plan.workflow.value, "groups": [_group(group) for group in plan.groups]}


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "title": group.title,
        "status": group.status.value,
        "depends_on": list(group.depends_on),
        "units": [_unit(unit) for unit in group.units],
    }


def _unit(unit: Unit) -> dict[str, Any]:
    names = ("id", "title", "done", "optional")
    return {
        "id": unit.id,
        "title": unit.title,
        "status": "done" if unit.done else "pending",
        "depends_on": list(unit.depends_on),
        "writes": list(unit.writes),
        "reads": list(unit.reads),
        "optional": unit.optional,
        "complexity": unit.complexity.value,
        "line": unit.line,
        "subtasks": [{name: getattr(subtask, name) for name in names} for subtask in unit.subtasks],
    }


def text(plan: Plan) -> str:
    """The plan for people, one line a unit."""
    lines: list[str] = []
    for group in plan.groups:
        after = f"  after {', '.join(group.depends_on)}" if group.depends_on else ""
        lines.append(f"{group.id}  {group.title}  [{group.status}, {group.pipeline}]{after}")
        lines += [_line(unit) for unit in group.units]
    return "\n".join(lines) or "no milestones yet; write one with `orchestra new M1-name --title …`"


def _line(unit: Unit) -> str:
    after = ", ".join(id_.partition("/")[2] for id_ in unit.depends_on)
    done = "x" if unit.done else " "
    return f"  [{done}] {unit.id}  {unit.title}  ({unit.complexity}){'  after ' + after if after else ''}"
