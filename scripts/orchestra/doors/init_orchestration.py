"""`scripts/init_orchestration.py`: checks a Kiro spec and writes TASKS_PARSED.json, AGENT_STATE.json, PROJECT_PULSE.md.

What a run has done is never begun anew: then the files show how far it is. Exit codes: 0 done, 1 the spec is wrong.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ._roundtable import Table, guarded, tell, write_views


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("spec", metavar="SPEC", help="the spec's folder, such as .kiro/specs/login")
    parser.add_argument("--session", "-s", default="", metavar="NAME", help="taken and ignored: a run names its own")
    parser.add_argument("--output", "-o", metavar="DIR", help="the folder for the files (default: the spec's own)")
    parser.add_argument("--mode", choices=["codex"], default="codex", help="owners are named when the run begins")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(workdir="")


def run(args: argparse.Namespace) -> int:
    """Write the files and say how the spec stands."""
    return guarded(_run, args)


def _run(args: argparse.Namespace) -> int:
    table = Table(args, args.spec)
    table.planned()
    here: Path = args.directory
    written = write_views(table, here / args.output if args.output else table.place)
    return tell(args, table, 0, written=[str(path) for path in written])
