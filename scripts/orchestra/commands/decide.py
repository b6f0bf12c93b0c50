"""`orchestra decide`: lists the questions that wait for a person, or answers one."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from ..errors import Exit, usage


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("decide", help="answer a question that a run has asked")
    parser.add_argument("id", nargs="?", metavar="ID", help="the question, such as M1-D1 (default: list them)")
    parser.add_argument("answer", nargs="?", metavar="ANSWER", help="one of its options")
    parser.add_argument("comment", nargs="*", metavar="COMMENT", help="words for the agent that goes on with it")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    from ..project import find
    from ..state.store import Store

    project = find(args.directory)
    with Store.open(project.state_path) as store:
        waiting = _waiting(store)
        if args.id is None:
            return _list(args, list(waiting.values()))
        run_id, decision = _chosen(args, waiting)
        _answer(store, run_id, decision, args)
    return _say(args, decision)


def _waiting(store: Any) -> dict[str, Any]:
    """Open questions by id, each with the run that owns its group now."""
    from ..core.codec import decode
    from ..core.model import Decision

    rows = store.query(
        "SELECT d.run, d.data FROM decisions d JOIN groups g ON g.id = d.group_id AND g.run = d.run "
        "WHERE d.pending ORDER BY g.ord, d.id"
    )
    found = ((run_id, decode(Decision, json.loads(data))) for run_id, data in rows)
    return {decision.id.lower(): (run_id, decision) for run_id, decision in found}


def _list(args: argparse.Namespace, waiting: list[Any]) -> int:
    from ..views.question import answered_with

    if args.json:
        shown = [{"id": d.id, "question": d.question, "options": list(d.options)} for _, d in waiting]
        print(json.dumps({"decisions": shown}, ensure_ascii=False))
        return Exit.DONE
    for _, decision in waiting:
        print(f"{decision.id}: {decision.question}\n  {answered_with(decision.id, decision.options, decision.unit)}")
    if not waiting:
        print("nothing waits for you", file=sys.stderr)
    return Exit.DONE


def _chosen(args: argparse.Namespace, waiting: dict[str, Any]) -> tuple[str, Any]:
    found = waiting.get(args.id.lower())
    if found is None:
        raise usage(f"there is no open question {args.id}", "`orchestra decide` lists them")
    options = found[1].options
    if args.answer not in options:
        raise usage(f"{args.answer or 'nothing'} is not an answer to {args.id}", f"answer one of {', '.join(options)}")
    return found[0], found[1]


def _answer(store: Any, run_id: str, decision: Any, args: argparse.Namespace) -> None:
    from ..core.apply import IllegalTransition
    from ..core.events import EventType
    from ..core.model import Event

    data = {"id": decision.id, "answer": args.answer, "comment": " ".join(args.comment), "by": "decide"}
    event = Event(EventType.DECISION_ANSWERED, group=decision.group, unit=decision.unit, data=data, at=time.time())
    try:
        store.record(store.load(run_id), [event])
    except IllegalTransition as error:
        raise usage(
            f"{decision.id} cannot be answered any more: {error}", "`orchestra decide` lists what waits"
        ) from error


def _say(args: argparse.Namespace, decision: Any) -> int:
    if args.json:
        print(json.dumps({"id": decision.id, "answer": args.answer}))
    else:
        goes_on = "A run that is under way goes on; else start one: `/orchestra start` or `orchestra run`."
        print(f"{decision.id}: {args.answer}. {goes_on}", file=sys.stderr)
    return Exit.DONE
