"""`orchestra rewind [N…]`: what past work took, cost and taught, from the record."""

from __future__ import annotations

import argparse
import json

from orchestra.errors import Exit

from . import _groups


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("rewind", help="say what past work took, cost and taught")
    parser.add_argument("ids", nargs="*", metavar="N", help="milestones, as in 1,2 or M3 (default: all that have run)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the measured history; exit 64 for a milestone that no run has worked on."""
    from orchestra.project import find
    from orchestra.state.store import Store
    from orchestra.views.rewind import rewind
    from orchestra.views.rewind_lines import lines

    project = find(args.directory)
    with Store.open(project.state_path, readonly=True) as store:
        found = rewind(store, _groups.ids(args.ids))
    print(json.dumps(found, ensure_ascii=False) if args.json else "\n".join(lines(found)))
    return Exit.DONE
