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

from ._calls import as_called
from ._client import is_led, workspace

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
    parser.add_argument("--file", metavar="FILE", help="an assigner's answer as JSON; - reads standard input")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Record the claim; exit 65 with what is wrong when the findings cannot be used, and nothing is recorded."""
    from orchestra.backends.claim import write_claim
    from orchestra.drive.plan_review import is_plan_ticket

    if is_plan_ticket(args.ticket):
        return _plan_review(args)
    directory = _turn(args)
    claim = _claim(args)
    if led_by_client(args):
        return _answered(args, claim)
    write_claim(directory, claim)
    if args.json:
        answer = {"ok": True, "ticket": args.ticket, "status": claim.status, "findings": len(claim.findings)}
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(_ACCEPTED)
    return Exit.DONE


def led_by_client(args: argparse.Namespace) -> bool:
    """Whether the ticket is one of a run that a lead inside a client carries out."""
    from orchestra.project import find

    return not os.environ.get("ORCHESTRA_TICKET") and is_led(find(args.directory), args.ticket)


def _answered(args: argparse.Namespace, claim: Claim) -> int:
    """Verify, check and commit at once: inside a client nobody else would. Exit 1 when it is sent back."""
    import asyncio

    from orchestra.config import load
    from orchestra.drive.caller import caller
    from orchestra.drive.client import Client
    from orchestra.drive.leading import joined
    from orchestra.project import find

    project = find(args.directory)
    config = load(project.config_path)
    who = caller()
    with joined(project, config, who) as session:
        client = Client(session, workspace(project, config), client=who.client)
        text, through = asyncio.run(client.report(args.ticket, claim))
    text = as_called(text)
    if args.json:
        print(json.dumps({"ok": through, "ticket": args.ticket, "text": text}, ensure_ascii=False))
    else:
        print(text)
    return Exit.DONE if through else Exit.INCOMPLETE


def _plan_review(args: argparse.Namespace) -> int:
    from orchestra.drive.plan_review import report
    from orchestra.project import find

    _held(args)
    findings = _findings(args) if args.findings is not None else None
    answer = report(find(args.directory), args.ticket, findings, args.notes)
    if args.json:
        told = {"ok": answer.ok, "ticket": args.ticket, **answer.data, "text": answer.text}
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(answer.text)
    return Exit.DONE if answer.ok else Exit.INCOMPLETE


def _held(args: argparse.Namespace) -> str | None:
    """The ticket of a supervised agent, which may report for no other."""
    mine = os.environ.get("ORCHESTRA_TICKET")
    if mine and mine != args.ticket:
        raise usage(f"You hold the ticket {mine}, not {args.ticket}.", f"Run `orchestra report {mine} …`.")
    return mine


def _turn(args: argparse.Namespace) -> Path:
    mine, given = _held(args), os.environ.get("ORCHESTRA_TURN_DIR")
    if mine and given and Path(given).is_dir():
        return Path(given)
    from orchestra.brief import turn_directory
    from orchestra.project import find

    return turn_directory(find(args.directory).runs, args.ticket)


def _claim(args: argparse.Namespace) -> Claim:
    from orchestra.backends.claim import Claim
    from orchestra.review import LIMIT

    reviews = os.environ.get("ORCHESTRA_ROLE") == Role.REVIEWER or f".{Role.REVIEWER}-" in args.ticket
    if args.findings is None and args.status == "done" and reviews:
        raise usage("A review is reported by its findings.", "Use --findings - and pass [] when there are none.")
    findings = tuple(_findings(args)) if args.findings is not None else ()
    learnings = tuple(text for text in args.learning if text.strip())
    answer = _read(args, args.file, LIMIT).decode("utf-8", "replace") if args.file is not None else ""
    return Claim(args.status, notes=args.notes, learnings=learnings, findings=findings, answer=answer)


def _findings(args: argparse.Namespace) -> list[dict[str, Any]]:
    from orchestra.review import LIMIT, parse

    return parse(_read(args, args.findings, LIMIT + 1))


def _read(args: argparse.Namespace, name: str, limit: int) -> bytes:
    """At most `limit` bytes of a file or, for -, of standard input."""
    if name == "-":
        return sys.stdin.buffer.read(limit)
    path = Path(args.directory) / name
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise UserError(
            f"Cannot read {path}: {error.strerror}.", hint="Name a file, or - for standard input.", code=Exit.BAD_INPUT
        ) from error
