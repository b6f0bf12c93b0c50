"""`orchestra stop`: asks what is under way to stop; it can be resumed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from ..errors import Exit, UserError

PATIENCE_S = 60.0
_UNDER_WAY = "SELECT 1 FROM attempts WHERE step NOT IN ('accepted', 'failed') LIMIT 1"


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("stop", help="stop the run; it can be resumed")
    parser.add_argument("--no-wait", action="store_true", help="do not wait until it has stopped")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from ..project import find
    from ..state.current import current, driven
    from ..state.store import Store

    project = find(args.directory)
    with Store.open(project.state_path) as store:
        # A hotfix beside a run, for one: who says stop means both.
        ids = driven(store, project.locks) or [current(store, project.locks) or ""]
        asked = {id_: _ask(store, id_) for id_ in ids}
        said = {id_: _stopped(args, project, store, id_) if asked[id_] else "nothing is running" for id_ in ids}
        ended = _end_left(project, store)
    return _say(args, said, ended)


def _end_left(project: Any, store: Any) -> Any:
    """End what drivers have left that were killed. Where there can be nothing, nothing heavy is loaded for it."""
    traces = (project.runs.glob(pattern) for pattern in ("*/windows", "*/*.land"))
    if not any(any(found) for found in traces) and not store.query(_UNDER_WAY):
        return None
    from ..config import load
    from ..core.words import Switch
    from ..drive.leftovers import end_left

    keep = load(project.config_path).tmux.keep_windows is Switch.ENABLED
    return end_left(project, store, keep_windows=keep)


def _ask(store: Any, id_: str) -> bool:
    """Ask a run to stop; False when it is over, or there is none."""
    from ..core.events import EventType
    from ..core.model import Event
    from ..core.words import RunState

    run = store.load(id_) if id_ else None
    if run is None or run.state is not RunState.RUNNING:
        return False
    if not run.stop:
        store.record(run, [Event(EventType.STOP_REQUESTED, at=time.time())])
    return True


def _stopped(args: argparse.Namespace, project: Any, store: Any, run_id: str) -> str:
    """What became of a run that was asked to stop, after waiting for it."""
    from ..state.armed import leads

    if leads(project.runs, run_id):
        return "asked to stop; its lead ends it when it asks what to do next"
    return "asked to stop" if args.no_wait else _waited(project, store, run_id)


def _waited(project: Any, store: Any, run_id: str) -> str:
    from ..core.words import RunState
    from ..state.driver import is_driven

    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if not is_driven(project.locks, run_id):
            ended = store.load(run_id).state is not RunState.RUNNING
            return "stopped" if ended else "its driver is not alive; the next run goes on with it"
        time.sleep(0.1)
    raise UserError(f"{run_id} has not stopped within {PATIENCE_S:.0f} s", hint="look at `orchestra status`")


def _say(args: argparse.Namespace, said: dict[str, str], ended: Any) -> int:
    told = [{"run": run_id or None, "message": text} for run_id, text in said.items()]
    if args.json:
        left = {"ended": {"agents": len(ended.programs), "windows": len(ended.panes)}} if ended else {}
        print(json.dumps({**told[0], "also": told[1:], **left}))
        return Exit.DONE
    for run_id, text in said.items():
        print(f"{run_id + ': ' if run_id else ''}{text}", file=sys.stderr)
    if ended:
        print(f"ended what killed runs had left: {ended}", file=sys.stderr)
    return Exit.DONE
