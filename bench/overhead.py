"""What Orchestra costs: looking and claiming at any size, and carrying out a unit that does nothing.

Prints a table of measure, value, goal and verdict. Ratios are of medians taken in turns in one run, so that a busy
machine slows both sides; times stand beside a floor from the same run. See bench/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import resource
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from orchestra.core.codec import encode  # noqa: E402
from orchestra.core.events import EventType  # noqa: E402
from orchestra.core.model import Event, Group, Limits, Run, Unit  # noqa: E402
from orchestra.project import Project  # noqa: E402
from orchestra.state import leases  # noqa: E402
from orchestra.state.store import Store  # noqa: E402

PER_GROUP = 10
MAX_RATIO = 1.3
# The goal of 12 ms a unit was set on a machine on which `python3 -I -S -c pass` takes 6.5 to 7.3 ms.
MAX_UNIT_MS = 12.0
START_MS = 6.9
STARTS = 10
FILES = 100
PLACES = 8
MAX_RSS_MB = 80.0

CONFIG = """\
git:
  strategy: none
verification:
  test: "true"
  typecheck: ""
  lint: ""
pipeline:
  default_pipeline: quick
  parallel: {parallel}
push: never
"""
MILESTONE = """\
# Milestone: {id} — Nothing

| Field | Value |
|-------|-------|
| Status | ready |
| Complexity | quick |
"""
TASK = """\
- [ ] {n}. Part {n}
  - Comes after part {before}
"""
PHASE = """\
---
status: pending
order: {n}
complexity: trivial
depends_on: []
---

# Phase {n}: Nothing

## Objective

Nothing is done.

## Scope

- src/part{n}/ (new)

## Acceptance Criteria

- [ ] check: `true`

## Result
"""


@dataclass(frozen=True)
class Row:
    """One line of the table; `met` is None for what has no goal."""

    measure: str
    value: str
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Carried:
    """One `orchestra run` over a whole project: seconds, seconds of CPU with all agents, and peak megabytes.

    `start` is what it took to start the interpreter just before and after it, in seconds. `files` is how many files and
    folders the run has left, and `file` what an empty one took just before it, in seconds.
    """

    seconds: float
    cpu: float
    rss: float
    start: float
    files: int
    file: float


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; exit 1 when a goal is missed."""
    args = _parse(argv)
    with tempfile.TemporaryDirectory(prefix="orchestra-bench-", dir=args.dir) as folder:
        _spread(folder)
        rows = [row for part in ([args.only] if args.only else PARTS) for row in PARTS[part](Path(folder), args)]
    print(table(rows))
    return int(any(row.met is False for row in rows))


def _place(folder: Path, name: str) -> Path:
    """A folder for a project where no files have just been removed, as people's projects have it.

    ext4 passes over inodes that were freed in the last minutes, and spreads folders over the disk by their names.
    """
    places = [folder / f"{name}-{n}-{folder.name}" for n in range(PLACES)]
    return min(places, key=_file)


def _spread(folder: str) -> None:
    """Have ext4 put the folders that are made in `folder` far from each other (`chattr +T`); elsewhere nothing."""
    get_flags, set_flags, top_of_hierarchies = 0x80086601, 0x40086602, 0x00020000
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            (flags,) = struct.unpack("l", fcntl.ioctl(opened, get_flags, struct.pack("l", 0)))
            fcntl.ioctl(opened, set_flags, struct.pack("l", flags | top_of_hierarchies))
    finally:
        os.close(opened)


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=[*PARTS], help="measure one part")
    parser.add_argument("--few", type=int, default=10, help="units of the small state")
    parser.add_argument("--many", type=int, default=10_000, help="units of the large state")
    parser.add_argument("--units", type=int, default=500, help="units that are carried out")
    parser.add_argument("--chain", type=int, default=200, help="units of the spec that is carried out one by one")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each plan, of which the middle counts")
    parser.add_argument("--repeat", type=int, default=15, help="times that each command is run")
    parser.add_argument("--dir", help="where to work; on the disk that counts (default: the temporary directory)")
    return parser.parse_args(argv)


def table(rows: Sequence[Row]) -> str:
    words = {True: "met", False: "MISSED", None: ""}
    lines = [("measure", "value", "goal", "verdict"), *((r.measure, r.value, r.goal, words[r.met]) for r in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(4)]
    lines.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2], "-" * widths[3]))
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


# Looking and claiming


def looking(folder: Path, args: argparse.Namespace) -> Iterator[Row]:
    """`status` and one claim, as whole processes, at few units and at many."""
    few = _state(folder / "few", args.few, PER_GROUP)
    cases = {
        f"{-(-args.many // PER_GROUP)} groups": _state(folder / "many", args.many, PER_GROUP),
        "one group": _state(folder / "huge", args.many, args.many),
    }
    for name, words in (("status", ("status",)), ("status --json", ("status", "--json")), ("lock claim", CLAIM)):
        for shape, many in cases.items():
            small, large = _in_turns(words, few, many, args.repeat)
            value = f"{large / small:.2f}x ({small * 1000:.0f} -> {large * 1000:.0f} ms)"
            measure = f"{name}, {args.few} -> {args.many} units in {shape}"
            yield Row(measure, value, f"<= {MAX_RATIO}x", large / small <= MAX_RATIO)


CLAIM = ("lock", "claim", "M1", "--holder", "bench")


def _in_turns(words: Sequence[str], few: Path, many: Path, repeat: int) -> tuple[float, float]:
    """The median seconds of a command in each of two projects, run alternately."""
    taken: dict[Path, list[float]] = {few: [], many: []}
    for turn in range(repeat + 1):
        for root in (few, many) if turn % 2 else (many, few):
            seconds = _command(root, *words)
            # The first turn warms the caches.
            if turn:
                taken[root].append(seconds)
    return statistics.median(taken[few]), statistics.median(taken[many])


def _command(root: Path, *words: str) -> float:
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "orchestra", "-C", root, *words], capture_output=True, env=_env())
    taken = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed in {root}:\n{done.stderr.decode()}")
    if words[0] == "lock":
        _release(root)
    return taken


def _release(root: Path) -> None:
    with Store.open(Project(root).state_path) as store:
        lease = leases.get(store, "M1")
        if lease is not None:
            leases.release(store, lease, time.time())


def _env() -> dict[str, str]:
    """As the launcher starts it: with the byte code that earlier starts have left."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT / "scripts")}


def _state(root: Path, units: int, per_group: int) -> Path:
    """A project whose state holds so many units as a run records them: its last group is half built, the rest done."""
    (root / ".orchestra").mkdir(parents=True)
    (root / ".orchestra" / "config.yml").write_text(CONFIG.format(parallel="disabled"))
    with Store.open(Project(root).state_path) as store:
        begin = Event(EventType.RUN_STARTED, data={"workflow": "milestones", "limits": encode(Limits(max_parallel=4))})
        run = store.record(Run(id=""), [begin])
        for number, first in enumerate(range(0, units, per_group), 1):
            count = min(per_group, units - first)
            run = _group(store, run, root, f"M{number}", count, last=first + count == units)
    return root


def _group(store: Store, run: Run, root: Path, id_: str, units: int, *, last: bool) -> Run:
    home = root / ".orchestra" / "milestones" / f"{id_}-nothing"
    home.mkdir(parents=True)
    (home / "milestone.md").write_text(MILESTONE.format(id=id_))
    path = str(home.relative_to(root))
    plans = tuple(
        Unit(f"{id_}/phase-{n}", id_, "Nothing", order=n, writes=(f"src/{n}/",), path=f"{path}/phases/phase-{n}.md")
        for n in range(1, units + 1)
    )
    group = Group(id_, "Nothing", order=int(id_[1:]), path=path, slug=home.name, reviews=0, units=plans)
    opening = [
        Event(EventType.GROUP_READ, group=id_, data={"group": encode(group)}),
        Event(EventType.GROUP_OPENED, group=id_, data={"base": "b" * 40, "target": "main"}),
    ]
    landing = [] if last else [Event(EventType.GROUP_LANDED, group=id_, data={"tip": "c" * 40, "target": "main"})]
    built = plans[: units // 2] if last else plans
    return store.record(run, [*opening, *(event for unit in built for event in _history(unit)), *landing])


def _history(unit: Unit) -> Iterator[Event]:
    """What is recorded of a unit that was built without a fault."""
    start = {"role": "worker", "purpose": "build", "number": 1, "tier": "standard", "backend": "command"}
    receipt = {"name": "test", "command": "true", "tree": "t" * 40, "exit_code": 0, "duration_ms": 3}
    steps: list[tuple[EventType, dict[str, object]]] = [
        (EventType.ATTEMPT_STARTED, start),
        (EventType.TURN_STARTED, {"turn": 1}),
        (EventType.TURN_ENDED, {"exit_class": "ok", "final": "done", "usage": {"input": 9, "output": 1}}),
        (EventType.RECEIPT, receipt),
        (EventType.VERIFIED, {"tree": "t" * 40}),
        (EventType.UNIT_ACCEPTED, {"commit": "c" * 40}),
    ]
    ticket = f"{unit.id.replace('/', '.')}.worker-1"
    return (Event(kind, group=unit.group, unit=unit.id, attempt=ticket, data=data) for kind, data in steps)


# Carrying out


def carrying(folder: Path, args: argparse.Namespace) -> Iterator[Row]:
    """A run of units that do nothing, beside what their processes and their transactions cost at least."""
    spawn, commit = asyncio.run(_spawns(args.units)), _commits(folder / "floor.db", args.units)
    yield Row("floor: spawn `sh -c :` through asyncio", f"{spawn * 1000:.2f} ms")
    yield Row("floor: one durable SQLite commit", f"{commit * 1000:.2f} ms")
    # The first start after a change compiles what has changed.
    _measured_once(_plan(folder / "warm", "disabled", 1, 2))
    for parallel in ("disabled", "enabled"):
        for groups in dict.fromkeys((1, max(1, args.units // 50))):
            what = f"{args.units} units in {groups} group{'s' if groups > 1 else ''}, parallel {parallel}"
            places = [_place(folder, f"run-{parallel}-{groups}-{n}") for n in range(args.rounds)]
            runs = _measured([_plan(place, parallel, groups, args.units) for place in places])
            yield from _rows(what, runs, args.units, spawn + commit)


def _rows(what: str, runs: Sequence[Carried], units: int, floor: float) -> Iterator[Row]:
    """What each unit took, as starts of the interpreter and in milliseconds: the middle of the runs."""
    starts = statistics.median(run.seconds / units / run.start for run in runs)
    each, cpu = (statistics.median(getattr(run, name) for run in runs) / units * 1000 for name in ("seconds", "cpu"))
    fastest, most = min(run.seconds for run in runs) / units * 1000, MAX_UNIT_MS / START_MS
    ratio = f", {each / floor / 1000:.1f}x one spawn + one commit" if floor else ""
    value = f"{starts:.2f}x a start of python3; {each:.1f} ms ({fastest:.1f} at best), {cpu:.1f} ms of CPU{ratio}"
    yield Row(f"overhead, {what}", value, f"<= {most:.2f}x ({MAX_UNIT_MS:g} ms)", starts <= most)
    files = statistics.median(run.files * run.file for run in runs) / units * 1000
    yield Row(f"floor: its new files, {what}", f"{files:.1f} ms, {runs[0].files / units:.0f} a unit")
    rss = max(run.rss for run in runs)
    yield Row(f"peak RSS, {what}", f"{rss:.0f} MB", f"< {MAX_RSS_MB:g} MB", rss < MAX_RSS_MB)


def sequential(folder: Path, args: argparse.Namespace) -> Iterator[Row]:
    """A spec whose units are carried out one by one, each of them doing nothing."""
    places = [_chain(_place(folder, f"chain-{n}"), args.chain) for n in range(args.rounds)]
    runs = _measured(places, "--workflow", "sequential", "--plan", "chain")
    yield from _rows(f"a chain of {args.chain} units of a spec", runs, args.chain, 0.0)


def _chain(root: Path, units: int) -> Path:
    """A project with one spec whose units come one after the other."""
    home = root / ".kiro" / "specs" / "chain"
    home.mkdir(parents=True)
    (home / "tasks.md").write_text("".join(TASK.format(n=n, before=max(1, n - 1)) for n in range(1, units + 1)))
    (root / ".orchestra").mkdir()
    (root / ".orchestra" / "config.yml").write_text(CONFIG.format(parallel="disabled"))
    return root


def _plan(root: Path, parallel: str, groups: int, units: int) -> Path:
    """A project with real plan files: so many milestones that share so many phases."""
    (root / ".orchestra").mkdir(parents=True)
    (root / ".orchestra" / "config.yml").write_text(CONFIG.format(parallel=parallel))
    for number in range(1, groups + 1):
        phases = root / ".orchestra" / "milestones" / f"M{number}-nothing" / "phases"
        phases.mkdir(parents=True)
        (phases.parent / "milestone.md").write_text(MILESTONE.format(id=f"M{number}"))
        for n in range(1, units // groups + (number <= units % groups) + 1):
            (phases / f"phase-{n}.md").write_text(PHASE.format(n=n))
    return root


def _measured(roots: Sequence[Path], *more: str) -> Sequence[Carried]:
    """A run in each of these projects."""
    return [_measured_once(root, *more) for root in roots]


def _start() -> float:
    """Seconds that the bare interpreter takes to start and end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return time.perf_counter() - begun


def _file(folder: Path) -> float:
    """Seconds that one empty file in a new folder takes."""
    (folder / "empty").mkdir(parents=True)
    begun = time.perf_counter()
    for n in range(FILES):
        (folder / "empty" / str(n)).touch()
    return (time.perf_counter() - begun) / FILES


def _measured_once(root: Path, *more: str) -> Carried:
    file = _file(root / "floor")
    before_it = sum(1 for _ in root.rglob("*"))
    starts = [_start() for _ in range(STARTS)]
    words = ("run", "--auto", "--json", "--backend", "command", "--command", ":", *more)
    with (root / "out").open("wb+") as out, (root / "err").open("wb+") as err:
        begun, before = time.perf_counter(), _cpu_of_children()
        child = subprocess.Popen(
            [sys.executable, "-m", "orchestra", "-C", root, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            env=_env(),
        )  # fmt: skip
        peak = _peak_while_running(child)
        seconds, cpu = time.perf_counter() - begun, _cpu_of_children() - before
    if child.returncode:
        said = "\n".join((root / name).read_text()[-2000:] for name in ("out", "err"))
        raise SystemExit(f"run failed in {root} ({child.returncode}):\n{said}")
    _check(root, json.loads((root / "out").read_text()))
    starts += [_start() for _ in range(STARTS)]
    files = sum(1 for _ in root.rglob("*")) - before_it
    return Carried(seconds, cpu, peak, statistics.median(starts), files, file)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak_while_running(child: subprocess.Popen[bytes]) -> float:
    """Wait for `child`; its peak in megabytes.

    Not from wait4(2): what that reports as the peak begins with the process that forked it.
    """
    import psutil

    peak = 0.0
    process = psutil.Process(child.pid)
    while child.poll() is None:
        with suppress(psutil.Error):
            peak = max(peak, process.memory_info().rss / (1 << 20))
        time.sleep(0.02)
    return peak


def _check(root: Path, said: dict[str, object]) -> None:
    """A run that skipped its work would be fast."""
    with Store.open(Project(root).state_path, readonly=True) as store:
        (done,) = store.query("SELECT count(*) FROM units WHERE status = 'done'")[0]
        (receipts,) = store.query("SELECT count(*) FROM receipts")[0]
    planned = len(list((root / ".orchestra" / "milestones").glob("*/phases/*.md")))
    planned += sum(text.read_text().count("- [") for text in (root / ".kiro" / "specs").glob("*/tasks.md"))
    if said["exit"] != 0 or done != planned or receipts < planned:
        raise SystemExit(f"{root}: {done} of {planned} units done with {receipts} receipts: {said}")


async def _spawns(count: int) -> float:
    """Seconds that one process takes when they are started one after the other."""
    begun = time.perf_counter()
    for _ in range(count):
        child = await asyncio.create_subprocess_exec("/bin/sh", "-c", ":", stdin=asyncio.subprocess.DEVNULL)
        await child.wait()
    return (time.perf_counter() - begun) / count


def _commits(path: Path, count: int) -> float:
    """Seconds that one transaction takes, as durable as those of the state."""
    with _database(path) as db:
        begun = time.perf_counter()
        for n in range(count):
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO events VALUES (?, ?)", (n, "x" * 200))
            db.execute("COMMIT")
        return (time.perf_counter() - begun) / count


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, data TEXT)")
        yield db
    finally:
        db.close()


PARTS: dict[str, Callable[[Path, argparse.Namespace], Iterator[Row]]] = {
    "looking": looking,
    "carrying": carrying,
    "sequential": sequential,
}


if __name__ == "__main__":
    raise SystemExit(main())
