"""`orchestra init`: sets a repository up, and never changes what a person wrote."""

from __future__ import annotations

import argparse
import json
import shlex
import sys

from orchestra import stack
from orchestra.commands._setup import SetUp, set_up, top
from orchestra.errors import Exit
from orchestra.plans.kiro.folders import folders
from orchestra.project import Project


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("init", help="set up this repository for Orchestra")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Write what is missing; running it again writes nothing. An older `.orchestra/` is taken as it is."""
    here = Project(top(args.directory))
    done = set_up(here)
    left_out = {check: str(one) for check, one in stack.left_out(done.stacks).items()}
    if args.json:
        said = {"stack": [s.name for s in done.stacks], "verification": done.verification, "left_out": left_out}
        print(json.dumps({"ok": True, "root": str(here.root), **said, "written": done.written}))
    else:
        _tell(here, done, left_out)
    return Exit.DONE


def _tell(here: Project, done: SetUp, left_out: dict[str, str]) -> None:
    for name in done.written:
        print(f"wrote {name}")
    if not done.written:
        print(f"nothing to do: {here.dir} is set up")
        return
    found = ", ".join(f"{s.name} ({s.marker})" for s in done.stacks) or "no known stack"
    print(f"found {found}", file=sys.stderr)
    for name, command in done.verification.items():
        none = f"{left_out.get(name, 'none found')}; write one into .orchestra/config.yml"
        print(f"  {name}: {command or none}", file=sys.stderr)
    print(f"next: orchestra doctor, then {_next(here)}", file=sys.stderr)


def _next(here: Project) -> str:
    """What a person does first: carry out the spec that is there already, or plan."""
    specs = folders(here.root)
    if specs:
        return f"orchestra run --workflow sequential --plan {shlex.quote(specs[0].name)}"
    return "orchestra new M1-name --title …; or, inside Claude Code, /orchestra pm"
