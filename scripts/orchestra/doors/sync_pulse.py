"""`scripts/sync_pulse.py`: brings PROJECT_PULSE.md up to the state. What people wrote in it stays.

A question that has waited for more than a day is marked there as escalated.

Exit codes: 0 done, 1 the spec or a file is wrong.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ._roundtable import Table, guarded, tell, write_page


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("state", metavar="STATE", help="AGENT_STATE.json of the spec, or the spec's folder")
    parser.add_argument("pulse", metavar="PULSE", help="the page")
    parser.add_argument("--output", "-o", metavar="FILE", help="write it here instead")
    says = "also write the Mental Model anew (a page that is new has it in any case)"
    parser.add_argument("--update-mental-model", action="store_true", help=says)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(workdir="")


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    return guarded(_run, args)


def _run(args: argparse.Namespace) -> int:
    from ..views.pulse import ALL, MODEL, patch

    here: Path = args.directory
    table = Table(args, args.state)
    output = here / (args.output or args.pulse)
    names = [name for name in ALL if name != MODEL or args.update_mental_model]
    record = table.record()
    write_page(here / args.pulse, lambda text: patch(text, record, names, time.time()), output)
    return tell(args, table, 0, written=[str(output)])
