"""What a unit may use, and whether it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spending:
    """Answers of the model, tokens, US dollars and seconds of agents' time: used, or (0: no limit) to be used."""

    answers: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Spending) -> Spending:
        return Spending(
            self.answers + other.answers,
            self.tokens + other.tokens,
            self.cost_usd + other.cost_usd,
            self.seconds + other.seconds,
        )

    def left(self, used: Spending) -> Spending:
        """What is left of this budget after `used`; never 0 where there is a limit, because that would be none."""
        return Spending(
            max(1, self.answers - used.answers) if self.answers else 0,
            max(1, self.tokens - used.tokens) if self.tokens else 0,
            max(0.0001, self.cost_usd - used.cost_usd) if self.cost_usd else 0.0,
            max(0.001, self.seconds - used.seconds) if self.seconds else 0.0,
        )


NOTHING = Spending()
# Seconds are recorded in thousandths, and what is left is a difference of two of them.
_ROUNDED_S = 0.002


def used_up(used: Spending, budget: Spending) -> str:
    """Say which part of a unit's budget is used up, or nothing."""
    parts = (
        (used.answers, budget.answers, f"{budget.answers} answers of the model"),
        (used.tokens, budget.tokens, f"{budget.tokens} tokens"),
        (used.cost_usd, budget.cost_usd, f"{budget.cost_usd:g} USD"),
        (used.seconds and used.seconds + _ROUNDED_S, budget.seconds, f"{budget.seconds / 60:g} minutes"),
    )
    found = next((words for have, most, words in parts if 0 < most <= have), "")
    return f"the unit's budget of {found} is used up" if found else ""
