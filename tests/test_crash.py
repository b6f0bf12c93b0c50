"""The supervisor is killed at every state transaction and around every git step of the demo plan, and run again.

Whatever the moment, the second run must end where an uninterrupted one ends. Between some points nothing changes on
disk (git was only asked something), so that they are one moment. Every moment is tried when ORCHESTRA_KILL_POINTS=all;
when it is a number n, every nth of each kind, and one of each kind at least: a third of all moments lie around the
filling of a scratch index, and one around the merge.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path

import psutil
import pytest

from orchestra import demo
from orchestra.drive import headless
from tests.support import forks

_ASKED = os.environ.get("ORCHESTRA_KILL_POINTS", "22")
EVERY = 1 if _ASKED == "all" else int(_ASKED)
BATCHES = 16
# Real commands that cost little: the first is red until phase 3 is mended.
CHECK = "test -f src/teatime/brew.py && ! grep -q 'first.seconds . n' src/teatime/infusion.py"


@dataclass(frozen=True)
class Ended:
    """What a user would compare after a run."""

    commits: tuple[tuple[str, str, str], ...]
    pushed: str
    branches: tuple[str, ...]
    dirty: tuple[str, ...]
    receipts: tuple[tuple[str, str, str], ...]
    statuses: tuple[tuple[str, str], ...]
    quarantine: tuple[bytes, ...]
    views: tuple[tuple[str, bytes], ...]


def git(cwd: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()


def words_of(script: Path) -> list[str]:
    return ["run", "--auto", "--backend", "scripted", "--script", str(script)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("template")
    demo.build(place, CHECK)
    lines = demo.SCRIPT.read_text().splitlines()
    (place / "script.yml").write_text("\n".join(line for line in lines if "sleep:" not in line))
    return place


@pytest.fixture(scope="module")
def reference(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, list[str]]:
    """An uninterrupted run, and the kill points that it passes."""
    place = forks.copy(template, tmp_path_factory.mktemp("reference") / "w")
    trace = place.parent / "trace"
    code = forks.orchestra(place / "teatime", words_of(place / "script.yml"), forks.Counter(trace=trace))
    assert code == 0, (place / "log").read_text()
    return ended(place), trace.read_text().splitlines()


def ended(place: Path) -> Ended:
    project = place / "teatime"
    return Ended(
        commits=_commits(project),
        pushed=git(place / "origin.git", "rev-parse", "main^{tree}"),
        branches=tuple(
            git(project, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/orchestra").splitlines()
        ),
        dirty=tuple(git(project, "status", "--porcelain").splitlines()),
        receipts=_receipts(project),
        statuses=tuple(_rows(project, "SELECT id, status FROM units ORDER BY id")),
        quarantine=tuple(path.read_bytes() for path in sorted((project / ".orchestra/quarantine").glob("*.patch"))),
        views=tuple(_views(project)),
    )


def _commits(project: Path) -> tuple[tuple[str, str, str], ...]:
    shown = git(
        project, "log", "--reverse", "--format=%s%x00%(trailers:key=Orchestra-Ticket,valueonly)%x00%T%x01", "main"
    )
    found = (one.strip().split("\0") for one in shown.split("\x01") if one.strip())
    return tuple((subject, ticket.strip(), tree) for subject, ticket, tree in found)


def _rows(project: Path, sql: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(project / ".orchestra/state.db")) as db:
        return db.execute(sql).fetchall()


def _receipts(project: Path) -> tuple[tuple[str, str, str], ...]:
    """Those for committed trees: which others there are depends on what ran side by side when the kill came."""
    trees = {tree for _, _, tree in _commits(project)}
    rows = _rows(project, "SELECT unit, name, tree FROM receipts WHERE exit_code = 0")
    found = [row for row in rows if row[2] in trees]
    assert len(found) == len(set(found)), "the same proof was made twice"
    return tuple(sorted(found))


def _views(project: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted((project / ".orchestra/milestones").rglob("*.md")):
        lines = path.read_bytes().splitlines()
        # Commit ids and durations differ from run to run.
        yield path.name, b"\n".join(line for line in lines if b"commit:" not in line and b"duration:" not in line)


def kill_and_go_on(template: Path, place: Path, point: int) -> tuple[int, list[dict[str, object]], Ended]:
    """Kill a run at `point`, run again, and return how the first ended, its events, and what the second came to."""
    forks.copy(template, place)
    project = place / "teatime"
    words = words_of(place / "script.yml")
    first = forks.orchestra(project, words, forks.Counter(point))
    before = events(project)
    second = forks.orchestra(project, words)
    assert second == 0, f"point {point}: {(place / 'log').read_text()}"
    assert events(project)[: len(before)] == before, f"point {point}: acknowledged events are gone"
    return first, before, ended(place)


def events(project: Path) -> list[dict[str, object]]:
    if not (project / ".orchestra/state.db").exists():
        return []
    try:
        rows = _rows(project, "SELECT seq, type, group_id, unit, attempt, data FROM events ORDER BY seq")
    except sqlite3.OperationalError:
        return []  # killed before the tables were made
    return [{"seq": seq, "is": rest} for seq, *rest in rows]


def differences(expected: Ended, found: Ended) -> list[str]:
    """What is not as in the uninterrupted run, short enough to read."""
    lines: list[str] = []
    for field in fields(Ended):
        wanted, had = ([repr(one) for one in getattr(ended, field.name)] for ended in (expected, found))
        short = (line[:2000].replace("\\n", "\n") for line in (f"{field.name}:", *ndiff_only(wanted, had)))
        lines += short if wanted != had else ()
    return lines


def ndiff_only(wanted: list[str], had: list[str]) -> Iterator[str]:
    """The lines of `wanted` and `had` that differ, line by line inside each."""
    split = [[line for text in side for line in text.split("\\n")] for side in (wanted, had)]
    return (line for line in difflib.ndiff(*split) if line[:1] in "+-")


def left_over(place: Path) -> list[str]:
    """Processes that still work for this copy."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(place) in " ".join(process.cmdline()) or str(place) in process.environ().get("ORCHESTRA_JOB", ""):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def held_leases(project: Path) -> list[str]:
    rows = _rows(project, "SELECT data FROM leases")
    return [str(data["group"]) for data in (json.loads(row[0]) for row in rows) if data.get("held")]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_killed_anywhere_the_second_run_ends_like_an_uninterrupted_one(
    batch: int, template: Path, reference: tuple[Ended, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, points = reference
    monkeypatch.setattr(headless, "POLL_S", 0.05)
    for point in tried(points)[batch::BATCHES]:
        place = tmp_path / f"k{point}"
        first, _, found = kill_and_go_on(template, place, point)
        assert first in (-signal.SIGKILL, 0), (place / "log").read_text()
        assert not differences(expected, found), f"killed {points[point - 1]} ({point} of {len(points)})"
        assert held_leases(place / "teatime") == []
        assert left_over(place) == []
        shutil.rmtree(place)


def moments(points: list[str]) -> list[int]:
    """The numbers of the points before which something has changed on disk."""
    return [number for number, point in enumerate(points, 1) if not point.startswith("=")]


def tried(points: list[str]) -> list[int]:
    """The moments of this run: of each kind (the step and its first option) those in equal distances."""
    kinds: dict[str, list[int]] = {}
    for number in moments(points):
        kinds.setdefault(" ".join(points[number - 1].split()[:4]), []).append(number)
    return sorted(number for one in kinds.values() for number in one[len(one) % EVERY // 2 :: EVERY])


def test_the_kill_points_cover_every_transaction_and_git_step(
    reference: tuple[Ended, list[str]], record_property: Callable[[str, object], None]
) -> None:
    _, points = reference
    steps = sum(" git " in point for point in points)
    counted = (
        f"kill points: {len(points)} ({steps} around git steps, {len(points) - steps} around transactions), "
        f"{len(moments(points))} different moments, {len(tried(points))} of them tried"
    )
    record_property("counted", counted)
    assert {" ".join(point.lstrip("=").split()[:2]) for point in points} >= {
        "before git",
        "after git",
        "before transaction",
        "before commit",
        "after commit",
    }
    assert len(moments(points)) > 150
