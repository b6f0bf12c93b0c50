"""Builders of plans and runs for the pure core, and a hand that moves them as a driver would."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from immutables import Map

from orchestra.core.apply import apply
from orchestra.core.codec import encode
from orchestra.core.decide import decide
from orchestra.core.events import EventType
from orchestra.core.model import (
    Attempt,
    Decision,
    Directive,
    Event,
    Finding,
    Group,
    GroupState,
    Limits,
    Run,
    Unit,
    UnitState,
)
from orchestra.core.settle import settled
from orchestra.core.words import DirectiveKind, GroupStatus, Severity, UnitStatus, Verdict

T0 = 1795242600.0  # 2026-11-21T06:30:00Z
EPOCH = 1

_DERIVED = ("members", "dependants", "rank", "left", "ready", "reviewing", "live", "tally")


def unit(name: str, *needs: str, order: int = 0, writes: tuple[str, ...] | None = None, **fields: Any) -> Unit:
    """A unit of M1 (or of the group before the slash) that writes a folder of its own unless told otherwise."""
    id_ = name if "/" in name else f"M1/{name}"
    group_id = id_.partition("/")[0]
    needed = tuple(n if "/" in n else f"{group_id}/{n}" for n in needs)
    scope = (f"src/{id_.rpartition('/')[2]}/**",) if writes is None else writes
    return Unit(id_, group_id, f"Title of {id_}", order=order, depends_on=needed, writes=scope, **fields)


def group(*units: Unit, id: str = "M1", **fields: Any) -> Group:
    """A group of these units in this order; one unit when none is given."""
    members = units or (unit(f"{id}/a"),)
    numbered = tuple(replace(u, order=u.order or n) for n, u in enumerate(members, 1))
    return Group(id, f"Title of {id}", units=numbered, **fields)


def finding(id: str, unit: str = "", severity: Severity = Severity.BLOCKING, **fields: Any) -> Finding:
    return Finding(id, **{"group": "M1", "severity": severity, "title": f"Title of {id}", "unit": unit, **fields})


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """What these open findings come to."""
    open_ = {f.severity for f in findings if f.status == "open"}
    if open_ & {Severity.BLOCKING, Severity.IMPORTANT}:
        return Verdict.CHANGES_REQUESTED
    return Verdict.APPROVED_WITH_COMMENTS if open_ else Verdict.APPROVED


def read(plan: Group) -> Event:
    return Event(EventType.GROUP_READ, group=plan.id, data={"group": encode(plan)})


def opened(id_: str = "M1", base: str = "base") -> Event:
    return Event(EventType.GROUP_OPENED, group=id_, epoch=EPOCH, data={"base": base, "target": "main"})


def of_group(kind: EventType, id_: str = "M1", **data: Any) -> Event:
    return Event(kind, group=id_, data=data)


def about(kind: EventType, attempt: Attempt, **data: Any) -> Event:
    return Event(kind, group=attempt.group, unit=attempt.unit, attempt=attempt.ticket, data=data)


def starting(directive: Directive, base: str = "base", worktree: str = "") -> Event:
    """The event with which a driver begins what a directive says."""
    data = {
        "role": directive.role, "purpose": directive.purpose, "number": directive.number, "tier": directive.tier,
        "base": base, "worktree": worktree, "backend": directive.backend or "command",
        "findings": list(directive.findings),
    }  # fmt: skip
    kind = EventType.ATTEMPT_STARTED
    return Event(kind, group=directive.group, unit=directive.unit, attempt=directive.ticket, data=data)


class Course:
    """A run, everything that has happened to it, and the clock on the wall.

    Each method does what a driver (or a person) does, through `decide` and `apply`, and nothing else.
    """

    def __init__(self, *plans: Group, open: bool = True, workflow: str = "milestones", **limits: Any) -> None:
        self.run = Run(id="r1")
        self.events: list[Event] = []
        self.now = T0
        data = {"workflow": workflow, "limits": encode(Limits(**limits))}
        self.tell(Event(EventType.RUN_STARTED, data=data))
        for plan in plans:
            self.tell(read(plan))
        for plan in plans if open else ():
            self.tell(opened(plan.id))

    # What happens

    def tell(self, *events: Event) -> list[Event]:
        """Apply events and what follows from them, as the store does; returns all that happened."""
        happened: list[Event] = []

        def take(run: Run, event: Event) -> Run:
            happened.append(replace(event, at=event.at or self.now, run=run.id, seq=run.seq + 1))
            return replace(apply(run, happened[-1]), seq=run.seq + 1)

        self.run, _ = settled(self.run, events, take)
        self.events += happened
        return happened

    def types(self, *events: Event) -> list[str]:
        """Tell, and name what followed."""
        return [str(event.type) for event in self.tell(*events)][len(events) :]

    # What holds

    def decide(self) -> list[Directive]:
        return decide(self.run, self.now)

    def said(self) -> list[tuple[str, str]]:
        """What decide says, as (kind, what it is about)."""
        return [(str(d.kind), d.unit or d.decision or d.group or d.reason) for d in self.decide()]

    def fresh(self) -> list[Directive]:
        """Directives for attempts that have not begun."""
        return [d for d in self.decide() if d.ticket and d.ticket not in self.run.attempts]

    def group(self, id_: str = "M1") -> GroupState:
        return self.run.groups[id_]

    def unit(self, name: str) -> UnitState:
        return self.run.units[name if "/" in name else f"M1/{name}"]

    def status(self, name: str) -> UnitStatus:
        return self.unit(name).status

    def group_status(self, id_: str = "M1") -> GroupStatus:
        return self.group(id_).status

    def live(self) -> list[Attempt]:
        return [self.run.attempts[t] for tickets in self.run.live.values() for t in tickets]

    def attempt(self, name: str = "") -> Attempt:
        """The live attempt for a unit or a whole group; the only one when nothing is named."""
        wanted = name if "/" in name or name in self.run.groups else f"M1/{name}"
        (found,) = (a for a in self.live() if not name or a.unit == wanted)
        return found

    def pending(self) -> Decision:
        (found,) = (d for d in self.run.decisions.values() if d.pending)
        return found

    # What a driver does

    def begin(self, name: str = "") -> Attempt:
        """Begin the attempt that decide wants for a unit or a whole group (the first one when nothing is named)."""
        wanted = name if not name or "/" in name or name in self.run.groups else f"M1/{name}"
        directive = next(d for d in self.fresh() if not wanted or d.unit == wanted)
        self.tell(starting(directive, base=self.group(directive.group).tip))
        return self.attempt(directive.unit)

    def turn(self, name: str = "", exit_class: str = "ok", **data: Any) -> list[Event]:
        """One turn of a live attempt from start to end; returns what the end brought about."""
        attempt = self.attempt(name)
        self.tell(about(EventType.TURN_STARTED, attempt, turn=attempt.turn))
        return self.tell(about(EventType.TURN_ENDED, attempt, exit_class=exit_class, **data))[1:]

    def verify(self, name: str = "", tree: str = "tree") -> None:
        """The harness's own verification passes."""
        attempt = self.attempt(name)
        receipt = {"name": "test", "command": "true", "tree": tree, "exit_code": 0, "duration_ms": 1}
        self.tell(about(EventType.RECEIPT, attempt, **receipt), about(EventType.VERIFIED, attempt, tree=tree))

    def accept(self, name: str = "", commit: str = "") -> list[Event]:
        attempt = self.attempt(name)
        made = commit or f"commit of {attempt.ticket}"
        return self.tell(about(EventType.UNIT_ACCEPTED, attempt, commit=made))[1:]

    def finish(self, name: str = "") -> list[Event]:
        """A live attempt for a unit goes through without a fault."""
        self.turn(name)
        self.verify(name)
        return self.accept(name)

    def build(self, *names: str) -> list[Event]:
        """Whole attempts for these units, one after the other; returns what the last brought about."""
        after: list[Event] = []
        for name in names:
            self.begin(name)
            after = self.finish(name)
        return after

    def send_back(
        self, name: str = "", tree: str = "tree", signature: str = "sig", feedback: str = "bad"
    ) -> list[Event]:
        """A turn that the harness rejects."""
        self.turn(name)
        data = {"tree": tree, "signature": signature, "feedback": feedback}
        return self.tell(about(EventType.SENT_BACK, self.attempt(name), **data))[1:]

    def fail(self, name: str = "", exit_class: str = "failed", reason: str = "it broke") -> list[Event]:
        """An attempt that ends at once; begun first when it is not under way."""
        if not self.live() or (name and all(a.unit.rpartition("/")[2] != name.rpartition("/")[2] for a in self.live())):
            self.begin(name)
        return self.turn(name, exit_class, reason=reason)

    def spend(self, name: str = "") -> list[Event]:
        """Fail a unit until it has no attempt left; returns what the last failure brought about."""
        after: list[Event] = []
        for _ in range(self.run.limits.max_attempts):
            after = self.fail(name)
        return after

    def design(self, id_: str = "M1", path: str = "rfc.md") -> list[Event]:
        self.begin(id_)
        self.turn(id_)
        return self.tell(about(EventType.DESIGN_ENDED, self.attempt(id_), path=path))[1:]

    def review(self, *findings: Finding, id: str = "M1") -> list[Event]:
        """A review that ends with these findings, those of before included by the caller."""
        self.begin(id)
        self.turn(id)
        data = {"findings": [encode(f) for f in findings], "verdict": verdict_of(findings)}
        return self.tell(about(EventType.REVIEW_ENDED, self.attempt(id), **data))[1:]

    def land(self, id_: str = "M1") -> list[Event]:
        tip = self.group(id_).tip
        return self.tell(of_group(EventType.GROUP_LANDED, id_, tip=tip, target="main"))[1:]

    def answer(self, answer: str, comment: str = "", id: str = "") -> list[Event]:
        decision = self.run.decisions[id] if id else self.pending()
        data = {"id": decision.id, "answer": answer, "comment": comment}
        return self.tell(of_group(EventType.DECISION_ANSWERED, decision.group, **data))[1:]


def replayed(run: Run, events: Iterable[Event]) -> Run:
    """What these events, read back from JSON, make of an empty run."""
    again = Run(id=run.id)
    for event in events:
        event = replace(event, type=str(event.type), data=json.loads(json.dumps(event.data)))
        again = replace(apply(again, event), seq=event.seq)
    return again


def derived(run: Run) -> dict[str, dict[str, Any]]:
    """The derived maps as plain dicts, without what is empty: a count of none and no count are the same."""
    found = {name: {key: _plain(value) for key, value in getattr(run, name).items()} for name in _DERIVED}
    return {name: {key: value for key, value in values.items() if value} for name, values in found.items()}


def _plain(value: Any) -> Any:
    return {key: item for key, item in value.items() if item != 0} if isinstance(value, Map) else value


def bare(run: Run) -> Run:
    """A run with its entities alone, as it is loaded from a store."""
    return replace(run, **{name: Map() for name in (*_DERIVED, "dirty")})


def value(run: Run) -> dict[str, Any]:
    """All of a run that two histories must agree on: everything but what awaits writing."""
    plain = {name: getattr(run, name) for name in Run.__dataclass_fields__ if name not in (*_DERIVED, "dirty")}
    return {**plain, **derived(run)}


def is_new(directive: Directive, run: Run) -> bool:
    """Whether a directive begins an attempt."""
    kinds = (DirectiveKind.DISPATCH, DirectiveKind.REVIEW)
    return directive.kind in kinds and directive.ticket not in run.attempts
