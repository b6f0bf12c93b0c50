"""`scripts/orchestration_loop.py`: the older tool's loop over a Kiro spec, carried out by `orchestra run`.

Its flags are the older tool's, and so are its exit codes: 0 everything is done, 1 it is not, 2 a person is needed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..commands._driving import MODES, count, seconds
from ..commands._specs import say_open
from ..core.words import Workflow
from ._roundtable import Table, arguments, carry_out, guarded, tell, write_views

MAX_ACTIONS = 6


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--spec", metavar="DIR", help="the spec's folder, such as .kiro/specs/login")
    which.add_argument("--state", metavar="FILE", help="its AGENT_STATE.json; a run always goes on where it stood")
    parser.add_argument("--tasks", metavar="FILE", help="where to write TASKS_PARSED.json, too")
    parser.add_argument("--pulse", metavar="FILE", help="where to write PROJECT_PULSE.md, too")
    parser.add_argument("--output", metavar="DIR", help="a folder for the three files besides the spec's own")
    parser.add_argument("--session", default="roundtable", metavar="NAME", help="the session of tmux")
    parser.add_argument("--max-iterations", type=count, default=0, metavar="N", help="most attempts at units")
    parser.add_argument("--sleep", type=seconds, default=0.0, metavar="S", help="seconds to pause between two units")
    parser.add_argument("--mode", choices=MODES, default=MODES[1], help="llm: an agent says what is begun first")
    says = "with --mode llm: what one answer of the agent is good for, before it is asked again (default: 6)"
    parser.add_argument("--max-actions", type=count, default=MAX_ACTIONS, metavar="N", help=says)
    arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the spec out, from where it stands. A project that is not set up for Orchestra is set up first."""
    return guarded(_run, args)


def _run(args: argparse.Namespace) -> int:
    from ..config import chosen

    table = Table(args, args.spec or args.state)
    if not args.json:
        say_open(table.project, Workflow.ROUNDTABLE, (table.id,))
    here: Path = args.directory
    args.executor = args.executor or ("" if "executor" in chosen(table.project.config_path) else "tmux")
    args.tmux_session = args.tmux_session or args.session
    code = carry_out(args, table, more={"max_dispatches": args.max_iterations, "delay_s": args.sleep})
    _write_elsewhere(args, table, here)
    return tell(args, table, code) if args.json else code


def _write_elsewhere(args: argparse.Namespace, table: Table, here: Path) -> None:
    from ..views.pulse import PULSE
    from ..views.roundtable import PARSED

    named = {PARSED: args.tasks, PULSE: args.pulse}
    paths = {name: here / path for name, path in named.items() if path}
    if args.output or paths:
        write_views(table, here / args.output if args.output else table.place, paths)
