"""Builders of plans, runs and stores, and processes that work on one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestra.core.codec import encode
from orchestra.core.events import EventType
from orchestra.core.model import Event, Group, Limits, Run, Unit
from orchestra.state.store import Store

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
DEADLINE_S = 60.0


def group(id_: str = "M1", units: int = 2, order: int = 1) -> Group:
    """A group with so many independent units and one review."""
    plans = (Unit(f"{id_}/phase-{n}", id_, f"Phase {n}", order=n) for n in range(1, units + 1))
    return Group(id_, f"Title of {id_}", order=order, path=f".orchestra/milestones/{id_}", units=tuple(plans))


def started(limits: Limits | None = None) -> Event:
    return Event(EventType.RUN_STARTED, data={"workflow": "milestones", "limits": encode(limits or Limits())})


def read(plan: Group) -> Event:
    return Event(EventType.GROUP_READ, group=plan.id, data={"group": encode(plan)})


def opened(id_: str = "M1") -> Event:
    return Event(EventType.GROUP_OPENED, group=id_, data={"base": "b" * 40, "target": "main"})


def dispatched(unit: str, number: int = 1) -> Event:
    data = {"role": "worker", "purpose": "build", "number": number, "tier": "standard"}
    ticket = f"{unit.replace('/', '.')}.worker-{number}"
    return Event(EventType.ATTEMPT_STARTED, group=unit.split("/")[0], unit=unit, attempt=ticket, data=data)


def about(kind: EventType, unit: str, number: int = 1, **data: object) -> Event:
    ticket = f"{unit.replace('/', '.')}.worker-{number}"
    return Event(kind, group=unit.split("/")[0], unit=unit, attempt=ticket, data=dict(data))


def note(text: str = "") -> Event:
    return Event(EventType.NOTE, data={"text": text})


def begun(store: Store, *plans: Group) -> Run:
    """A run with these groups read and opened."""
    plans = plans or (group(),)
    events = [started(), *(read(plan) for plan in plans), *(opened(plan.id) for plan in plans)]
    return store.record(Run(id=""), events)


def carried_out(store: Store, run: Run, unit: str) -> Run:
    """The run after one unit was built, verified and accepted."""
    receipt = {"name": "test", "command": "pytest", "tree": "t" * 40, "exit_code": 0, "duration_ms": 12}
    usage = {"input": 100, "output": 20, "cost_usd": 0.5}
    return store.record(
        run,
        [
            dispatched(unit),
            about(EventType.TURN_STARTED, unit, turn=1),
            about(EventType.TURN_ENDED, unit, exit_class="ok", usage=usage, final="done"),
            about(EventType.RECEIPT, unit, **receipt),
            about(EventType.VERIFIED, unit, tree="t" * 40),
            about(EventType.UNIT_ACCEPTED, unit, commit="c" * 40),
        ],
    )


def python(code: str, *args: str | Path, **options: object) -> subprocess.Popen[str]:
    """A real process of our own running `code`, its output on a pipe."""
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    argv = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(argv, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]


def finished(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """What each process printed; fails with its errors when one did not end well."""
    said = []
    for process in processes:
        out, err = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, err
        said.append(out)
    return said


def until(what: Callable[[], bool]) -> None:
    """Wait for `what`; fails when it does not come."""
    end = time.monotonic() + DEADLINE_S
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=DEADLINE_S)
