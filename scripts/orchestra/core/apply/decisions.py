"""What a person is asked, and what an answer changes."""

from __future__ import annotations

from ..codec import decode
from ..events import EventType
from ..index import with_decision, with_finding, with_group, with_unit
from ..model import Decision, Event, Run
from ..values import replace
from ..words import FindingStatus, PushPolicy, Stage, UnitStatus
from .handlers import Handlers, IllegalTransition, refusal, unit_of

HANDLERS = Handlers()
_on = HANDLERS.on


@_on(EventType.DECISION_ASKED)
def _decision_asked(run: Run, event: Event) -> Run:
    decision = decode(Decision, event.data["decision"])
    if decision.id in run.decisions:
        raise refusal(event, decision.id, "asked already")
    if decision.unit in run.units:
        about = replace(event, unit=decision.unit)
        unit = unit_of(run, about, UnitStatus.PENDING, UnitStatus.REVIEW, UnitStatus.FAILED, UnitStatus.BLOCKED)
        run = with_unit(run, replace(unit, status=UnitStatus.NEEDS_HUMAN, reason=decision.question))
    return with_decision(run, decision)


@_on(EventType.DECISION_ANSWERED)
def _decision_answered(run: Run, event: Event) -> Run:
    decision = run.decisions.get(event.data["id"])
    if decision is None or not decision.pending:
        raise refusal(event, event.data["id"], "answered" if decision else "unknown")
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
