"""`scripts/sequential_loop.py`: the older tool's loop over a Kiro spec, carried out by `orchestra run`.

Its flags are the older tool's, and so are its exit codes: 0 everything is done, 1 it is not, 2 a person is needed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..commands._driving import count, execute, policy, seconds
from ..commands._specs import say_open
from ..core.words import Workflow
from ..errors import Exit, UserError, usage
from ..project import Project

MAX_ITERATIONS = 50
BACKEND = "opencode"
_FAILURES = (Exit.USAGE, Exit.BAD_INPUT)


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--spec", required=True, metavar="PATH", help="the spec's folder, such as .kiro/specs/login")
    parser.add_argument("--max-iterations", type=count, default=MAX_ITERATIONS, metavar="N", help="attempts at units")
    parser.add_argument("--delay", type=seconds, default=0.0, metavar="S", help="seconds to pause between two units")
    parser.add_argument("--workdir", metavar="DIR", help="the project (default: the one that the spec lies in)")
    says = "the agent of opencode that says whose a unit is (default: its usual one)"
    parser.add_argument("--assign-opencode-agent", default="", metavar="NAME", help=says)
    policy(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the spec out. A project that is not set up for Orchestra is set up first."""
    try:
        return _run(args)
    except UserError as error:
        code = Exit.INCOMPLETE if error.code in _FAILURES else error.code
        raise UserError(error.message, hint=error.hint, code=code) from error


def _run(args: argparse.Namespace) -> int:
    from ..plans.reader import Specs

    place = args.directory / args.spec
    project = project_of(args, place)
    only = (Specs(Workflow.SEQUENTIAL).find(project.root, project.root, str(place.resolve())),)
    if not args.json:
        say_open(project, Workflow.SEQUENTIAL, only)
    _choose(args, project, place)
    more = {"max_dispatches": args.max_iterations, "delay_s": args.delay}
    # A script is meant from where its user stands, everything else from the project.
    args.script = args.script and str((args.directory / args.script).resolve())
    args.directory = project.root
    code = execute(args, lambda: only, workflow=Workflow.SEQUENTIAL, only=only, more=more)
    return Exit.INCOMPLETE if code in _FAILURES else code


def _choose(args: argparse.Namespace, project: Project, place: Path) -> None:
    """What the older tool chose where its user said nothing, unless the project's configuration says otherwise."""
    from ..config import chosen

    said = chosen(project.config_path)
    args.auto = True
    args.backend = args.backend or ("" if "backend.name" in said else BACKEND)
    # Who names an agent of opencode wants to be told whose units are, and by it.
    args.assign_backend = args.assign_backend or (BACKEND if args.assign_opencode_agent else "")
    args.executor = args.executor or ("" if "executor" in said else "tmux")
    folder = place.parent if place.name == "tasks.md" else place
    args.tmux_session = args.tmux_session or f"sequential-{folder.resolve().name}"


def project_of(args: argparse.Namespace, place: Path) -> Project:
    """The project that a spec lies in, or that was named; set up for Orchestra when nobody has done it."""
    from ..commands._setup import set_up, top
    from ..project import find

    if not place.exists():
        raise usage(f"there is no {place}", "--spec takes the folder of a spec")
    start = args.directory / args.workdir if args.workdir else place.resolve()
    if not start.exists():
        raise usage(f"there is no {start}", "--workdir takes the folder of the project")
    try:
        return find(start)
    except UserError:
        project = Project(top(start))
    _refuse_foreign(project, place)
    for name in set_up(project).written:
        print(f"wrote {name}, as `orchestra init` would", file=sys.stderr)
    return project


def _refuse_foreign(project: Project, place: Path) -> None:
    """Raise UserError for what is no spec of a project that is not set up yet: nothing is written for it."""
    from ..plans.kiro.folders import SPECS, at, find

    found = at(place)
    if found is not None and found.parent != (project.root / SPECS).resolve():
        hint = "run `git init` in the folder that has .kiro/, or name that with --workdir"
        raise usage(f"{found} is not in {SPECS} of a repository", hint)
    find(project.root, project.root, str(place.resolve()))
