"""What an adviser answers about what to begin next, held against what may be begun. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What code does by itself, whoever proposes it.
BY_ITSELF = ("assign_dispatch", "consolidate_reviews", "sync_pulse")
# Actions that mean all tickets of that kind, in the order that code has.
ALL_OF = {"dispatch_batch": ".worker-", "dispatch_reviews": ".reviewer-"}
BEGIN, HALT = "begin", "halt"
_MOST_DROPPED = 10


@dataclass(frozen=True)
class Advice:
    """An order of tickets, all of them offered; whether to halt; and what was proposed and cannot be done."""

    order: tuple[str, ...] = ()
    halt: bool = False
    notes: str = ""
    dropped: tuple[str, ...] = ()


def read(answer: object, offered: Sequence[str]) -> Advice:
    """The part of an answer (`{"actions": [{"type": "begin", "ticket": "…"}], "notes": "…"}`) that is possible."""
    actions = answer.get("actions") if isinstance(answer, Mapping) else None
    if not isinstance(answer, Mapping) or not isinstance(actions, list):
        return Advice(dropped=("the answer is no JSON object with a list of actions",))
    order: dict[str, None] = {}
    dropped: list[str] = []
    halt = False
    for action in actions:
        kind, tickets = _action(action, offered)
        halt = halt or kind == HALT
        order |= dict.fromkeys(ticket for ticket in tickets if ticket in offered)
        dropped += [f"{kind} {ticket}".strip()[:120] for ticket in tickets if ticket not in offered]
    return Advice(tuple(order), halt, str(answer.get("notes") or "")[:500], tuple(dropped[:_MOST_DROPPED]))


def _action(action: object, offered: Sequence[str]) -> tuple[str, list[str]]:
    """An action's word and the tickets that it is about; one that nobody knows is about no ticket there is."""
    told: Mapping[str, Any] = action if isinstance(action, Mapping) else {"type": action}
    kind = str(told.get("type") or "")
    if kind == BEGIN:
        return kind, [str(told.get("ticket") or "")]
    if kind in ALL_OF:
        return kind, [ticket for ticket in offered if ALL_OF[kind] in ticket]
    return kind, [] if kind in (HALT, *BY_ITSELF) else [""]
