"""What follows from an event by policy, as further events. Pure.

The store appends them in the same transaction, so that no crash can come between a cause and its consequence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from immutables import Map

from .breaker import ADVICE, tripped
from .budget import used_up
from .codec import encode
from .decide import offered
from .events import EventType
from .findings import SERIOUS, verdict
from .index import findings_of, units_of
from .model import Assignment, Attempt, Decision, Event, Finding, GroupState, Run, UnitState
from .owners import first_stage, owner_names, subjects, unowned
from .reviews import consolidate
from .words import (
    AssignedBy,
    ExitClass,
    FindingStatus,
    Gate,
    GatePolicy,
    GroupStatus,
    Purpose,
    PushPolicy,
    Stage,
    Step,
    UnitStatus,
    Verdict,
)

Rule = Callable[[Run, Event], list[Event]]

# An answer of an assigner that cannot be used is sent back this often.
ASSIGNER_REPAIRS = 1
_WAITS = re.compile(r"^[ \t]*<promise>HALT</promise>[ \t]*$", re.MULTILINE)
_OF_REVIEWS = ("retry", "accept", "skip", "stop")

# These end a turn without an attempt being to blame.
_PARKING = frozenset({ExitClass.LIMIT, ExitClass.OVERLOADED, ExitClass.STOPPED})


def settle(run: Run, event: Event) -> list[Event]:
    """Return the events that `event`, just applied to `run`, brings about; in order, possibly none."""
    rule = _RULES.get(event.type)
    return rule(run, event) if rule else []


def _turn_ended(run: Run, event: Event) -> list[Event]:
    attempt = run.attempts[event.attempt]
    exit_class = attempt.exit_class
    if exit_class is ExitClass.OK or exit_class in _PARKING:
        return []
    if attempt.purpose in (Purpose.ASSIGN, Purpose.ADVISE):
        return [_failed(attempt, attempt.reason or str(exit_class))]
    if exit_class is ExitClass.AUTH:
        question = f"The backend {attempt.backend} is not logged in. Log in, then answer retry."
        return [_failed(attempt, "not logged in"), *_ask_about(run, attempt, Gate.BACKEND, question)]
    if exit_class is ExitClass.HALT:
        question = f"The agent of {attempt.unit} needs an answer before it goes on: {_question(attempt.final)}"
        return [_failed(attempt, "the agent asked for a person"), *_ask_about(run, attempt, Gate.HALT, question)]
    if exit_class in ADVICE:
        return [_failed(attempt, f"{exit_class}: {attempt.reason}", ADVICE[exit_class])]
    return [_failed(attempt, attempt.reason or str(exit_class))]


def _question(final: str) -> str:
    """The end of what an agent said, without the line that only says that it waits."""
    return _WAITS.sub("", final).strip()[-400:] or "it has not said which"


def _sent_back(run: Run, event: Event) -> list[Event]:
    attempt = run.attempts[event.attempt]
    if attempt.purpose is Purpose.ASSIGN:
        return [_failed(attempt, _first_line(attempt.feedback))] if attempt.retries > ASSIGNER_REPAIRS else []
    breaker = tripped(attempt.failures)
    if breaker:
        return [_failed(attempt, f"{breaker}: {_first_line(attempt.feedback)}")]
    if attempt.retries >= run.limits.stuck_retry_limit:
        return [_failed(attempt, f"sent back {attempt.retries} times: {_first_line(attempt.feedback)}")]
    spent = _over_budget(run, attempt.unit)
    return [_failed(attempt, f"{spent}: {_first_line(attempt.feedback)}")] if spent else []


def _over_budget(run: Run, unit: str) -> str:
    return used_up(run.units[unit].spent, run.limits.unit_budget) if unit in run.units else ""


def _failed(attempt: Attempt, reason: str, advice: str = "") -> Event:
    learned = "\n".join(part for part in (reason, advice, attempt.feedback) if part)
    data = {"reason": reason, "learned": f"Attempt {attempt.number} failed: {learned}".strip()}
    return Event(EventType.ATTEMPT_FAILED, group=attempt.group, unit=attempt.unit, attempt=attempt.ticket, data=data)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]


def _attempt_failed(run: Run, event: Event) -> list[Event]:
    attempt = run.attempts[event.attempt]
    if attempt.purpose is Purpose.ASSIGN:
        return [*_fall_back(run, attempt), *_units_assigned(run, event)]
    if attempt.purpose is Purpose.ADVISE:
        # Nobody is asked twice about the same: without an answer code chooses.
        data = {"offered": offered(run, run.groups[attempt.group], event.at), "order": [], "notes": attempt.reason}
        return [Event(EventType.ADVICE_GIVEN, group=attempt.group, data=data)]
    if attempt.exit_class in (ExitClass.AUTH, ExitClass.HALT):
        return []
    if attempt.purpose in (Purpose.BUILD, Purpose.FIX):
        return _unit_spent(run, run.units[attempt.unit], event)
    if attempt.unit in run.units:
        return _reviewers_spent(run, run.units[attempt.unit], event)
    group = run.groups[attempt.group]
    if group.tries < run.limits.max_attempts:
        return []
    question = f"The {attempt.role} of {group.id} failed {group.tries} times: {event.data.get('reason', '')}"
    options = ("retry", "stop") if attempt.purpose is Purpose.DESIGN else ("retry", "accept", "stop")
    return [ask_person(run, Gate.REVIEW, group.id, question, options)]


def _unit_spent(run: Run, unit: UnitState, event: Event) -> list[Event]:
    reason, spent = str(event.data.get("reason", "")), _over_budget(run, unit.id)
    if unit.attempts < (unit.granted or run.limits.max_attempts) and not spent:
        return []
    reason = reason if spent in reason else f"{reason}; {spent}"
    if run.limits.auto and not run.limits.asks_when_spent:
        return [Event(EventType.UNIT_FAILED, group=event.group, unit=unit.id, data={"reason": reason})]
    question = f"{unit.id} ({unit.plan.title}) failed {unit.attempts} times. Last: {reason}"
    return [ask_person(run, Gate.UNIT, event.group, question, ("retry", "skip", "stop"), unit=unit.id)]


def _reviewers_spent(run: Run, unit: UnitState, event: Event) -> list[Event]:
    if unit.status is not UnitStatus.REVIEW or unit.review_tries < run.limits.max_attempts:
        return []
    question = f"The reviewers of {unit.id} failed {unit.review_tries} times: {event.data.get('reason', '')}"
    return [ask_person(run, Gate.REVIEW, event.group, question, _OF_REVIEWS, unit=unit.id)]


def _fall_back(run: Run, attempt: Attempt) -> list[Event]:
    """What no agent could say, code says: the first owner there is, and the ordinary care."""
    data = encode(Assignment(owner=owner_names(run.limits)[0], source=AssignedBy.FALLBACK))
    left = (unit for unit in subjects(run, attempt) if unowned(unit))
    return [Event(EventType.UNIT_ASSIGNED, group=attempt.group, unit=unit.id, data=data) for unit in left]


def _advice_given(run: Run, event: Event) -> list[Event]:
    return [Event(EventType.STOP_REQUESTED, data={"by": "adviser"})] if event.data.get("halt") else []


def _unit_assigned(run: Run, event: Event) -> list[Event]:
    """When people have named an owner for each unit before an assigner has begun, none is asked."""
    group = run.groups[event.group]
    if event.data["source"] != AssignedBy.PERSON or any(unowned(unit) for unit in units_of(run, group.id)):
        return []
    asked = any(run.attempts[ticket].purpose is Purpose.ASSIGN for ticket in run.live.get(group.id, ()))
    return [] if asked else _units_assigned(run, event)


def _units_assigned(run: Run, event: Event) -> list[Event]:
    group = run.groups[event.group]
    return [_enter(group, Stage.UNITS)] if group.stage is Stage.ASSIGN else []


def _unit_reviewed(run: Run, event: Event) -> list[Event]:
    """When the last reviewer of a round has spoken, code says what the round comes to."""
    unit = run.units[event.unit]
    if not unit.reviewing or unit.status is not UnitStatus.REVIEW or len(unit.reports) < unit.reviews:
        return []
    findings = consolidate(_findings_of_unit(run, unit), unit, unit.reports)
    serious = [f.id for f in findings if f.status is FindingStatus.OPEN and f.severity in SERIOUS]
    data = {
        "findings": [encode(finding) for finding in findings],
        "verdict": str(verdict(findings)),
        "round": unit.review_round + 1,
        "serious": serious,
    }
    return [Event(EventType.UNIT_REVIEW_ENDED, group=event.group, unit=unit.id, data=data)]


def _findings_of_unit(run: Run, unit: UnitState) -> list[Finding]:
    return [finding for finding in findings_of(run, unit.plan.group) if finding.unit == unit.id]


def _unit_review_ended(run: Run, event: Event) -> list[Event]:
    unit = run.units[event.unit]
    if unit.status is UnitStatus.DONE:
        return _units_moved(run, event)
    if unit.fixes < run.limits.fix_rounds:
        data = {"findings": list(unit.findings), "learned": _fixed_before(run, unit)}
        return [Event(EventType.FIX_REQUESTED, group=event.group, unit=unit.id, data=data)]
    question = f"{unit.id}: {_told(run, unit.findings)} still open after {unit.fixes} fixes."
    return [ask_person(run, Gate.REVIEW, event.group, question, _OF_REVIEWS, unit=unit.id)]


def _told(run: Run, ids: Iterable[str]) -> str:
    """Findings in a question to a person: what they are is what the answer hangs on."""
    return ", ".join(f"{id_} ({run.findings[id_].title})" if id_ in run.findings else id_ for id_ in ids)


def _fixed_before(run: Run, unit: UnitState) -> list[str]:
    """What earlier fixes said and came to, for whoever mends next."""
    fixes = [a for a in run.attempts.values() if a.unit == unit.id and a.purpose is Purpose.FIX]
    tried = sorted((a for a in fixes if a.step is Step.ACCEPTED), key=lambda a: a.number)
    still = ", ".join(run.findings[f].title for f in unit.findings if f in run.findings)
    by = ((a.backend or "an agent", a.ticket, a.notes or "no notes") for a in tried)
    return [f"The fix of {who} ({ticket}) said: {notes}. Still open: {still}" for who, ticket, notes in by]


def _ask_about(run: Run, attempt: Attempt, gate: Gate, question: str) -> list[Event]:
    unit = attempt.unit if attempt.unit in run.units else ""
    return [
        ask_person(
            run, gate, attempt.group, question, ("retry", "skip", "stop") if unit else ("retry", "stop"), unit=unit
        )
    ]


def ask_person(
    run: Run, gate: Gate, group: str, question: str, options: tuple[str, ...], *, unit: str = "", context: str = ""
) -> Event:
    """The event that asks a person about a group; `context` is what else they should know."""
    id_ = f"{group}-D{sum(1 for d in run.decisions.values() if d.group == group) + 1}"
    decision = Decision(id=id_, gate=gate, group=group, question=question, options=options, unit=unit, context=context)
    return Event(EventType.DECISION_ASKED, group=group, unit=unit, data={"decision": encode(decision)})


def _unit_failed(run: Run, event: Event) -> list[Event]:
    data = {"reason": f"{event.unit} did not work"}
    blocked = [
        Event(EventType.UNIT_BLOCKED, group=event.group, unit=uid, data=data) for uid in _waiting_for(run, event.unit)
    ]
    return blocked or _units_moved(run, event)


def _waiting_for(run: Run, unit: str) -> list[str]:
    """Pending units that wait for this one, also through others, each once."""
    found, queue = dict[str, None](), [unit]
    while queue:
        for uid in run.dependants.get(queue.pop(0), ()):
            if uid not in found and run.units[uid].status is UnitStatus.PENDING:
                found[uid] = None
                queue.append(uid)
    return list(found)


def _units_moved(run: Run, event: Event) -> list[Event]:
    """The stage ends when no unit of the group can move any more."""
    group = run.groups[event.group]
    tally: Map[str, int] = run.tally.get(group.id, Map())
    moving = sum(tally.get(status, 0) for status in (UnitStatus.PENDING, UnitStatus.IN_PROGRESS, UnitStatus.REVIEW))
    if moving or not group.open or group.stage not in (Stage.UNITS, Stage.FIX):
        return []
    if tally.get(UnitStatus.NEEDS_HUMAN, 0):
        return []
    lost = tally.get(UnitStatus.FAILED, 0) + tally.get(UnitStatus.BLOCKED, 0)
    if lost:
        return [Event(EventType.GROUP_FAILED, group=group.id, data={"reason": _why_lost(run, group.id)})]
    return [_enter(group, Stage.REVIEW if group.plan.reviews and not _nothing_built(group) else Stage.LAND)]


def _nothing_built(group: GroupState) -> bool:
    """All of it was in the history of the target branch already: there is nothing to review."""
    return bool(group.base) and group.tip == group.base


def _why_lost(run: Run, group: str) -> str:
    failed = [unit for unit in units_of(run, group) if unit.status is UnitStatus.FAILED]
    return "; ".join(f"{unit.id}: {unit.reason}" for unit in failed)


def _enter(group: GroupState, stage: Stage) -> Event:
    return Event(EventType.STAGE_ENTERED, group=group.id, data={"stage": str(stage)})


def _group_opened(run: Run, event: Event) -> list[Event]:
    group = run.groups[event.group]
    if group.stage is Stage.DESIGN:
        return []
    return _units_moved(run, event)


def _stage_entered(run: Run, event: Event) -> list[Event]:
    group = run.groups[event.group]
    if group.stage is Stage.UNITS:
        return _units_moved(run, event)
    if group.stage is Stage.LAND and run.limits.push is PushPolicy.ASK and group.push is None:
        reviewed = " and reviewed" if group.verdict else ""
        question = f"{group.id} ({group.plan.title}) is verified{reviewed}. Push it?"
        return [ask_person(run, Gate.PUSH, group.id, question, ("push", "keep", "stop"))]
    return []


def _design_ended(run: Run, event: Event) -> list[Event]:
    group = run.groups[event.group]
    limits = run.limits
    asks = limits.rfc_approval is GatePolicy.REQUIRED or (
        limits.rfc_approval is GatePolicy.OPTIONAL and limits.interactive
    )
    if limits.auto or not asks:
        return [_enter(group, first_stage(run, group))]
    options = ("approve", "revise", "stop") if group.design_round < limits.design_rounds else ("approve", "stop")
    question = f"{group.id}: is the RFC {group.rfc} approved?"
    return [ask_person(run, Gate.RFC, group.id, question, options, context=group.rfc)]


def _review_ended(run: Run, event: Event) -> list[Event]:
    group = run.groups[event.group]
    if group.verdict is not Verdict.CHANGES_REQUESTED:
        return [_enter(group, Stage.LAND)]
    if group.round < run.limits.review_rounds:
        return _request_fixes(run, group)
    still = [f.id for f in _open_findings(run, group.id)]
    question = f"{group.id}: {_told(run, still)} still open after {group.round} reviews."
    return [ask_person(run, Gate.REVIEW, group.id, question, ("fix", "accept", "stop"))]


def _open_findings(run: Run, group: str) -> list[Finding]:
    return [f for f in findings_of(run, group) if f.status is FindingStatus.OPEN and f.severity in SERIOUS]


def _request_fixes(run: Run, group: GroupState) -> list[Event]:
    """One fix per unit that owns findings; those without an owner go to the last unit that was built."""
    units = [unit for unit in units_of(run, group.id) if unit.status is UnitStatus.DONE]
    owned: dict[str, list[str]] = {}
    for finding in _open_findings(run, group.id):
        owner = finding.unit if finding.unit in {u.id for u in units} else units[-1].id if units else ""
        owned.setdefault(owner, []).append(finding.id)
    if not units:
        return [ask_person(run, Gate.REVIEW, group.id, f"{group.id}: nobody can fix its findings.", ("accept", "stop"))]
    requests = [
        Event(EventType.FIX_REQUESTED, group=group.id, unit=uid, data={"findings": ids}) for uid, ids in owned.items()
    ]
    return [_enter(group, Stage.FIX), *requests]


def _landed(run: Run, event: Event) -> list[Event]:
    return [Event(EventType.GROUP_DONE, group=event.group)]


def _group_lost(run: Run, event: Event) -> list[Event]:
    return [
        Event(EventType.GROUP_BLOCKED, group=group.id, data={"reason": f"{event.group} did not work"})
        for group in run.groups.values()
        if event.group in group.plan.depends_on and not group.open and group.status is GroupStatus.READY
    ]


def _answered(run: Run, event: Event) -> list[Event]:
    decision = run.decisions[event.data["id"]]
    group = run.groups.get(decision.group)
    if group is None or not group.open:
        return []
    if decision.answer == "stop":
        return _stop_group(run, group, decision)
    return _ANSWERS.get(decision.answer, _no_consequence)(run, group, decision)


def _no_consequence(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    return []


def _stop_group(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    reason = f"stopped by a person at {decision.id}: {decision.question}"
    return [Event(EventType.GROUP_FAILED, group=group.id, data={"reason": reason})]


def _retry(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    if not decision.unit:
        return []
    data: dict[str, Any] = {"comment": decision.comment}
    unit = run.units[decision.unit]
    if decision.gate is Gate.REVIEW and unit.findings:
        # One more fix, and not the last one again.
        data |= {"fixes": unit.fixes + 1, "learned": _fixed_before(run, unit)}
    return [Event(EventType.UNIT_RETRIED, group=group.id, unit=decision.unit, data=data)]


def _skip(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    data = {"reason": f"skipped by a person at {decision.id}"}
    return [Event(EventType.UNIT_SKIPPED, group=group.id, unit=decision.unit, data=data)]


def _approve(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    return [_enter(group, first_stage(run, group))]


def _accept(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    if decision.unit:
        return _units_moved(run, Event(EventType.UNIT_REVIEW_ENDED, group=group.id, unit=decision.unit))
    return [_enter(group, Stage.LAND)]


def _fix(run: Run, group: GroupState, decision: Decision) -> list[Event]:
    return _request_fixes(run, group)


_ANSWERS: dict[str, Callable[[Run, GroupState, Decision], list[Event]]] = {
    "retry": _retry,
    "skip": _skip,
    "approve": _approve,
    "accept": _accept,
    "fix": _fix,
}

_RULES: dict[str, Rule] = {
    EventType.TURN_ENDED: _turn_ended,
    EventType.SENT_BACK: _sent_back,
    EventType.ATTEMPT_FAILED: _attempt_failed,
    EventType.UNIT_FAILED: _unit_failed,
    EventType.UNIT_BLOCKED: _units_moved,
    EventType.UNIT_ACCEPTED: _units_moved,
    EventType.UNIT_REVIEWED: _unit_reviewed,
    EventType.UNIT_REVIEW_ENDED: _unit_review_ended,
    EventType.UNIT_ASSIGNED: _unit_assigned,
    EventType.ASSIGNMENT_ENDED: _units_assigned,
    EventType.ADVICE_GIVEN: _advice_given,
    EventType.UNIT_SKIPPED: _units_moved,
    EventType.GROUP_OPENED: _group_opened,
    EventType.STAGE_ENTERED: _stage_entered,
    EventType.DESIGN_ENDED: _design_ended,
    EventType.REVIEW_ENDED: _review_ended,
    EventType.GROUP_LANDED: _landed,
    EventType.GROUP_FAILED: _group_lost,
    EventType.GROUP_BLOCKED: _group_lost,
    EventType.DECISION_ANSWERED: _answered,
}


def settled(run: Run, events: Iterable[Event], apply: Callable[[Run, Event], Run]) -> tuple[Run, list[Event]]:
    """Apply events and all that follows from them; return the run and every event in the order it happened."""
    queue, happened = list(events), []
    while queue:
        event = queue.pop(0)
        run = apply(run, event)
        happened.append(event)
        queue[:0] = settle(run, event)
    return run, happened
