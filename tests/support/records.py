"""Builders of what the state says: groups, units, attempts, leases."""

from __future__ import annotations

from typing import Any

from orchestra.core.model import Attempt, Group, GroupState, Unit, UnitState
from orchestra.core.words import Complexity, Purpose, Role, Step, UnitStatus
from orchestra.state.identity import Holder
from orchestra.state.lease import Lease
from orchestra.views.record import Record

T0 = 1795242600.0  # 2026-11-21T06:30:00Z
COMMIT = "1234567890abcdef1234567890abcdef12345678"
TREE = "abcdef1234567890abcdef1234567890abcdef12"


def group(status: str = "in-progress", *, id: str = "M1", slug: str = "M1-user-auth", **state: Any) -> GroupState:
    plan = Group(id, "User auth", slug=slug, path=f".orchestra/milestones/{slug}")
    return GroupState(plan, **{"status": status, "open": status in ("in-progress", "review"), "opened_at": T0, **state})


def unit(number: int = 1, status: str = "done", *, slug: str = "M1-user-auth", **state: Any) -> UnitState:
    path = f".orchestra/milestones/{slug}/phases/phase-{number}.md"
    plan = Unit(f"M1/phase-{number}", "M1", f"Phase {number}", order=number, path=path)
    started = {"attempts": 0 if status == "pending" else 1, "commit": COMMIT if status == "done" else ""}
    return UnitState(plan, **{"status": UnitStatus(status), **started, **state})


def attempt(number: int = 1, phase: int = 1, step: str = "accepted", **values: Any) -> Attempt:
    ticket = f"M1.phase-{phase}.worker-{number}"
    timing = {"started_at": T0, "ended_at": T0 + 90, "tree": TREE, "run": "r1"}
    return Attempt(
        ticket,
        "M1",
        f"M1/phase-{phase}",
        Role.WORKER,
        Purpose.BUILD,
        number,
        Complexity.STANDARD,
        **{"step": Step(step), **timing, **values},
    )


def lease(epoch: int = 3, *, held: bool = True, host: str = "host", token: str = "0123456789ab") -> Lease:
    return Lease("M1", epoch, Holder(host, pid=77, started="1", token=token), T0, T0, 3600.0, held)


def record(**values: Any) -> Record:
    """One phase done, one failed after three tries, one waiting."""
    learned = ("Attempt 3 failed\npytest: 1 error",)
    failed = unit(2, "failed", attempts=3, reason="verification failed 3 times", learned=learned)
    units = (unit(1), failed, unit(3, "pending"))
    attempts = (
        attempt(1, notes="Tokens are opaque, not JWT", retries=1),
        *(attempt(n, 2, "failed", retries=1, quarantine=("secrets.txt",) if n == 1 else ()) for n in (1, 2, 3)),
    )
    values = {
        "group": group(),
        "units": units,
        "attempts": attempts,
        "lease": lease(),
        "files": {"M1/phase-1": ("src/auth.py", "tests/test_auth.py")},
        **values,
    }
    return Record(**values)
