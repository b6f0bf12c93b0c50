"""What happens to an attempt, and with it to what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..budget import Spending
from ..events import EventType
from ..index import with_attempt, with_group, with_unit
from ..model import Attempt, Event, Run
from ..values import replace
from ..words import AssignedBy, Complexity, ExitClass, Purpose, Role, Step, UnitStatus
from .handlers import Handlers, attempt_of, group_of, refusal, unit_of

_OF_UNITS = (Purpose.BUILD, Purpose.FIX)

HANDLERS = Handlers()
_on = HANDLERS.on


@_on(EventType.ATTEMPT_STARTED)
def _attempt_started(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=True)
    if event.attempt in run.attempts:
        raise refusal(event, event.attempt, "started already")
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
        session=data.get("session", ""),
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
        unit = unit_of(run, event, UnitStatus.REVIEW)
        # Of two that were wanted together, the second may be the first to begin: no number is given out again.
        return with_unit(run, replace(unit, reviewers=max(unit.reviewers, int(event.data["number"]))))
    unit = unit_of(run, event, UnitStatus.PENDING)
    if unit.assignment is not None and unit.assignment.source is not AssignedBy.PERSON:
        raise refusal(event, unit.id, f"{unit.assignment.owner or 'somebody'}'s already")
    return with_unit(run, replace(unit, assigners=unit.assigners + 1))


def _take_unit(run: Run, event: Event) -> Run:
    unit = unit_of(run, event, UnitStatus.PENDING)
    if unit.plan.group != event.group:
        raise refusal(event, unit.id, f"of {unit.plan.group}, not of {event.group}")
    if run.left.get(unit.id, 0) > 0:
        raise refusal(event, unit.id, "waiting for the units it depends on")
    return with_unit(run, replace(unit, status=UnitStatus.IN_PROGRESS, attempts=unit.attempts + 1))


@_on(EventType.TURN_STARTED)
def _turn_started(run: Run, event: Event) -> Run:
    attempt = attempt_of(run, event, Step.WORKING)
    turn = int(event.data["turn"])
    if turn != attempt.turn:
        raise refusal(event, attempt.ticket, f"at turn {attempt.turn}, not {turn}")
    return with_attempt(run, replace(attempt, running=True, exit_class=None))


@_on(EventType.TURN_ENDED)
def _turn_ended(run: Run, event: Event) -> Run:
    attempt = attempt_of(run, event, Step.WORKING)
    data = event.data
    if not attempt.running:
        # Its end was recorded already: a second one would count its usage twice.
        raise refusal(event, attempt.ticket, "not running")
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
    attempt = attempt_of(run, event)
    outside = tuple(event.data.get("outside", ()))
    return with_attempt(run, replace(attempt, quarantine=tuple(dict.fromkeys((*attempt.quarantine, *outside)))))


@_on(EventType.SENT_BACK)
def _sent_back(run: Run, event: Event) -> Run:
    """The harness rejects what was reported; the same agent goes on with the reason."""
    attempt = attempt_of(run, event, Step.REPORTED, Step.VERIFIED)
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
    attempt = attempt_of(run, event, Step.REPORTED, Step.VERIFIED)
    return with_attempt(run, replace(attempt, step=Step.VERIFIED, tree=event.data["tree"]))


@_on(EventType.ATTEMPT_REBASED)
def _attempt_rebased(run: Run, event: Event) -> Run:
    """The unit's work now stands on a newer tip, and has to be verified there."""
    attempt = attempt_of(run, event, Step.VERIFIED)
    data = event.data
    return with_attempt(run, replace(attempt, step=Step.REPORTED, base=data["base"], tree=data["tree"]))


@_on(EventType.UNIT_ACCEPTED)
def _unit_accepted(run: Run, event: Event) -> Run:
    attempt = attempt_of(run, event, Step.VERIFIED)
    unit = unit_of(run, event, UnitStatus.IN_PROGRESS)
    group = group_of(run, event, opened=True)
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
    attempt = attempt_of(run, event)
    reason = str(event.data.get("reason", ""))
    ended = replace(attempt, step=Step.FAILED, running=False, ended_at=event.at, reason=reason)
    run = with_attempt(run, ended)
    if attempt.purpose in _OF_UNITS:
        unit = unit_of(run, event, UnitStatus.IN_PROGRESS)
        learned = (*unit.learned, str(event.data.get("learned", "") or reason))[-5:]
        run = replace(run, rested_at=event.at)
        return with_unit(run, replace(unit, status=UnitStatus.PENDING, learned=learned))
    if event.unit in run.units:
        unit = run.units[event.unit]
        tries = unit.review_tries + (1 if attempt.purpose is Purpose.REVIEW else 0)
        return with_unit(run, replace(unit, review_tries=tries))
    if attempt.purpose is Purpose.ADVISE:
        return run
    group = group_of(run, event, opened=True)
    return with_group(run, replace(group, tries=group.tries + 1))


def accept_group_attempt(run: Run, event: Event) -> Run:
    if not event.attempt:
        return run
    attempt = attempt_of(run, event, Step.REPORTED)
    return with_attempt(run, replace(attempt, step=Step.ACCEPTED, ended_at=event.at))
