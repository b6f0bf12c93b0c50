"""What would be begun next of a spec, asked of the same function that the engine asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.model import Directive, Limits, Run
    from ._roundtable import Table


def offered(table: Table, begins: Callable[[Directive], bool]) -> list[str]:
    """The tickets that a door would begin now, in order; nothing is changed. Raises UserError for a bad spec."""
    from ..core.decide import decide

    run = _run_of(table)
    said = decide(replace(run, stop=False, limits=_wide(run)), time.time())
    return [d.ticket for d in said if d.ticket and d.ticket not in run.attempts and begins(d)]


def _wide(run: Run) -> Limits:
    return replace(run.limits, max_parallel=10_000, max_groups=10_000)


def _run_of(table: Table) -> Run:
    """The run that has the spec; one that would begin with it when there is none."""
    from ..state.store import Store

    with Store.open(table.project.state_path, readonly=True) as store:
        rows = store.query("SELECT run FROM groups WHERE id = ?", table.id)
        run = store.load(str(rows[0][0])) if rows else None
    return run if run is not None and table.id in run.groups else _fresh(table)


def _fresh(table: Table) -> Run:
    from ..core.apply import apply, empty_run
    from ..core.codec import encode
    from ..core.events import EventType
    from ..core.model import Event, Limits
    from ..core.words import AssignMode, UnitStatus

    record = table.planned()
    group = replace(record.group.plan, units=tuple(unit.plan for unit in record.units))
    limits = Limits(assign=AssignMode.GROUP, unit_reviews=True)
    run = apply(empty_run("r1"), Event(EventType.RUN_STARTED, data={"limits": encode(limits)}))
    run = apply(run, Event(EventType.GROUP_READ, group=group.id, data={"group": encode(group)}))
    for unit in record.units:
        if unit.assignment is not None and unit.status is UnitStatus.PENDING:
            data = encode(unit.assignment)
            run = apply(run, Event(EventType.UNIT_ASSIGNED, group=group.id, unit=unit.id, data=data))
    return apply(run, Event(EventType.GROUP_OPENED, group=group.id))
