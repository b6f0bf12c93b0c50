"""What past work took, cost and taught, measured from the state.

Everything is summed up in the database: one query a subject, whatever the number of milestones and units.
Durations are in seconds, of wall-clock time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestra.core.events import EventType
from orchestra.core.words import Complexity, FindingStatus, Severity, Stage
from orchestra.errors import usage as bad_usage

if TYPE_CHECKING:
    from orchestra.state.store import Store

Rows = dict[str, list[tuple[Any, ...]]]

_MOST = 50
_PATTERNS = 20
_CHOSEN = "group_id IN (SELECT value FROM json_each(?1))"
# A run that goes on with an earlier one's group copies its rows: the newest copy counts.
_NEWEST = "NOT EXISTS (SELECT 1 FROM {table} n WHERE n.id = t.id AND n.rowid > t.rowid)"
_TOOK = "max(0, json_extract(t.data, '$.ended_at') - t.started_at) * (json_extract(t.data, '$.ended_at') > 0)"
# The same receipt may be on record twice: a green one stands for a run of its command on the same tree.
_RECEIPTS = (
    "SELECT DISTINCT group_id, unit, name, tree, exit_code, coalesce(json_extract(data, '$.duration_ms'), 0) AS took, "
    f"json_extract(data, '$.log') AS log FROM receipts WHERE {_CHOSEN}"
)
_FIRST = "substr({0}, 1, instr({0} || char(10), char(10)) - 1)"
_ENDS = (EventType.GROUP_DONE, EventType.GROUP_FAILED, EventType.GROUP_BLOCKED)


def rewind(store: Store, wanted: Sequence[str] = ()) -> dict[str, Any]:
    """The history of these milestones (default: all that a run has opened) as JSON data.

    Raises UserError (usage) for a milestone that the state does not know.
    """
    store.db.run("BEGIN")
    try:
        heads = _heads(store, wanted)
        ids = json.dumps([head["id"] for head in heads])
        groups = [_group(head, parts) for head, parts in zip(heads, _parts(store, heads, ids), strict=True)]
        return {"groups": groups, "totals": _totals(groups), "patterns": list(_patterns(store, ids))}
    finally:
        store.db.run("COMMIT")


def _heads(store: Store, wanted: Sequence[str]) -> list[dict[str, Any]]:
    sql = (
        "SELECT id, title, status, json_extract(data, '$.opened_at'), json_extract(data, '$.closed_at'), "
        "json_extract(data, '$.reason') FROM groups ORDER BY ord, id"
    )
    keys = ("id", "title", "status", "opened_at", "closed_at", "reason")
    found = {row[0]: dict(zip(keys, row, strict=True)) for row in store.query(sql)}
    unknown = next((id for id in wanted if id not in found), None)
    if unknown is not None:
        raise bad_usage(f"no run has worked on {unknown[:60]}", "`orchestra status` lists the milestones")
    chosen = set(wanted)
    return [head for id, head in found.items() if (id in chosen if chosen else head["opened_at"])]


# Reading: each gives rows by group


def _parts(store: Store, heads: Sequence[Mapping[str, Any]], ids: str) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    read = {
        "stages": _events(store, ids, "type, at, json_extract(data, '$.stage')", _STAGE_TYPES),
        "units": _units(store, ids),
        "tries": _tries(store, ids),
        "proofs": _proofs(store, ids),
        "used": _by_group(store, ids, "SELECT group_id, unit, total(input), total(output), total(cost_usd), count(*) "
                          f"FROM usage WHERE {_CHOSEN} GROUP BY 1, 2"),
        "tiers": _tiers(store, ids),
        "reviews": _events(store, ids, "json_extract(data, '$.verdict')", (EventType.REVIEW_ENDED,)),
        "plans": _events(store, ids, "json_extract(data, '$.reviewer'), json_extract(data, '$.verdict')",
                         (EventType.PLAN_REVIEWED,)),
        "findings": _findings(store, ids),
        "asked": _events(store, ids, "type, at, data", (EventType.DECISION_ASKED, EventType.DECISION_ANSWERED)),
        "aside": _aside(store, ids),
        "learnt": _learnt(store, ids),
    }  # fmt: skip
    for head in heads:
        yield {name: rows.get(head["id"], []) for name, rows in read.items()}


_STAGE_TYPES = (EventType.GROUP_OPENED, EventType.STAGE_ENTERED, *_ENDS)


def _by_group(store: Store, ids: str, sql: str, *more: object) -> Rows:
    found: Rows = defaultdict(list)
    for group, *rest in store.query(sql, ids, *more):
        found[group].append(tuple(rest))
    return found


def _events(store: Store, ids: str, columns: str, types: Iterable[EventType]) -> Rows:
    marks = ", ".join(f"'{type_.value}'" for type_ in types)
    sql = f"SELECT group_id, {columns} FROM events WHERE {_CHOSEN} AND type IN ({marks}) ORDER BY seq"
    return _by_group(store, ids, sql)


def _units(store: Store, ids: str) -> Rows:
    columns = "group_id, id, json_extract(data, '$.plan.title'), status, json_extract(data, '$.reason')"
    return _by_group(store, ids, f"SELECT {columns} FROM units WHERE {_CHOSEN} ORDER BY ord, id")


def _tries(store: Store, ids: str) -> Rows:
    """For each unit, reviews and designs under the group's own id: attempts, sent back, seconds."""
    sums = f"count(*), total(json_extract(t.data, '$.retries')), total({_TOOK})"
    where = f"{_CHOSEN} AND {_NEWEST.format(table='attempts')}"
    return _by_group(store, ids, f"SELECT group_id, unit, {sums} FROM attempts t WHERE {where} GROUP BY 1, 2")


def _tiers(store: Store, ids: str) -> Rows:
    sums = f"count(*), total(step = 'failed'), total(json_extract(t.data, '$.retries')), total({_TOOK})"
    where = f"{_CHOSEN} AND {_NEWEST.format(table='attempts')}"
    sql = f"SELECT group_id, json_extract(t.data, '$.tier') AS tier, {sums} FROM attempts t WHERE {where} GROUP BY 1, 2"
    return _by_group(store, ids, sql)


def _proofs(store: Store, ids: str) -> Rows:
    sums = "count(*), total(exit_code <> 0), total(took) / 1000.0"
    return _by_group(store, ids, f"SELECT group_id, unit, {sums} FROM ({_RECEIPTS}) GROUP BY 1, 2")


def _findings(store: Store, ids: str) -> Rows:
    where = f"{_CHOSEN} AND {_NEWEST.format(table='findings')}"
    return _by_group(
        store, ids, f"SELECT group_id, severity, status, count(*) FROM findings t WHERE {where} GROUP BY 1, 2, 3"
    )


def _aside(store: Store, ids: str) -> Rows:
    sql = (
        "SELECT group_id, outside.value, count(*) FROM events, json_each(events.data, '$.outside') AS outside "
        f"WHERE {_CHOSEN} AND events.type = 'scope-checked' GROUP BY 1, 2 ORDER BY 3 DESC, 2"
    )
    return _by_group(store, ids, sql)


def _learnt(store: Store, ids: str) -> Rows:
    sql = (
        "SELECT group_id, events.unit, learnt.value FROM events, json_each(events.data, '$.learnings') AS learnt "
        f"WHERE {_CHOSEN} AND events.type = 'turn-ended' ORDER BY events.seq"
    )
    return _by_group(store, ids, sql)


# Putting together


def _group(head: Mapping[str, Any], parts: Mapping[str, list[tuple[Any, ...]]]) -> dict[str, Any]:
    from orchestra.state.stamp import iso

    opened, closed = head["opened_at"] or 0.0, head["closed_at"] or 0.0
    units = list(_unit_rows(parts))
    return {
        "id": head["id"],
        "title": head["title"],
        "status": head["status"],
        "reason": head["reason"] or "",
        "opened_at": iso(opened) if opened else None,
        "closed_at": iso(closed) if closed else None,
        "duration_s": round(max(0.0, closed - opened), 3) if closed else None,
        "stages": _stages(parts["stages"]),
        "units": units,
        "tiers": _tier_table(parts["tiers"]),
        "verification": _summed(parts["proofs"], ("commands", "failed", "duration_s")),
        "usage": _summed(parts["used"], ("input", "output", "cost_usd", "turns")),
        "reviews": [verdict for (verdict,) in parts["reviews"]],
        "plan_reviews": [{"reviewer": who, "verdict": verdict} for who, verdict in parts["plans"]],
        "findings": _finding_table(parts["findings"]),
        "decisions": list(_decisions(parts["asked"])),
        "set_aside": [{"path": path, "times": times} for path, times in parts["aside"][:_MOST]],
        "learnings": [{"unit": unit, "text": text} for unit, text in dict.fromkeys(parts["learnt"])][:_MOST],
    }


def _unit_rows(parts: Mapping[str, list[tuple[Any, ...]]]) -> Iterator[dict[str, Any]]:
    tries = {unit: rest for unit, *rest in parts["tries"]}
    proofs = {unit: rest for unit, *rest in parts["proofs"]}
    used = {unit: rest for unit, *rest in parts["used"]}
    for id, title, status, reason in parts["units"]:
        count, retries, took = tries.get(id, (0, 0, 0.0))
        _, failed, proving = proofs.get(id, (0, 0, 0.0))
        spent_in, spent_out, cost, turns = used.get(id, (0, 0, 0.0, 0))
        yield {
            "id": id, "title": title, "status": status, "reason": reason or "", "duration_s": round(took, 3),
            "attempts": count, "retries": int(retries), "verification_s": round(proving, 3),
            "verification_failed": int(failed), "input": int(spent_in), "output": int(spent_out),
            "cost_usd": round(cost, 6), "turns": turns,
        }  # fmt: skip


def _stages(moments: Sequence[tuple[Any, ...]]) -> dict[str, float]:
    """How long each stage was the current one. A design is the only stage that `units` is entered from."""
    found: dict[str, float] = {}
    stage, since = "", 0.0
    for number, (type_, at, entered) in enumerate(moments):
        if stage:
            found[stage] = round(found.get(stage, 0.0) + max(0.0, at - since), 3)
        if type_ == EventType.GROUP_OPENED:
            following = next((row[2] for row in moments[number + 1 :] if row[0] == EventType.STAGE_ENTERED), "")
            entered = Stage.DESIGN.value if following == Stage.UNITS else Stage.UNITS.value
        stage, since = ("" if type_ in _ENDS else str(entered)), at
    return found


def _tier_table(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[str, Any]]:
    order = [word.value for word in Complexity]
    return {
        tier: {"attempts": count, "failed": int(failed), "retries": int(retries), "duration_s": round(took, 3)}
        for tier, count, failed, retries, took in sorted(rows, key=lambda row: order.index(row[0]))
    }


def _finding_table(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    known = {(severity, status): count for severity, status, count in rows}
    return {
        severity.value: {status.value: known.get((severity, status), 0) for status in FindingStatus}
        for severity in Severity
        if any(row[0] == severity for row in rows)
    }


def _decisions(rows: Sequence[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Each question with its answer, who gave it (`terminal`, `decide`, `run`), and how long it waited."""
    asked: dict[str, dict[str, Any]] = {}
    times: dict[str, float] = {}
    for type_, at, text in rows:
        data = json.loads(text)
        if type_ == EventType.DECISION_ASKED:
            one = data["decision"]
            blank = {"answer": None, "by": None, "waited_s": None}
            asked[one["id"]] = {"id": one["id"], "gate": one.get("gate"), "question": one.get("question", ""), **blank}
            times[one["id"]] = at
        elif data.get("id") in asked:
            waited = round(max(0.0, at - times[data["id"]]), 3)
            asked[data["id"]].update(answer=data.get("answer"), by=data.get("by"), waited_s=waited)
    yield from asked.values()


def _summed(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> dict[str, Any]:
    """The columns after the first, added up."""
    sums = [sum(row[n] for row in rows) for n in range(1, len(names) + 1)]
    return {
        name: round(value, 6) if name in ("duration_s", "cost_usd") else int(value)
        for name, value in zip(names, sums, strict=True)
    }


def _totals(groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    units = [unit for group in groups for unit in group["units"]]
    statuses: dict[str, int] = defaultdict(int)
    for unit in units:
        statuses[unit["status"]] += 1
    tiers: dict[str, dict[str, float]] = {}
    for group in groups:
        for tier, row in group["tiers"].items():
            into = tiers.setdefault(tier, dict.fromkeys(row, 0))
            tiers[tier] = {name: round(into[name] + row[name], 3) for name in row}
    return {
        "groups": len(groups),
        "units": len(units),
        "statuses": dict(statuses),
        "duration_s": round(sum(group["duration_s"] or 0.0 for group in groups), 3),
        "tiers": {word.value: tiers[word.value] for word in Complexity if word.value in tiers},
        "verification": _added(group["verification"] for group in groups),
        "usage": _added(group["usage"] for group in groups),
    }


def _added(tables: Iterable[Mapping[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for table in tables:
        for name, value in table.items():
            found[name] = round(found.get(name, 0) + value, 6)
    return found


# What happens again and again


def _patterns(store: Store, ids: str) -> Iterator[dict[str, Any]]:
    """What happened more than once, the most frequent first, with the milestones it happened in."""
    seen: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for kind, sql in _REPEATED.items():
        for group, rows in _by_group(store, ids, sql).items():
            for what, times in rows:
                seen[kind, " ".join(str(what).split())[:200]][group] = times
    often = [(sum(where.values()), kind, what, where) for (kind, what), where in seen.items() if what]
    ranked = sorted((one for one in often if one[0] > 1), key=lambda one: (-one[0], one[1], one[2]))
    for times, kind, what, where in ranked[:_PATTERNS]:
        yield {"kind": kind, "what": what, "times": times, "groups": sorted(where, key=lambda id: (len(id), id))}


def _data(name: str) -> str:
    return f"json_extract(data, '$.{name}')"


_OF_EVENTS = f"FROM events WHERE {_CHOSEN} AND type = "
_REPEATED = {
    "verification failed": f"SELECT group_id, name, count(*) FROM ({_RECEIPTS}) WHERE exit_code <> 0 GROUP BY 1, 2",
    "sent back": f"SELECT group_id, {_FIRST.format(_data('feedback'))} AS what, count(*) {_OF_EVENTS}"
    "'sent-back' GROUP BY 1, 2",
    "attempt failed": f"SELECT group_id, {_FIRST.format(_data('reason'))} AS what, count(*) {_OF_EVENTS}"
    "'attempt-failed' GROUP BY 1, 2",
    "turn ended": f"SELECT group_id, {_data('exit_class')} AS what, count(*) {_OF_EVENTS}"
    "'turn-ended' AND what <> 'ok' GROUP BY 1, 2",
    "set aside": "SELECT group_id, outside.value, count(*) FROM events, json_each(events.data, '$.outside') AS outside "
    f"WHERE {_CHOSEN} AND events.type = 'scope-checked' GROUP BY 1, 2",
    "found in review": "SELECT group_id, json_extract(t.data, '$.title'), count(*) FROM findings t "
    f"WHERE {_CHOSEN} AND {_NEWEST.format(table='findings')} GROUP BY 1, 2",
    "asked": f"SELECT group_id, json_extract(data, '$.decision.gate'), count(*) {_OF_EVENTS}"
    "'decision-asked' GROUP BY 1, 2",
}
