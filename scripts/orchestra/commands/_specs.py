"""Kiro specs on the command line: whether a path is one, and what it holds."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from orchestra.config import Config, load
from orchestra.core.model import Group, Plan
from orchestra.core.words import Workflow
from orchestra.errors import usage
from orchestra.plans import milestones
from orchestra.plans.diagnostics import ERROR, Diagnostic
from orchestra.plans.folders import folders as milestone_folders
from orchestra.plans.kiro import folders, spec
from orchestra.plans.milestones import ReadResult
from orchestra.plans.values import group_id
from orchestra.project import Project

WORKFLOWS = (Workflow.SEQUENTIAL, Workflow.ROUNDTABLE)


def meant(here: Project, directory: Path, paths: Sequence[str]) -> bool:
    """Whether specs are meant: a path is one (folder, tasks.md, name), or there are no paths and nothing but specs."""
    if not paths:
        return not milestone_folders(here.root)[0] and bool(folders.folders(here.root))
    return any(is_spec(here, directory, path) for path in paths)


def is_spec(here: Project, directory: Path, text: str) -> bool:
    """Whether `text` is the folder of a spec, its tasks.md, or its name."""
    named = group_id(text) is None and folders.at(here.root / folders.SPECS / text) is not None
    return named or folders.at(directory / text) is not None


def workflow_of(here: Project, directory: Path, path: str | None, given: str | None) -> Workflow:
    """The workflow that was given, else the one that `path` is made for; specs are `sequential` unless said otherwise.

    Raises UserError (usage) for a workflow whose plans this version cannot read.
    """
    kiro = meant(here, directory, [path] if path else [])
    workflow = Workflow(given) if given else Workflow.SEQUENTIAL if kiro else Workflow.MILESTONES
    if workflow not in (Workflow.MILESTONES, *WORKFLOWS):
        known = ", ".join([Workflow.MILESTONES, *WORKFLOWS])
        raise usage(f"this version cannot read plans of the workflow {workflow}", f"known: {known}")
    if workflow is Workflow.MILESTONES and path and kiro:
        raise usage(f"{path} is a Kiro spec", "use --workflow sequential or --workflow roundtable")
    return workflow


def read(here: Project, settings: Config, directory: Path, paths: Sequence[str], workflow: Workflow) -> ReadResult:
    """The specs that `paths` name, or all of the project. Raises UserError (usage) for what is no spec."""
    if not paths:
        return spec.read_all(here.root, settings, workflow)
    named = {found.name: found for found in (folders.find(here.root, directory, path) for path in paths)}
    each = [spec.read(here.root, found, settings, workflow) for found in named.values()]
    groups: list[Group] = [group for result in each for group in result.plan.groups]
    said: list[Diagnostic] = [diagnostic for result in each for diagnostic in result.diagnostics]
    return ReadResult(Plan(workflow, tuple(groups)), said)


def plan_of(here: Project, workflow: Workflow, only: Sequence[str]) -> tuple[list[Group], dict[str, str]]:
    """The groups of a workflow as their files have them now, and the first error of each that has one, by id.

    Of those ids alone, where some are given.
    """
    config = load(here.config_path)
    if workflow is Workflow.MILESTONES:
        result = milestones.read(here.root, config)
    else:
        result = spec.read_all(here.root, config, workflow)
    groups = [group for group in result.plan.groups if not only or group.id in only]
    said = ((group.id, d) for group in groups for d in reversed(result.about(group.id)) if d.severity is ERROR)
    return groups, {id_: str(diagnostic) for id_, diagnostic in said}


def say_open(here: Project, workflow: Workflow, only: Sequence[str]) -> None:
    """Say on stderr what is open in each spec that was named, or in all that have open units."""
    for group in plan_of(here, workflow, only)[0]:
        left = [unit for unit in group.units if not unit.done]
        needed = sum(not unit.optional for unit in left)
        if needed:
            print(f"{group.id}: {needed} of {len(group.units)} units are open", file=sys.stderr)
        elif left:
            print(f"{group.id}: what is open is optional", file=sys.stderr)
        elif only and group.units:
            print(f"{group.id}: every unit is ticked already", file=sys.stderr)
