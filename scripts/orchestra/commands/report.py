"""`orchestra report TICKET`: an agent says what it did. The harness decides later what that is worth."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestra.core.words import Role
from orchestra.errors import Exit, UserError, usage

if TYPE_CHECKING:
    from orchestra.backends.claim import Claim

STATUSES = ("done", "failed", "blocked")
_ACCEPTED = "Reported. The harness verifies it when you stop; what it finds comes back to you."


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("report", help="hand in the result of a ticket")
    parser.add_argument("ticket", metavar="TICKET")
    parser.add_argument("--status", choices=STATUSES, default="done", help="how it went (default: done)")
    parser.add_argument("--notes", default="", metavar="TEXT", help="what others must know, or why it did not work")
    parser.add_argument("--learning", action="append", default=[], metavar="TEXT", help="for the next agent")
    parser.add_argument("--findings", metavar="FILE", help="a reviewer's findings as JSON; - reads standard input")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Record the claim; exit 65 with what is wrong when the findings cannot be used, and nothing is recorded."""
    from orchestra.backends.claim import write_claim

    directory = _turn(args)
    claim = _claim(args)
    write_claim(directory, claim)
    if args.json:
        answer = {"ok": True, "ticket": args.ticket, "status": claim.status, "findings": len(claim.findings)}
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(_ACCEPTED)
    return Exit.DONE


def _turn(args: argparse.Namespace) -> Path:
    mine, given = os.environ.get("ORCHESTRA_TICKET"), os.environ.get("ORCHESTRA_TURN_DIR")
    if mine and mine != args.ticket:
        raise usage(f"You hold the ticket {mine}, not {args.ticket}.", f"Run `orchestra report {mine} …`.")
    if mine and given and Path(given).is_dir():
        return Path(given)
    from orchestra.brief import turn_directory
    from orchestra.project import find

    return turn_directory(find(args.directory).runs, args.ticket)


def _claim(args: argparse.Namespace) -> Claim:
    from orchestra.backends.claim import Claim

    if args.findings is None and args.status == "done" and os.environ.get("ORCHESTRA_ROLE") == Role.REVIEWER:
        raise usage("A review is reported by its findings.", "Use --findings - and pass [] when there are none.")
    findings = tuple(_findings(args)) if args.findings is not None else ()
    learnings = tuple(text for text in args.learning if text.strip())
    return Claim(args.status, notes=args.notes, learnings=learnings, findings=findings)


def _findings(args: argparse.Namespace) -> list[dict[str, Any]]:
    from orchestra.review import LIMIT, parse

    if args.findings == "-":
        return parse(sys.stdin.buffer.read(LIMIT + 1))
    path = Path(args.directory) / args.findings
    try:
        with path.open("rb") as file:
            return parse(file.read(LIMIT + 1))
    except OSError as error:
        raise UserError(
            f"Cannot read {path}: {error.strerror}.", hint="Name a file, or - for standard input.", code=Exit.BAD_INPUT
        ) from error
