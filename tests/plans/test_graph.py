"""Loops and order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestra.plans.graph import ancestors, cut_loops, find_loop

EDGES = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=4, unique=True), max_size=6
)


def test_the_loop_is_named_in_order():
    assert find_loop({"a": ["b"], "b": ["c"], "c": ["b"], "d": []}) == ["b", "c", "b"]
    assert find_loop({"a": ["a"]}) == ["a", "a"]
    assert find_loop({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == []


def test_a_long_chain_is_no_problem():
    chain = {str(n): [str(n + 1)] for n in range(20_000)}
    assert find_loop(chain) == []
    assert find_loop({**chain, "20000": ["0"]})[0] == "0"


@given(EDGES)
def test_after_cutting_there_is_no_loop_and_only_loops_were_cut(edges):
    left, loops = cut_loops(edges)
    assert find_loop(left) == []
    assert bool(loops) == bool(find_loop(edges))
    assert sum(map(len, edges.values())) - sum(map(len, left.values())) == len(loops)


@given(EDGES)
def test_ancestors_are_what_can_be_reached(edges):
    left, _ = cut_loops(edges)
    known = ancestors(left)
    for node, direct in left.items():
        reached, todo = set(), list(direct)
        while todo:
            if (n := todo.pop()) not in reached:
                reached.add(n)
                todo += left.get(n, [])
        assert known[node] == reached
