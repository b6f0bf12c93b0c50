"""Dependencies between named things: loops, and what is ordered by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Edges = Mapping[str, Sequence[str]]


def find_loop(edges: Edges) -> list[str]:
    """The first loop as `[a, b, a]`, following dependencies; empty when there is none.

    >>> find_loop({"a": ["b"], "b": ["a"]})
    ['a', 'b', 'a']
    """
    finished: set[str] = set()
    for start in edges:
        path, position, todo = list[str](), dict[str, int](), [(start, False)]
        while todo:
            node, leaving = todo.pop()
            if leaving:
                finished.add(node)
                del position[path.pop()]
            elif node in position:
                return [*path[position[node] :], node]
            elif node not in finished:
                position[node] = len(path)
                path.append(node)
                todo += [(node, True), *((n, False) for n in reversed(edges.get(node, ())))]
    return []


def cut_loops(edges: Edges) -> tuple[dict[str, list[str]], list[list[str]]]:
    """The edges without those that close a loop, and the loops, so that a broken plan can still be shown."""
    left, loops = {node: list(targets) for node, targets in edges.items()}, list[list[str]]()
    while loop := find_loop(left):
        loops.append(loop)
        left[loop[-2]].remove(loop[-1])
    return left, loops


def ancestors(edges: Edges) -> dict[str, set[str]]:
    """For each node everything it waits for, directly or not. The edges have no loops."""
    result: dict[str, set[str]] = {}
    for start in edges:
        todo = [start]
        while todo:
            node = todo[-1]
            missing = [n for n in edges.get(node, ()) if n not in result]
            if missing and node not in result:
                todo += missing
                continue
            todo.pop()
            direct = edges.get(node, ())
            result[node] = set(direct).union(*(result.get(n, set()) for n in direct))
    return result
