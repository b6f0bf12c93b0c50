"""`scripts/init_orchestration.py`: checks a Kiro spec and writes TASKS_PARSED.json, AGENT_STATE.json, PROJECT_PULSE.md.

What a run has done is never begun anew: then the files show how far it is. With `--mode legacy` no agent is asked whose
units are: all are the first owner's, with care by the words of their titles. Exit codes: 0 done, 1 the spec is wrong.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.words import UnitStatus
from ._roundtable import Table, guarded, tell, write_views

if TYPE_CHECKING:
    from ..core.model import UnitState

MODES = ("codex", "legacy")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("spec", metavar="SPEC", help="the spec's folder, such as .kiro/specs/login")
    parser.add_argument("--session", "-s", default="", metavar="NAME", help="taken and ignored: a run names its own")
    parser.add_argument("--output", "-o", metavar="DIR", help="the folder for the files (default: the spec's own)")
    says = "codex: an agent names the owners when a run begins; legacy: code does it now, by the words of the titles"
    parser.add_argument("--mode", choices=MODES, default=MODES[0], help=says)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(workdir="")


def run(args: argparse.Namespace) -> int:
    """Write the files and say how the spec stands."""
    return guarded(_run, args)


def _run(args: argparse.Namespace) -> int:
    table = Table(args, args.spec)
    units = table.planned().units
    if args.mode == MODES[1]:
        _assign(table, [unit for unit in units if unit.assignment is None and unit.status is not UnitStatus.DONE])
    here: Path = args.directory
    written = write_views(table, here / args.output if args.output else table.place)
    return tell(args, table, 0, written=[str(path) for path in written])


def _assign(table: Table, units: list[UnitState]) -> None:
    """Say whose the units are that no run has taken in yet; a run that has the spec has its own word about them."""
    from ..config import load
    from ..core.assignments import by_words
    from ..drive.named import name
    from ..state.store import Store

    owners = [owner for owner, _ in load(table.project.config_path).roundtable.owners]
    if table.begun or not owners or not units:
        return
    with Store.open(table.project.state_path) as store:
        name(store, table.id, {unit.id: by_words(unit.plan.title, owners[0]) for unit in units})
