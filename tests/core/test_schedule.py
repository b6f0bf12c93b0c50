from __future__ import annotations

from graphlib import CycleError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.core.model import Unit
from orchestra.core.schedule import TYPICAL_SECONDS, dependants, escalate, ranks
from orchestra.core.words import Complexity
from tests.support.runs import group, unit


def test_the_worked_example() -> None:
    assert ranks([unit("a"), unit("b", "a")]) == {"M1/a": 1800.0, "M1/b": 900.0}


def test_a_diamond_takes_its_longer_side() -> None:
    units = [
        unit("a"), unit("b", "a", complexity=Complexity.COMPLEX), unit("c", "a", complexity=Complexity.TRIVIAL),
        unit("d", "b", "c", complexity=Complexity.QUICK),
    ]  # fmt: skip
    assert ranks(units) == {"M1/d": 420.0, "M1/b": 2820.0, "M1/c": 600.0, "M1/a": 3720.0}


def test_the_order_of_the_plan_does_not_matter() -> None:
    units = [unit("a"), unit("b", "a"), unit("c", "b")]
    assert ranks(units) == ranks(reversed(units))


def test_what_is_not_in_the_plan_is_not_waited_for() -> None:
    assert ranks([unit("a", "M0/z")]) == {"M1/a": 900.0}


def test_a_loop_is_named() -> None:
    with pytest.raises(CycleError):
        ranks([unit("a", "b"), unit("b", "a")])


def test_dependants_are_in_plan_order() -> None:
    assert dependants([unit("a"), unit("c", "a"), unit("b", "a")]) == {"M1/a": ("M1/c", "M1/b")}


@given(st.lists(st.tuples(st.sampled_from(Complexity), st.sets(st.integers(0, 9), max_size=3)), max_size=10))
def test_a_rank_is_its_own_time_and_the_longest_after_it(made: list[tuple[Complexity, set[int]]]) -> None:
    units = [
        unit(f"u{n}", *(f"u{m}" for m in sorted(needs) if m < n), complexity=tier)
        for n, (tier, needs) in enumerate(made)
    ]
    found = ranks(units)
    for one in units:
        after = [found[other.id] for other in units if one.id in other.depends_on]
        assert found[one.id] == TYPICAL_SECONDS[one.complexity] + max(after, default=0.0)


def test_a_chain_longer_than_the_recursion_limit() -> None:
    chain: list[Unit] = [unit("u0"), *(unit(f"u{n}", f"u{n - 1}") for n in range(1, 3000))]
    assert ranks(group(*chain).units)["M1/u0"] == 3000 * 900.0


@pytest.mark.parametrize(
    ("tier", "attempt", "expected"),
    [
        ("quick", 1, "quick"), ("quick", 2, "quick"), ("quick", 3, "standard"), ("quick", 4, "complex"),
        ("quick", 9, "complex"), ("complex", 3, "complex"), ("trivial", 3, "quick"), ("standard", 0, "standard"),
    ],
)  # fmt: skip
def test_a_unit_gets_a_stronger_model_after_two_failures(tier: str, attempt: int, expected: str) -> None:
    assert escalate(Complexity(tier), attempt) is Complexity(expected)
