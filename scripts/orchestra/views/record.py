"""What the views show of one group: plain values read from the state, with no current time in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from orchestra.core.model import Attempt, Decision, Event, Finding, GroupState, UnitState
from orchestra.core.words import Purpose, UnitStatus

if TYPE_CHECKING:
    from orchestra.state.lease import Lease


@dataclass(frozen=True)
class ReceiptRow:
    """A receipt as the state keeps it. `at` is a Unix time, `duration_ms` in milliseconds."""

    name: str
    command: str
    exit_code: int
    tree: str = ""
    duration_ms: float = 0.0
    log: str = ""
    log_sha256: str = ""
    group: str = ""
    unit: str = ""
    ticket: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Record:
    """A group with all that is known of it.

    `attempts` are in the order they were started, `units` in plan order; `files` are the paths that a
    unit's commits changed; `marks` are the `Locked-By` marks (holder word, epoch) that this state handed out; `reviews`
    are the events in which reviewers of single units spoke; `asked` is when each decision was asked, as Unix time.
    """

    group: GroupState
    units: tuple[UnitState, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Decision, ...] = ()
    receipts: tuple[ReceiptRow, ...] = ()
    lease: Lease | None = None
    marks: frozenset[tuple[str, int]] = frozenset()
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reviews: tuple[Event, ...] = ()
    asked: Mapping[str, float] = field(default_factory=dict)

    @property
    def begun(self) -> bool:
        """Whether a run has opened the group: until then its files belong to people alone."""
        return self.group.open or self.group.opened_at > 0

    def tries(self, unit_id: str) -> tuple[Attempt, ...]:
        """The attempts at one unit, builds and fixes, in order."""
        return tuple(self._tries.get(unit_id, ()))

    def receipts_of(self, key: str) -> list[ReceiptRow]:
        """The receipts of one tree or one ticket, in the order they were made."""
        return self._receipts.get(key, [])

    @cached_property
    def _tries(self) -> dict[str, list[Attempt]]:
        found: dict[str, list[Attempt]] = {}
        for attempt in self.attempts:
            if attempt.purpose in (Purpose.BUILD, Purpose.FIX):
                found.setdefault(attempt.unit, []).append(attempt)
        return found

    @cached_property
    def _receipts(self) -> dict[str, list[ReceiptRow]]:
        found: dict[str, list[ReceiptRow]] = {}
        for receipt in self.receipts:
            for key in filter(None, (receipt.tree, receipt.ticket)):
                found.setdefault(key, []).append(receipt)
        return found


def touched(unit: UnitState) -> bool:
    """Whether a run has changed what the plan says of `unit`."""
    return unit.attempts > 0 or bool(unit.commit) or unit.status not in (UnitStatus.PENDING, UnitStatus.DONE)


def short(unit_id: str) -> str:
    """`phase-1` of `M1/phase-1`."""
    return unit_id.rpartition("/")[2]


def seconds(attempts: Iterable[Attempt]) -> float:
    """How long ended attempts took together; a clock that was set back does not count below zero."""
    return sum(max(0.0, a.ended_at - a.started_at) for a in attempts if a.ended_at)


def retries(attempts: Iterable[Attempt]) -> int:
    """How often the harness sent reported work back."""
    return sum(a.retries for a in attempts)


def minutes(duration_s: float) -> str:
    """`~12min`; with one decimal below ten minutes, where rounding would hide everything."""
    value = duration_s / 60
    return f"~{value:.0f}min" if value >= 10 else f"~{value:.1f}min"


def few(names: Sequence[str], most: int) -> str:
    """A list in a sentence: its first `most` names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def one_line(text: str, limit: int = 300) -> str:
    """Text from an agent or a log as a part of one line: no line ends, no control characters, no cell borders."""
    clean = "".join(c if c.isprintable() else " " for c in text[: limit * 4])
    flat = " ".join(clean.replace("|", "/").split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
