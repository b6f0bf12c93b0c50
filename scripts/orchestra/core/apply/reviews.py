"""What reviewers and architects have come to."""

from __future__ import annotations

from ..codec import decode
from ..events import EventType
from ..index import with_finding, with_group, with_unit
from ..model import Event, Finding, Report, Run
from ..values import replace
from ..words import UnitStatus, Verdict
from .attempts import accept_group_attempt
from .handlers import Handlers, group_of, unit_of

HANDLERS = Handlers()
_on = HANDLERS.on


@_on(EventType.UNIT_REVIEWED)
def _unit_reviewed(run: Run, event: Event) -> Run:
    """One reviewer has spoken; what comes after a person has decided otherwise no longer counts."""
    run = accept_group_attempt(run, event)
    unit = unit_of(run, event)
    if not unit.reviewing:
        return run
    report = decode(Report, {**event.data, "ticket": event.attempt})
    return with_unit(run, replace(unit, reports=(*unit.reports, report)))


@_on(EventType.UNIT_REVIEW_ENDED)
def _unit_review_ended(run: Run, event: Event) -> Run:
    unit = unit_of(run, event, UnitStatus.REVIEW)
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


@_on(EventType.DESIGN_ENDED)
def _design_ended(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=True)
    run = accept_group_attempt(run, event)
    return with_group(run, replace(group, rfc=event.data["path"], design_round=group.design_round + 1))


@_on(EventType.REVIEW_ENDED)
def _review_ended(run: Run, event: Event) -> Run:
    group = group_of(run, event, opened=True)
    run = accept_group_attempt(run, event)
    for finding in event.data["findings"]:
        run = with_finding(run, decode(Finding, finding))
    verdict = Verdict(event.data["verdict"])
    return with_group(run, replace(group, round=group.round + 1, reviewed=group.tip, verdict=verdict))
