"""What a driver must do next. Pure and level-triggered: asked twice, it says the same.

Every live attempt has a directive until it ends, so a driver that lost its memory is told again what is under way;
one that is already carrying a ticket out has nothing to do for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from immutables import Map

from .budget import NOTHING, Spending
from .findings import SERIOUS
from .index import pending_decisions
from .model import Attempt, Directive, Finding, GroupState, Run, UnitState
from .owners import backend_of, first_stage, reviewers_of, reviewing, unowned
from .paths import overlap
from .schedule import escalate
from .values import replace
from .words import (
    AssignMode,
    Complexity,
    DirectiveKind,
    FindingStatus,
    GroupStatus,
    Purpose,
    Role,
    Stage,
    Step,
    UnitStatus,
)

# More than that an adviser is not asked about at once.
MOST_OFFERED = 40
_NO_LIMIT = 1 << 62
_NONE: Map[str, None] = Map()
_OF_UNITS = (Purpose.BUILD, Purpose.FIX)
OPENABLE = frozenset({GroupStatus.READY, GroupStatus.IN_PROGRESS, GroupStatus.REVIEW})


def decide(run: Run, now: float) -> list[Directive]:
    """Return the directives that hold at `now` (Unix time), the most urgent first; never empty.

    `halt` stands alone when the run must stop; `complete` when nothing is left of what the run has taken in.
    """
    if run.stop:
        return [Directive(DirectiveKind.HALT, reason="stop was asked for")]
    work: list[Directive] = []
    spent = budget_spent(run, now)
    slots = run.limits.max_parallel - sum(len(tickets) for tickets in run.live.values())
    for group in active(run):
        found = _for_group(run, group, now, 0 if spent else slots, spent)
        begun = [d for d in found if d.ticket and d.ticket not in run.attempts]
        slots -= len(begun)
        if run.limits.max_dispatches:
            run = replace(run, dispatches=run.dispatches + sum(d.purpose in _OF_UNITS for d in begun))
        work += found
    work += [Directive(DirectiveKind.ASK, group=d.group, unit=d.unit, decision=d.id) for d in pending_decisions(run)]
    return work if _moves(work) else [*work, _nothing_moves(run, now, spent, work)]


def _moves(work: Iterable[Directive]) -> bool:
    return any(d.kind not in (DirectiveKind.ASK, DirectiveKind.WAIT) for d in work)


def _nothing_moves(run: Run, now: float, spent: str, work: list[Directive]) -> Directive:
    if spent and active(run):
        return Directive(DirectiveKind.HALT, reason=spent)
    until = min((t for t in run.parks.values() if t > now), default=0.0)
    if until and (any(run.live.values()) or any(d.until for d in work)):
        return Directive(DirectiveKind.WAIT, until=until, reason="a usage limit")
    if pending_decisions(run):
        return Directive(DirectiveKind.WAIT, reason="a person is needed")
    if active(run) and (spent := _dispatches_spent(run)):
        return Directive(DirectiveKind.HALT, reason=spent)
    if active(run) and (rest := _rests_until(run, now)):
        return Directive(DirectiveKind.WAIT, until=rest, reason="a pause between units")
    return Directive(DirectiveKind.COMPLETE)


def exhausted(run: Run, now: float) -> str:
    """Say which budget of the run is used up, or nothing."""
    return budget_spent(run, now) or _dispatches_spent(run)


def _dispatches_spent(run: Run) -> str:
    """Whether no unit may be started any more; what was built may still be reviewed and landed."""
    return "" if _dispatches_left(run) > 0 else f"the limit of {run.limits.max_dispatches} attempts is reached"


def _dispatches_left(run: Run) -> int:
    most = run.limits.max_dispatches
    return most - run.dispatches + run.limits.from_dispatches if most else _NO_LIMIT


def _rests_until(run: Run, now: float) -> float:
    """When the pause after the last unit ends; 0 when there is none now."""
    until = run.rested_at + run.limits.delay
    return until if run.limits.delay and run.rested_at and until > now else 0.0


def budget_spent(run: Run, now: float) -> str:
    """Say which budget of the run is used up so that no turn may begin, or nothing."""
    if used := over_budget(run):
        return used
    return "the time set with --until has come" if run.limits.until and now >= run.limits.until else ""


def over_budget(run: Run, more: Spending = NOTHING) -> str:
    """Say which of the run's budgets of money and tokens is used up, or nothing; `more` is not recorded yet."""
    limits = run.limits
    if limits.max_cost_usd and run.cost_usd + more.cost_usd - limits.from_cost_usd >= limits.max_cost_usd:
        return f"the budget of {limits.max_cost_usd:g} USD is used up"
    if limits.max_tokens and run.tokens + more.tokens - limits.from_tokens >= limits.max_tokens:
        return f"the budget of {limits.max_tokens} tokens is used up"
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
    busy = run.live.get(group.id) or run.reviewing.get(group.id) or run.ready.get(group.id)
    return not busy and bool(pending_decisions(run, group.id))


def _openable(run: Run, group: GroupState) -> bool:
    return not group.open and group.status in OPENABLE and _needed_done(run, group)


def _needed_done(run: Run, group: GroupState) -> bool:
    return all(_group_done(run, needed) for needed in group.plan.depends_on)


def _group_done(run: Run, id_: str) -> bool:
    known = run.groups.get(id_)
    return known.status is GroupStatus.DONE if known else run.past.get(id_, "") == GroupStatus.DONE


def _for_group(run: Run, group: GroupState, now: float, slots: int, spent: str) -> list[Directive]:
    work = [_carry_on(run, run.attempts[ticket], now, spent) for ticket in sorted(run.live.get(group.id, _NONE))]
    if any(not d.unit for d in pending_decisions(run, group.id)):
        return work
    designed = not group.plan.design or bool(group.rfc)
    stage = group.stage if group.open else first_stage(run, group) if designed else Stage.DESIGN
    if stage in (Stage.UNITS, Stage.FIX):
        begin = _advised if run.limits.advise else _in_order
        return [*work, *begin(run, group, now, slots)] if slots > 0 else work
    if work:
        return work
    if stage is Stage.LAND:
        return [Directive(DirectiveKind.LAND, group=group.id)]
    return [_for_whole_group(run, group, stage)] if slots > 0 else []


def _carry_on(run: Run, attempt: Attempt, now: float, spent: str) -> Directive:
    parked = run.parks.get(attempt.backend, 0.0)
    starts = attempt.step is Step.WORKING and not attempt.running
    if starts and spent:
        return Directive(DirectiveKind.WAIT, group=attempt.group, reason=spent)
    if starts and parked > now:
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
        backend=attempt.backend if _by_name(run, attempt) else "",
    )


def _by_name(run: Run, attempt: Attempt) -> bool:
    """Whether policy, not the driver, has chosen who carries the attempt out."""
    if attempt.purpose is Purpose.ASSIGN:
        return bool(run.limits.assigner)
    unit = run.units.get(attempt.unit)
    return unit is not None and unit.assignment is not None


def _free_units(run: Run, group: GroupState) -> Iterable[UnitState]:
    """Ready units as they are taken: in plan order, or longest remaining path first when several may run."""
    ready = run.ready.get(group.id, _NONE)
    if run.limits.max_parallel == 1:
        # One by one: of hundreds, only the first is asked for.
        return (run.units[uid] for uid in run.members.get(group.id, ()) if uid in ready)
    return sorted((run.units[uid] for uid in ready), key=lambda u: (-run.rank.get(u.id, 0.0), u.plan.order))


def _begun_by(work: Iterable[Directive]) -> int:
    return sum(1 for d in work if d.ticket)


def _in_order(run: Run, group: GroupState, now: float, slots: int) -> list[Directive]:
    return _as_slots_allow(run, _wanted(run, group, now), now, slots)


def _advised(run: Run, group: GroupState, now: float, slots: int) -> list[Directive]:
    """The same in the order that an adviser gives, who is asked whenever there is a choice that it has not seen."""
    live = [run.attempts[ticket] for ticket in run.live.get(group.id, _NONE)]
    if any(attempt.purpose is Purpose.ADVISE for attempt in live):
        return []
    choice, most = offered(run, group, now), run.limits.max_actions
    seen = {ticket_ for ticket_ in choice if ticket_ in group.advised}
    if len(choice) > 1 and (not seen if most else len(seen) < len(choice)):
        return [_for_adviser(group)]
    places = {ticket_: place for place, ticket_ in enumerate(group.advice)}
    wanted = sorted(_wanted(run, group, now), key=lambda d: places.get(d.ticket, len(places)))
    if most and seen:
        # What an answer is good for comes before what it has not seen.
        wanted = [directive for directive in wanted if directive.ticket in seen]
    return _as_slots_allow(run, wanted, now, slots)


def offered(run: Run, group: GroupState, now: float) -> list[str]:
    """The tickets that may be begun at `now`, whatever the slots, in the order that code would choose."""
    wanted = _wanted(run, group, now)
    begun = (d for d in wanted if not d.backend or run.parks.get(d.backend, 0.0) <= now)
    return [d.ticket for d in islice(begun, MOST_OFFERED)]


def _for_adviser(group: GroupState) -> Directive:
    number = group.advisers + 1
    return Directive(
        DirectiveKind.DISPATCH,
        group=group.id,
        unit=group.id,
        ticket=ticket(group.id, Role.ADVISER, number),
        role=Role.ADVISER,
        purpose=Purpose.ADVISE,
        number=number,
    )


def _wanted(run: Run, group: GroupState, now: float) -> Iterator[Directive]:
    """All that could be begun: the reviewers that committed units wait for, then what the ready units need."""
    units = sorted((run.units[uid] for uid in run.reviewing.get(group.id, _NONE)), key=lambda u: u.plan.order)
    for unit in units:
        yield from _reviewers(run, unit)
    if not (_dispatches_spent(run) or _rests_until(run, now)):
        yield from _startable(run, group, now)


def _reviewers(run: Run, unit: UnitState) -> Iterator[Directive]:
    missing = unit.reviews - len(unit.reports) - len(reviewing(run, unit))
    mended = (f for f in run.findings.values() if f.unit == unit.id and unit.review_round)
    again = tuple(sorted(f.id for f in mended if f.status is FindingStatus.OPEN and f.severity in SERIOUS))
    for number, backend in enumerate(reviewers_of(run, unit, missing), unit.reviewers + 1):
        yield Directive(
            DirectiveKind.REVIEW,
            group=unit.plan.group,
            unit=unit.id,
            ticket=ticket(unit.id, Role.REVIEWER, number),
            role=Role.REVIEWER,
            purpose=Purpose.REVIEW,
            number=number,
            tier=escalate(Complexity.STANDARD, unit.review_tries + 1),
            findings=again,
            backend=backend,
        )


def _as_slots_allow(run: Run, wanted: Iterable[Directive], now: float, slots: int) -> list[Directive]:
    """As many as there are slots for; nothing is begun on a parked backend, where others may go on."""
    work: dict[str, Directive] = {}
    left = _dispatches_left(run)
    for directive in wanted:
        if _begun_by(work.values()) >= slots:
            break
        of_unit = directive.purpose in _OF_UNITS
        if of_unit and left <= 0:
            continue
        until = run.parks.get(directive.backend, 0.0)
        if directive.backend and until > now:
            why = f"{directive.backend} is parked"
            work[why] = Directive(DirectiveKind.WAIT, group=directive.group, until=until, reason=why)
        else:
            work[directive.ticket] = directive
            left -= of_unit
    return list(work.values())


def _startable(run: Run, group: GroupState, now: float) -> Iterator[Directive]:
    """What the ready units need next, as far as they do not write what others write now."""
    live = [run.attempts[t] for t in run.live.get(group.id, _NONE)]
    assigned = {attempt.unit for attempt in live if attempt.purpose is Purpose.ASSIGN}
    taken = [run.units[attempt.unit] for attempt in live if attempt.purpose in _OF_UNITS]
    for unit in _free_units(run, group):
        if unit.id in assigned or any(_collide(unit, other, run.limits.strict_reads) for other in taken):
            continue
        directive = _for_unit(run, unit)
        if run.parks.get(directive.backend, 0.0) <= now or not directive.backend:
            taken.append(unit)
        yield directive


def _collide(a: UnitState, b: UnitState, strict_reads: bool) -> bool:
    """Units whose scopes may meet never run at once; one without a scope runs alone."""
    if not a.plan.writes or not b.plan.writes or overlap(a.plan.writes, b.plan.writes):
        return True
    return strict_reads and (_spoils(a, b) or _spoils(b, a))


def _spoils(writer: UnitState, reader: UnitState) -> bool:
    # No reads stated is nothing known to be read; for `overlap` it would be everything.
    return bool(reader.plan.reads) and overlap(writer.plan.writes, reader.plan.reads)


def _for_unit(run: Run, unit: UnitState) -> Directive:
    if run.limits.assign is AssignMode.UNIT and unowned(unit):
        return _for_assigner(run, unit.plan.group, unit.id, unit.assigners + 1)
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
        backend=backend_of(run.limits, unit),
    )


def _for_assigner(run: Run, group: str, subject: str, number: int) -> Directive:
    return Directive(
        DirectiveKind.DISPATCH,
        group=group,
        unit=subject,
        ticket=ticket(subject, Role.ASSIGNER, number),
        role=Role.ASSIGNER,
        purpose=Purpose.ASSIGN,
        number=number,
        backend=run.limits.assigner,
    )


def _for_whole_group(run: Run, group: GroupState, stage: Stage) -> Directive:
    if stage is Stage.ASSIGN:
        return _for_assigner(run, group.id, group.id, group.assigners + 1)
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
    return finding.severity in SERIOUS and finding.group == group.id and finding.status is FindingStatus.OPEN


def ticket(subject: str, role: Role, number: int) -> str:
    """The name of an attempt: unique in a project, and fit for a file name."""
    return f"{subject.replace('/', '.')}.{role}-{number}"


def may_integrate(run: Run, ticket_: str) -> bool:
    """Whether a verified unit may be committed now: units that are under way together are committed in plan order."""
    attempt = run.attempts[ticket_]
    mine = run.units[attempt.unit].plan.order
    others = (run.attempts[t] for t in run.live.get(attempt.group, _NONE) if t != ticket_)
    return all(run.units[o.unit].plan.order >= mine for o in others if o.purpose in _OF_UNITS)


def unfinished(run: Run) -> list[str]:
    """Groups of this run that are neither done nor only waiting to be planned."""
    ended = (GroupStatus.DONE, GroupStatus.PLANNING)
    return sorted(g.id for g in run.groups.values() if g.status not in ended)


def needs_person(run: Run) -> bool:
    """Whether a question is open that only a person can answer."""
    return bool(pending_decisions(run)) or any(u.status is UnitStatus.NEEDS_HUMAN for u in run.units.values())
