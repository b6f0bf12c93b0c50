"""What is read from the database: the log, receipts, usage, and the summary behind `status`.

Each costs what it returns, never what the database holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestra.core.model import Event

from .database import Database, Row
from .stamp import iso

LOG_COLUMNS = "seq, at, run, epoch, type, group_id, unit, attempt, data"
# The log is read in pages: a reader that stays in one transaction keeps the write-ahead log from being emptied.
_PAGE = 500


@dataclass(frozen=True)
class Summary:
    """`run` is the newest run's own fields or None; `groups` are dicts id, title, path, status, stage, run and
    `counts` (units by status); `decisions` are the pending ones of every run, as dicts of a Decision's fields.
    """

    run: dict[str, Any] | None
    groups: list[dict[str, Any]]
    decisions: list[dict[str, Any]]


def log(db: Database, since: int, run: str | None, group: str | None) -> Iterator[dict[str, Any]]:
    sql, values = log_query(run, group)
    while True:
        page = db.rows(sql, *values, since, _PAGE)
        yield from (_logged(row) for row in page)
        if len(page) < _PAGE:
            return
        since = page[-1][0]


def log_query(run: str | None, group: str | None) -> tuple[str, list[str]]:
    """The statement for one page; its last two values are the seq to start after and the page's size."""
    wanted = {name: value for name, value in (("run", run), ("group_id", group)) if value is not None}
    where = "".join(f"{name} = ? AND " for name in wanted)
    return f"SELECT {LOG_COLUMNS} FROM events WHERE {where}seq > ? ORDER BY seq LIMIT ?", list(wanted.values())


def _logged(row: Row) -> dict[str, Any]:
    seq, at, run, epoch, type_, group, unit, attempt, data = row
    return _line(seq, at, run, epoch, type_, group, unit, attempt, json.loads(data))


def logged(event: Event) -> dict[str, Any]:
    """An event that the store has taken, as the log shows it."""
    head = (event.seq, event.at, event.run, event.epoch, str(event.type))
    return _line(*head, event.group, event.unit, event.attempt, event.data)


def _line(
    seq: int, at: float, run: str, epoch: int, type_: str, group: str, unit: str, attempt: str, data: dict[str, Any]
) -> dict[str, Any]:
    where = {"group": group or None, "unit": unit or None, "attempt": attempt or None}
    head = {"seq": seq, "at": iso(at), "run": run or None, "epoch": epoch, "type": type_}
    return {**head, **where, "data": data}


def last_event(db: Database, type_: str, group: str) -> dict[str, Any] | None:
    row = db.one(
        f"SELECT {LOG_COLUMNS} FROM events WHERE group_id = ? AND type = ? ORDER BY seq DESC LIMIT 1", group, str(type_)
    )
    return _logged(row) if row else None


def receipts(db: Database, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
    where, values = _where(wanted)
    found = db.rows(f"SELECT seq, run, group_id, unit, attempt, data FROM receipts{where} ORDER BY seq", *values)
    return [_receipt(row) for row in found]


def _receipt(row: Row) -> dict[str, Any]:
    seq, run, group, unit, attempt, data = row
    return {**json.loads(data), "seq": seq, "run": run, "group": group, "unit": unit, "attempt": attempt}


def known_receipt(db: Database, name: str, command: str, tree: str, unit: str) -> dict[str, Any] | None:
    row = db.one(
        "SELECT seq, run, group_id, unit, attempt, data FROM receipts WHERE tree = ?1 AND name = ?2 AND command = ?3 "
        "AND ?4 IN ('', unit) ORDER BY seq DESC LIMIT 1",
        *(tree, name, command, unit),
    )
    return _receipt(row) if row else None


def usage(db: Database, wanted: Mapping[str, str]) -> dict[str, Any]:
    where, values = _where(wanted)
    row = db.one(f"SELECT total(input), total(output), total(cost_usd), count(*) FROM usage{where}", *values)
    used_in, used_out, cost, turns = row or (0, 0, 0.0, 0)
    return {"input": int(used_in), "output": int(used_out), "cost_usd": cost, "turns": turns}


def _where(wanted: Mapping[str, str]) -> tuple[str, list[str]]:
    given = {name: value for name, value in wanted.items() if value}
    return (" WHERE " if given else "") + " AND ".join(f"{name} = ?" for name in given), list(given.values())


def summary(db: Database, run_id: str | None) -> Summary:
    counts: dict[str, dict[str, int]] = {}
    for group, status, n in db.rows("SELECT group_id, status, n FROM unit_counts WHERE n > 0"):
        counts.setdefault(group, {})[status] = n
    listed = db.rows("SELECT id, title, path, status, stage, run FROM groups ORDER BY ord, id")
    groups = [
        {
            "id": id,
            "title": title,
            "path": path,
            "status": status,
            "stage": stage,
            "run": run,
            "counts": counts.get(id, {}),
        }
        for id, title, path, status, stage, run in listed
    ]
    return Summary(_run(db, run_id), groups, _pending(db))


def _run(db: Database, run_id: str | None) -> dict[str, Any] | None:
    row = db.one("SELECT data FROM runs WHERE id = ?", run_id) if run_id else None
    return dict(json.loads(row[0])) if row else None


def _pending(db: Database) -> list[dict[str, Any]]:
    """A question belongs to the run that owns its group now: one that went on with the group copied it."""
    found = db.rows(
        "SELECT d.data FROM decisions d JOIN groups g ON g.id = d.group_id AND g.run = d.run"
        " WHERE d.pending = 1 ORDER BY g.ord, d.rowid"
    )
    return [json.loads(data) for (data,) in found]


def units_json(db: Database, liveness: Mapping[str, str]) -> dict[str, str]:
    found = db.rows("SELECT group_id, group_concat(brief) FROM units GROUP BY group_id")
    texts = {group: f"[{text}]" for group, text in found}
    # Few units are at work at once, so theirs are put in afterwards. A brief has bare quotes, which a JSON text can
    # only hold escaped: it cannot be part of another one.
    for group, unit, brief in db.rows("SELECT group_id, id, brief FROM units WHERE status = 'in-progress'"):
        if unit in liveness:
            shown = {**json.loads(brief), "liveness": liveness[unit]}
            texts[group] = texts[group].replace(brief, json.dumps(shown, separators=(",", ":")), 1)
    return texts


def live_units(db: Database) -> list[str]:
    return [unit for (unit,) in db.rows("SELECT id FROM units WHERE status = 'in-progress' ORDER BY id")]
