"""`orchestra hook EVENT`: what a client's hooks call through bin/orchestra-hook."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from ..errors import Exit
from ._client import workspace

EVENTS = ("session-start", "subagent-start", "subagent-stop", "pre-compact", "session-end")
# `/clear` ends the conversation, not the process that leads.
_GOES_ON = frozenset({"clear", "resume"})
_LIMIT = 1 << 20


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("hook", help="answer an event of the client (called by its hooks)")
    parser.add_argument("event", choices=EVENTS)
    parser.add_argument("--json", action="store_true", help="the answer is JSON, or nothing, in any case")


def run(args: argparse.Namespace) -> int:
    """Answer one event; whatever is wrong with its payload, the client goes on."""
    from ..config import load
    from ..drive import hooks
    from ..drive.caller import caller
    from ..project import find

    payload = _payload()
    project, who = find(args.directory), caller()
    if args.event == "session-start":
        _context("SessionStart", hooks.session_start(project, who, payload.get("source")))
    elif args.event == "subagent-start":
        _context("SubagentStart", hooks.agent_started(project, payload))
    elif args.event == "pre-compact":
        print(hooks.before_compaction(project, who), end="")
    elif args.event == "subagent-stop":
        config = load(project.config_path)
        _block(hooks.agent_stopped(project, config, workspace(project, config), who, payload))
    elif payload.get("reason") not in _GOES_ON:
        print(hooks.session_end(project, load(project.config_path), who), end="", file=sys.stderr)
    return Exit.DONE


def _payload() -> Mapping[str, Any]:
    try:
        data = json.loads(sys.stdin.buffer.read(_LIMIT))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _context(event: str, text: str) -> None:
    if text:
        print(json.dumps({"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}))


def _block(reason: str) -> None:
    if reason:
        print(json.dumps({"decision": "block", "reason": reason}))
