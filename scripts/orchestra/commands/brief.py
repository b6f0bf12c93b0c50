"""`orchestra brief TICKET`: what an agent is told to do."""

from __future__ import annotations

import argparse
import json
import sys

from orchestra.errors import Exit, UserError


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("brief", help="print the brief of a ticket")
    parser.add_argument("ticket", metavar="TICKET")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the newest prompt of the ticket as it was rendered for the agent."""
    from orchestra.brief import turn_directory
    from orchestra.project import find

    path = turn_directory(find(args.directory).runs, args.ticket, holding="prompt.md") / "prompt.md"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.", hint="Check its permissions.") from error
    if args.json:
        print(json.dumps({"ticket": args.ticket, "path": str(path), "prompt": text}, ensure_ascii=False))
    else:
        sys.stdout.write(text)
    return Exit.DONE
