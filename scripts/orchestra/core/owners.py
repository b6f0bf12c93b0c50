"""Whose a unit is: who has to be asked about it, which backend builds and mends it, and which ones look at it. Pure."""

from __future__ import annotations

from .index import units_of
from .model import Attempt, GroupState, Limits, Run, UnitState
from .words import AssignMode, Purpose, Stage, Step, UnitStatus

# Whoever owns a unit mends it this often; then somebody else does.
FIXES_BY_OWNER = 2


def first_stage(run: Run, group: GroupState) -> Stage:
    """Where the work on units begins: with an assigner while one of them has no owner and the policy wants one."""
    units = (run.units[uid] for uid in run.members.get(group.id, ()))
    wanted = run.limits.assign is AssignMode.GROUP and any(unowned(unit) for unit in units)
    return Stage.ASSIGN if wanted else Stage.UNITS


def unowned(unit: UnitState) -> bool:
    """Whether nobody has said yet whose a unit is that is still to be built."""
    return unit.status is UnitStatus.PENDING and unit.assignment is None


def subjects(run: Run, attempt: Attempt) -> list[UnitState]:
    """The units that an assigner is asked about: one, or all of its group that nobody owns."""
    if attempt.unit in run.units:
        return [run.units[attempt.unit]]
    return [unit for unit in units_of(run, attempt.group) if unowned(unit)]


def owner_names(limits: Limits) -> tuple[str, ...]:
    """The names that may own a unit, the one for want of a better one first."""
    return tuple(owner for owner, _ in limits.owners) or (limits.backend,)


def last_accepted(run: Run, unit_id: str) -> Attempt | None:
    """The attempt whose work is what reviewers of the unit look at now."""
    tried = (a for a in run.attempts.values() if a.unit == unit_id and a.step is Step.ACCEPTED)
    return max((a for a in tried if a.purpose in (Purpose.BUILD, Purpose.FIX)), key=lambda a: a.number, default=None)


def backend_of(limits: Limits, unit: UnitState) -> str:
    """The backend of a unit's next attempt; empty, for the driver's own, when nobody owns it."""
    if unit.assignment is None:
        return ""
    own = dict(limits.owners).get(unit.assignment.owner) or limits.backend
    return _another(limits, own) if unit.findings and unit.fixes > FIXES_BY_OWNER else own


def _another(limits: Limits, own: str) -> str:
    """The backend for what its owner could not mend; the owner's own where there is no other."""
    named = (limits.escalate_to, *(backend for _, backend in limits.owners), *limits.reviewers, limits.backend)
    return next((name for name in named if name and name != own), own)


def reviewers_of(run: Run, unit: UnitState, count: int) -> list[str]:
    """The backends of the next `count` reviewers of a unit: others than its own first, none twice while there are more.

    Empty names, for the driver's own, when nobody owns the unit.
    """
    if unit.assignment is None:
        return [""] * count
    own = backend_of(run.limits, unit)
    names = list(dict.fromkeys(run.limits.reviewers)) or [run.limits.backend]
    names.sort(key=lambda name: name == own)
    at_work = [attempt.backend for attempt in reviewing(run, unit)]
    used = [*(report.backend for report in unit.reports), *at_work]
    chosen: list[str] = []
    for _ in range(count):
        chosen.append(min(names, key=lambda name: ([*used, *chosen].count(name), names.index(name))))
    return chosen


def reviewing(run: Run, unit: UnitState) -> list[Attempt]:
    """The reviewers who are looking at a unit now."""
    live = (run.attempts[ticket] for ticket in run.live.get(unit.plan.group, ()))
    return [attempt for attempt in live if attempt.unit == unit.id and attempt.purpose is Purpose.REVIEW]
