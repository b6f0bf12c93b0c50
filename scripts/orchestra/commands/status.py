"""`orchestra status`: where the run stands, from the state alone."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestra.errors import Exit

if TYPE_CHECKING:
    from orchestra.views.status import GroupLine, Status

_COLOURS = {
    "done": "green",
    "failed": "red",
    "needs-human": "yellow",
    "blocked": "red",
    "in-progress": "cyan",
    "review": "cyan",
}


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("status", help="say where the run stands")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the status; always exit 0, since nothing is wrong with looking."""
    from orchestra.project import find
    from orchestra.state.store import Store
    from orchestra.views.status import read

    project = find(args.directory)
    with Store.open(project.state_path, readonly=True) as store:
        status = read(project, store, time.time(), units=args.json)
    if args.json:
        print(status.to_json())
    elif sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _coloured(status)
    else:
        print("\n".join(lines(status)))
    return Exit.DONE


def lines(status: Status) -> Iterator[str]:
    """The status as plain text."""
    yield _headline(status)
    width = max((len(group.id) for group in status.groups), default=0)
    for group in status.groups:
        yield f"  {group.id:<{width}}  {group.status:<11}  {_tally(group)}  {_printable(group.title)}".rstrip()
        yield from _details(status, group, width)
    yield from _questions(status)


def _headline(status: Status) -> str:
    if status.run is None:
        return "Nothing has run yet." if status.groups else "Nothing has run yet, and there is no plan."
    why = f" ({_printable(status.reason)})" if status.reason else ""
    return f"Run {status.run} is {status.state}{why}."


def _tally(group: GroupLine) -> str:
    return f"{group.counts.get('done', 0)}/{sum(group.counts.values())} done"


def _details(status: Status, group: GroupLine, width: int) -> Iterator[str]:
    if group.reason:
        yield f"  {'':<{width}}  {_printable(group.reason)}"
    for unit, word in status.live.items():
        if unit.startswith(f"{group.id}/") or unit == group.id:
            yield f"  {'':<{width}}  {unit}: {word}"
    if group.lease:
        alive = "alive" if group.lease["alive"] else "not known to be alive"
        yield f"  {'':<{width}}  held by {_printable(group.lease['holder'])}, epoch {group.lease['epoch']}, {alive}"


def _questions(status: Status) -> Iterator[str]:
    from orchestra.views.question import answered_with

    if status.decisions:
        yield "Waiting for you:"
    for decision in status.decisions:
        yield f"  {decision['id']}: {_printable(str(decision['question']))}"
        yield f"    {answered_with(decision['id'], decision['options'], decision['unit'])}"


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _coloured(status: Status) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for line in lines(status):
        text = Text(line)
        for word, colour in _COLOURS.items():
            text.highlight_words([f" {word} "], colour)
        console.print(text, soft_wrap=True)
