"""`orchestra plan [PATH]`: the plan as Orchestra reads it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from orchestra import config, project
from orchestra.commands import _specs
from orchestra.commands._arguments import named
from orchestra.config import Config
from orchestra.core.model import Group, Plan, Unit
from orchestra.core.words import Workflow
from orchestra.errors import Exit
from orchestra.plans import milestones
from orchestra.plans.diagnostics import ERROR, Diagnostic
from orchestra.plans.folders import find_group
from orchestra.project import Project

_NOTHING = {
    Workflow.MILESTONES: "no milestones yet; write one with `orchestra new M1-name --title …`",
    Workflow.SEQUENTIAL: "no specs yet: folders below .kiro/specs with a tasks.md",
    Workflow.ROUNDTABLE: "no specs yet: folders below .kiro/specs with a tasks.md",
}


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("plan", help="print the plan as Orchestra reads it")
    which = "a milestone or a Kiro spec (default: all milestones)"
    parser.add_argument("path", nargs="?", type=named, metavar="PATH", help=which)
    parser.add_argument("--workflow", choices=[w.value for w in Workflow], help="default: what PATH is made for")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the plan. What is wrong with it goes to stderr; exit 65 when there are errors."""
    here = project.find(args.directory)
    settings = config.load(here.config_path)
    plan, wrong = _read(here, settings, args)
    print(json.dumps(document(plan), ensure_ascii=False) if args.json else text(plan))
    for diagnostic in wrong:
        print(diagnostic.to_text(), file=sys.stderr)
    return Exit.BAD_INPUT if wrong else Exit.DONE


def _read(here: Project, settings: Config, args: argparse.Namespace) -> tuple[Plan, list[Diagnostic]]:
    """The plan that was asked for, and its errors."""
    workflow = _specs.workflow_of(here, args.directory, args.path, args.workflow)
    if workflow is Workflow.MILESTONES:
        return _milestones(here, settings, args.path)
    result = _specs.read(here, settings, args.directory, [args.path] if args.path else [], workflow)
    return result.plan, [d for d in result.diagnostics if d.severity is ERROR]


def _milestones(here: Project, settings: Config, path: str | None) -> tuple[Plan, list[Diagnostic]]:
    result = milestones.read(here.root, settings)
    wrong = [d for d in result.diagnostics if d.severity is ERROR]
    if not path:
        return result.plan, wrong
    only = find_group(here.root, path.rstrip("/").rpartition("/")[2])
    mine = result.about(only.id)
    chosen = tuple(group for group in result.plan.groups if group.id == only.id)
    return Plan(result.plan.workflow, chosen), [d for d in wrong if d in mine]


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
        lines += _alone(group) if plan.workflow is Workflow.ROUNDTABLE else []
    return "\n".join(lines) or _NOTHING[plan.workflow]


def _alone(group: Group) -> list[str]:
    """What people wonder about who expected several agents at once."""
    silent = sum(1 for unit in group.units if not unit.done and not unit.writes)
    return [f"  {silent} open units state no paths: each runs alone, unless an assigner names some"] if silent else []


def _line(unit: Unit) -> str:
    after = ", ".join(id_.partition("/")[2] for id_ in unit.depends_on)
    done = "x" if unit.done else " "
    return f"  [{done}] {unit.id}  {unit.title}  ({unit.complexity}){'  after ' + after if after else ''}"
