"""`orchestra report-run [RUN]`: what a run did, with the evidence and where it lies."""

from __future__ import annotations

import argparse
import json

from orchestra.errors import Exit


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("report-run", help="print what a run did, with its receipts")
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="the run, such as r3 (default: the one under way)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the report; exit 64 when there is no such run."""
    from orchestra.project import find
    from orchestra.state.store import Store
    from orchestra.views.history import history, lines

    project = find(args.directory)
    with Store.open(project.state_path, readonly=True) as store:
        report = history(project, store, args.run_id)
    print(json.dumps(report, ensure_ascii=False) if args.json else "\n".join(lines(report)))
    return Exit.DONE
