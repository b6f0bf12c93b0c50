"""What happens to a unit beside its attempts: given up, tried again, assigned, to be mended."""

from __future__ import annotations

from ..budget import NOTHING
from ..codec import decode
from ..events import EventType
from ..index import with_group, with_unit
from ..model import Assignment, Event, Run, UnitState
from ..values import replace
from ..words import AssignedBy, Criticality, UnitStatus
from .attempts import accept_group_attempt
from .handlers import Handler, Handlers, group_of, refusal, unit_of

# How many reviewers look at a unit.
REVIEWERS = {Criticality.STANDARD: 1, Criticality.COMPLEX: 2, Criticality.SECURITY_SENSITIVE: 2}
_NOT_UNDER_WAY = (UnitStatus.PENDING, UnitStatus.NEEDS_HUMAN, UnitStatus.FAILED, UnitStatus.BLOCKED)

HANDLERS = Handlers()
_on = HANDLERS.on


def _close_unit(status: UnitStatus) -> Handler:
    def handler(run: Run, event: Event) -> Run:
        unit = unit_of(run, event, UnitStatus.PENDING, UnitStatus.NEEDS_HUMAN, UnitStatus.BLOCKED)
        return with_unit(run, replace(unit, status=status, reason=event.data.get("reason", "")))

    return handler


_on(EventType.UNIT_FAILED)(_close_unit(UnitStatus.FAILED))
_on(EventType.UNIT_BLOCKED)(_close_unit(UnitStatus.BLOCKED))
_on(EventType.UNIT_SKIPPED)(_close_unit(UnitStatus.SKIPPED))


@_on(EventType.UNIT_RETRIED)
def _unit_retried(run: Run, event: Event) -> Run:
    unit = unit_of(run, event, UnitStatus.NEEDS_HUMAN, UnitStatus.FAILED, UnitStatus.BLOCKED)
    granted = unit.attempts + run.limits.max_attempts
    comment = event.data.get("comment", "")
    learned = tuple(event.data.get("learned", unit.learned))
    learned = (*learned, f"A person says: {comment}") if comment else learned
    again = replace(unit, status=waiting(unit), granted=granted, learned=learned, review_tries=0, reason="")
    return with_unit(run, replace(again, fixes=event.data.get("fixes", unit.fixes), spent=NOTHING))


def waiting(unit: UnitState) -> UnitStatus:
    """Where a unit goes on that is tried again: a review that was cut short is a review again."""
    return UnitStatus.REVIEW if unit.reviewing else UnitStatus.PENDING


@_on(EventType.UNIT_ASSIGNED)
def _unit_assigned(run: Run, event: Event) -> Run:
    """The first assignment stands; only a person's takes the place of another, and no agent's that of a person's."""
    given = decode(Assignment, event.data)
    person = given.source is AssignedBy.PERSON
    unit = unit_of(run, event, *(_NOT_UNDER_WAY if person else (UnitStatus.PENDING,)))
    before = unit.assignment
    if before is not None and not person:
        if before.source is AssignedBy.PERSON:
            return run
        raise refusal(event, unit.id, f"{before.owner or 'somebody'}'s already")
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
    return accept_group_attempt(run, event)


@_on(EventType.ADVICE_GIVEN)
def _advice_given(run: Run, event: Event) -> Run:
    run = accept_group_attempt(run, event)
    group, data = group_of(run, event, opened=True), event.data
    # What an answer leaves out comes after what it names, as far as it is good for.
    advised = tuple(dict.fromkeys((*data["order"], *data["offered"])))[: run.limits.max_actions or None]
    return with_group(run, replace(group, advised=advised, advice=tuple(data["order"])))


@_on(EventType.FIX_REQUESTED)
def _fix_requested(run: Run, event: Event) -> Run:
    unit = unit_of(run, event, UnitStatus.DONE, UnitStatus.SKIPPED, UnitStatus.REVIEW)
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
