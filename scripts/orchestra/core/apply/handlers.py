"""What handlers of events share: how they are found by the type of an event, and what an event is about."""

from __future__ import annotations

from collections.abc import Callable

from ..events import EventType
from ..model import Attempt, Event, GroupState, Run, UnitState
from ..words import Step, UnitStatus

Handler = Callable[[Run, Event], Run]


class IllegalTransition(Exception):
    """An event that cannot happen to this unit or group as it stands: a bug or a stale writer."""


class Handlers(dict[str, Handler]):
    """What a module does about events, by their types."""

    def on(self, *types: EventType) -> Callable[[Handler], Handler]:
        """A decorator that makes a function the handler of these types."""

        def register(handler: Handler) -> Handler:
            self.update(dict.fromkeys(types, handler))
            return handler

        return register


def refusal(event: Event, what: str, status: object) -> IllegalTransition:
    """The error for an event that `what` cannot take as it stands."""
    return IllegalTransition(f"{event.type} cannot happen to {what}, which is {status}")


def group_of(run: Run, event: Event, *, opened: bool | None = None) -> GroupState:
    """The group of an event, which is open or not as asked for. Raises IllegalTransition, as the others do."""
    group = run.groups.get(event.group)
    if group is None:
        raise refusal(event, event.group or "no group", "unknown")
    if opened is not None and group.open is not opened:
        raise refusal(event, group.id, group.status)
    return group


def unit_of(run: Run, event: Event, *allowed: UnitStatus) -> UnitState:
    """The unit of an event, in one of the statuses that are allowed (none: in any)."""
    unit = run.units.get(event.unit)
    if unit is None:
        raise refusal(event, event.unit or "no unit", "unknown")
    if allowed and unit.status not in allowed:
        raise refusal(event, unit.id, unit.status)
    return unit


def attempt_of(run: Run, event: Event, *allowed: Step) -> Attempt:
    """The attempt of an event, at one of the steps that are allowed (none: while it is live)."""
    attempt = run.attempts.get(event.attempt)
    if attempt is None:
        raise refusal(event, event.attempt or "no attempt", "unknown")
    if (event.group, event.unit) != (attempt.group, attempt.unit):
        raise refusal(event, attempt.ticket, f"for {attempt.unit}, not for {event.unit} of {event.group}")
    if attempt.step not in (allowed or (Step.WORKING, Step.REPORTED, Step.VERIFIED)):
        raise refusal(event, attempt.ticket, attempt.step)
    return attempt
