"""Minds a turn while it runs: ends it when its agent goes in circles, or has used up a budget of its unit or the run.

Of the unit's budget there is no more, so the attempt is `spent`; a run that goes on later has another one, and the
agent goes on with it where it was stopped.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Self

from .. import proc
from ..backends.base import AgentEvent, Meter, Task, TurnResult, Usage
from ..backends.calls import call_of, result_of_call
from ..core.budget import NOTHING, Spending, used_up
from ..core.circles import Circle, Circles
from ..core.decide import over_budget
from ..core.model import Attempt
from ..core.words import ExitClass, Purpose
from .session import Session

_OURS = frozenset({ExitClass.STAGNANT, ExitClass.SPIRAL, ExitClass.ERROR_ECHO, ExitClass.SPENT, ExitClass.STOPPED})


class Minder:
    """Hears the events of one turn from its start, also when it is found again: so it comes to the same each time.

    While the turn runs, it is entered: what it has used until then counts for the budget of the run.
    """

    def __init__(self, session: Session, attempt: Attempt, task: Task) -> None:
        self._session, self._ticket = session, attempt.ticket
        self._end = partial(proc.condemn, task.dir)
        self._circles = Circles(session.config.breakers)
        self._meter = Meter()
        self._spent, self._budget = spending(session, attempt)
        self._wall_s = task.wall_s
        self._cause = ""
        self.reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.under_way.pop(self._ticket, None)

    def hear(self, event: AgentEvent) -> None:
        """Take an event in; the first reason to end the turn stands."""
        self._meter.add(event)
        self._session.under_way[self._ticket] = self._used()
        if self._cause:
            return
        circle = self._circle(event)
        if circle is not None:
            self._cause, self.reason = str(circle.breaker), circle.reason
        elif event.kind == "tool_call" and (why := used_up(self._spent + self._used(), self._budget)):
            # Only a call says that it wants to go on: one that is about to end may do so.
            self._cause, self.reason = ExitClass.SPENT, why
        elif event.kind == "tool_call" and (why := self._over_run()):
            self._cause, self.reason = ExitClass.STOPPED, why
        if self._cause:
            self._end(self._cause)

    def _over_run(self) -> str:
        return over_budget(self._session.run, sum(self._session.under_way.values(), NOTHING))

    def _circle(self, event: AgentEvent) -> Circle | None:
        if event.kind == "tool_call":
            return self._circles.call(call_of(event))
        return self._circles.result(*result_of_call(event)) if event.kind == "tool_result" else None

    def _used(self) -> Spending:
        return _spending_of(self._meter.total)

    def judged(self, result: TurnResult) -> TurnResult:
        """The result with the reason why the turn was ended, where that was ours."""
        if result.exit_class is ExitClass.TIMEOUT:
            # Two clocks measured it (since the boot, since the start): ended at its limit, it has used all of that.
            took_s = max(result.duration_s, self._wall_s)
            why = used_up(Spending(seconds=self._spent.seconds + took_s), Spending(seconds=self._budget.seconds))
            return replace(result, exit_class=ExitClass.SPENT, reason=why, duration_s=took_s) if why else result
        if result.exit_class is ExitClass.SPENT and not self._cause:
            return self._ended_itself(result)
        ours = result.exit_class in _OURS and result.exit_class == self._cause
        return replace(result, reason=self.reason) if ours else result

    def _ended_itself(self, result: TurnResult) -> TurnResult:
        """Of a program that was told what is left: which of the two budgets that was."""
        used = _spending_of(result.usage)
        why = "" if used_up(self._spent + used, self._budget) else over_budget(self._session.run, used)
        return replace(result, exit_class=ExitClass.STOPPED, reason=why) if why else result


def _spending_of(usage: Usage) -> Spending:
    return Spending(usage.answers, usage.input + usage.output, usage.cost_usd)


def spending(session: Session, attempt: Attempt) -> tuple[Spending, Spending]:
    """What the unit of an attempt has used and may use; only work at a unit counts."""
    unit = session.run.units.get(attempt.unit)
    if unit is None or attempt.purpose not in (Purpose.BUILD, Purpose.FIX):
        return NOTHING, NOTHING
    return unit.spent, session.run.limits.unit_budget


def cost_left(session: Session) -> float:
    """The US dollars that a turn may cost before the run's budget is used up; 0 where there is none."""
    run, most = session.run, session.run.limits.max_cost_usd
    used = run.cost_usd - run.limits.from_cost_usd + sum(one.cost_usd for one in session.under_way.values())
    return max(0.0001, most - used) if most else 0.0
