"""What a driver must do next. Pure and level-triggered: asked twice, it says the same.

Every live attempt has a directive until it ends, so a driver that lost its memory is told again what is under way;
one that is already carrying a ticket out has nothing to do for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from immutables import Map

from .index import pending_decisions
from .model import Attempt, Directive, Finding, GroupState, Run, UnitState
from .paths import overlap
from .schedule import escalate
from .words import (
    Complexity,
    DirectiveKind,
    FindingStatus,
    GroupStatus,
    Purpose,
    Role,
    Severity,
    Stage,
    Step,
    UnitStatus,
)

_NONE: Map[str, None] = Map()
OPENABLE = frozenset({GroupStatus.READY, GroupStatus.IN_PROGRESS, GroupStatus.REVIEW})


def decide(run: Run, now: float) -> list[Directive]:
    """Return the directives that hold at `now` (Unix time), the most urgent first; never empty.

    `halt` stands alone when the run must stop; `complete` when nothing is left of what the run has taken in.
    """
    if run.stop:
        return [Directive(DirectiveKind.HALT, reason="stop was asked for")]
    work: list[Directive] = []
    slots = run.limits.max_parallel - sum(len(tickets) for tickets in run.live.values())
    spent = exhausted(run, now)
    for group in active(run):
        found = _for_group(run, group, now, 0 if spent else slots)
        slots -= sum(1 for d in found if d.ticket and d.ticket not in run.attempts)
        work += found
    work += [Directive(DirectiveKind.ASK, group=d.group, unit=d.unit, decision=d.id) for d in pending_decisions(run)]
    return work if _moves(work) else [*work, _nothing_moves(run, now, spent)]


def _moves(work: Iterable[Directive]) -> bool:
    return any(d.kind not in (DirectiveKind.ASK, DirectiveKind.WAIT) for d in work)


def _nothing_moves(run: Run, now: float, spent: str) -> Directive:
    if spent and active(run):
        return Directive(DirectiveKind.HALT, reason=spent)
    until = min((t for t in run.parks.values() if t > now), default=0.0)
    if until and any(run.live.values()):
        return Directive(DirectiveKind.WAIT, until=until, reason="a usage limit")
    if pending_decisions(run):
        return Directive(DirectiveKind.WAIT, reason="a person is needed")
    return Directive(DirectiveKind.COMPLETE)


def exhausted(run: Run, now: float) -> str:
    """Say which budget of the run is used up, or nothing."""
    limits = run.limits
    if limits.max_cost_usd and run.cost_usd - limits.from_cost_usd >= limits.max_cost_usd:
        return f"the budget of {limits.max_cost_usd:g} USD is used up"
    if limits.max_tokens and run.tokens - limits.from_tokens >= limits.max_tokens:
        return f"the budget of {limits.max_tokens} tokens is used up"
    if limits.until and now >= limits.until:
        return "the time set with --until has come"
    return ""


def active(run: Run) -> list[GroupState]:
    """Open groups, then as many openable ones as may be open beside them, in plan order."""
    opened = sorted((g for g in run.groups.values() if g.open), key=_order)
    holding = sum(1 for group in opened if not _waits_for_person(run, group))
    free = max(0, run.limits.max_groups - holding)
    return opened + sorted((g for g in run.groups.values() if _openable(run, g)), key=_order)[:free]


def _order(group: GroupState) -> tuple[int, str]:
    return group.plan.order, group.id


def _waits_for_person(run: Run, group: GroupState) -> bool:
    """A group that only a person can move does not keep others from starting."""
    return not run.live.get(group.id) and bool(pending_decisions(run, group.id)) and not _free_units(run, group)


def _openable(run: Run, group: GroupState) -> bool:
    return not group.open and group.status in OPENABLE and _needed_done(run, group)


def _needed_done(run: Run, group: GroupState) -> bool:
    return all(_group_done(run, needed) for needed in group.plan.depends_on)


def _group_done(run: Run, id_: str) -> bool:
    known = run.groups.get(id_)
    return known.status is GroupStatus.DONE if known else run.past.get(id_, "") == GroupStatus.DONE


def _for_group(run: Run, group: GroupState, now: float, slots: int) -> list[Directive]:
    work = [_carry_on(run, run.attempts[ticket], now) for ticket in sorted(run.live.get(group.id, _NONE))]
    if any(not d.unit for d in pending_decisions(run, group.id)):
        return work
    stage = group.stage if group.open else Stage.DESIGN if group.plan.design and not group.rfc else Stage.UNITS
    if stage in (Stage.UNITS, Stage.FIX):
        return work + _new_units(run, group, slots)
    if work:
        return work
    if stage is Stage.LAND:
        return [Directive(DirectiveKind.LAND, group=group.id)]
    return [_for_whole_group(run, group, stage)] if slots > 0 else []


def _carry_on(run: Run, attempt: Attempt, now: float) -> Directive:
    parked = run.parks.get(attempt.backend, 0.0)
    if attempt.step is Step.WORKING and not attempt.running and parked > now:
        return Directive(DirectiveKind.WAIT, group=attempt.group, until=parked, reason=f"{attempt.backend} is parked")
    kind = DirectiveKind.REVIEW if attempt.role is Role.REVIEWER else DirectiveKind.DISPATCH
    return Directive(
        kind,
        group=attempt.group,
        unit=attempt.unit,
        ticket=attempt.ticket,
        role=attempt.role,
        purpose=attempt.purpose,
        number=attempt.number,
        tier=attempt.tier,
        findings=attempt.findings,
    )


def _free_units(run: Run, group: GroupState) -> list[UnitState]:
    """Ready units as they are taken: in plan order, or longest remaining path first when several may run."""
    ready = [run.units[uid] for uid in run.ready.get(group.id, _NONE)]
    if run.limits.max_parallel == 1:
        return sorted(ready, key=lambda u: u.plan.order)
    return sorted(ready, key=lambda u: (-run.rank.get(u.id, 0.0), u.plan.order))


def _new_units(run: Run, group: GroupState, slots: int) -> list[Directive]:
    taken = [
        run.units[run.attempts[t].unit] for t in run.live.get(group.id, _NONE) if run.attempts[t].unit in run.units
    ]
    work: list[Directive] = []
    for unit in _free_units(run, group) if slots > 0 else ():
        if len(work) >= slots:
            break
        if not any(_collide(unit, other) for other in taken):
            taken.append(unit)
            work.append(_for_unit(run, unit))
    return work


def _collide(a: UnitState, b: UnitState) -> bool:
    """Units whose scopes may meet never run at once; one without a scope runs alone."""
    return not a.plan.writes or not b.plan.writes or overlap(a.plan.writes, b.plan.writes)


def _for_unit(run: Run, unit: UnitState) -> Directive:
    number = unit.attempts + 1
    spent = unit.granted - run.limits.max_attempts if unit.granted else 0
    return Directive(
        DirectiveKind.DISPATCH,
        group=unit.plan.group,
        unit=unit.id,
        ticket=ticket(unit.id, Role.WORKER, number),
        role=Role.WORKER,
        purpose=Purpose.FIX if unit.findings else Purpose.BUILD,
        number=number,
        tier=escalate(unit.plan.complexity, number - max(0, spent)),
        findings=unit.findings,
    )


def _for_whole_group(run: Run, group: GroupState, stage: Stage) -> Directive:
    design = stage is Stage.DESIGN
    role = Role.ARCHITECT if design else Role.REVIEWER
    number = (group.architects if design else group.reviewers) + 1
    again = () if design or not group.round else tuple(sorted(f.id for f in run.findings.values() if _open(group, f)))
    return Directive(
        DirectiveKind.DISPATCH if design else DirectiveKind.REVIEW,
        group=group.id,
        unit=group.id,
        ticket=ticket(group.id, role, number),
        role=role,
        purpose=Purpose.DESIGN if design else Purpose.REVIEW,
        number=number,
        tier=escalate(Complexity.COMPLEX if design else Complexity.STANDARD, group.tries + 1),
        findings=again,
    )


def _open(group: GroupState, finding: Finding) -> bool:
    """Whether a second review has to look at it: suggestions stay as they are."""
    serious = finding.severity in (Severity.BLOCKING, Severity.IMPORTANT)
    return serious and finding.group == group.id and finding.status is FindingStatus.OPEN


def ticket(subject: str, role: Role, number: int) -> str:
    """The name of an attempt: unique in a project, and fit for a file name."""
    return f"{subject.replace('/', '.')}.{role}-{number}"


def may_integrate(run: Run, ticket_: str) -> bool:
    """Whether a verified unit may be committed now: units that are under way together are committed in plan order."""
    attempt = run.attempts[ticket_]
    mine = run.units[attempt.unit].plan.order
    others = (run.attempts[t] for t in run.live.get(attempt.group, _NONE) if t != ticket_)
    return all(run.units[o.unit].plan.order >= mine for o in others if o.unit in run.units)


def unfinished(run: Run) -> list[str]:
    """Groups of this run that are neither done nor only waiting to be planned."""
    ended = (GroupStatus.DONE, GroupStatus.PLANNING)
    return sorted(g.id for g in run.groups.values() if g.status not in ended)


def needs_person(run: Run) -> bool:
    """Whether a question is open that only a person can answer."""
    return bool(pending_decisions(run)) or any(u.status is UnitStatus.NEEDS_HUMAN for u in run.units.values())
