"""Where everything stands, from the state and, for groups that never ran, from the names of their files.

Plan files of groups that the state knows are not opened, so that looking costs the same however long a plan is.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestra.core.words import Liveness, RunState
from orchestra.state import armed
from orchestra.state.current import current
from orchestra.state.driver import is_driven

from .liveness import is_over, liveness

if TYPE_CHECKING:
    from orchestra.project import Project
    from orchestra.state.store import Store

_MILESTONE = re.compile(r"(M(\d{1,9}))(?:-.*)?\Z", re.IGNORECASE)
_PHASE = re.compile(r"(phase-(\d{1,9}))\.md\Z", re.IGNORECASE)
_STATUS = re.compile(r"^[|\s*_]*status[*_\s]*[|:][\s*_]*([a-z][a-z-]*)", re.IGNORECASE | re.MULTILINE)
_HEAD = 4096
ABANDONED = "its driver is not alive; `orchestra run` goes on with it"
LEFT = "its lead is gone; `/orchestra start` in the client goes on with it, or `orchestra run`"


# One encoder for all: `json.dumps` makes a new one for each of thousands of groups.
_to_json = json.JSONEncoder(ensure_ascii=False).encode


class GroupLine(NamedTuple):
    """One group: `units` is the JSON text of its units, `counts` how many have each status."""

    id: str
    title: str
    status: str
    lease: Mapping[str, Any] | None
    units: str
    counts: Mapping[str, int]
    reason: str = ""

    def to_json(self) -> str:
        head = {"id": self.id, "title": self.title, "status": self.status, "lease": self.lease}
        if self.reason:
            head["reason"] = self.reason
        return f'{_to_json(head)[:-1]}, "units": {self.units}}}'


@dataclass(frozen=True)
class Status:
    """What `orchestra status` says. `live` has the liveness of each unit at work, and of groups in review or design."""

    run: str | None
    state: str
    reason: str
    groups: tuple[GroupLine, ...]
    decisions: tuple[Mapping[str, Any], ...]
    live: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The document of `status --json`. Units are text already: parsing thousands to print them again would cost."""
        groups = ", ".join(group.to_json() for group in self.groups)
        shown = ("id", "question", "options", "group", "unit")
        decisions = [{key: d.get(key) for key in shown} for d in self.decisions]
        head = json.dumps({"run": self.run, "state": self.state, "reason": self.reason}, ensure_ascii=False)
        return f'{head[:-1]}, "groups": [{groups}], "decisions": {json.dumps(decisions, ensure_ascii=False)}}}'


def read(project: Project, store: Store, now: float, *, units: bool = True) -> Status:
    """The status at `now` (Unix time); without `units`, groups of the state have only their counts."""
    summary = store.summary(current(store, project.locks))
    run = summary.run or {}
    live = dict(_live(project, store, run, summary.decisions, now))
    texts, leases, why = store.units_json(live) if units else {}, _leases(store, now), _reasons(store)
    known = [
        GroupLine(
            g["id"],
            g["title"],
            g["status"],
            leases.get(g["id"]),
            texts.get(g["id"], "[]"),
            g["counts"],
            why.get(g["id"], ""),
        )
        for g in summary.groups
    ]
    ids = {line.id for line in known}
    found = [*_on_disk(project.milestones, ids), *_specs_on_disk(project.root, ids)]
    groups = sorted((*known, *found), key=lambda line: _number(line.id)) if found else known
    state = _state(str(run.get("state", RunState.IDLE)), live, bool(summary.decisions))
    reason = str(run.get("reason", ""))
    if run.get("state") == RunState.RUNNING and not is_driven(project.locks, str(run["id"])):
        state, reason = RunState.HALTED, _left(project, str(run["id"]))
    return Status(run.get("id"), state, reason, tuple(groups), tuple(summary.decisions), live)


def _left(project: Project, run: str) -> str:
    """Who goes on with a run that nobody drives: it is best where it was begun."""
    led = armed.read(project.runs) or armed.read(project.runs, armed.PARTED)
    return LEFT if led is not None and led.run == run else ABANDONED


def _state(recorded: str, live: Mapping[str, str], asked: bool) -> str:
    """A run that is under way may do nothing but wait: for a limit to pass, or for the person at its terminal."""
    if recorded != RunState.RUNNING:
        return recorded
    if live and set(live.values()) == {Liveness.PARKED}:
        return RunState.PARKED
    return RunState.WAITING_FOR_YOU if asked and not live else recorded


def _live(
    project: Project, store: Store, run: Mapping[str, Any], decisions: list[dict[str, Any]], now: float
) -> Iterator[tuple[str, str]]:
    asked = {decision.get("unit") for decision in decisions}
    parks = run.get("parks") or {}
    sql = (
        "SELECT a.id, a.run, json_extract(a.data, '$.turn'), json_extract(a.data, '$.backend'),"
        " json_extract(a.data, '$.run'), json_extract(a.data, '$.running') OR r.state = 'running'"
        " FROM attempts a JOIN runs r ON r.id = a.run"
        " WHERE a.unit = ? AND a.step NOT IN ('accepted', 'failed') ORDER BY a.started_at DESC LIMIT 1"
    )
    reviewed = store.query("SELECT id FROM groups WHERE status IN ('in-progress', 'review')")
    for unit in (*store.live_units(), *(group for (group,) in reviewed)):
        for ticket, row_run, turn, backend, home, moves in store.query(sql, unit):
            place = project.runs / str(home or row_run) / str(ticket)
            parked = float(parks.get(backend) or 0.0)
            if moves and is_over(place, int(turn or 1)) and not is_driven(project.locks, str(row_run)):
                moves = False
            # Between two turns of a run that has ended, nobody works on it, nor when all that did is dead.
            if moves or parked > now or unit in asked:
                yield unit, liveness(place, int(turn or 1), now, parked_until=parked, asked=unit in asked).value


def _reasons(store: Store) -> dict[str, str]:
    sql = "SELECT id, json_extract(data, '$.reason') FROM groups WHERE status IN ('failed', 'blocked', 'needs-human')"
    return {id: str(reason) for id, reason in store.query(sql) if reason}


def _leases(store: Store, now: float) -> dict[str, dict[str, Any]]:
    held = store.query("SELECT group_id FROM leases WHERE held = 1")
    if not held:
        return {}
    from orchestra.state.lease import is_alive
    from orchestra.state.leases import get
    from orchestra.state.stamp import iso

    leases = (get(store, group) for (group,) in held)
    return {
        lease.group: {
            "holder": lease.holder.text,
            "epoch": lease.epoch,
            "expires_at": iso(lease.expires_at, timespec="seconds"),
            "alive": is_alive(lease, now),
        }
        for lease in leases
        if lease is not None
    }


def _on_disk(milestones: Path, known: set[str]) -> list[GroupLine]:
    """Groups that exist only as files, in the order of their numbers."""
    with suppress(OSError), os.scandir(milestones) as entries:
        named = [(int(match[2]), entry.name) for entry in entries if (match := _MILESTONE.match(entry.name))]
        fresh = sorted((number, name) for number, name in named if f"M{number}" not in known)
        return [_from_files(f"M{number}", milestones / name) for number, name in fresh]
    return []


def _specs_on_disk(root: Path, known: set[str]) -> list[GroupLine]:
    """Kiro specs that no run has taken in. Each is one file, and is read."""
    if not (root / ".kiro/specs").is_dir():
        return []
    from orchestra.plans.kiro.folders import folders

    return [_spec_from_file(spec.id, spec.path.name, spec.tasks) for spec in folders(root) if spec.id not in known]


def _spec_from_file(id: str, title: str, tasks: Path) -> GroupLine:
    from orchestra.plans.kiro.tasks import read_tasks
    from orchestra.plans.kiro.units import units_of

    try:
        parts = units_of(read_tasks(tasks.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        parts = []
    made = {"attempts": 0, "liveness": None, "commit": None}
    units = [{"id": f"{id}/{part.id}", "status": "done" if part.done else "pending", **made} for part in parts]
    done = sum(part.done for part in parts)
    counts = {word: number for word, number in (("done", done), ("pending", len(parts) - done)) if number}
    status = "done" if parts and done == len(parts) else "ready"
    return GroupLine(id, title, status, None, json.dumps(units, separators=(",", ":")), counts)


def _from_files(id: str, path: Path) -> GroupLine:
    phases = sorted(_phases(path / "phases"), key=lambda each: (_number(each[0]), each[0]))
    units = [
        {"id": f"{id}/{name}", "status": _word(file, "pending"), "attempts": 0, "liveness": None, "commit": None}
        for name, file in phases
    ]
    counts: dict[str, int] = {}
    for unit in units:
        counts[str(unit["status"])] = counts.get(str(unit["status"]), 0) + 1
    status = _word(path / "milestone.md", "planning")
    title = os.fsencode(path.name).decode("utf-8", "replace")
    return GroupLine(id, title, status, None, json.dumps(units, separators=(",", ":")), counts)


def _phases(directory: Path) -> Iterator[tuple[str, Path]]:
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if match := _PHASE.match(entry.name):
                yield match[1].lower(), Path(entry.path)


def _word(path: Path, default: str) -> str:
    """The first `status` near the top of a file, without reading it as Markdown or YAML: this is a look, no check."""
    try:
        if not path.is_file():
            return default
        with path.open("rb") as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return default
    match = _STATUS.search(head)
    return match[1].lower() if match else default


def _number(id: str) -> int:
    digits = re.search(r"\d+", id)
    return int(digits[0][:18]) if digits else 0
