"""Puts entities into a run and keeps the derived maps right, so that `decide` never has to scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from immutables import Map

from .model import Attempt, Decision, Finding, GroupState, Run, UnitState
from .schedule import dependants, ranks
from .values import replace
from .words import Step, UnitStatus

SETTLED = frozenset({UnitStatus.DONE, UnitStatus.SKIPPED})
_NONE: Map[str, None] = Map()
_ZERO: Map[str, int] = Map()
_OF_UNITS = ("units", "left", "rank", "dependants")
_OF_ATTEMPTS = ("live", "failed", "noted")


def with_group(run: Run, value: GroupState) -> Run:
    """The run with this group's state."""
    return replace(run, groups=run.groups.set(value.id, value), dirty=run.dirty.set(("group", value.id), None))


def with_decision(run: Run, value: Decision) -> Run:
    """The run with this decision."""
    dirty = run.dirty.set(("decision", value.id), None)
    return replace(run, decisions=run.decisions.set(value.id, value), dirty=dirty)


def with_finding(run: Run, value: Finding) -> Run:
    """The run with this finding."""
    return replace(run, findings=run.findings.set(value.id, value), dirty=run.dirty.set(("finding", value.id), None))


def with_attempt(run: Run, value: Attempt) -> Run:
    """The run with this attempt; ended ones leave the group's live set."""
    changed: dict[str, Any] = {}
    for name, wanted in _lists_of(value).items():
        lists: Map[str, Map[str, None]] = getattr(run, name)
        listed = _with_member(lists.get(value.group, _NONE), value.ticket, wanted)
        if listed is not None:
            changed[name] = lists.set(value.group, listed)
    dirty = run.dirty.set(("attempt", value.ticket), None)
    return replace(run, attempts=run.attempts.set(value.ticket, value), dirty=dirty, **changed)


def _lists_of(value: Attempt) -> dict[str, bool]:
    """In which of a group's lists of attempts this one belongs."""
    noted = bool(value.notes) and value.step is Step.ACCEPTED
    return {"live": value.live, "failed": value.step is Step.FAILED, "noted": noted}


def _with_member(listed: Map[str, None], id_: str, wanted: bool) -> Map[str, None] | None:
    """The list with or without a member; None when it is so already."""
    if wanted == (id_ in listed):
        return None
    return listed.set(id_, None) if wanted else listed.delete(id_)


def with_unit(run: Run, value: UnitState) -> Run:
    """The run with this unit's state; its dependants become ready, or stop being so, with it."""
    before = run.units.get(value.id)
    run = replace(run, units=run.units.set(value.id, value), dirty=run.dirty.set(("unit", value.id), None))
    run = _counted(run, before, value)
    was, now = before is not None and before.status in SETTLED, value.status in SETTLED
    if was != now:
        for waiting in run.dependants.get(value.id, ()):
            run = _with_left(run, waiting, run.left.get(waiting, 0) + (1 if was else -1))
    return _readied(run, value.id)


def _counted(run: Run, before: UnitState | None, value: UnitState) -> Run:
    tally = run.tally.get(value.plan.group, _ZERO)
    if before is not None:
        tally = tally.set(before.status, tally.get(before.status, 0) - 1)
    tally = tally.set(value.status, tally.get(value.status, 0) + 1)
    return replace(run, tally=run.tally.set(value.plan.group, tally))


def _with_left(run: Run, unit: str, left: int) -> Run:
    return _readied(replace(run, left=run.left.set(unit, left)), unit)


def _readied(run: Run, uid: str) -> Run:
    unit = run.units.get(uid)
    if unit is None:
        return run
    run = _listed(run, "ready", unit, unit.status is UnitStatus.PENDING and run.left.get(uid, 0) <= 0)
    return _listed(run, "reviewing", unit, unit.status is UnitStatus.REVIEW)


def _listed(run: Run, name: str, unit: UnitState, wanted: bool) -> Run:
    """The run with the unit in its group's list of that name, or not in it."""
    lists: Map[str, Map[str, None]] = getattr(run, name)
    listed = _with_member(lists.get(unit.plan.group, _NONE), unit.id, wanted)
    if listed is None:
        return run
    changed: dict[str, Any] = {name: lists.set(unit.plan.group, listed)}
    return replace(run, **changed)


def with_plan(run: Run, group: str, units: Sequence[UnitState]) -> Run:
    """The run with a group's plan read (again) into it: its units and everything derived from them."""
    run = _without_units(run, group)
    plans = sorted((unit.plan for unit in units), key=lambda plan: plan.order)
    settled = {unit.id for unit in units if unit.status in SETTLED}
    known = {plan.id for plan in plans}
    left = {plan.id: sum(1 for d in set(plan.depends_on) if d in known and d not in settled) for plan in plans}
    run = replace(
        run,
        members=run.members.set(group, tuple(plan.id for plan in plans)),
        dependants=run.dependants.update(dependants(plans)),
        rank=run.rank.update(ranks(plans)),
        left=run.left.update(left),
        units=run.units.update({unit.id: unit for unit in units}),
        dirty=run.dirty.update({("unit", unit.id): None for unit in units}),
    )
    for unit in units:
        run = _readied(_counted(run, None, unit), unit.id)
    return run


def _without_units(run: Run, group: str) -> Run:
    maps = {name: getattr(run, name).mutate() for name in _OF_UNITS}
    for uid in run.members.get(group, ()):
        for values in maps.values():
            values.pop(uid, None)
    lists: dict[str, Any] = {name: getattr(run, name).set(group, _NONE) for name in ("ready", "reviewing")}
    lists |= {name: values.finish() for name, values in maps.items()} | {"tally": run.tally.set(group, _ZERO)}
    return replace(run, **lists)


def forget(run: Run, group: str) -> Run:
    """The run without a group that somebody else has taken over; nothing about it will be written."""
    run = _without_units(run, group)
    if group not in run.groups:
        return run
    lists: dict[str, Any] = {name: getattr(run, name).set(group, _NONE) for name in _OF_ATTEMPTS}
    return replace(run, groups=run.groups.delete(group), **lists)


def index(run: Run) -> Run:
    """Rebuild everything derived, for a run whose entities were loaded from a store."""
    grouped: dict[str, list[UnitState]] = {group: [] for group in run.groups}
    for unit in run.units.values():
        grouped.setdefault(unit.plan.group, []).append(unit)
    bare: Map[str, tuple[str, ...]] = Map()
    none: dict[str, Any] = {name: Map() for name in ("rank", "left", "ready", "reviewing", *_OF_ATTEMPTS, "tally")}
    run = replace(run, members=bare, dependants=bare, **none)
    for group, units in grouped.items():
        run = with_plan(run, group, units)
    for attempt in run.attempts.values():
        if any(_lists_of(attempt).values()):
            run = with_attempt(run, attempt)
    return replace(run, dirty=Map())


def pending_decisions(run: Run, group: str = "") -> list[Decision]:
    """Questions that wait for a person, oldest first; of one group, or of all.

    A group that was lost to another process takes its questions along.
    """
    found = [d for d in run.decisions.values() if d.pending and d.group == (group or d.group) and d.group in run.groups]
    return sorted(found, key=lambda d: (d.group, int(d.id.rpartition("-D")[2])))


def units_of(run: Run, group: str) -> list[UnitState]:
    """A group's units in plan order."""
    return [run.units[uid] for uid in run.members.get(group, ())]


def findings_of(run: Run, group: str) -> list[Finding]:
    """A group's findings, in the order of their ids."""
    return sorted((f for f in run.findings.values() if f.group == group), key=lambda f: f.id)
