"""What an event does to a run. Pure: no clock, disk, environment or random source.

`apply` only writes down what happened; what follows from it by policy is `settle`'s, what to do next is `decide`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from immutables import Map

from .budget import NOTHING, Spending
from .codec import decode
from .events import EventType
from .index import pending_decisions, with_attempt, with_decision, with_finding, with_group, with_plan, with_unit
from .model import (
    Assignment,
    Attempt,
    Decision,
    Event,
    Finding,
    Group,
    GroupState,
    Limits,
    Report,
    Run,
    Unit,
    UnitState,
)
from .owners import first_stage
from .values import replace
from .words import (
    AssignedBy,
    Complexity,
    Criticality,
    ExitClass,
    FindingStatus,
    GroupStatus,
    Purpose,
    PushPolicy,
    Role,
    RunState,
    Stage,
    Step,
    UnitStatus,
    Verdict,
    Workflow,
)


class IllegalTransition(Exception):
    """An event that cannot happen to this unit or group as it stands: a bug or a stale writer."""


# How many reviewers look at a unit.
REVIEWERS = {Criticality.STANDARD: 1, Criticality.COMPLEX: 2, Criticality.SECURITY_SENSITIVE: 2}
_OF_UNITS = (Purpose.BUILD, Purpose.FIX)

Handler = Callable[[Run, Event], Run]
_HANDLERS: dict[str, Handler] = {}


def _on(*types: EventType) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for type_ in types:
            _HANDLERS[type_] = handler
        return handler

    return register


def apply(run: Run, event: Event) -> Run:
    """Return the run after `event`.

    Raises IllegalTransition, naming the unit or group, its status and the event, when the event cannot happen.
    """
    handler = _HANDLERS.get(event.type)
    if handler is None:
        raise IllegalTransition(f"{event.type} is not an event that a run knows")
    return handler(run, event)


def _refuse(event: Event, what: str, status: object) -> IllegalTransition:
    return IllegalTransition(f"{event.type} cannot happen to {what}, which is {status}")


def _group(run: Run, event: Event, *, opened: bool | None = None) -> GroupState:
    group = run.groups.get(event.group)
    if group is None:
        raise _refuse(event, event.group or "no group", "unknown")
    if opened is not None and group.open is not opened:
        raise _refuse(event, group.id, group.status)
    return group


def _unit(run: Run, event: Event, *allowed: UnitStatus) -> UnitState:
    unit = run.units.get(event.unit)
    if unit is None:
        raise _refuse(event, event.unit or "no unit", "unknown")
    if allowed and unit.status not in allowed:
        raise _refuse(event, unit.id, unit.status)
    return unit


def _attempt(run: Run, event: Event, *allowed: Step) -> Attempt:
    attempt = run.attempts.get(event.attempt)
    if attempt is None:
        raise _refuse(event, event.attempt or "no attempt", "unknown")
    if (event.group, event.unit) != (attempt.group, attempt.unit):
        raise _refuse(event, attempt.ticket, f"for {attempt.unit}, not for {event.unit} of {event.group}")
    if attempt.step not in (allowed or (Step.WORKING, Step.REPORTED, Step.VERIFIED)):
        raise _refuse(event, attempt.ticket, attempt.step)
    return attempt


# Runs


@_on(EventType.RUN_STARTED, EventType.RUN_RESUMED)
def _run_started(run: Run, event: Event) -> Run:
    data = event.data
    return replace(
        run,
        id=event.run or run.id,
        workflow=Workflow(data.get("workflow", run.workflow)),
        limits=decode(Limits, data.get("limits", {})),
        state=RunState.RUNNING,
        stop=False,
        reason="",
        started_at=run.started_at or event.at,
        past=Map(data.get("past", run.past)),
    )


@_on(EventType.RUN_ENDED)
def _run_ended(run: Run, event: Event) -> Run:
    return replace(run, state=RunState(event.data["state"]), reason=event.data.get("reason", ""))


@_on(EventType.STOP_REQUESTED)
def _stop_requested(run: Run, event: Event) -> Run:
    return replace(run, stop=True)


@_on(EventType.BACKEND_PARKED)
def _backend_parked(run: Run, event: Event) -> Run:
    return replace(run, parks=run.parks.set(event.data["backend"], float(event.data["until"])))


@_on(
    EventType.NOTE,
    EventType.RECEIPT,
    EventType.PLAN_REVIEWED,
    EventType.GROUP_READIED,
    EventType.LEASE_CLAIMED,
    EventType.LEASE_TAKEN_OVER,
    EventType.LEASE_RELEASED,
)
def _recorded_only(run: Run, event: Event) -> Run:
    return run


# Groups


@_on(EventType.GROUP_READ)
def _group_read(run: Run, event: Event) -> Run:
    known = run.groups.get(event.group)
    if known is not None and known.open:
        raise _refuse(event, known.id, known.status)
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
        raise _refuse(event, known.id, known.status)
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
    group = _group(run, event, opened=False)
    again = (UnitStatus.FAILED, UnitStatus.BLOCKED, UnitStatus.NEEDS_HUMAN)
    for uid in run.members.get(group.id, ()):
        unit = run.units[uid]
        if unit.status in again:
            granted = unit.attempts + run.limits.max_attempts
            retried = replace(unit, status=_waiting(unit), granted=granted, review_tries=0, reason="", spent=NOTHING)
            run = with_unit(run, retried)
    # It is built anew from the target branch, so what was pushed or landed before is not what it comes to.
    ready = replace(group, status=GroupStatus.READY, tries=0, reason="", closed_at=0.0, pushed="", landed="")
    return with_group(run, ready)


@_on(EventType.GROUP_OPENED)
def _group_opened(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=False)
    if group.status not in (GroupStatus.READY, GroupStatus.IN_PROGRESS, GroupStatus.REVIEW):
        raise _refuse(event, group.id, group.status)
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
    return with_group(run, replace(_group(run, event, opened=True), epoch=event.epoch))


@_on(EventType.STAGE_ENTERED)
def _stage_entered(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=True)
    stage = Stage(event.data["stage"])
    status = GroupStatus.REVIEW if stage in (Stage.REVIEW, Stage.FIX, Stage.LAND) else GroupStatus.IN_PROGRESS
    return with_group(run, replace(group, stage=stage, status=status, tries=0))


@_on(EventType.GROUP_REBASED)
def _group_rebased(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=True)
    for uid, commit in event.data.get("commits", {}).items():
        if uid in run.units:
            run = with_unit(run, replace(run.units[uid], commit=commit))
    # What was pushed is not the new tip, which has to be pushed as well.
    return with_group(run, replace(group, base=event.data["base"], tip=event.data["tip"], pushed=""))


@_on(EventType.GROUP_PUSHED)
def _group_pushed(run: Run, event: Event) -> Run:
    return with_group(run, replace(_group(run, event, opened=True), pushed=event.data["ref"]))


@_on(EventType.PUSH_SKIPPED)
def _push_skipped(run: Run, event: Event) -> Run:
    return with_group(run, replace(_group(run, event, opened=True), reason=event.data["reason"]))


@_on(EventType.GROUP_LANDED)
def _group_landed(run: Run, event: Event) -> Run:
    return with_group(run, replace(_group(run, event, opened=True), landed=event.data["tip"], tip=event.data["tip"]))


@_on(EventType.GROUP_DONE)
def _group_done(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=True)
    tally = run.tally.get(group.id, Map())
    unfinished = sum(n for status, n in tally.items() if status not in (UnitStatus.DONE, UnitStatus.SKIPPED))
    if unfinished:
        raise _refuse(event, group.id, f"{group.status} with {unfinished} unfinished units")
    return with_group(run, replace(group, open=False, status=GroupStatus.DONE, closed_at=event.at))


@_on(EventType.GROUP_FAILED)
def _group_failed(run: Run, event: Event) -> Run:
    """Closes the group with everything in it: what moves is stopped, what waited is blocked, no question stays."""
    group = _group(run, event, opened=True)
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


_NOT_UNDER_WAY = (UnitStatus.PENDING, UnitStatus.NEEDS_HUMAN, UnitStatus.FAILED, UnitStatus.BLOCKED)
_UNSETTLED = (UnitStatus.PENDING, UnitStatus.IN_PROGRESS, UnitStatus.REVIEW, UnitStatus.NEEDS_HUMAN)


@_on(EventType.GROUP_BLOCKED)
def _group_blocked(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=False)
    return with_group(run, replace(group, status=GroupStatus.BLOCKED, reason=event.data.get("reason", "")))


# Attempts


@_on(EventType.ATTEMPT_STARTED)
def _attempt_started(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=True)
    if event.attempt in run.attempts:
        raise _refuse(event, event.attempt, "started already")
    data = event.data
    attempt = Attempt(
        ticket=event.attempt,
        run=event.run,
        group=group.id,
        unit=event.unit,
        role=Role(data["role"]),
        purpose=Purpose(data["purpose"]),
        number=int(data["number"]),
        tier=Complexity(data["tier"]),
        worktree=data.get("worktree", ""),
        base=data.get("base", ""),
        backend=data.get("backend", ""),
        model=data.get("model", ""),
        findings=tuple(data.get("findings", ())),
        started_at=event.at,
    )
    if attempt.purpose in _OF_UNITS:
        run = replace(_take_unit(run, event), dispatches=run.dispatches + 1)
    elif event.unit in run.units:
        run = _look_at_unit(run, event, attempt.purpose)
    elif attempt.purpose is Purpose.DESIGN:
        run = with_group(run, replace(group, architects=group.architects + 1))
    elif attempt.purpose is Purpose.ASSIGN:
        run = with_group(run, replace(group, assigners=group.assigners + 1))
    elif attempt.purpose is Purpose.ADVISE:
        run = with_group(run, replace(group, advisers=group.advisers + 1))
    else:
        run = with_group(run, replace(group, reviewers=group.reviewers + 1))
    return with_attempt(run, attempt)


def _look_at_unit(run: Run, event: Event, purpose: Purpose) -> Run:
    """A reviewer or an assigner of one unit begins; it takes nothing from it."""
    if purpose is Purpose.REVIEW:
        unit = _unit(run, event, UnitStatus.REVIEW)
        # Of two that were wanted together, the second may be the first to begin: no number is given out again.
        return with_unit(run, replace(unit, reviewers=max(unit.reviewers, int(event.data["number"]))))
    unit = _unit(run, event, UnitStatus.PENDING)
    if unit.assignment is not None and unit.assignment.source is not AssignedBy.PERSON:
        raise _refuse(event, unit.id, f"{unit.assignment.owner or 'somebody'}'s already")
    return with_unit(run, replace(unit, assigners=unit.assigners + 1))


def _take_unit(run: Run, event: Event) -> Run:
    unit = _unit(run, event, UnitStatus.PENDING)
    if unit.plan.group != event.group:
        raise _refuse(event, unit.id, f"of {unit.plan.group}, not of {event.group}")
    if run.left.get(unit.id, 0) > 0:
        raise _refuse(event, unit.id, "waiting for the units it depends on")
    return with_unit(run, replace(unit, status=UnitStatus.IN_PROGRESS, attempts=unit.attempts + 1))


@_on(EventType.TURN_STARTED)
def _turn_started(run: Run, event: Event) -> Run:
    attempt = _attempt(run, event, Step.WORKING)
    turn = int(event.data["turn"])
    if turn != attempt.turn:
        raise _refuse(event, attempt.ticket, f"at turn {attempt.turn}, not {turn}")
    return with_attempt(run, replace(attempt, running=True, exit_class=None))


@_on(EventType.TURN_ENDED)
def _turn_ended(run: Run, event: Event) -> Run:
    attempt = _attempt(run, event, Step.WORKING)
    data = event.data
    if not attempt.running:
        # Its end was recorded already: a second one would count its usage twice.
        raise _refuse(event, attempt.ticket, "not running")
    exit_class = ExitClass(data["exit_class"])
    usage = data.get("usage", {})
    attempt = replace(
        attempt,
        running=False,
        exit_class=exit_class,
        session=data.get("session", "") or attempt.session,
        final=str(data.get("final", ""))[:2000],
        notes=str(data.get("notes", ""))[:2000] or attempt.notes,
        reason=str(data.get("reason", "")),
        step=Step.REPORTED if exit_class is ExitClass.OK else Step.WORKING,
    )
    if exit_class in (ExitClass.LIMIT, ExitClass.OVERLOADED, ExitClass.STOPPED):
        attempt = replace(attempt, turn=attempt.turn + 1)
    tokens = int(usage.get("input", 0)) + int(usage.get("output", 0))
    run = replace(run, tokens=run.tokens + tokens, cost_usd=run.cost_usd + float(usage.get("cost_usd", 0.0)))
    if attempt.purpose in _OF_UNITS:
        unit = run.units[attempt.unit]
        run = with_unit(run, replace(unit, spent=unit.spent + _used(data)))
    return with_attempt(run, attempt)


def _used(data: Mapping[str, Any]) -> Spending:
    usage = data.get("usage", {})
    return Spending(
        answers=int(usage.get("answers", 0)),
        tokens=int(usage.get("input", 0)) + int(usage.get("output", 0)),
        cost_usd=float(usage.get("cost_usd", 0.0)),
        seconds=float(data.get("duration_s", 0.0)),
    )


@_on(EventType.SCOPE_CHECKED)
def _scope_checked(run: Run, event: Event) -> Run:
    attempt = _attempt(run, event)
    outside = tuple(event.data.get("outside", ()))
    return with_attempt(run, replace(attempt, quarantine=tuple(dict.fromkeys((*attempt.quarantine, *outside)))))


@_on(EventType.SENT_BACK)
def _sent_back(run: Run, event: Event) -> Run:
    """The harness rejects what was reported; the same agent goes on with the reason."""
    attempt = _attempt(run, event, Step.REPORTED, Step.VERIFIED)
    failure = (str(event.data.get("tree", "")), str(event.data.get("signature", "")))
    return with_attempt(
        run,
        replace(
            attempt,
            step=Step.WORKING,
            turn=attempt.turn + 1,
            retries=attempt.retries + 1,
            failures=(*attempt.failures, failure),
            feedback=str(event.data.get("feedback", "")),
        ),
    )


@_on(EventType.VERIFIED)
def _verified(run: Run, event: Event) -> Run:
    attempt = _attempt(run, event, Step.REPORTED, Step.VERIFIED)
    return with_attempt(run, replace(attempt, step=Step.VERIFIED, tree=event.data["tree"]))


@_on(EventType.ATTEMPT_REBASED)
def _attempt_rebased(run: Run, event: Event) -> Run:
    """The unit's work now stands on a newer tip, and has to be verified there."""
    attempt = _attempt(run, event, Step.VERIFIED)
    data = event.data
    return with_attempt(run, replace(attempt, step=Step.REPORTED, base=data["base"], tree=data["tree"]))


@_on(EventType.UNIT_ACCEPTED)
def _unit_accepted(run: Run, event: Event) -> Run:
    attempt = _attempt(run, event, Step.VERIFIED)
    unit = _unit(run, event, UnitStatus.IN_PROGRESS)
    group = _group(run, event, opened=True)
    commit = event.data.get("commit", "")
    run = with_attempt(run, replace(attempt, step=Step.ACCEPTED, ended_at=event.at))
    # Where nothing was changed, as by a checkpoint, there is nothing to look at; without git nobody knows.
    reviewed = unit.reviews > 0 and bool(commit or attempt.purpose is Purpose.FIX or not attempt.tree)
    status = UnitStatus.REVIEW if reviewed else UnitStatus.DONE
    done = replace(unit, status=status, reviewing=reviewed, commit=commit or unit.commit, findings=(), reason="")
    run = replace(with_unit(run, done), rested_at=event.at)
    return with_group(run, replace(group, tip=commit)) if commit else run


@_on(EventType.ATTEMPT_FAILED)
def _attempt_failed(run: Run, event: Event) -> Run:
    attempt = _attempt(run, event)
    reason = str(event.data.get("reason", ""))
    ended = replace(attempt, step=Step.FAILED, running=False, ended_at=event.at, reason=reason)
    run = with_attempt(run, ended)
    if attempt.purpose in _OF_UNITS:
        unit = _unit(run, event, UnitStatus.IN_PROGRESS)
        learned = (*unit.learned, str(event.data.get("learned", "") or reason))[-5:]
        run = replace(run, rested_at=event.at)
        return with_unit(run, replace(unit, status=UnitStatus.PENDING, learned=learned))
    if event.unit in run.units:
        unit = run.units[event.unit]
        tries = unit.review_tries + (1 if attempt.purpose is Purpose.REVIEW else 0)
        return with_unit(run, replace(unit, review_tries=tries))
    if attempt.purpose is Purpose.ADVISE:
        return run
    group = _group(run, event, opened=True)
    return with_group(run, replace(group, tries=group.tries + 1))


# Units


def _close_unit(status: UnitStatus) -> Handler:
    def handler(run: Run, event: Event) -> Run:
        unit = _unit(run, event, UnitStatus.PENDING, UnitStatus.NEEDS_HUMAN, UnitStatus.BLOCKED)
        return with_unit(run, replace(unit, status=status, reason=event.data.get("reason", "")))

    return handler


_on(EventType.UNIT_FAILED)(_close_unit(UnitStatus.FAILED))
_on(EventType.UNIT_BLOCKED)(_close_unit(UnitStatus.BLOCKED))
_on(EventType.UNIT_SKIPPED)(_close_unit(UnitStatus.SKIPPED))


@_on(EventType.UNIT_RETRIED)
def _unit_retried(run: Run, event: Event) -> Run:
    unit = _unit(run, event, UnitStatus.NEEDS_HUMAN, UnitStatus.FAILED, UnitStatus.BLOCKED)
    granted = unit.attempts + run.limits.max_attempts
    comment = event.data.get("comment", "")
    learned = (*unit.learned, f"A person says: {comment}") if comment else unit.learned
    again = replace(unit, status=_waiting(unit), granted=granted, learned=learned, review_tries=0, reason="")
    return with_unit(run, replace(again, spent=NOTHING))


def _waiting(unit: UnitState) -> UnitStatus:
    """Where a unit goes on that is tried again: a review that was cut short is a review again."""
    return UnitStatus.REVIEW if unit.reviewing else UnitStatus.PENDING


@_on(EventType.UNIT_ASSIGNED)
def _unit_assigned(run: Run, event: Event) -> Run:
    """The first assignment stands; only a person's takes the place of another, and no agent's that of a person's."""
    given = decode(Assignment, event.data)
    person = given.source is AssignedBy.PERSON
    unit = _unit(run, event, *(_NOT_UNDER_WAY if person else (UnitStatus.PENDING,)))
    before = unit.assignment
    if before is not None and not person:
        if before.source is AssignedBy.PERSON:
            return run
        raise _refuse(event, unit.id, f"{before.owner or 'somebody'}'s already")
    # What the plan states is never replaced by what somebody guesses.
    writes = unit.plan.writes or tuple(event.data.get("writes", ()))
    reads = unit.plan.reads or tuple(event.data.get("reads", ()))
    reviews = REVIEWERS[given.criticality] if run.limits.unit_reviews else 0
    plan = replace(unit.plan, writes=writes, reads=reads)
    # A new owner has fixes of its own before somebody else is asked.
    fixes = unit.fixes if before is None or before.owner == given.owner else 0
    return with_unit(run, replace(unit, plan=plan, assignment=given, reviews=reviews, fixes=fixes))


@_on(EventType.ASSIGNMENT_ENDED)
def _assignment_ended(run: Run, event: Event) -> Run:
    return _accept_group_attempt(run, event)


@_on(EventType.ADVICE_GIVEN)
def _advice_given(run: Run, event: Event) -> Run:
    run = _accept_group_attempt(run, event)
    group, data = _group(run, event, opened=True), event.data
    # What an answer leaves out comes after what it names, as far as it is good for.
    advised = tuple(dict.fromkeys((*data["order"], *data["offered"])))[: run.limits.max_actions or None]
    return with_group(run, replace(group, advised=advised, advice=tuple(data["order"])))


@_on(EventType.UNIT_REVIEWED)
def _unit_reviewed(run: Run, event: Event) -> Run:
    """One reviewer has spoken; what comes after a person has decided otherwise no longer counts."""
    run = _accept_group_attempt(run, event)
    unit = _unit(run, event)
    if not unit.reviewing:
        return run
    report = decode(Report, {**event.data, "ticket": event.attempt})
    return with_unit(run, replace(unit, reports=(*unit.reports, report)))


@_on(EventType.UNIT_REVIEW_ENDED)
def _unit_review_ended(run: Run, event: Event) -> Run:
    unit = _unit(run, event, UnitStatus.REVIEW)
    for finding in event.data["findings"]:
        run = with_finding(run, decode(Finding, finding))
    again = Verdict(event.data["verdict"]) is Verdict.CHANGES_REQUESTED
    ended = replace(
        unit,
        status=UnitStatus.REVIEW if again else UnitStatus.DONE,
        reviewing=False,
        reports=(),
        review_round=unit.review_round + 1,
        review_tries=0,
        findings=tuple(event.data["serious"]) if again else (),
    )
    return with_unit(run, ended)


@_on(EventType.FIX_REQUESTED)
def _fix_requested(run: Run, event: Event) -> Run:
    unit = _unit(run, event, UnitStatus.DONE, UnitStatus.SKIPPED, UnitStatus.REVIEW)
    data = event.data
    fixing = replace(
        unit,
        status=UnitStatus.PENDING,
        granted=unit.attempts + run.limits.max_attempts,
        findings=tuple(data["findings"]),
        learned=tuple(data.get("learned", ())),
        fixes=unit.fixes + (1 if unit.status is UnitStatus.REVIEW else 0),
        spent=NOTHING,
    )
    return with_unit(run, fixing)


# Gates


@_on(EventType.DESIGN_ENDED)
def _design_ended(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=True)
    run = _accept_group_attempt(run, event)
    return with_group(run, replace(group, rfc=event.data["path"], design_round=group.design_round + 1))


@_on(EventType.REVIEW_ENDED)
def _review_ended(run: Run, event: Event) -> Run:
    group = _group(run, event, opened=True)
    run = _accept_group_attempt(run, event)
    for finding in event.data["findings"]:
        run = with_finding(run, decode(Finding, finding))
    verdict = Verdict(event.data["verdict"])
    return with_group(run, replace(group, round=group.round + 1, reviewed=group.tip, verdict=verdict))


def _accept_group_attempt(run: Run, event: Event) -> Run:
    if not event.attempt:
        return run
    attempt = _attempt(run, event, Step.REPORTED)
    return with_attempt(run, replace(attempt, step=Step.ACCEPTED, ended_at=event.at))


@_on(EventType.DECISION_ASKED)
def _decision_asked(run: Run, event: Event) -> Run:
    decision = decode(Decision, event.data["decision"])
    if decision.id in run.decisions:
        raise _refuse(event, decision.id, "asked already")
    if decision.unit in run.units:
        about = replace(event, unit=decision.unit)
        unit = _unit(run, about, UnitStatus.PENDING, UnitStatus.REVIEW, UnitStatus.FAILED, UnitStatus.BLOCKED)
        run = with_unit(run, replace(unit, status=UnitStatus.NEEDS_HUMAN, reason=decision.question))
    return with_decision(run, decision)


@_on(EventType.DECISION_ANSWERED)
def _decision_answered(run: Run, event: Event) -> Run:
    decision = run.decisions.get(event.data["id"])
    if decision is None or not decision.pending:
        raise _refuse(event, event.data["id"], "answered" if decision else "unknown")
    answer = event.data["answer"]
    if answer not in decision.options:
        raise IllegalTransition(f"{answer!r} is not an answer to {decision.id}: {', '.join(decision.options)}")
    answered = replace(decision, answer=answer, comment=event.data.get("comment", ""))
    return _answer_effects(with_decision(run, answered), answered)


def _answer_effects(run: Run, decision: Decision) -> Run:
    """What an answer changes by itself; `settle` draws the rest of the consequences."""
    group = run.groups.get(decision.group)
    if group is None:
        return run
    if decision.answer == "revise":
        return with_group(run, replace(group, rfc="", feedback=decision.comment, stage=Stage.DESIGN, tries=0))
    if decision.answer in ("push", "keep"):
        policy = PushPolicy.AUTO if decision.answer == "push" else PushPolicy.NEVER
        return with_group(run, replace(group, push=policy))
    if decision.answer == "accept":
        run = _waive(run, group.id, decision.unit)
        return _accepted_as_it_is(run, decision.unit) if decision.unit in run.units else run
    if decision.answer in ("retry", "go-on"):
        return with_group(run, replace(group, tries=0))
    return run


def _waive(run: Run, group: str, unit: str) -> Run:
    for finding in list(run.findings.values()):
        if finding.group == group and finding.unit == (unit or finding.unit) and finding.status is FindingStatus.OPEN:
            run = with_finding(run, replace(finding, status=FindingStatus.WAIVED))
    return run


def _accepted_as_it_is(run: Run, id_: str) -> Run:
    """A unit with a commit, which a person takes without the rest of its review."""
    done = replace(run.units[id_], status=UnitStatus.DONE, reviewing=False, reports=(), findings=(), reason="")
    return with_unit(run, done)


def known_types() -> frozenset[str]:
    """The event types that `apply` has a handler for."""
    return frozenset(_HANDLERS)


def empty_run(id_: str, **fields: Any) -> Run:
    """A run to which nothing has happened yet."""
    return Run(id=id_, **fields)
