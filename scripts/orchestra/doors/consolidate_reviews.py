"""`scripts/consolidate_reviews.py`: says what the reviews of a spec's units have come to.

The verdicts are computed when the last reviewer of a unit has spoken; this shows them and changes nothing. Exit codes:
0 nothing is open, 1 findings are, or reviews are missing, 2 a person is needed.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..errors import Exit, usage
from ._roundtable import Table, guarded, standing, tell


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("state", metavar="STATE", help="AGENT_STATE.json of the spec, or the spec's folder")
    parser.add_argument("--task", "-t", action="append", default=[], metavar="ID", help="only of this unit")
    says = "taken, and always so: a unit is completed in the moment in which its last reviewer has spoken, never here"
    parser.add_argument("--no-complete", action="store_true", help=says)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(workdir="")


def run(args: argparse.Namespace) -> int:
    """Show the verdict of each unit that was reviewed."""
    return guarded(_run, args)


def _run(args: argparse.Namespace) -> int:
    import json

    from ..views.roundtable import state

    table = Table(args, args.state)
    record = table.record()
    known: dict[str, Any] = json.loads(state(record, {}))
    units = {task["task_id"]: task["status"] for task in known["tasks"]}
    if strange := [id_ for id_ in args.task if id_ not in units]:
        raise usage(f"there is no unit {strange[0]} in {table.place}", f"its units are {', '.join(units)}")
    reports = [report for report in known["final_reports"] if not args.task or report["task_id"] in args.task]
    if not args.json:
        for report in reports:
            print(f"{report['task_id']}: {report['summary']}, {report['overall_severity']}")
        if not reports:
            print("no review has come to an end yet", file=sys.stderr)
    waiting = {"pending_review", "under_review", "fix_required"} & set(units.values())
    code = standing(record) or (Exit.INCOMPLETE if waiting else Exit.DONE)
    return tell(args, table, code, final_reports=reports) if args.json else code
