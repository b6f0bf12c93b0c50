"""What happens to a run as a whole, and what is only recorded."""

from __future__ import annotations

from immutables import Map

from ..codec import decode
from ..events import EventType
from ..model import Event, Limits, Run
from ..values import replace
from ..words import RunState, Workflow
from .handlers import Handlers

HANDLERS = Handlers()
_on = HANDLERS.on


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
