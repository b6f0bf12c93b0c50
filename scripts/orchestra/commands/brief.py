"""`orchestra brief TICKET`: what an agent is told to do."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from orchestra.errors import Exit, UserError

from ._calls import as_called
from ._client import is_led


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("brief", help="print the brief of a ticket")
    parser.add_argument("ticket", metavar="TICKET")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the newest prompt of the ticket as it was rendered for the agent."""
    from orchestra.brief import turn_directory
    from orchestra.drive.plan_review import brief_text, is_plan_ticket
    from orchestra.drive.product_manager import is_product_manager, product_manager_text
    from orchestra.plans import roles
    from orchestra.project import find

    project = find(args.directory)
    if is_product_manager(args.ticket):
        return _print(args, product_manager_text(project))
    if is_plan_ticket(args.ticket):
        return _print(args, brief_text(project, args.ticket))
    if role := roles.find(project.root, args.ticket):
        return _print(args, roles.brief(role))
    path = turn_directory(project.runs, args.ticket, holding="prompt.md") / "prompt.md"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.", hint="Check its permissions.") from error
    if is_led(project, args.ticket):
        text = _taken(path.parent, text)
    if args.json:
        print(json.dumps({"ticket": args.ticket, "path": str(path), "prompt": text}, ensure_ascii=False))
    else:
        sys.stdout.write(text)
    return Exit.DONE


def _taken(turn: Path, text: str) -> str:
    """Remember that an agent of the client has the brief."""
    from orchestra.drive.badge import TAKEN

    (turn / TAKEN).touch()
    return as_called(text)


def _print(args: argparse.Namespace, text: str) -> int:
    text = as_called(text)
    if args.json:
        print(json.dumps({"ticket": args.ticket, "path": None, "prompt": text}, ensure_ascii=False))
    else:
        sys.stdout.write(text)
    return Exit.DONE
