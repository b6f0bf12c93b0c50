"""Random plans, and a driver that carries directives out with whatever luck it is given."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import strategies as st
from immutables import Map

from orchestra.core.codec import encode
from orchestra.core.decide import may_integrate, offered
from orchestra.core.events import EventType
from orchestra.core.index import index
from orchestra.core.model import Attempt, Directive, Event, Finding, Group, Limits, Run, Unit
from orchestra.core.owners import unowned
from orchestra.core.words import (
    AssignMode,
    Criticality,
    DirectiveKind,
    ExitClass,
    FindingStatus,
    GatePolicy,
    GroupStatus,
    Purpose,
    PushPolicy,
    Severity,
    Step,
)
from tests.support.runs import Course, about, of_group, opened, read, replayed, starting, verdict_of

OWNERS = (("one", "b1"), ("two", "b2"))
READS = [(), (), ("a/**",), ("own1/x",)]
WRITES = [(), ("a/**",), ("a/x.py",), ("b/**", "c/*"), ("c/y.py",), ("d/",), ("**/x.py",)]
ENTITIES = {"groups": "group", "units": "unit", "attempts": "attempt", "findings": "finding", "decisions": "decision"}

# Hypothesis likes the first of a list best: it comes first what leads furthest.
limits = st.builds(
    Limits,
    auto=st.booleans(),
    interactive=st.booleans(),
    max_parallel=st.sampled_from([2, 3, 1, 4]),
    max_groups=st.sampled_from([2, 1]),
    max_attempts=st.integers(1, 3),
    stuck_retry_limit=st.integers(1, 3),
    review_rounds=st.integers(1, 3),
    design_rounds=st.integers(1, 2),
    max_tokens=st.sampled_from([0, 0, 40]),
    rfc_approval=st.sampled_from([GatePolicy.SKIP, GatePolicy.REQUIRED, GatePolicy.OPTIONAL]),
    push=st.sampled_from(PushPolicy),
    assign=st.sampled_from([AssignMode.OFF, AssignMode.GROUP, AssignMode.UNIT]),
    owners=st.just(OWNERS),
    reviewers=st.sampled_from([("b1", "b2"), ("b1",), ()]),
    unit_reviews=st.booleans(),
    fix_rounds=st.integers(1, 3),
    strict_reads=st.booleans(),
    advise=st.booleans(),
)


@st.composite
def plans(draw: st.DrawFn) -> list[Group]:
    """Up to three groups of up to five units, whose dependencies point backwards."""
    count = draw(st.sampled_from([2, 1, 3]))
    return [_group(draw, n) for n in range(1, count + 1)]


def _group(draw: st.DrawFn, number: int) -> Group:
    id_ = f"M{number}"
    needs = draw(st.sets(st.integers(1, number - 1), max_size=1)) if number > 1 else set()
    units = tuple(_unit(draw, id_, n) for n in range(1, draw(st.sampled_from([3, 4, 2, 5, 1, 0])) + 1))
    flags = {"design": draw(st.booleans()), "reviews": draw(st.integers(0, 1))}
    return Group(id_, id_, order=number, depends_on=tuple(f"M{n}" for n in needs), units=units, **flags)


def _unit(draw: st.DrawFn, group: str, number: int) -> Unit:
    needs = sorted(draw(st.sets(st.integers(1, number - 1), max_size=2))) if number > 1 else []
    return Unit(
        f"{group}/u{number}", group, f"u{number}", order=number, depends_on=tuple(f"{group}/u{n}" for n in needs),
        writes=draw(st.sampled_from(WRITES)), reads=draw(st.sampled_from(READS)), done=draw(st.integers(0, 9)) == 0,
    )  # fmt: skip


def drawn(luck: random.Random) -> tuple[list[Group], Limits]:
    """A plan and a policy from a source of luck: larger ones than Hypothesis likes to draw."""
    groups = []
    for number in range(1, luck.randint(1, 4) + 1):
        units = tuple(_drawn_unit(luck, f"M{number}", n) for n in range(1, luck.randint(1, 7) + 1))
        needs = (f"M{luck.randrange(1, number)}",) if number > 1 and luck.random() < 0.3 else ()
        flags = {"design": luck.random() < 0.3, "reviews": luck.randint(0, 1)}
        groups.append(Group(f"M{number}", "", order=number, depends_on=needs, units=units, **flags))
    policy = Limits(
        auto=luck.random() < 0.3, max_parallel=luck.randint(1, 4), max_groups=luck.randint(1, 3),
        max_attempts=luck.randint(1, 3), stuck_retry_limit=luck.randint(1, 3), review_rounds=luck.randint(1, 3),
        rfc_approval=luck.choice(list(GatePolicy)), push=luck.choice(list(PushPolicy)),
        assign=luck.choice(list(AssignMode)), owners=OWNERS, reviewers=luck.choice([("b1", "b2"), ("b2",), ()]),
        unit_reviews=luck.random() < 0.7, fix_rounds=luck.randint(1, 3), strict_reads=luck.random() < 0.5,
        advise=luck.random() < 0.3,
    )  # fmt: skip
    return groups, policy


def _drawn_unit(luck: random.Random, group: str, number: int) -> Unit:
    needs = luck.sample(range(1, number), min(number - 1, luck.choice([0, 0, 1, 2])))
    return Unit(
        f"{group}/u{number}", group, "", order=number, depends_on=tuple(f"{group}/u{n}" for n in needs),
        writes=luck.choice([*WRITES, (f"own{number}/",), (f"own{number}/",)]), reads=luck.choice(READS),
        done=luck.random() < 0.05,
    )  # fmt: skip


class Driver:
    """Carries out what decide says. `luck` is a number that picks between what may happen; 0 is always the good end.

    It keeps what a real one keeps outside of the run: the receipts it made, and the rows of a store that writes
    no more than what the run calls dirty.
    """

    def __init__(self, groups: list[Group], policy: Limits) -> None:
        self.course = Course(**{name: getattr(policy, name) for name in Limits.__dataclass_fields__})
        self.unread = list(groups)
        self.receipts: set[tuple[str, str]] = set()
        self.landed: set[str] = set()
        self.unchanged: set[str] = set()
        self.owned: dict[str, Any] = {}
        self.stated = {unit.id: unit.writes for plan in groups for unit in plan.units}
        self.stored: dict[str, dict[str, Any]] = {name: {} for name in ENTITIES}
        self.count = 0
        self.watch: Callable[[], None] = lambda: None

    @property
    def run(self) -> Run:
        return self.course.run

    def tell(self, *events: Event) -> None:
        self.course.tell(*events)
        self.write()

    def write(self) -> None:
        """What the store does after a transaction."""
        tables = {kind: name for name, kind in ENTITIES.items()}
        for kind, key in self.run.dirty:
            value = getattr(self.run, tables[kind]).get(key)
            if value is not None:
                self.stored[tables[kind]][key] = value
        self.course.run = replace(self.run, dirty=Map())
        self.watch()

    # Groups

    def take(self) -> bool:
        """Read the next group and open it; or open one that was read and waits."""
        waiting = [d.group for d in self.course.decide() if d.group and not self.run.groups[d.group].open]
        if waiting:
            self.tell(opened(waiting[0], base=self.commit()))
            return True
        for plan in self.unread:
            if all(self._done(needed) for needed in plan.depends_on):
                self.unread.remove(plan)
                self.tell(read(plan))
                return self.take()
        return False

    def _done(self, id_: str) -> bool:
        return id_ in self.run.groups and self.run.groups[id_].status is GroupStatus.DONE

    def retry(self, luck: int) -> bool:
        """A person names a failed milestone: it is tried again."""
        lost = sorted(g.id for g in self.run.groups.values() if g.status in (GroupStatus.FAILED, GroupStatus.BLOCKED))
        if lost:
            id_ = lost[luck % len(lost)]
            self.landed.discard(id_)
            self.tell(of_group(EventType.GROUP_RETRIED, id_), opened(id_, base=self.commit()))
        return bool(lost)

    def commit(self) -> str:
        self.count += 1
        return f"c{self.count}"

    def step(self, which: int, luck: int) -> None:
        """Do one of the things that may be done now; when it has to wait, time goes by."""
        live = sorted(self.course.live(), key=lambda a: a.ticket)
        todo: list[Callable[[], object]] = [partial(self.advance, attempt, luck) for attempt in live]
        if self.startable():
            todo.append(partial(self.start_all, 1 + which))
        for directive in self.course.decide():
            if directive.kind is DirectiveKind.LAND:
                todo.append(partial(self.land, directive.group, luck))
        # People take their time.
        if (which == 0 or not todo) and any(d.pending for d in self.run.decisions.values()):
            todo = [partial(self.answer, luck)]
        before = self.run.seq
        if todo:
            todo[which % len(todo)]()
        if (self.run.seq == before or luck % 9 == 8) and not self.take():
            self.course.now += 30

    # Directives

    def startable(self) -> list[Directive]:
        return [d for d in self.course.fresh() if self.run.groups[d.group].open]

    def start_all(self, most: int) -> None:
        """Begin what one answer of decide asks for, as a driver does that asks once a round."""
        for directive in self.startable()[:most]:
            self.start(directive)

    def start(self, directive: Directive) -> None:
        self.tell(starting(directive, base=self.run.groups[directive.group].tip))

    def advance(self, attempt: Attempt, luck: int) -> None:
        """The next thing that happens to a live attempt."""
        if attempt.step is Step.WORKING:
            self._turn(attempt, luck)
        elif attempt.step is Step.VERIFIED:
            self._integrate(attempt, luck)
        elif luck and luck % 4 == 0:
            self._send_back(attempt, luck)
        elif attempt.purpose in (Purpose.BUILD, Purpose.FIX):
            self._accept(attempt, luck)
        elif attempt.purpose is Purpose.DESIGN:
            self.tell(about(EventType.DESIGN_ENDED, attempt, path="rfc.md"))
        elif attempt.purpose is Purpose.ASSIGN:
            self._assign(attempt, luck)
        elif attempt.purpose is Purpose.ADVISE:
            self._advise(attempt, luck)
        elif attempt.unit in self.run.units:
            self._review_unit(attempt, luck)
        else:
            self._review(attempt, luck)

    def _turn(self, attempt: Attempt, luck: int) -> None:
        parked = self.run.parks.get(attempt.backend, 0.0)
        if not attempt.running:
            if parked <= self.course.now:
                self.tell(about(EventType.TURN_STARTED, attempt, turn=attempt.turn))
            return
        ends = [ExitClass.OK, *(e for e in ExitClass if e is not ExitClass.OK)]
        exit_class = ends[luck // 3 % len(ends)] if luck % 3 == 2 else ExitClass.OK
        events = [about(EventType.TURN_ENDED, attempt, exit_class=str(exit_class), usage={"input": min(luck, 1)})]
        if exit_class in (ExitClass.LIMIT, ExitClass.OVERLOADED):
            data = {"backend": attempt.backend, "until": self.course.now + 60}
            events.append(about(EventType.BACKEND_PARKED, attempt, **data))
        self.tell(*events)

    def _send_back(self, attempt: Attempt, luck: int) -> None:
        tree = f"t{luck % 3}" if attempt.purpose in (Purpose.BUILD, Purpose.FIX) else ""
        self.tell(about(EventType.SENT_BACK, attempt, tree=tree, signature=f"s{luck % 2}", feedback="no"))

    def _accept(self, attempt: Attempt, luck: int) -> None:
        if luck % 7 == 5:
            self.tell(about(EventType.SCOPE_CHECKED, attempt, outside=["x"]))
        if luck % 11 == 7:
            self.tell(about(EventType.ATTEMPT_FAILED, attempt, reason="no"))
            return
        tree = attempt.tree or f"tree of {attempt.ticket} {attempt.turn}"
        self.receipts.add((attempt.ticket, tree))
        data = {"name": "test", "command": "true", "tree": tree, "exit_code": 0}
        self.tell(about(EventType.RECEIPT, attempt, **data), about(EventType.VERIFIED, attempt, tree=tree))

    def _integrate(self, attempt: Attempt, luck: int) -> None:
        if not may_integrate(self.run, attempt.ticket):
            return
        if luck % 5 == 3:
            self.tell(about(EventType.ATTEMPT_FAILED, attempt, reason="it collides"))
        elif luck % 5 == 4:
            commit = self.commit()
            self.tell(about(EventType.ATTEMPT_REBASED, attempt, base=commit, tree=f"tree on {commit}"))
        else:
            if luck % 5 == 2:
                self.unchanged.add(attempt.ticket)
            self.tell(about(EventType.UNIT_ACCEPTED, attempt, commit="" if luck % 5 == 2 else self.commit()))

    def _review(self, attempt: Attempt, luck: int) -> None:
        found = [f for f in self.run.findings.values() if f.group == attempt.group]
        if luck % 4:
            found.append(self._finding(attempt.group, luck))
        else:
            found = [replace(f, status=FindingStatus.FIXED) if f.status is FindingStatus.OPEN else f for f in found]
        data = {"findings": [encode(f) for f in found], "verdict": str(verdict_of(found))}
        self.tell(about(EventType.REVIEW_ENDED, attempt, **data))

    def _assign(self, attempt: Attempt, luck: int) -> None:
        """An agent's answer, taken in one transaction."""
        units = self.run.members.get(attempt.unit) or (attempt.unit,)
        data = {"owner": OWNERS[luck % 2][0], "criticality": list(Criticality)[luck % 3], "source": "agent"}
        paths = {"writes": [f"guess{luck % 2}/"]} if luck % 2 else {}
        self.tell(
            *(
                Event(EventType.UNIT_ASSIGNED, group=attempt.group, unit=uid, data=data | paths)
                for uid in units
                if unowned(self.run.units[uid])
            ),
            about(EventType.ASSIGNMENT_ENDED, attempt),
        )

    def _advise(self, attempt: Attempt, luck: int) -> None:
        choice = offered(self.run, self.run.groups[attempt.group], self.course.now)
        order = choice[luck % 3 :][::-1] if luck else choice
        self.tell(about(EventType.ADVICE_GIVEN, attempt, offered=choice, order=order, halt=luck % 13 == 12))

    def _review_unit(self, attempt: Attempt, luck: int) -> None:
        known = [{"id": id_} for id_ in attempt.findings if luck % 3]
        titles = [{"severity": list(Severity)[luck % 3], "file": "x", "line": luck, "title": f"t{luck % 5}"}]
        data = {"findings": known + (titles if luck % 4 else []), "files": ["x"] if luck % 2 else []}
        self.tell(about(EventType.UNIT_REVIEWED, attempt, backend=attempt.backend, **data))

    def _finding(self, group: str, luck: int) -> Finding:
        self.count += 1
        owners = ["", *self.run.members[group]]
        severity = list(Severity)[luck % 3]
        return Finding(f"F-{self.count}", group, severity, "t", unit=owners[luck % len(owners)])

    def land(self, group: str, luck: int) -> None:
        if luck % 5 == 3:
            onto, nothing = self.commit(), self.run.groups[group].tip == self.run.groups[group].base
            tip = onto if nothing else self.commit()
            self.tell(of_group(EventType.GROUP_REBASED, group, base=onto, tip=tip, commits={}))
        elif luck % 5 == 4:
            number = sum(1 for d in self.run.decisions.values() if d.group == group) + 1
            asked = {"id": f"{group}-D{number}", "gate": "land", "group": group, "question": "?"}
            data = {"decision": {**asked, "options": ["retry", "stop"]}}
            self.tell(of_group(EventType.DECISION_ASKED, group, **data))
        else:
            self.landed.add(group)
            self.tell(of_group(EventType.GROUP_LANDED, group, tip=self.run.groups[group].tip, target="main"))

    def answer(self, luck: int) -> None:
        waiting = sorted((d for d in self.run.decisions.values() if d.pending), key=lambda d: d.id)
        decision = waiting[luck % len(waiting)]
        data = {"id": decision.id, "answer": decision.options[luck % len(decision.options)], "comment": "so"}
        self.tell(of_group(EventType.DECISION_ANSWERED, decision.group, **data))

    # Restarts

    def stop(self) -> None:
        """`orchestra stop`, what the halt does, and the next `orchestra run`."""
        self.tell(Event(EventType.STOP_REQUESTED))
        for attempt in self.course.live():
            if attempt.running:
                self.tell(about(EventType.TURN_ENDED, attempt, exit_class="stopped"))
        self.tell(Event(EventType.RUN_ENDED, data={"state": "halted"}))
        self.resume(self.run.limits)

    def resume(self, policy: Limits) -> None:
        self.tell(Event(EventType.RUN_RESUMED, data={"limits": encode(policy)}))

    def killed(self) -> None:
        """The process is gone; the next one loads the tables."""
        loaded: dict[str, Any] = {name: Map(rows) for name, rows in self.stored.items()}
        self.course.run = index(replace(self.run, **loaded, dirty=Map()))

    def replayed(self) -> Run:
        return replayed(self.run, self.course.events)

    # Good luck

    def finish(self, most: int = 600) -> int:
        """From now on everything works and every question is answered; returns the steps that it took to the end."""
        for step in range(most):
            if not self._finishing_step(step):
                return step
        raise AssertionError(f"no end after {most} steps: {self.course.said()}")

    def _finishing_step(self, step: int) -> bool:
        for directive in self.course.decide():
            if directive.kind is DirectiveKind.COMPLETE:
                return self.take()
            if self._do(directive, step):
                return True
        raise AssertionError(f"nothing moves: {self.course.said()}")

    def _do(self, directive: Directive, step: int) -> bool:
        if directive.kind is DirectiveKind.HALT:
            self.resume(replace(self.run.limits, max_tokens=0))
        elif directive.kind is DirectiveKind.WAIT:
            self.course.now = max(self.course.now, directive.until)
            return bool(directive.until)
        elif directive.kind is DirectiveKind.ASK:
            self.answer(step)
        elif not self.run.groups[directive.group].open:
            return self.take()
        elif directive.kind is DirectiveKind.LAND:
            self.land(directive.group, 0)
        elif directive.ticket not in self.run.attempts:
            self.start(directive)
        else:
            before = self.run.seq
            self.advance(self.run.attempts[directive.ticket], 0)
            return self.run.seq > before
        return True
