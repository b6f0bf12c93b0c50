"""The views of a `roundtable` run: the tasks as they were read, and where each stands, in the older tool's fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestra.core.events import EventType
from orchestra.core.findings import finding_id
from orchestra.core.index import SETTLED
from orchestra.core.model import Assignment, Event, Finding, Subtask, UnitState
from orchestra.core.owners import FIXES_BY_OWNER
from orchestra.core.words import FindingStatus, Role, Severity, Step, UnitKind, UnitStatus
from orchestra.state.stamp import iso

from .record import Record, short

PARSED, STATE = "TASKS_PARSED.json", "AGENT_STATE.json"
# Lines of each task of tasks.md by its id.
Details = Mapping[str, tuple[str, ...]]

_STATUS = {
    UnitStatus.PENDING: "not_started",
    UnitStatus.IN_PROGRESS: "in_progress",
    UnitStatus.REVIEW: "under_review",
    UnitStatus.DONE: "completed",
    UnitStatus.SKIPPED: "blocked",
    UnitStatus.FAILED: "blocked",
    UnitStatus.BLOCKED: "blocked",
    UnitStatus.NEEDS_HUMAN: "blocked",
}
_SEVERITY = {Severity.BLOCKING: "critical", Severity.IMPORTANT: "major", Severity.SUGGESTION: "minor"}
_WORST = ("critical", "major", "minor", "none")
_NO_ASSIGNMENT = Assignment()


def parsed(record: Record, details: Details) -> str:
    """The whole of TASKS_PARSED.json: the plan, before anything was done."""
    return _json({"spec_path": record.group.plan.path, "tasks": list(_parsed_tasks(record, details))})


def state(record: Record, details: Details) -> str:
    """The whole of AGENT_STATE.json: each task with its owner, reviews and fixes, and what waits for people."""
    found = {
        "spec_path": record.group.plan.path,
        "session_name": "roundtable",
        "tasks": [entry for unit in record.units for entry in _tasks(record, unit, details)],
        "review_findings": list(_review_findings(record)),
        "final_reports": list(_final_reports(record)),
        "blocked_items": list(_blocked_items(record)),
        "pending_decisions": list(_pending_decisions(record)),
        "deferred_fixes": list(_deferred_fixes(record)),
        "window_mapping": {
            short(u.id): u.assignment.target for u in record.units if u.assignment and u.assignment.target
        },
    }
    return _json(found)


def status_of(record: Record, unit: UnitState) -> str:
    """The older tool's word for where a unit stands."""
    if unit.status is UnitStatus.PENDING and unit.findings:
        return "fix_required"
    if unit.status is UnitStatus.SKIPPED and unit.plan.optional:
        return "not_started"
    if unit.status is UnitStatus.REVIEW and not unit.reports and not _under_review(record, unit):
        return "pending_review"
    return _STATUS[unit.status]


def waiting_for(record: Record, unit_id: str) -> list[str]:
    """The units that cannot begin before this one is done, also through others."""
    found, queue = dict[str, None](), [unit_id]
    while queue:
        needed = queue.pop(0)
        for unit in record.units:
            if needed in unit.plan.depends_on and unit.id not in found and unit.status not in SETTLED:
                found[unit.id] = None
                queue.append(unit.id)
    return list(found)


def _under_review(record: Record, unit: UnitState) -> bool:
    return any(a.unit == unit.id and a.live and a.role is Role.REVIEWER for a in record.attempts)


def _json(found: dict[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


# Tasks


def _parsed_tasks(record: Record, details: Details) -> Iterator[dict[str, Any]]:
    for unit in record.units:
        plan = unit.plan
        yield _entry(
            record, details, short(unit.id), plan.title, done=plan.done, optional=plan.optional, **_of_plan(unit)
        )
        for task in plan.subtasks:
            yield _entry(
                record, details, task.id, task.title, done=task.done, optional=task.optional, parent_id=short(unit.id)
            )


def _of_plan(unit: UnitState) -> dict[str, Any]:
    plan = unit.plan
    return {
        "dependencies": [short(needed) for needed in plan.depends_on],
        "subtasks": [task.id for task in plan.subtasks],
        "writes": list(plan.writes),
        "reads": list(plan.reads),
    }


def _entry(
    record: Record, details: Details, id_: str, title: str, *, done: bool, optional: bool, **more: Any
) -> dict[str, Any]:
    """One task with every field that it has from the beginning."""
    found: dict[str, Any] = {
        "task_id": id_,
        "description": title,
        "type": str(UnitKind.CODE),
        "status": "completed" if done else "not_started",
        "dependencies": [],
        "is_optional": optional,
        "created_at": iso(record.group.opened_at),
        "subtasks": [],
        "writes": [],
        "reads": [],
        "fix_attempts": 0,
        "max_fix_attempts": FIXES_BY_OWNER + 1,
        "escalated": False,
        "review_history": [],
        "details": list(details.get(id_, ())),
    }
    return found | more


def _tasks(record: Record, unit: UnitState, details: Details) -> Iterator[dict[str, Any]]:
    plan = unit.plan
    entry = _entry(record, details, short(unit.id), plan.title, done=False, optional=plan.optional, **_of_plan(unit))
    yield entry | _progress(record, unit)
    for task in plan.subtasks:
        yield _entry(
            record,
            details,
            task.id,
            task.title,
            done=False,
            optional=task.optional,
            status=_part_status(record, unit, task),
            parent_id=short(unit.id),
        )


def _part_status(record: Record, unit: UnitState, task: Subtask) -> str:
    if task.done:
        return "completed"
    # An optional part is done with its unit only when somebody says so.
    return "not_started" if task.optional else status_of(record, unit)


def _progress(record: Record, unit: UnitState) -> dict[str, Any]:
    """What has become of a unit, in the older tool's fields and a few more."""
    given, history = unit.assignment, list(_review_history(record, unit))
    escalated = unit.fixes > FIXES_BY_OWNER
    found: dict[str, Any] = {"status": status_of(record, unit), "fix_attempts": unit.fixes, "escalated": escalated}
    found["review_history"] = history
    found["last_review_severity"] = history[-1]["severity"] if history else None
    if given is not None:
        found |= {"type": str(given.kind), "owner_agent": given.owner, "criticality": str(given.criticality)}
        found |= {"target_window": given.target, "assigned_by": str(given.source)}
    if escalated:
        found["original_agent"] = (given or _NO_ASSIGNMENT).owner
    return found | _outcome(record, unit)


def _outcome(record: Record, unit: UnitState) -> dict[str, Any]:
    found: dict[str, Any] = {"attempts": unit.attempts}
    if status_of(record, unit) == "blocked":
        found["blocked_reason"] = unit.reason
    if files := record.files.get(unit.id):
        found["files_changed"] = list(files)
    if unit.commit:
        found["commit"] = unit.commit
    tries = record.tries(unit.id)
    if tries and tries[-1].final:
        found["output"] = tries[-1].final
    if tries and tries[-1].step is Step.FAILED:
        found |= {"exit_code": 1, "error": tries[-1].reason}
    if unit.status is UnitStatus.DONE and tries:
        found |= {"exit_code": 0, "completed_at": iso(tries[-1].ended_at)}
    return found


def _review_history(record: Record, unit: UnitState) -> Iterator[dict[str, Any]]:
    ended = [e for e in record.reviews if e.type == EventType.UNIT_REVIEW_ENDED and e.unit == unit.id]
    for number, event in enumerate(ended):
        findings = [f for f in event.data["findings"] if f["status"] == FindingStatus.OPEN]
        yield {
            "attempt": number,
            "severity": _worst(f["severity"] for f in findings),
            "findings": [_told(f) for f in findings],
            "reviewed_at": iso(event.at),
        }


def _told(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": finding["id"],
        "severity": _SEVERITY[Severity(finding["severity"])],
        "summary": finding["title"],
        "details": finding.get("detail", ""),
        "file": finding.get("file", ""),
        "line": finding.get("line", 0),
        "said": list(finding.get("said", ())),
    }


def _worst(severities: Iterable[str]) -> str:
    return min((_SEVERITY[Severity(one)] for one in severities), key=_WORST.index, default="none")


# Lists beside the tasks


def _review_findings(record: Record) -> Iterator[dict[str, Any]]:
    for event in record.reviews:
        if event.type != EventType.UNIT_REVIEWED:
            continue
        head = {"task_id": short(event.unit), "reviewer": event.attempt}
        said = [_reported(record, event.unit, entry) for entry in event.data["findings"]]
        for one in said or [{"severity": "none", "summary": "nothing was found", "details": ""}]:
            yield {**head, **one, "created_at": iso(event.at)}


def _reported(record: Record, unit: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a reviewer said, with the finding that it has become; one that is named by its id may leave out the rest."""
    line, found = entry.get("line") or 0, _become(record, unit, entry)
    severity = entry.get("severity") or (found.severity if found else "")
    return {
        "id": found.id if found else "",
        "severity": _SEVERITY[Severity(severity)] if severity else "none",
        "summary": entry.get("title") or (found.title if found else "") or entry.get("id") or "",
        "details": entry.get("detail") or "",
        "file": found.file if found else entry.get("file") or "",
        "line": line or (found.line if found else 0),
    }


def _become(record: Record, unit: str, entry: Mapping[str, Any]) -> Finding | None:
    """The finding that an entry belongs to: the one it names, else the nearest of the same file and title."""
    mine = [finding for finding in record.findings if finding.unit == unit]
    named = next((finding for finding in mine if finding.id == entry.get("id")), None)
    said = finding_id(unit, entry.get("file") or "", entry.get("title") or "")
    alike = (finding for finding in mine if finding_id(unit, finding.file, finding.title) == said)
    return named or min(alike, key=lambda finding: abs(finding.line - (entry.get("line") or 0)), default=None)


def _final_reports(record: Record) -> Iterator[dict[str, Any]]:
    for event in _last_rounds(record):
        still = [f for f in event.data["findings"] if f["status"] == FindingStatus.OPEN]
        yield {
            "task_id": short(event.unit),
            "overall_severity": _worst(f["severity"] for f in still),
            "summary": f"{event.data['verdict']} after round {event.data['round']}",
            "finding_count": len(event.data["findings"]),
            "created_at": iso(event.at),
        }


def _last_rounds(record: Record) -> list[Event]:
    last = {event.unit: event for event in record.reviews if event.type == EventType.UNIT_REVIEW_ENDED}
    return [last[unit.id] for unit in record.units if unit.id in last]


def _blocked_items(record: Record) -> Iterator[dict[str, Any]]:
    for unit in record.units:
        waiting = waiting_for(record, unit.id)
        if status_of(record, unit) == "blocked" and unit.status is not UnitStatus.SKIPPED:
            yield {
                "task_id": short(unit.id),
                "blocking_reason": unit.reason,
                "dependent_tasks": [short(one) for one in waiting],
                "created_at": _last_try(record, unit),
            }


def _last_try(record: Record, unit: UnitState) -> str:
    about = [a for a in record.attempts if a.unit == unit.id]
    return iso(about[-1].ended_at or about[-1].started_at) if about else iso(record.group.opened_at)


def _pending_decisions(record: Record) -> Iterator[dict[str, Any]]:
    for decision in record.decisions:
        if decision.pending:
            yield {
                "id": decision.id,
                "task_id": short(decision.unit),
                "priority": "critical" if decision.unit else "high",
                "context": decision.question,
                "options": list(decision.options),
                "created_at": iso(record.asked.get(decision.id, 0.0)),
            }


def _deferred_fixes(record: Record) -> Iterator[dict[str, Any]]:
    spoke = [event for event in record.reviews if event.type == EventType.UNIT_REVIEW_ENDED]
    found = {finding["id"]: event.at for event in reversed(spoke) for finding in event.data["findings"]}
    for finding in deferred(record):
        yield {
            "task_id": short(finding.unit),
            "id": finding.id,
            "description": finding.title,
            "file": finding.file,
            "line": finding.line,
            "severity": _SEVERITY[finding.severity],
            "status": str(finding.status),
            "created_at": iso(found.get(finding.id, 0.0)),
        }


def deferred(record: Record) -> list[Finding]:
    """What reviews have found and nobody mends now: suggestions, what was parked or waived, and whatever is open of a
    unit that somebody has skipped."""
    skipped = {unit.id for unit in record.units if unit.status is UnitStatus.SKIPPED}
    return [f for f in sorted(record.findings, key=lambda f: f.id) if _is_left(f, f.unit in skipped)]


def _is_left(finding: Finding, skipped: bool) -> bool:
    if finding.status is FindingStatus.OPEN:
        return skipped or finding.severity is Severity.SUGGESTION
    return finding.status in (FindingStatus.PARKED, FindingStatus.WAIVED)
