from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.launching import ROOT

BENCH = ROOT / "bench" / "overhead.py"
MEASURES = {
    "looking": ["status, ", "status --json, ", "lock claim, ", "groups", "one group"],
    "carrying": [
        "floor: spawn",
        "floor: one durable",
        "floor: its new files, ",
        "overhead, ",
        "peak RSS, ",
        "parallel enabled",
    ],
    "sequential": ["floor: its new files, ", "overhead, a chain of 2 units", "peak RSS, "],
}


def _bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BENCH, *words], capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("part", MEASURES)
def test_the_bench_prints_its_table(part: str, tmp_path: Path) -> None:
    done = _bench(
        "--only",
        part,
        "--few=2",
        "--many=12",
        "--units=2",
        "--chain=2",
        "--rounds=1",
        "--repeat=1",
        "--dir",
        str(tmp_path),
    )
    # 1: a goal is missed, which says nothing with numbers as small as these.
    assert done.returncode in (0, 1), done.stderr
    head, rule, *rows = done.stdout.splitlines()
    assert head.split() == ["measure", "value", "goal", "verdict"]
    assert set(rule) == {"-", " "}
    for measure in MEASURES[part]:
        assert any(measure in row for row in rows), measure
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_does_not_do_its_work_is_no_measurement(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); import overhead\n"
        "root = overhead._plan(Path(sys.argv[2]) / 'run', 'disabled', 1, 2)\n"
        "overhead._check(root, {'exit': 0})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, BENCH.parent, tmp_path], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 1
    assert "0 of 2 units done" in done.stderr
