"""What the guard costs: the whole process of the hook beside the bare interpreter, in turns in one run.

Prints a table of measure, value, goal and verdict; exit 1 when a goal is missed. Ratios are of medians of interleaved
pairs, so that a busy machine slows both sides.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUARD = ROOT / "bin" / "orchestra-guard"

PAIRS = 40
LARGE = 1_500_000
MAX_RATIO = 1.6
MAX_IDLE_RATIO = 2.0
MAX_LARGE_MS = 250.0

COMMAND = (
    "cd src && out=lib/result.txt && git diff --stat HEAD && python -m pytest tests/test_parser.py -q -k 'quoted or"
    """ nested' 2>&1 | tail -20 && grep -rn "def parse" lib | head && echo done > "$out" && ls -l"""
)
# Others, so that the figure is not that of one lucky command; the first is one that agents may not give.
OTHERS = {
    "git commit": "git add -A src/lib && git commit -q -m 'fix: quoted words are read'",
    "python -c": """python3 -c "import json; print(json.load(open('package.json'))['version'])" | tee src/lib/v.txt""",
    "a loop": """for one in src/lib/*.py; do grep -q import "$one" && sed -n 1,5p "$one" >> src/lib/heads.txt; done""",
}


@dataclass(frozen=True)
class Row:
    """One measure: `value` and `goal` as they are printed, and whether the goal is met."""

    measure: str
    value: str
    goal: str
    met: bool


@dataclass(frozen=True)
class Call:
    """One process: what is started, with which environment and input, and the exit code that it must have."""

    argv: Sequence[str]
    env: dict[str, str]
    data: bytes = b""
    code: int = 0


def elapsed(call: Call, cwd: Path) -> float:
    """Milliseconds from the start of a process to its end; an answer other than the expected one ends the program."""
    source, sink = os.pipe()
    feeder = None
    if len(call.data) <= 32_768:
        os.write(sink, call.data)
    else:
        feeder = subprocess.Popen(["cat"], stdin=_file_of(call.data), stdout=sink)
    os.close(sink)
    actions: list[tuple[object, ...]] = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_CLOSE, source)]
    if call.code:
        actions.append((os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0))
    start = time.perf_counter()
    process = os.posix_spawn(call.argv[0], list(call.argv), call.env, file_actions=actions)
    _, status = os.waitpid(process, 0)
    took = (time.perf_counter() - start) * 1000
    os.close(source)
    if feeder:
        feeder.wait()
    if os.waitstatus_to_exitcode(status) != call.code:
        raise SystemExit(f"{' '.join(call.argv)} ended with {os.waitstatus_to_exitcode(status)}")
    return took


def _file_of(data: bytes) -> int:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return os.dup(file.fileno())


def medians(calls: dict[str, Call], cwd: Path, pairs: int) -> dict[str, float]:
    """The median time of each call, all taken in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        elapsed(call, cwd)
    for _ in range(pairs):
        for name, call in calls.items():
            times[name].append(elapsed(call, cwd))
    return {name: statistics.median(found) for name, found in times.items()}


def project(place: Path) -> dict[str, str]:
    """Make a project with a scope below `place`; the environment of a caller who has it."""
    for folder in ("project/src/lib", "home/.local/share/orchestra"):
        (place / folder).mkdir(parents=True)
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    (place / "home/.local/share/orchestra/guard-python").write_text(f"{interpreter}\n")
    scope: dict[str, object] = {"version": 1, "root": f"{place}/project", "ticket": "t", "role": "worker"}
    scope |= {"enforcement": "strict", "write": ["src/lib/**", "tests/**"], "blocked_commands": []}
    compiled = json.dumps(scope).encode()
    (place / "scope.json").write_bytes(compiled)
    env = {"PATH": os.environ["PATH"], "HOME": f"{place}/home", "ORCHESTRA_SCOPE": f"{place}/scope.json"}
    return env | {"ORCHESTRA_SCOPE_SHA256": hashlib.sha256(compiled).hexdigest()}


def payload(place: Path, tool: str, given: dict[str, str]) -> bytes:
    """A call as Claude Code sends it."""
    base = {"session_id": "s-1", "transcript_path": f"{place}/t.jsonl", "cwd": f"{place}/project"}
    base |= {"permission_mode": "default", "hook_event_name": "PreToolUse", "tool_use_id": "toolu_1"}
    return json.dumps({**base, "tool_name": tool, "tool_input": given}).encode()


def calls(place: Path, env: dict[str, str]) -> dict[str, Call]:
    """What is measured, and the floors beside it."""
    python = (place / "home/.local/share/orchestra/guard-python").read_text().strip()
    idle = {name: value for name, value in env.items() if not name.startswith("ORCHESTRA_")}
    file = f"{place}/project/src/lib/a.py"
    hook = (str(GUARD), "pre-tool-use")
    edit = payload(place, "Edit", {"file_path": file, "old_string": "one", "new_string": "two"})
    return {
        "python": Call((python, "-I", "-S", "-c", "pass"), idle),
        "edit": Call(hook, env, edit),
        "bash": Call(hook, env, payload(place, "Bash", {"command": COMMAND})),
        **{
            name: Call(hook, env, payload(place, "Bash", {"command": one}), 2 if "commit" in one else 0)
            for name, one in OTHERS.items()
        },
        "sh": Call(("/bin/sh", "-c", ":"), idle),
        "idle": Call(hook, {**idle, "CLAUDE_PROJECT_DIR": f"{place}/project"}, edit),
        "large": Call(hook, env, payload(place, "Write", {"file_path": file, "content": "A" * LARGE})),
        "long": Call(hook, env, payload(place, "Bash", {"command": "echo " + "A" * LARGE})),
    }


def processes(call: Call, cwd: Path) -> str:
    """How many processes one call is, as the kernel counts them; `?` without strace."""
    if not shutil.which("strace"):
        return "?"
    with tempfile.NamedTemporaryFile(suffix=".trace") as trace:
        words = ["strace", "-f", "-qq", "-e", "trace=process", "-o", trace.name, *call.argv]
        subprocess.run(words, env=call.env, cwd=cwd, input=call.data, capture_output=True, check=False)
        return str(len({line.split(maxsplit=1)[0] for line in Path(trace.name).read_text().splitlines()}))


def measured(pairs: int) -> list[Row]:
    """Every row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        found = calls(place, project(place))
        large = {name: found.pop(name) for name in ("large", "long")}
        # Pairs are taken two by two: a floor next to what stands on it.
        times = medians(found, place, pairs) | medians(large, place, max(3, pairs // 8))
        count = processes(found["bash"], place)
    return [
        _ratio("hook, Edit", times, "edit", "python", MAX_RATIO),
        _ratio("hook, Bash of 200 characters", times, "bash", "python", MAX_RATIO),
        *(_ratio(f"hook, Bash: {name}", times, name, "python") for name in OTHERS),
        _ratio("hook, no run under way", times, "idle", "sh", MAX_IDLE_RATIO),
        _time("hook, Write of 1.5 MB", times["large"]),
        _time("hook, Bash of 1.5 MB", times["long"]),
        Row("processes of a call", count, "1", count in ("1", "?")),
    ]


_FLOORS = {"python": "python3 -I -S -c pass", "sh": "sh -c :"}


def _ratio(measure: str, times: dict[str, float], name: str, floor: str, goal: float | None = None) -> Row:
    ratio = times[name] / times[floor]
    value = f"{ratio:.2f} x {_FLOORS[floor]} ({times[name]:.1f} / {times[floor]:.1f} ms)"
    return Row(measure, value, f"<= {goal}" if goal else "", goal is None or ratio <= goal)


def _time(measure: str, took: float) -> Row:
    return Row(measure, f"{took:.0f} ms", f"< {MAX_LARGE_MS:.0f} ms", took < MAX_LARGE_MS)


def main() -> int:
    """Measure, print, and say by the exit code whether all goals are met."""
    parser = argparse.ArgumentParser(description="What the guard costs.")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"how often each call is made (default {PAIRS})")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    args = parser.parse_args()
    rows = measured(args.pairs)
    if args.json:
        print(json.dumps([row.__dict__ for row in rows]))
    else:
        for row in rows:
            print(f"{row.measure:<30} {row.value:<58} {row.goal:<10} {'ok' if row.met else 'MISSED'}")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
