"""How much work still hangs on a unit: the order in which list scheduling takes ready units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .model import Unit
from .words import Complexity

# Seconds; only their ratios matter until history says better.
TYPICAL_SECONDS: Mapping[Complexity, float] = {
    Complexity.TRIVIAL: 180.0,
    Complexity.QUICK: 420.0,
    Complexity.STANDARD: 900.0,
    Complexity.COMPLEX: 2400.0,
}


def dependants(units: Iterable[Unit]) -> dict[str, tuple[str, ...]]:
    """Map each unit id to the units among these that wait for it, in plan order; what is not among them is left out."""
    units = list(units)
    known = {unit.id for unit in units}
    found: dict[str, list[str]] = {}
    for unit in units:
        for needed in dict.fromkeys(unit.depends_on):
            if needed in known:
                found.setdefault(needed, []).append(unit.id)
    return {needed: tuple(waiting) for needed, waiting in found.items()}


def ranks(units: Iterable[Unit]) -> dict[str, float]:
    """Map each unit id to the seconds of its longest path to the end, itself included.

    Units must not depend on each other in a loop (`plans` refuses that). Worked example: with a -> b,
    both `standard`, the result is {a: 1800, b: 900}.
    """
    from graphlib import TopologicalSorter

    by_id = {unit.id: unit for unit in units}
    waiting = dependants(by_id.values())
    order = TopologicalSorter({uid: [d for d in unit.depends_on if d in by_id] for uid, unit in by_id.items()})
    result: dict[str, float] = {}
    for uid in reversed(list(order.static_order())):
        after = max((result[w] for w in waiting.get(uid, ())), default=0.0)
        result[uid] = TYPICAL_SECONDS[by_id[uid].complexity] + after
    return result


def escalate(tier: Complexity, attempt: int) -> Complexity:
    """The tier of the nth attempt: the unit's own for two attempts, then one stronger for each further one."""
    order = list(Complexity)
    return order[min(order.index(tier) + max(0, attempt - 2), len(order) - 1)]
