"""A run in the user's checkout is killed at every moment, and run again: it ends like one that was left alone."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from orchestra.drive import headless
from tests.drive.test_in_place import in_place, status
from tests.support import forks
from tests.support.projects import Phase, World, world

# A moment takes long here: all of them are for a night.
_ASKED = os.environ.get("ORCHESTRA_KILL_POINTS_IN_PLACE", "29")
EVERY = 1 if _ASKED == "all" else int(_ASKED)
BATCHES = 8
Ended = tuple[list[str], list[str], list[str], str, bool, dict[str, str], int, str]


def plan(root: Path) -> World:
    """Two units side by side, edits out of scope, a red verification, a fix, and a milestone that fails."""
    place = world(root)
    in_place(
        place,
        "touch artifact; ! test -f bad.txt && ! grep -q wrong a.txt",
        pipeline={"parallel": "enabled"},
        thresholds={"max_attempts": 1, "stuck_retry_limit": 1},
    )
    place.milestone("M1", [Phase(("a.txt",), ()), Phase(("b.txt",), ()), Phase(("c.txt",))], complexity="standard")
    place.milestone("M2", [Phase(("good.txt",)), Phase(("bad.txt",))])
    place.milestone("M3", [Phase(("end.txt",))])
    place.rule({"unit": "M1/phase-1", "purpose": "fix"}, {"write": {"path": "a.txt", "text": "mended"}})
    place.rule({"unit": "M1/phase-1"}, {"run": "echo a > a.txt; echo out >> README.md"})
    place.rule({"unit": "M1/phase-2"}, {"run": "echo b > b.txt"})
    place.rule({"unit": "M1/phase-3"}, {"run": "ls *.txt > c.txt"})
    finding = {"severity": "blocking", "file": "a.txt", "title": "it is a"}
    place.rule({"role": "reviewer", "attempt": 1}, {"findings": [finding]})
    place.approves()
    for unit, name in (("M2/phase-1", "good.txt"), ("M2/phase-2", "bad.txt"), ("M3/phase-1", "end.txt")):
        place.writes(unit, name)
    place.save()
    return place


def at(place: Path) -> World:
    return World(place / "project")


def words(place: World) -> list[str]:
    return place.words("--auto", "--max-parallel", "2")


def ended(place: World) -> Ended:
    return (
        place.git("log", "--reverse", "--format=%s %(trailers:key=Orchestra-Ticket,valueonly)%T", "main").split("\n"),
        place.subjects(cwd=place.remote),
        place.subjects("orchestra/failed/M2"),
        status(place),
        (place.root / ".git/orchestra-in-place").exists(),
        place.statuses(),
        (place.root / ".orchestra/quarantine/M1.phase-1.worker-1.patch").read_bytes().count(b"+out"),
        place.git("for-each-ref", "--format=%(refname)", "refs/orchestra"),
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plan(tmp_path_factory.mktemp("template")).root.parent


@pytest.fixture(scope="module")
def reference(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, list[str]]:
    """What an uninterrupted run comes to, and the kill points that it passes."""
    place = at(forks.copy(template, tmp_path_factory.mktemp("reference") / "w"))
    relinked(place)
    trace = place.root.parent / "trace"
    code = forks.orchestra(place.root, words(place), forks.Counter(trace=trace))
    assert code == 1, place.said()
    return ended(place), trace.read_text().splitlines()


def relinked(place: World) -> None:
    place.git("remote", "set-url", "origin", str(place.remote))


def test_an_uninterrupted_run_leaves_nothing_behind(reference: tuple[Ended, list[str]]) -> None:
    (commits, pushed, failed, left, held, statuses, kept, refs), points = reference
    assert statuses == {"M1": "done", "M2": "failed", "M3": "done"}
    assert len(commits) > 5 and pushed[-1] == "feat(work): part 1" and len(failed) > len(pushed) - 1
    assert (left, held, kept, refs) == ("", False, 1, "")
    assert len(points) > 300


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_killed_anywhere_nothing_is_lost_or_doubled(
    batch: int, template: Path, reference: tuple[Ended, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, points = reference
    monkeypatch.setattr(headless, "POLL_S", 0.05)
    moments = [number for number, point in enumerate(points, 1) if not point.startswith("=")]
    for point in moments[batch * EVERY :: BATCHES * EVERY]:
        place = at(forks.copy(template, tmp_path / f"k{point}"))
        relinked(place)
        first = forks.orchestra(place.root, words(place), forks.Counter(point))
        assert first in (-signal.SIGKILL, 1), place.said()
        second = forks.orchestra(place.root, words(place))
        assert second in (0, 1), f"point {point} ({points[point - 1]}): {place.said()}"
        assert ended(place) == expected, f"point {point} ({points[point - 1]}): {place.said()}"
        shutil.rmtree(place.root.parent)


@pytest.mark.timeout(600)
def test_killed_again_and_again_around_a_commit(
    template: Path, reference: tuple[Ended, list[str]], tmp_path: Path
) -> None:
    """Killed between the commit and its record, and those who come to finish it are killed as well."""
    expected, points = reference
    first = next(number for number, point in enumerate(points, 1) if "update-ref" in point and "heads/main" in point)
    for point in (first, first + 1, first + 3):
        place = at(forks.copy(template, tmp_path / f"k{point}"))
        relinked(place)
        for kill in (point, 9, 30):
            assert forks.orchestra(place.root, words(place), forks.Counter(kill)) == -signal.SIGKILL
        forks.orchestra(place.root, words(place))
        assert ended(place) == expected, f"point {point}: {place.said()}"
        shutil.rmtree(place.root.parent)
