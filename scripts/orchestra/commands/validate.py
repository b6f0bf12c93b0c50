"""`orchestra validate [PATH…]`: where the plan is wrong."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from orchestra import config, project
from orchestra.commands import _specs
from orchestra.commands._arguments import named
from orchestra.config import Config
from orchestra.core.words import Workflow
from orchestra.errors import Exit, UserError, usage
from orchestra.plans import milestones, roles
from orchestra.plans.diagnostics import Diagnostic, has_errors
from orchestra.plans.folders import MILESTONES, find_group
from orchestra.plans.kiro import folders
from orchestra.plans.milestones import ReadResult
from orchestra.plans.reader import is_spec
from orchestra.plans.values import group_id
from orchestra.project import Project


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("validate", help="check the plan and say where it is wrong")
    which = "milestone ids, files, folders, Kiro specs (default: all)"
    parser.add_argument("paths", nargs="*", type=named, metavar="PATH", help=which)
    parser.add_argument("--workflow", choices=[w.value for w in _specs.WORKFLOWS], help="how Kiro specs are to be run")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


@dataclass(frozen=True)
class _Asked:
    """What is to be checked: `specs` as they were named, `files` of milestones and others relative to the project.

    `whole`: everything, since nothing less was named; `workflow` is how specs are read.
    """

    specs: list[str]
    files: list[str]
    whole: bool
    workflow: Workflow


def run(args: argparse.Namespace) -> int:
    """Print every diagnostic. Exit 0 when none of them is an error, else 65."""
    here = project.find(args.directory)
    settings, problems = config.read(here.config_path)
    asked = _asked(here, args)
    results = _read(here, settings, args.directory, asked)
    places = [*asked.files, *(group.path for result in results for group in result.plan.groups if is_spec(group))]
    found = [] if asked.files else problems
    rest = [*(problems if asked.files else []), *_about(here, settings, results)]
    found += [d for d in rest if asked.whole or any(_below(d.file, place) for place in places)]
    return _say(args, results, found)


def _asked(here: Project, args: argparse.Namespace) -> _Asked:
    paths = [name for text in args.paths for name in _with_specs(here, args.directory, text)]
    specs = [path for path in paths if args.workflow or _specs.is_spec(here, args.directory, path)]
    files = [_wanted(here, args.directory, path) for path in paths if path not in specs]
    whole = not args.workflow and (not paths or "." in files)
    return _Asked(specs, files, whole, Workflow(args.workflow or Workflow.SEQUENTIAL))


def _read(here: Project, settings: Config, directory: Path, asked: _Asked) -> list[ReadResult]:
    """Milestones, unless only specs are asked for or there; then specs, unless only milestones are."""
    results = []
    if asked.files or (asked.whole and not _specs.meant(here, directory, [])):
        results.append(milestones.read(here.root, settings))
    if not results or asked.specs or (asked.whole and folders.folders(here.root)):
        named = [] if asked.whole else asked.specs
        results.append(_specs.read(here, settings, directory, named, asked.workflow))
    return results


def _about(here: Project, settings: Config, results: list[ReadResult]) -> list[Diagnostic]:
    """What is wrong with what was read, with roles, and with views."""
    found = [diagnostic for result in results for diagnostic in result.diagnostics]
    if results[0].plan.workflow is Workflow.MILESTONES:
        found += roles.read(here.root)[1]
    return found + _edited_views(here, settings)


def _say(args: argparse.Namespace, results: list[ReadResult], found: list[Diagnostic]) -> int:
    ok = not has_errors(found)
    if args.json:
        print(json.dumps(_document(ok, results, found), ensure_ascii=False))
    else:
        _tell(found, results)
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


def _document(ok: bool, results: list[ReadResult], found: list[Diagnostic]) -> dict[str, object]:
    """The contract's document. Where specs were checked beside milestones, `also` counts them."""
    first, *others = [_counts(result) for result in results]
    also = {"also": others} if others else {}
    return {"ok": ok, **first, **also, "diagnostics": [d.to_json() for d in found]}


def _counts(result: ReadResult) -> dict[str, object]:
    groups = result.plan.groups
    units = sum(len(group.units) for group in groups)
    return {"workflow": result.plan.workflow.value, "groups": len(groups), "units": units}


def _tell(found: list[Diagnostic], results: list[ReadResult]) -> None:
    for diagnostic in found:
        print(diagnostic.to_text())
    counts = {word: sum(d.severity == word for d in found) for word in ("error", "warning", "info")}
    held = ", ".join(map(_held, results))
    print(f"{held}: {_counted(counts['error'], 'error')}, {_counted(counts['warning'], 'warning')}", file=sys.stderr)


def _held(result: ReadResult) -> str:
    units = sum(len(group.units) for group in result.plan.groups)
    group, part = ("milestone", "phase") if result.plan.workflow is Workflow.MILESTONES else ("spec", "unit")
    return f"{_counted(len(result.plan.groups), group)}, {_counted(units, part)}"


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
