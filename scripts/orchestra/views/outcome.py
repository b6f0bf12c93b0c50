"""What became of each requirement, judged by what is on record: commands that ran, receipts, commits, statuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestra.core import paths
from orchestra.core.model import Group, UnitState
from orchestra.core.words import Outcome, Purpose, Step, UnitStatus
from orchestra.plans.requirements import Requirement
from orchestra.verify import LOST, TIMED_OUT, Receipt

from .record import Record, few, one_line, short

_NOT_DONE = {
    UnitStatus.PENDING: "has not been built",
    UnitStatus.IN_PROGRESS: "is being built",
    UnitStatus.REVIEW: "is being reviewed",
    UnitStatus.NEEDS_HUMAN: "waits for a person",
    UnitStatus.BLOCKED: "was blocked",
    UnitStatus.FAILED: "failed",
    UnitStatus.SKIPPED: "was skipped",
}
_ENDS = {
    TIMED_OUT: "it did not end in time",
    LOST: "it was killed",
    126: "it cannot be executed",
    127: "a program was not found",
}


@dataclass(frozen=True)
class Judged:
    """One requirement, what became of it, and why. `receipt` is that of its command, where it has one."""

    requirement: Requirement
    outcome: Outcome
    why: str
    receipt: Receipt | None = None

    def to_json(self) -> dict[str, Any]:
        found = {**asdict(self.requirement), "unit": self.requirement.unit or None, "outcome": self.outcome}
        return {**found, "why": self.why, "receipt": asdict(self.receipt) if self.receipt else None}


@dataclass(frozen=True)
class Standing:
    """Where a unit stands: what the state says, else what its file says. `proof` tells what was verified, in words."""

    status: UnitStatus
    commit: str = ""
    proof: str = ""
    reason: str = ""


def judge(requirement: Requirement, standings: Mapping[str, Standing], receipts: Mapping[str, Receipt]) -> Judged:
    """The outcome of one requirement. `receipts` are those of its commands, run just now, by command.

    A command decides: `met` or `missed`. Without one, work that is done and verified is evidence and no proof, so it
    comes to `partial`, never to `met`; work that is not done is `missed`.
    """
    if requirement.check:
        receipt = receipts.get(requirement.check)
        return _by_command(requirement, receipt) if receipt else _judged(requirement, Outcome.MISSED, "it was not run")
    if requirement.unit:
        return _by_unit(requirement, standings.get(requirement.unit, Standing(UnitStatus.PENDING)))
    return _by_group(requirement, standings)


def _judged(requirement: Requirement, outcome: Outcome, why: str) -> Judged:
    return Judged(requirement, outcome, why)


def _by_command(requirement: Requirement, receipt: Receipt) -> Judged:
    passed = receipt.exit_code == 0
    why = "" if passed else _ENDS.get(receipt.exit_code, f"exit {receipt.exit_code}")
    return Judged(requirement, Outcome.MET if passed else Outcome.MISSED, why, receipt)


def _by_unit(requirement: Requirement, standing: Standing) -> Judged:
    name = short(requirement.unit)
    if standing.status is UnitStatus.DONE:
        proof = standing.proof or "nothing but its file says so"
        return _judged(requirement, Outcome.PARTIAL, f"no command decides it; {name} is done: {proof}")
    reason = f": {one_line(standing.reason, 120)}" if standing.reason else ""
    return _judged(requirement, Outcome.MISSED, f"{name} {_NOT_DONE[standing.status]}{reason}")


def _by_group(requirement: Requirement, standings: Mapping[str, Standing]) -> Judged:
    """What the milestone as a whole is asked for holds at best as far as its phases do."""
    done = [unit for unit, standing in standings.items() if standing.status is UnitStatus.DONE]
    left = [unit for unit in standings if unit not in set(done)]
    counted = f"{len(done)} of {len(standings)} phases are done"
    named = f" (not {', '.join(short(unit) for unit in left[:5])})" if left else ""
    outcome = Outcome.PARTIAL if done and not _lost(standings.values()) else Outcome.MISSED
    return _judged(requirement, outcome, f"no command decides it; {counted}{named}")


def _lost(standings: Iterable[Standing]) -> bool:
    return any(standing.status in (UnitStatus.FAILED, UnitStatus.SKIPPED) for standing in standings)


def standings(group: Group, record: Record | None, commits: Mapping[str, str]) -> dict[str, Standing]:
    """Where each unit of the plan stands. `commits` are those that the history names for units the state forgot."""
    known = {unit.id: unit for unit in record.units} if record else {}
    found: dict[str, Standing] = {}
    for unit in group.units:
        state = known.get(unit.id)
        if record and state:
            found[unit.id] = Standing(state.status, state.commit, _proof(record, state), state.reason)
        else:
            commit = commits.get(unit.id, "")
            proof = f"commit {commit[:9]}, no receipt is on record" if commit else ""
            found[unit.id] = Standing(UnitStatus.DONE if unit.done or commit else UnitStatus.PENDING, commit, proof)
    return found


def _proof(record: Record, unit: UnitState) -> str:
    """What the harness itself ran on the tree that it committed."""
    accepted = [attempt for attempt in record.tries(unit.id) if attempt.step is Step.ACCEPTED]
    trees = [attempt.tree for attempt in accepted[-1:] if attempt.tree]
    green = {r.name: r for tree in trees for r in record.receipts_of(tree) if r.exit_code == 0}
    ran = ", ".join(f"{name} exit 0" for name in green)
    parts = [f"commit {unit.commit[:9]}" if unit.commit else "", ran, f"tree {trees[0][:9]}" if green else ""]
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Accepted:
    """What one accepted attempt changed."""

    unit: str
    purpose: Purpose
    files: tuple[str, ...]


def deviations(group: Group, accepted: Sequence[Accepted]) -> Iterator[Judged]:
    """Committed work that the plan, as it is now, does not ask for: one entry a unit.

    A build may change what its phase's Scope names; a fix, what any phase of the milestone does.
    """
    plans = {unit.id: unit for unit in group.units}
    whole = tuple(glob for unit in group.units for glob in unit.writes) if all(u.writes for u in group.units) else ()
    outside: dict[str, list[str]] = {}
    for one in accepted:
        plan = plans.get(one.unit)
        scope = whole if one.purpose is Purpose.FIX else plan.writes if plan else ()
        files = [file for file in one.files if scope and not paths.matches(file, scope)]
        if files or plan is None:
            outside.setdefault(one.unit, []).extend(files)
    for unit, files in outside.items():
        yield _deviated(unit, plans[unit].path if unit in plans else "", files)


def _deviated(unit: str, file: str, files: Sequence[str]) -> Judged:
    asked = Requirement(f"{unit}/scope", unit, "changes what its Scope names and nothing else", file=file)
    named = few([one_line(name, 80) for name in dict.fromkeys(files)], 5)
    why = f"committed outside of it: {named}" if file else "it was built, but the plan has no such phase now"
    return _judged(asked, Outcome.DEVIATED, why)


def counts(found: Iterable[Judged]) -> dict[str, int]:
    """How many requirements came to which outcome."""
    counted = {word.value: 0 for word in Outcome}
    for one in found:
        counted[one.outcome] += 1
    return counted


def lines(found: Sequence[Judged]) -> Iterator[str]:
    """The requirements as text for people."""
    for one in found:
        name = one.requirement.id.partition("/")[2]
        yield f"  {one.outcome:<8}  {name}: {one_line(one.requirement.text, 100)}"
        if one.receipt:
            yield f"            {_receipt(one.receipt)}"
        if one.why:
            yield f"            {one.why}"


def _receipt(receipt: Receipt) -> str:
    took = f"{receipt.duration_ms / 1000:.1f} s"
    tree = f", tree {receipt.tree[:9]}" if receipt.tree else ""
    return f"`{one_line(receipt.command, 100)}`: exit {receipt.exit_code} in {took}{tree}; {receipt.log}"
