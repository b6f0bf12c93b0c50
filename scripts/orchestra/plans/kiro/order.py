"""What waits for what in a spec: what its tasks state, document order, and checkpoints as barriers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from ...core.words import Workflow
from ..notes import Notes
from .statements import Kind, Named, Statement, statements, tasks_named
from .tasks import Task
from .units import Part, root_of

Edges = dict[str, list[str]]
Place = tuple[int, int]

# A file of nothing but loops is described by its first ones.
_MOST_LOOPS = 20


def order(parts: list[Part], workflow: Workflow, notes: Notes) -> dict[str, tuple[str, ...]]:
    """For each unit the units that it waits for, in document order and without loops.

    `sequential`: each unit after the one before it. `roundtable`: what is stated, and checkpoints as barriers. An
    optional unit holds up nobody who does not name it. What dangles or closes a loop is reported and left out.
    """
    needs, position = _Needs(parts, notes), {part.id: n for n, part in enumerate(parts)}
    needs.tasks = _without_loops(needs.tasks, needs.places, notes, "tasks")
    stated = _without_loops(needs.units(), needs.unit_places, notes, "units")
    if workflow is Workflow.ROUNDTABLE:
        barred = _with_barriers(parts, stated)
        edges = _without_loops(barred, needs.unit_places, notes, "units, with the checkpoints between them,")
    else:
        _against_order(stated, position, needs, notes)
        edges = _chain(parts)
    return {id_: tuple(sorted(set(targets), key=position.__getitem__)) for id_, targets in edges.items()}


class _Needs:
    """The stated dependencies, between tasks and between units, with the places where they are stated."""

    def __init__(self, parts: list[Part], notes: Notes) -> None:
        self.notes = notes
        self.ids = [part.id for part in parts]
        self.known = dict.fromkeys([*self.ids, *(task.id for part in parts for task in part.tasks)])
        self.tasks: Edges = {id_: [] for id_ in self.known}
        self.places: dict[tuple[str, str], Place] = {}
        self.unit_places: dict[tuple[str, str], Place] = {}
        for part in parts:
            for task in part.tasks:
                self._take(task.id, task)

    def _take(self, id_: str, task: Task) -> None:
        for statement in statements(task):
            if statement.kind is Kind.DEPENDS:
                for target in self._targets(id_, statement):
                    at = (statement.line, statement.column)
                    self.tasks[id_].append(target)
                    self.places.setdefault((id_, target), at)
                    self.unit_places.setdefault((root_of(id_), root_of(target)), at)

    def _targets(self, id_: str, statement: Statement) -> Iterator[str]:
        named = tasks_named(statement.value)
        if named.others and not statement.marked:
            return
        at = (statement.line, statement.column)
        if named.others:
            what = f"`{', '.join(named.others)[:80]}` names no task, so {id_} does not wait for it"
            self.notes.warning("not-a-task", what, "write numbers, as in `_depends: 1, 2_`", at)
        yield from self._known(id_, named, at)

    def _known(self, id_: str, named: Named, at: Place) -> Iterator[str]:
        for target in named.ids:
            if target in self.known:
                yield target
            else:
                what = f"{id_} waits for {target}, which does not exist"
                self.notes.error("dangling-dependency", what, "name a task of this file, or remove it", at)

    def units(self) -> Edges:
        """The same between units: sub-tasks of one unit are its own business."""
        edges: Edges = {id_: [] for id_ in self.ids}
        for id_, targets in self.tasks.items():
            mine = root_of(id_)
            edges[mine] += [root_of(target) for target in targets if root_of(target) != mine]
        return {id_: list(dict.fromkeys(targets)) for id_, targets in edges.items()}


def _chain(parts: list[Part]) -> Edges:
    edges, before = Edges(), list[str]()
    for part in parts:
        edges[part.id] = before
        before = before if part.optional else [part.id]
    return edges


def _with_barriers(parts: list[Part], stated: Edges) -> Edges:
    """A checkpoint waits for all since the one before it, and everything after waits for the checkpoint."""
    edges, since, barrier = Edges(), list[str](), list[str]()
    for part in parts:
        edges[part.id] = [*stated[part.id], *(since if part.checkpoint else []), *barrier]
        if part.checkpoint and not part.optional:
            barrier, since = [part.id], []
        elif not part.optional:
            since.append(part.id)
    return edges


def _against_order(edges: Edges, position: Mapping[str, int], needs: _Needs, notes: Notes) -> None:
    for id_, targets in edges.items():
        for target in targets:
            if position[target] > position[id_]:
                what = f"{id_} waits for {target}, which stands after it; `sequential` keeps the order of the file"
                notes.warning("against-order", what, f"move {target} up", needs.unit_places[id_, target])


def _without_loops(edges: Edges, places: Mapping[tuple[str, str], Place], notes: Notes, what: str) -> Edges:
    left, loops = acyclic(edges)
    for loop in loops:
        at = places.get((loop[-2], loop[-1])) or next(filter(None, map(places.get, pairwise(loop))), (1, 1))
        shown = " → ".join(loop if len(loop) <= 12 else [*loop[:6], "…", *loop[-5:]])
        notes.error("dependency-loop", f"{what} wait for each other: {shown}", "remove one dependency", at)
    return left


def acyclic(edges: Edges) -> tuple[Edges, list[list[str]]]:
    """The edges without those that close a loop, and the first loops. One pass: a file may be nothing but loops."""
    left: Edges = {node: [] for node in edges}
    path, position, finished = list[str](), dict[str, int](), set[str]()
    loops = list[list[str]]()
    for start in edges:
        todo = [] if start in finished or not edges[start] else [(start, iter(edges[start]))]
        if todo:
            position[start] = len(path)
            path.append(start)
        while todo:
            node, targets = todo[-1]
            target = next(targets, None)
            if target is None:
                todo.pop()
                finished.add(node)
                del position[path.pop()]
            elif target in position:
                loops += [[*path[position[target] :], target]] if len(loops) < _MOST_LOOPS else []
            else:
                left[node].append(target)
                if target not in finished:
                    position[target] = len(path)
                    path.append(target)
                    todo.append((target, iter(edges[target])))
    return left, loops
