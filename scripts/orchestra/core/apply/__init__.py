"""What an event does to a run. Pure: no clock, disk, environment or random source.

`apply` only writes down what happened; what follows from it by policy is `settle`'s, what to do next is `decide`'s.
Each noun has a module with a handler for each of its events.
"""

from __future__ import annotations

from typing import Any

from ..model import Event, Run
from . import attempts, decisions, groups, reviews, runs, units
from .handlers import Handler, IllegalTransition

__all__ = ["IllegalTransition", "apply", "empty_run", "known_types"]

_NOUNS = (runs, groups, attempts, units, reviews, decisions)
_HANDLERS: dict[str, Handler] = {type_: handler for noun in _NOUNS for type_, handler in noun.HANDLERS.items()}


def apply(run: Run, event: Event) -> Run:
    """Return the run after `event`.

    Raises IllegalTransition, naming the unit or group, its status and the event, when the event cannot happen.
    """
    handler = _HANDLERS.get(event.type)
    if handler is None:
        raise IllegalTransition(f"{event.type} is not an event that a run knows")
    return handler(run, event)


def known_types() -> frozenset[str]:
    """The event types that `apply` has a handler for."""
    return frozenset(_HANDLERS)


def empty_run(id_: str, **fields: Any) -> Run:
    """A run to which nothing has happened yet."""
    return Run(id=id_, **fields)
