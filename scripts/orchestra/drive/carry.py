"""Carries one attempt from its start to its end, from wherever state says it stands."""

from __future__ import annotations

from ..backends.base import Backend
from ..core.decide import may_integrate
from ..core.events import EventType
from ..core.model import Attempt, Directive, Event
from ..core.words import Purpose, Step
from .accept import accept, finish_design, finish_review, finish_unit_review, integrate
from .assigning import finish_advice, finish_assignment
from .session import Session
from .turn import reported, take_turn
from .workspace import Workspace

_OF_UNITS = (Purpose.BUILD, Purpose.FIX)


async def carry(session: Session, workspace: Workspace, backend: Backend, directive: Directive) -> None:
    """Do what a `dispatch` or `review` directive says, until the attempt ends or has to wait for a limit."""
    if directive.ticket not in session.run.attempts:
        begin(session, workspace, backend.name, directive)
    while (attempt := session.attempt(directive.ticket)) is not None:
        if attempt.step is Step.WORKING and _parked(session, attempt):
            return
        await _step(session, workspace, backend, attempt)


def _parked(session: Session, attempt: Attempt) -> bool:
    return not attempt.running and session.run.parks.get(attempt.backend, 0.0) > session.clock.now()


def begin(session: Session, workspace: Workspace, backend: str, directive: Directive) -> None:
    """Record the attempt, with the commit it starts from and the work tree it has for itself."""
    assert directive.role is not None and directive.purpose is not None
    group = session.group(directive.group)
    taken = {session.run.attempts[t].worktree for t in session.run.live.get(group.id, ())}
    data = {
        "role": str(directive.role),
        "purpose": str(directive.purpose),
        "number": directive.number,
        "tier": str(directive.tier),
        "base": group.tip,
        "worktree": workspace.free_name(group.id, taken),
        "backend": backend,
        "model": session.config.model_of(backend, directive.tier),
        "findings": list(directive.findings),
    }
    event = Event(EventType.ATTEMPT_STARTED, group=group.id, unit=directive.unit, attempt=directive.ticket, data=data)
    # The intent to start its first turn goes with it: a turn without a prompt has not begun, whatever is recorded.
    # Where no work tree is made, nothing happens before the agent is let go, which waits until this is on the disk.
    first = Event(
        EventType.TURN_STARTED, group=group.id, unit=directive.unit, attempt=directive.ticket, data={"turn": 1}
    )
    (session.record if workspace.makes_trees else session.record_soon)(event, first)


async def _step(session: Session, workspace: Workspace, backend: Backend, attempt: Attempt) -> None:
    session.guard(attempt.group)
    if attempt.step is Step.WORKING:
        await take_turn(session, workspace, backend, attempt)
    elif attempt.step is Step.VERIFIED:
        await _my_turn_to_integrate(session, attempt)
        if session.attempt(attempt.ticket) is not None:
            session.guard(attempt.group)
            integrate(session, workspace, attempt)
    elif attempt.purpose in _OF_UNITS:
        await accept(session, workspace, attempt)
    elif attempt.purpose is Purpose.DESIGN:
        finish_design(session, workspace, attempt)
    elif attempt.purpose is Purpose.ASSIGN:
        finish_assignment(session, workspace, attempt, reported(session, attempt).answer)
    elif attempt.purpose is Purpose.ADVISE:
        finish_advice(session, workspace, attempt, reported(session, attempt).answer)
    elif attempt.unit in session.run.units:
        finish_unit_review(session, workspace, attempt, list(reported(session, attempt).findings))
    else:
        finish_review(session, workspace, attempt, list(reported(session, attempt).findings))


async def _my_turn_to_integrate(session: Session, attempt: Attempt) -> None:
    """Units that are under way together are committed in plan order."""
    while session.attempt(attempt.ticket) is not None and not may_integrate(session.run, attempt.ticket):
        await session.wait_for_change()
