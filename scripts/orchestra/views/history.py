"""What one run did, as data: the answer to "what happened last night, and how do I know?"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from orchestra.core.events import EventType
from orchestra.core.model import Attempt, UnitState
from orchestra.errors import usage
from orchestra.plans.kiro.folders import SPECS
from orchestra.review import to_json
from orchestra.state.current import current

from .question import answered_with
from .record import Record, seconds
from .snapshot import Snapshot

if TYPE_CHECKING:
    from orchestra.project import Project
    from orchestra.state.store import Store

# Events that say how something went. The rest (turns, receipts, leases) is told where it belongs, or by `log`.
_TOLD = frozenset(
    {
        EventType.RUN_STARTED, EventType.RUN_RESUMED, EventType.RUN_ENDED, EventType.STOP_REQUESTED,
        EventType.GROUP_OPENED, EventType.GROUP_LANDED, EventType.GROUP_PUSHED, EventType.PUSH_SKIPPED,
        EventType.GROUP_DONE, EventType.GROUP_FAILED, EventType.GROUP_BLOCKED, EventType.ATTEMPT_STARTED,
        EventType.ATTEMPT_FAILED, EventType.SENT_BACK, EventType.UNIT_ACCEPTED, EventType.UNIT_FAILED,
        EventType.UNIT_BLOCKED, EventType.UNIT_SKIPPED, EventType.FIX_REQUESTED, EventType.DESIGN_ENDED,
        EventType.REVIEW_ENDED, EventType.UNIT_REVIEW_ENDED, EventType.UNIT_ASSIGNED, EventType.DECISION_ASKED,
        EventType.DECISION_ANSWERED, EventType.BACKEND_PARKED,
    }
)  # fmt: skip
_SAID = ("reason", "verdict", "answer", "commit", "ref", "tip", "state")


def history(project: Project, store: Store, run_id: str | None = None) -> dict[str, Any]:
    """The report of a run (default: the current one) as JSON data. Durations are in seconds, times ISO-8601 UTC.

    Raises UserError (usage) when there is no such run.
    """
    id = run_id or current(store, project.locks)
    rows = store.query("SELECT data FROM runs WHERE id = ?", id) if id else []
    if not rows or id is None:
        raise usage(f"There is no run {id}." if id else "Nothing has run yet.", "`orchestra log` shows what happened.")
    groups = [g for (g,) in store.query("SELECT DISTINCT group_id FROM events WHERE run = ? AND group_id <> ''", id)]
    snapshot = Snapshot.from_store(store, groups)
    return {
        **_head(store, id, rows[0][0]),
        "usage": store.usage(run=id),
        "timeline": list(_timeline(store, id)),
        "groups": [_group(project, store, record) for record in snapshot.groups.values()],
        "places": _places(project, id, snapshot),
    }


def _head(store: Store, id: str, data: str) -> dict[str, Any]:
    import json

    from orchestra.state.stamp import iso

    value = json.loads(data)
    times = store.query("SELECT min(at), max(at) FROM events WHERE run = ?", id)
    first, last = times[0] if times else (0.0, 0.0)
    return {
        "run": id,
        "state": value.get("state", ""),
        "reason": value.get("reason", ""),
        "workflow": value.get("workflow", ""),
        "started_at": iso(first or 0.0),
        "ended_at": iso(last or 0.0),
        "duration_s": round(max(0.0, (last or 0.0) - (first or 0.0)), 3),
    }


def _timeline(store: Store, id: str) -> Iterator[dict[str, Any]]:
    for event in store.log(run=id):
        if event["type"] in _TOLD:
            said = {key: event["data"][key] for key in _SAID if event["data"].get(key)}
            subject = event["attempt"] or event["unit"] or event["group"]
            yield {"seq": event["seq"], "at": event["at"], "type": event["type"], "subject": subject, **said}


def _group(project: Project, store: Store, record: Record) -> dict[str, Any]:
    group = record.group
    return {
        "id": group.id,
        "title": group.plan.title,
        "status": group.status,
        "reason": group.reason,
        "base": group.base,
        "tip": group.tip,
        "landed": group.landed,
        "pushed": group.pushed,
        "reviews": group.round,
        "verdict": group.verdict,
        "units": [_unit(project, store, record, unit) for unit in record.units],
        "attempts": [_attempt(project, record, a) for a in record.attempts if a.unit == group.id],
        "findings": [to_json(finding) for finding in record.findings],
        "decisions": [_decision(decision) for decision in record.decisions],
    }


def _unit(project: Project, store: Store, record: Record, unit: UnitState) -> dict[str, Any]:
    tries = record.tries(unit.id)
    return {
        "id": unit.id,
        "title": unit.plan.title,
        "status": unit.status,
        "reason": unit.reason,
        "commit": unit.commit,
        "files": list(record.files.get(unit.id, ())),
        "duration_s": round(seconds(tries), 3),
        "usage": store.usage(unit=unit.id),
        "attempts": [_attempt(project, record, attempt) for attempt in record.attempts if attempt.unit == unit.id],
    }


def _attempt(project: Project, record: Record, attempt: Attempt) -> dict[str, Any]:
    patch = project.quarantine / f"{attempt.ticket}.patch"
    return {
        "ticket": attempt.ticket,
        "role": attempt.role,
        "purpose": attempt.purpose,
        "tier": attempt.tier,
        "model": attempt.model,
        "backend": attempt.backend,
        "step": attempt.step,
        "turns": attempt.turn,
        "retries": attempt.retries,
        "duration_s": round(seconds((attempt,)), 3),
        "reason": attempt.reason,
        "notes": attempt.notes,
        "files": str(project.runs / attempt.run / attempt.ticket),
        "set_aside": {"paths": list(attempt.quarantine), "patch": str(patch)} if attempt.quarantine else None,
        "receipts": [_receipt(row) for row in record.receipts if row.ticket == attempt.ticket],
    }


def _receipt(row: Any) -> dict[str, Any]:
    keys = ("name", "command", "exit_code", "tree", "duration_ms", "log", "log_sha256")
    return {key: getattr(row, key) for key in keys}


def _decision(decision: Any) -> dict[str, Any]:
    return {key: getattr(decision, key) for key in ("id", "gate", "unit", "question", "options", "answer", "comment")}


def _places(project: Project, id: str, snapshot: Snapshot) -> dict[str, str]:
    begun = {attempt.run for record in snapshot.groups.values() for attempt in record.attempts}
    earlier = {f"turns of {run}": project.runs / run for run in sorted(begun - {id})}
    places = {
        "state": project.state_path, "turns": project.runs / id, "quarantine": project.quarantine,
        "worktrees": project.worktrees, "plan": project.milestones, "specs": project.root / SPECS, **earlier,
    }  # fmt: skip
    found = {name: str(path) for name, path in places.items() if path.exists()}
    learnt = {path.stem: str(path) for path in sorted((project.runs / id).glob("learnings-*.patch"))}
    return found | learnt


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The report as text for people."""
    why = f" ({_flat(report['reason'])})" if report["reason"] else ""
    yield f"Run {report['run']} ({report['workflow']}): {report['state']}{why}, {_took(report['duration_s'])}."
    yield _used(report["usage"])
    yield from ("", "Time line")
    yield from (_moment(moment) for moment in report["timeline"])
    for group in report["groups"]:
        yield from ("", *_group_lines(group))
    yield from ("", "Where everything lies")
    yield from (f"  {name}: {path}" for name, path in report["places"].items())


def _moment(moment: Mapping[str, Any]) -> str:
    said = ", ".join(_flat(str(moment[key])) for key in _SAID if key in moment)
    return f"  {moment['at'][11:19]}  {moment['type']:<17} {_flat(moment['subject'] or '')}  {said}".rstrip()


def _group_lines(group: Mapping[str, Any]) -> Iterator[str]:
    yield f"{group['id']} {_flat(group['title'])}: {_because(group)}"
    if group["verdict"]:
        yield f"  review: {group['verdict']} after {_count(group['reviews'], 'round')}"
    if group["landed"]:
        pushed = f", pushed to {group['pushed']}" if group["pushed"] else ", not pushed"
        yield f"  landed: {group['landed'][:12]}{pushed}"
    for unit in group["units"]:
        yield from _unit_lines(unit)
    for attempt in group["attempts"]:
        yield from _attempt_lines(attempt, "  ")
    for finding in group["findings"]:
        line = f":{finding['line']}" if finding["line"] else ""
        place = f" {finding['file']}{line}" if finding["file"] else ""
        yield f"  {finding['id']} {finding['severity']} {finding['status']}{place}: {_flat(finding['title'])}"
    for decision in group["decisions"]:
        waits = f"waiting: {answered_with(decision['id'], decision['options'], decision['unit'])}"
        yield f"  asked: {_flat(decision['question'])} {_flat(decision['answer'] or waits)}"


def _unit_lines(unit: Mapping[str, Any]) -> Iterator[str]:
    commit = f", commit {unit['commit'][:12]}" if unit["commit"] else ""
    yield f"  {unit['id']} {_flat(unit['title'])}: {_because(unit)}{commit}, {_took(unit['duration_s'])}"
    for attempt in unit["attempts"]:
        yield from _attempt_lines(attempt, "    ")


def _attempt_lines(attempt: Mapping[str, Any], indent: str) -> Iterator[str]:
    retries = f", {_count(attempt['retries'], 'retry', 'retries')}" if attempt["retries"] else ""
    why = f" ({_flat(attempt['reason'])})" if attempt["reason"] else ""
    took = _took(attempt["duration_s"])
    yield f"{indent}{attempt['ticket']} [{attempt['tier']}]: {attempt['step']}{why}, {took}{retries}"
    for receipt in attempt["receipts"]:
        took = _took(receipt["duration_ms"] / 1000)
        yield f"{indent}  {receipt['name']}: exit {receipt['exit_code']}, tree {receipt['tree'][:12]}, {took}"
    if attempt["set_aside"]:
        paths = ", ".join(_flat(path) for path in attempt["set_aside"]["paths"][:10])
        yield f"{indent}  set aside: {attempt['set_aside']['patch']} ({paths})"


def _because(thing: Mapping[str, Any]) -> str:
    return f"{thing['status']} ({_flat(thing['reason'])})" if thing["reason"] else str(thing["status"])


def _used(used: Mapping[str, Any]) -> str:
    turns = _count(used["turns"], "turn")
    return f"{turns}, {used['input']} tokens in, {used['output']} out, {used['cost_usd']:.2f} USD."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _took(duration_s: float) -> str:
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    hours, rest = divmod(int(duration_s), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def _flat(text: str) -> str:
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= 200 else flat[:199] + "…"
