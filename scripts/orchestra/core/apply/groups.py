"""What happens to a group: read, opened, brought onto another base, landed, closed."""

from __future__ import annotations

from immutables import Map

from ..budget import NOTHING
from ..codec import decode
from ..events import EventType
from ..index import pending_decisions, with_attempt, with_decision, with_finding, with_group, with_plan, with_unit
from ..model import Attempt, Decision, Event, Finding, Group, GroupState, Run, Unit, UnitState
from ..owners import first_stage
from ..values import replace
from ..words import GroupStatus, Stage, Step, UnitStatus
from .handlers import Handlers, group_of, refusal
from .units import waiting

_UNSETTLED = (UnitStatus.PENDING, UnitStatus.IN_PROGRESS, UnitStatus.REVIEW, UnitStatus.NEEDS_HUMAN)

HANDLERS = Handlers()
_on = HANDLERS.on


@_on(EventType.GROUP_READ)
def _group_read(run: Run, event: Event) -> Run:
    known = run.groups.get(event.group)
    if known is not None and known.open:
        raise refusal(event, known.id, known.status)
    group = decode(Group, event.data["group"])
    commits: dict[str, str] = event.data.get("commits", {})
    earlier = {id_: decode(UnitState, data) for id_, data in event.data.get("earlier", {}).items()}
    units = [_unit_read(run, unit, commits.get(unit.id, ""), earlier.get(unit.id)) for unit in group.units]
    run = with_plan(run, group.id, units)
    fresh = GroupState(plan=replace(group, units=()), status=group.status)
    return with_group(run, _counted_on(fresh, known) if known else fresh)


def _unit_read(run: Run, unit: Unit, commit: str, earlier: UnitState | None) -> UnitState:
    """A unit that the plan calls done, or that the target branch holds already, is not built again.

    Other work under an old name goes on counting attempts, as each has a name of its own.
    """
    if unit.done or commit:
        return _built_before(unit, commit, earlier or UnitState(plan=unit, status=UnitStatus.DONE))
    if unit.optional and not run.limits.include_optional:
        return UnitState(plan=unit, status=UnitStatus.SKIPPED, reason="optional")
    fresh = UnitState(plan=unit)
    if earlier is None:
        return fresh
    tried = earlier.attempts
    granted = tried + run.limits.max_attempts if tried else 0
    reviewers, assigners = earlier.reviewers, earlier.assigners
    return replace(fresh, attempts=tried, granted=granted, reviewers=reviewers, assigners=assigners)


def _built_before(unit: Unit, commit: str, earlier: UnitState) -> UnitState:
    """A sub-task that was added or changed since was not built with it, whatever stands above it."""
    plan = replace(unit, subtasks=earlier.plan.subtasks)
    return replace(earlier, plan=plan, commit=commit or earlier.commit)


def _counted_on(group: GroupState, known: GroupState) -> GroupState:
    """A group that this run had before: the names of its attempts are not given out again."""
    counts = {name: getattr(known, name) for name in ("architects", "reviewers", "assigners", "advisers")}
    return replace(group, **counts)


@_on(EventType.GROUP_ADOPTED)
def _group_adopted(run: Run, event: Event) -> Run:
    """An earlier run's group goes on in this one, with all that is known of it."""
    known = run.groups.get(event.group)
    if known is not None and known.open:
        raise refusal(event, known.id, known.status)
    data = event.data
    group = decode(GroupState, data["group"])
    run = with_plan(run, group.id, [decode(UnitState, unit) for unit in data["units"]])
    run = with_group(run, group)
    for attempt in data.get("attempts", ()):
        run = with_attempt(run, decode(Attempt, attempt))
    for finding in data.get("findings", ()):
        run = with_finding(run, decode(Finding, finding))
    for decision in data.get("decisions", ()):
        run = with_decision(run, decode(Decision, decision))
    return run


@_on(EventType.GROUP_RETRIED)
def _group_retried(run: Run, event: Event) -> Run:
    """What did not work is tried again; what is done stays done."""
    group = group_of(run, event, opened=False)
    again = (UnitStatus.FAILED, UnitStatus.BLOCKED, UnitStatus.NEEDS_HUMAN)
    for uid in run.members.get(group.id, ()):
        unit = run.units[uid]
        if unit.status in again:
            granted = unit.attempts + run.limits.max_attempts
            retried = replace(unit, status=waiting(unit), granted=granted, review_tries=0, reason="", spent=NOTHING)
            run = with_unit(run, retried)
    # It is built anew from the target branch, so what was pushed or landed before is not what it comes to.
    ready = replace(group, status=GroupStatus.READY, tries=0, reason="", closed_at=0.0, pushed="", landed="")
    return with_group(run, ready)


@_on(EventType.GROUP_OPENED)
def _group_opened(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=False)
    if group.status not in (GroupStatus.READY, GroupStatus.IN_PROGRESS, GroupStatus.REVIEW):
        raise refusal(event, group.id, group.status)
    data = event.data
    stage = Stage.DESIGN if group.plan.design and not group.rfc else first_stage(run, group)
    opened = replace(
        group,
        open=True,
        status=GroupStatus.IN_PROGRESS,
        stage=stage,
        epoch=event.epoch,
        base=data.get("base", ""),
        tip=data.get("tip", data.get("base", "")),
        target=data.get("target", ""),
        opened_at=group.opened_at or event.at,
        reason="",
    )
    return with_group(run, opened)


@_on(EventType.GROUP_RESUMED)
def _group_resumed(run: Run, event: Event) -> Run:
    return with_group(run, replace(group_of(run, event, opened=True), epoch=event.epoch))


@_on(EventType.STAGE_ENTERED)
def _stage_entered(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=True)
    stage = Stage(event.data["stage"])
    status = GroupStatus.REVIEW if stage in (Stage.REVIEW, Stage.FIX, Stage.LAND) else GroupStatus.IN_PROGRESS
    return with_group(run, replace(group, stage=stage, status=status, tries=0))


@_on(EventType.GROUP_REBASED)
def _group_rebased(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=True)
    for uid, commit in event.data.get("commits", {}).items():
        if uid in run.units:
            run = with_unit(run, replace(run.units[uid], commit=commit))
    # What was pushed is not the new tip, which has to be pushed as well.
    return with_group(run, replace(group, base=event.data["base"], tip=event.data["tip"], pushed=""))


@_on(EventType.GROUP_PUSHED)
def _group_pushed(run: Run, event: Event) -> Run:
    return with_group(run, replace(group_of(run, event, opened=True), pushed=event.data["ref"]))


@_on(EventType.PUSH_SKIPPED)
def _push_skipped(run: Run, event: Event) -> Run:
    return with_group(run, replace(group_of(run, event, opened=True), reason=event.data["reason"]))


@_on(EventType.GROUP_LANDED)
def _group_landed(run: Run, event: Event) -> Run:
    return with_group(run, replace(group_of(run, event, opened=True), landed=event.data["tip"], tip=event.data["tip"]))


@_on(EventType.GROUP_DONE)
def _group_done(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=True)
    tally = run.tally.get(group.id, Map())
    unfinished = sum(n for status, n in tally.items() if status not in (UnitStatus.DONE, UnitStatus.SKIPPED))
    if unfinished:
        raise refusal(event, group.id, f"{group.status} with {unfinished} unfinished units")
    return with_group(run, replace(group, open=False, status=GroupStatus.DONE, closed_at=event.at))


@_on(EventType.GROUP_FAILED)
def _group_failed(run: Run, event: Event) -> Run:
    """Closes the group with everything in it: what moves is stopped, what waited is blocked, no question stays."""
    group = group_of(run, event, opened=True)
    reason = str(event.data.get("reason", ""))
    for ticket in run.live.get(group.id, Map()):
        ended = replace(run.attempts[ticket], step=Step.FAILED, running=False, ended_at=event.at, reason=reason)
        run = with_attempt(run, ended)
    for uid in run.members.get(group.id, ()):
        if run.units[uid].status in _UNSETTLED:
            run = with_unit(run, replace(run.units[uid], status=UnitStatus.BLOCKED, reason=reason))
    for decision in pending_decisions(run, group.id):
        run = with_decision(run, replace(decision, answer="stop", comment=reason))
    return with_group(run, replace(group, open=False, status=GroupStatus.FAILED, closed_at=event.at, reason=reason))


@_on(EventType.GROUP_BLOCKED)
def _group_blocked(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=False)
    return with_group(run, replace(group, status=GroupStatus.BLOCKED, reason=event.data.get("reason", "")))
