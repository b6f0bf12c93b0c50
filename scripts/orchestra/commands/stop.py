"""`orchestra stop`: asks the run that is under way to stop; it can be resumed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from ..errors import Exit, UserError

PATIENCE_S = 60.0


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("stop", help="stop the run; it can be resumed")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it has stopped")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from ..core.words import RunState
    from ..project import find
    from ..state.armed import leads
    from ..state.store import Store

    project = find(args.directory)
    with Store.open(project.state_path) as store:
        latest = store.latest_run_id()
        current = store.load(latest) if latest else None
        if current is None or current.state is not RunState.RUNNING:
            return _say(args, latest or "", "nothing is running")
        _ask(store, current)
        if leads(project.runs, current.id):
            return _say(args, current.id, "asked to stop; its lead ends it when it asks what to do next")
        if args.no_wait:
            return _say(args, current.id, "asked to stop")
        return _wait(args, project, store, current.id)


def _ask(store: Any, current: Any) -> None:
    from ..core.events import EventType
    from ..core.model import Event

    if not current.stop:
        store.record(current, [Event(EventType.STOP_REQUESTED, at=time.time())])


def _wait(args: argparse.Namespace, project: Any, store: Any, run_id: str) -> int:
    from ..core.words import RunState
    from ..state.driver import is_driven

    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not is_driven(project.locks, run_id):
            state = store.load(run_id).state
            told = (
                "stopped" if state is not RunState.RUNNING else "its driver is not alive; the next run goes on with it"
            )
            return _say(args, run_id, told)
        time.sleep(0.1)
    raise UserError(f"{run_id} has not stopped within {PATIENCE_S:.0f} s", hint="look at `orchestra status`")


def _say(args: argparse.Namespace, run_id: str, text: str) -> int:
    if args.json:
        print(json.dumps({"run": run_id or None, "message": text}))
    else:
        print(f"{run_id + ': ' if run_id else ''}{text}", file=sys.stderr)
    return Exit.DONE
