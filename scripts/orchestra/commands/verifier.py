"""`orchestra verifier [N…]`: what became of each requirement, from commands that run now and from the record."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from orchestra.errors import Exit

from . import _groups

if TYPE_CHECKING:
    from orchestra.drive.verifier import Checkout, Verified


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("verifier", help="say what became of each requirement")
    parser.add_argument("ids", nargs="*", metavar="N", help="milestones, as in 1,2 or M3 (default: all that are done)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run the checks in the checkout and print the outcomes. Exit 1 when a requirement is missed."""
    from orchestra import config, project
    from orchestra.drive.verifier import chosen, verify
    from orchestra.state.store import Store

    here = project.find(args.directory)
    settings = config.load(here.config_path)
    with Store.open(here.state_path, readonly=True) as store:
        groups = chosen(here, settings, store, _groups.ids(args.ids))
        checkout, found = asyncio.run(verify(here, settings, store, groups, _silent if args.json else _tell))
    ok = not any(one.missed for one in found)
    if args.json:
        document = {"ok": ok, "head": checkout.head, "tree": checkout.tree, "changed": checkout.changed}
        print(json.dumps({**document, "milestones": [one.to_json() for one in found]}, ensure_ascii=False))
    else:
        _print(checkout, found)
    return Exit.DONE if ok else Exit.INCOMPLETE


def _tell(command: str) -> None:
    from orchestra.views.record import one_line

    print(f"running {one_line(command, 160)}", file=sys.stderr)


def _silent(command: str) -> None:
    return


def _print(checkout: Checkout, found: list[Verified]) -> None:
    from orchestra.views.outcome import counts, lines
    from orchestra.views.record import one_line

    if not found:
        print("no milestone is done; name one to look at it all the same", file=sys.stderr)
        return
    changed = f" with {checkout.changed} uncommitted changes" if checkout.changed else ""
    print(f"The checkout is {checkout.head[:9]}{changed}." if checkout.head else "The folder is not a repository.")
    for one in found:
        counted = ", ".join(f"{n} {word}" for word, n in counts(one.found).items())
        print(f"\n{one.group.id} {one_line(one.group.title, 80)}: {counted}")
        for note in one.notes:
            print(f"  note: {note}")
        for line in lines(one.found):
            print(line)
