"""`orchestra log`: the events of the state, oldest first."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestra.errors import Exit, usage

POLL_S = 0.3


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("log", help="print the events of the run")
    parser.add_argument("--json-lines", action="store_true", help="one JSON object a line")
    parser.add_argument("--json", action="store_true", help="one JSON document with all events")
    parser.add_argument("--since", type=int, default=0, metavar="SEQ", help="only events after this sequence number")
    parser.add_argument("--follow", action="store_true", help="go on printing as events are recorded")
    parser.add_argument("--group", metavar="ID", help="only events of this group")


def run(args: argparse.Namespace) -> int:
    """Print the log. `--follow` ends with Ctrl-C or when its reader goes away."""
    from orchestra.project import find

    if args.json and (args.follow or args.json_lines):
        raise usage("--json is one document and cannot be combined with --follow or --json-lines.", "Use --json-lines.")
    path = find(args.directory).state_path
    events = _followed(path, args.since, args.group) if args.follow else _recorded(path, args.since, args.group)
    if args.json:
        print(json.dumps({"events": list(events)}, ensure_ascii=False))
        return Exit.DONE
    for event in events:
        print(json.dumps(event, ensure_ascii=False) if args.json_lines else line(event))
        if args.follow:
            sys.stdout.flush()
    return Exit.DONE


def line(event: dict[str, Any]) -> str:
    """One event for people: number, time, type, what it happened to, and the short parts of its data."""
    subject = event["attempt"] or event["unit"] or event["group"] or event["run"] or ""
    shown = " ".join(f"{key}={_short(value)}" for key, value in event["data"].items() if _is_short(value))
    return f"{event['seq']:>6}  {event['at']}  {event['type']:<17} {_printable(subject)}  {shown}".rstrip()


def _recorded(path: Path, since: int, group: str | None) -> Iterator[dict[str, Any]]:
    from orchestra.state.store import Store

    with Store.open(path, readonly=True) as store:
        yield from store.log(since=since, group=group)


def _followed(path: Path, since: int, group: str | None) -> Iterator[dict[str, Any]]:
    while True:
        # Opened anew each time: the database may be made, or replaced by a restored copy, while somebody looks on.
        for event in _recorded(path, since, group):
            since = event["seq"]
            yield event
        time.sleep(POLL_S)


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) and value != "" and len(str(value)) <= 200


def _short(value: object) -> str:
    text = _printable(str(value))
    return f'"{text}"' if " " in text else text


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
