"""Verification: the harness runs the commands itself, on the exact tree that is to be committed, and keeps receipts."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import proc
from .errors import Exit, UserError
from .proc import shell
from .proc.marker import read_ended

# From an argument list to the one that is run in its place.
Around = Callable[[tuple[str, ...]], tuple[str, ...]]
TIMED_OUT = 124
LOST = 137
_TAIL_LINES = 60
_TAIL_CHARS = 6000
_LINE_CHARS = 400
_READ = 256 << 10
_TRIES = 3
_UNVISITED = {".git", ".orchestra", "node_modules", ".venv", ".tox", ".nox", ".hg"}


@dataclass(frozen=True)
class Receipt:
    """Evidence of one command. `tree` is what it ran on, `started_at` a Unix time; `log` holds stdout and stderr."""

    name: str
    command: str
    exit_code: int
    tree: str
    duration_ms: int
    log: str
    log_sha256: str
    started_at: float


@dataclass(frozen=True)
class Verification:
    """All receipts in order, up to the first failure.

    `tail` is the end of the failed command's log for people and agents, `signature` the same failure's name: two
    failures with one signature are the same failure.
    """

    receipts: tuple[Receipt, ...]
    passed: bool
    failed: Receipt | None = None
    tail: str = ""
    signature: str = ""


async def verify(
    commands: Sequence[tuple[str, str]],
    worktree: Path,
    tree: str,
    dir: Path,
    env: Mapping[str, str],
    timeout_s: float,
    known: Callable[[str, str, str], Receipt | None] | None = None,
    around: Around | None = None,
) -> Verification:
    """Run `commands`, (name, shell command line) each, in `worktree` until one fails.

    `dir` is what the directories of this verification of this `tree` begin with: called again with it after a kill,
    what has ended is read and what still runs is waited for. A green receipt that `known(name, command, tree)` has
    stands for a run. Each command may take `timeout_s` seconds (0: no limit). `around` puts something around each
    program, such as a sandbox. Raises UserError when they cannot be written or the command was stopped from outside.
    """
    receipts: list[Receipt] = []
    fresh = True
    for number, (name, command) in enumerate(commands, 1):
        receipt = known(name, command, tree) if known else None
        if receipt is None or receipt.exit_code != 0:
            if fresh:
                drop_stale_bytecode(worktree)
                fresh = False
            receipt = await _run(name, command, worktree, tree, _of(dir, number, name), env, timeout_s, around)
        receipts.append(receipt)
        if receipt.exit_code != 0:
            return _failure(receipts, receipt, worktree, timeout_s)
    return Verification(tuple(receipts), True)


async def _run(
    name: str,
    command: str,
    worktree: Path,
    tree: str,
    dir: Path,
    env: Mapping[str, str],
    timeout_s: float,
    around: Around | None,
) -> Receipt:
    program = shell.argv(command)
    for place in _places(dir):
        begun = time.time()
        argv = around(program) if around else program
        ended = await proc.run(proc.Job(place, argv, worktree, env, timeout_s, joined=True))
        if ended.cause == "stopped":
            raise UserError(f"The verification {name} was stopped.", hint="Run again.", code=Exit.INTERRUPTED)
        if ended.cause in ("exit", "timeout", "idle"):
            break
    return Receipt(
        name=name,
        command=command,
        exit_code=_code(ended),
        tree=tree,
        duration_ms=round(ended.duration_s * 1000),
        log=str(ended.stdout),
        log_sha256=_hash(ended.stdout),
        started_at=_started(place, begun),
    )


def _of(dir: Path, number: int, name: str) -> Path:
    # Beside the others and not below a directory of their own, which would be one more to make for each unit.
    return dir.with_name(f"{dir.name}-{number}-{_word(name)}")


def _places(dir: Path) -> Iterator[Path]:
    """Directories to run in: one in which a command was cut off answers that for ever, so the next is taken."""
    number, tries = 1, 0
    while tries < _TRIES:
        place = dir if number == 1 else dir.with_name(f"{dir.name}.{number}")
        number += 1
        earlier = read_ended(place)
        if earlier is None or earlier.cause in ("exit", "timeout", "idle"):
            tries += 1
            yield place


def _code(ended: proc.Ended) -> int:
    if ended.cause in ("timeout", "idle"):
        return TIMED_OUT
    # 137 is what a shell says of SIGKILL: the machine ran out of memory, or somebody killed it.
    return LOST if ended.code is None else ended.code


def _started(place: Path, begun: float) -> float:
    """The time the program was started, also when that was in an earlier life of this process."""
    with suppress(OSError):
        return round((place / "pid").stat().st_mtime, 3)
    return begun


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with suppress(FileNotFoundError), path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "command"


def _failure(receipts: list[Receipt], failed: Receipt, worktree: Path, timeout_s: float) -> Verification:
    said = tail(Path(failed.log))
    why = _why(failed, timeout_s)
    text = "\n".join(part for part in (said, why) if part)
    return Verification(tuple(receipts), False, failed, text, signature(failed, said, worktree))


def _why(failed: Receipt, timeout_s: float) -> str:
    words = {
        TIMED_OUT: f"[{failed.name} did not end within {timeout_s:g} s and was ended]",
        LOST: f"[{failed.name} was killed; the machine may have run out of memory]",
        127: f"[exit 127: `{failed.command}`, or a program that it calls, was not found]",
        126: f"[exit 126: `{failed.command}` cannot be executed]",
    }
    return words.get(failed.exit_code, "")


# ECMA-48: control sequences, operating system commands, and the short escapes.
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[ -/]*[0-~])")


def tail(log: Path) -> str:
    """The last useful lines of a log: at most 60 and 6,000 characters, without colours, blanks and overdrawn text."""
    lines = [line for line in (_plain(line) for line in _end(log).split("\n")) if line.strip()]
    kept: list[str] = []
    room = _TAIL_CHARS
    for line in reversed(lines[-_TAIL_LINES:]):
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join(reversed(kept))


def _end(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _READ))
            return file.read(_READ).decode("utf-8", "replace")
    except OSError:
        return ""


def _plain(line: str) -> str:
    """A progress bar returns to the start of its line: only what it shows at last counts."""
    shown = _ESCAPES.sub("", line).rstrip("\r").rsplit("\r", 1)[-1]
    clean = "".join(char for char in shown if char.isprintable() or char == "\t").rstrip()
    return clean if len(clean) <= _LINE_CHARS else clean[: _LINE_CHARS - 1] + "…"


_VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(?<![\w:.])\d{1,2}:\d\d(:\d\d([.,]\d+)?)?\b(?!:)"), "<time>"),
    (re.compile(r"\b\d+([.,]\d+)?\s*(ns|µs|us|ms|s|sec|secs|seconds?|m|min|minutes?)\b"), "<duration>"),
    (re.compile(r"0x[0-9a-fA-F]+"), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b"), "<hash>"),
    (re.compile(r"\b(pid|process|port|seed|thread)([ =:#]+)\d+", re.IGNORECASE), r"\1\2<number>"),
    (re.compile(r"(/private)?(/var/folders|/tmp|/var/tmp)/[^\s'\":,)]+"), "<temp>"),
)


def signature(failed: Receipt, said: str, worktree: Path) -> str:
    """A hash of the failure without what differs from run to run: places, addresses, times, process ids."""
    text = said
    for place in sorted({str(worktree), os.path.realpath(worktree)}, key=len, reverse=True):
        text = text.replace(place, "<tree>")
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return hashlib.sha256(f"{failed.name}\0{failed.exit_code}\0{text}".encode()).hexdigest()[:16]


def drop_stale_bytecode(worktree: Path) -> None:
    """Remove compiled Python files that were written before their source was.

    Python compares the source's time in whole seconds and its size (PEP 552), so that a correction of one
    character within the same second would be tested in its old form.
    """
    for at, folders, files in os.walk(worktree):
        folders[:] = [name for name in folders if name not in _UNVISITED]
        if at.endswith("__pycache__"):
            for name in files:
                _drop(Path(at) / name)


def _drop(compiled: Path) -> None:
    source = compiled.parent.parent / f"{compiled.name.split('.', 1)[0]}.py"
    with suppress(OSError):
        if compiled.suffix == ".pyc" and source.stat().st_mtime_ns >= compiled.stat().st_mtime_ns:
            compiled.unlink()
