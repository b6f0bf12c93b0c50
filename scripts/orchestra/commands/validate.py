"""`orchestra validate [PATH…]`: where the plan is wrong."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from orchestra import config, project
from orchestra.commands import _specs
from orchestra.config import Config
from orchestra.core.words import Workflow
from orchestra.errors import Exit, UserError, usage
from orchestra.plans import milestones, roles
from orchestra.plans.diagnostics import Diagnostic, has_errors
from orchestra.plans.folders import MILESTONES, find_group
from orchestra.plans.kiro import folders
from orchestra.plans.milestones import ReadResult
from orchestra.plans.values import group_id
from orchestra.project import Project


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("validate", help="check the plan and say where it is wrong")
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="milestone ids, files, folders, Kiro specs (default: all)"
    )
    parser.add_argument("--workflow", choices=[w.value for w in _specs.WORKFLOWS], help="how Kiro specs are to be run")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print every diagnostic. Exit 0 when none of them is an error, else 65."""
    here = project.find(args.directory)
    settings, problems = config.read(here.config_path)
    paths = [name for text in args.paths for name in _with_specs(here, args.directory, text)]
    if args.workflow or _specs.meant(here, args.directory, paths):
        workflow = Workflow(args.workflow or Workflow.SEQUENTIAL)
        result = _specs.read(here, settings, args.directory, paths, workflow)
        places = [group.path for group in result.plan.groups]
        edited = [d for d in _edited_views(here, settings) if any(_below(d.file, place) for place in places)]
        return _say(args, result, problems + result.diagnostics + edited)
    wanted = [_wanted(here, args.directory, text) for text in paths]
    result = milestones.read(here.root, settings)
    everything = problems + result.diagnostics + roles.read(here.root)[1] + _edited_views(here, settings)
    return _say(args, result, [d for d in everything if not wanted or any(_below(d.file, name) for name in wanted)])


def _say(args: argparse.Namespace, result: ReadResult, found: list[Diagnostic]) -> int:
    ok = not has_errors(found)
    if args.json:
        print(json.dumps(_document(ok, result, found), ensure_ascii=False))
    else:
        _tell(found, result)
    return Exit.DONE if ok else Exit.BAD_INPUT


def _with_specs(here: Project, directory: Path, text: str) -> list[str]:
    """What is named, where it is a folder of Kiro specs or a file of one: those specs. Else as it is."""
    path, home = (directory / text).resolve(), (here.root / folders.SPECS).parent.resolve()
    if not path.exists() or not path.is_relative_to(home):
        return [text]
    specs = [spec.path.resolve() for spec in folders.folders(here.root)]
    return [str(spec) for spec in specs if spec.is_relative_to(path) or path.is_relative_to(spec)] or [text]


def _wanted(here: Project, directory: Path, text: str) -> str:
    """What the user named, relative to the project: an id is its milestone's folder."""
    path = directory / text
    if not path.exists() and not path.is_symlink():
        if group_id(text):
            return find_group(here.root, text).name
        raise usage(f"there is no file, folder or milestone {text}")
    absolute = Path(path.parent.resolve() / path.name if path.name else path.resolve())
    if not absolute.is_relative_to(here.root):
        raise project.not_inside(text, absolute, here.root)
    name = absolute.relative_to(here.root).as_posix()
    if not _below(name, project.FOLDER) and name != ".":
        # Nothing below is read: silence would pass for a good plan.
        raise usage(f"{text} is no part of a plan", f"plans lie in {MILESTONES} and {folders.SPECS}")
    return name


def _below(file: str, name: str) -> bool:
    return name in (".", file) or file.startswith(name + "/")


def _document(ok: bool, result: ReadResult, found: list[Diagnostic]) -> dict[str, object]:
    groups = result.plan.groups
    return {
        "ok": ok,
        "workflow": result.plan.workflow.value,
        "groups": len(groups),
        "units": sum(len(group.units) for group in groups),
        "diagnostics": [d.to_json() for d in found],
    }


def _tell(found: list[Diagnostic], result: ReadResult) -> None:
    for diagnostic in found:
        print(diagnostic.to_text())
    counts = {word: sum(d.severity == word for d in found) for word in ("error", "warning", "info")}
    units = sum(len(group.units) for group in result.plan.groups)
    group, part = ("milestone", "phase") if result.plan.workflow is Workflow.MILESTONES else ("spec", "unit")
    held = f"{_counted(len(result.plan.groups), group)}, {_counted(units, part)}"
    print(f"{held}: {_counted(counts['error'], 'error')}, {_counted(counts['warning'], 'warning')}", file=sys.stderr)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _edited_views(here: Project, settings: Config) -> list[Diagnostic]:
    """What differs between the state and its views; nothing when there is no state, or none that can be read."""
    if not here.state_path.exists():
        return []
    from orchestra.state.store import Store
    from orchestra.views.check import edited
    from orchestra.views.snapshot import Snapshot

    try:
        with Store.open(here.state_path) as store:
            return edited(here.root, Snapshot.from_store(store))
    except UserError as error:
        print(f"orchestra: {error.message}", file=sys.stderr)
        return []
