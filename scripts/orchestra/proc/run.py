"""Runs a program so that it survives whoever started it, and is never started twice for one directory.

A shell between supervisor and program makes the marker and writes the exit code (`wrapper`, `marker`); the
program's output goes to bounded files (`output`); its descendants are followed while it runs (`tree`). Whoever calls
`run` on a directory again, in this process or another, gets the same program: its end, or the wait for it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UserError, locked
from . import cgroup, marker, shell
from .identity import Identity, alive, boot_id, elsewhere, identify
from .marker import TOMBSTONE, Ended
from .output import Stream, read_bounded
from .thread import in_thread
from .tree import MARK, Tree
from .watch import Child, Watch
from .wrapper import REFUSED, UNWRITABLE, wrap

OUTPUT_LIMIT = 8 << 20
GRACE_S = 5.0
_LEFT_OVER_GRACE_S = 1.0
_MARKER_WAIT_S = 2.0
_DELETED = "Was it deleted while a run was using it?"


@dataclass(frozen=True)
class Job:
    """One program and the directory that remembers it. Times in seconds, 0 for none; `output_limit` in bytes a stream.

    `dir` belongs to this one execution: it is made when it is not there, and a second program needs another. Of a job
    with `joined` streams there is one file, which tells in which order things were said.
    """

    dir: Path
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    wall_s: float = 0.0
    idle_s: float = 0.0
    output_limit: int = OUTPUT_LIMIT
    grace_s: float = GRACE_S
    joined: bool = False


def _never() -> bool:
    return False


def _at_once() -> None:
    return None


async def run(
    job: Job,
    *,
    on_output: Callable[[bytes], None] | None = None,
    busy: Callable[[], bool] = _never,
    permit: Callable[[], None] = _at_once,
) -> Ended:
    """Start the program of `job`, or find it again, and wait for its end.

    `on_output` gets the whole of stdout from its first byte, also of a program that ended long ago. While `busy` says
    that the program waits for what it has started, and that lives, it may be silent for longer than `idle_s`.
    `permit` is called before the program begins, while its shell starts up: if it raises, nothing begins.
    Cancelling leaves the program running, to be found by the next call; `stop` or `abandon` end it.
    Raises UserError when the directory cannot be written, or its program runs in another container.
    """
    job = replace(job, dir=_directory(job.dir))
    streams = [Stream(job.dir / "stdout", job.output_limit, on_output)]
    if not job.joined:
        streams.append(Stream(job.dir / "stderr", job.output_limit))
    ended = marker.read_ended(job.dir)
    while ended is None:
        ended = await _round(job, streams, busy, permit)
    for stream in streams:
        stream.close()
    return ended


async def sh(command: str, cwd: Path, env: Mapping[str, str], dir: Path, wall_s: float) -> Ended:
    """Run a shell command line as a job: a verification, for instance. `dir` and `wall_s` as in `Job`."""
    return await run(Job(dir, shell.argv(command), cwd, env, wall_s))


def alive_in(dir: Path) -> bool:
    """Whether the program of a directory runs now."""
    return running(dir) is not None


def running(dir: Path) -> Identity | None:
    """The shell of a directory's program, while it runs."""
    who = marker.read_mark(dir)
    return who if who is not None and alive(who) else None


def stop(dir: Path, grace_s: float = GRACE_S) -> bool:
    """End the program of a directory with its whole tree; its `run` answers `stopped`. True when nothing is left.

    Does nothing where no program was started; `abandon` also prevents one. Blocks up to `grace_s` + 5 seconds.
    """
    dir = dir.absolute()
    who = marker.read_mark(dir)
    if who is None or who == TOMBSTONE or marker.read_ended(dir):
        return True
    return _end(dir, who, "stopped", grace_s)


def condemn(dir: Path, cause: str) -> None:
    """Have the program of a directory ended by whoever waits for it, now or after a restart; its `run` answers `cause`.

    Nothing happens to one that has ended by itself. Returns at once.
    """
    dir = dir.absolute()
    who = marker.read_mark(dir)
    if who is not None and alive(who) and marker.read_code(dir) is None:
        marker.write_cause(dir, cause)


def abandon(dir: Path, grace_s: float = GRACE_S) -> bool:
    """Make sure that the program of a directory does not run, now or later; True when that is proved.

    Where it was not started, a tombstone makes a late child refuse. Blocks up to `grace_s` + 5 seconds.
    Raises UserError when the directory cannot be written.
    """
    dir = _directory(dir)
    try:
        who = _settled(dir) or marker.bury(dir)
    except OSError as error:
        raise _unwritable(dir, error) from error
    if who == TOMBSTONE:
        cgroup.tidy(dir)
    if who == TOMBSTONE or marker.read_ended(dir):
        return True
    return _end(dir, who, "stopped", grace_s)


def _end(dir: Path, who: Identity, cause: str, grace_s: float) -> bool:
    if elsewhere(who):
        return False
    if alive(who) and marker.read_code(dir) is None:
        marker.write_cause(dir, cause)
    tree = Tree(who, str(dir), fresh=alive(who))
    ended = tree.end(grace_s, wrapper=True)
    cgroup.remove(tree.group)
    return ended


def _settled(dir: Path) -> Identity | None:
    """The marker, once its maker has had time to write its line; None when nobody has made one."""
    deadline = time.monotonic() + _MARKER_WAIT_S
    while marker.exists(dir):
        if who := marker.read_mark(dir):
            return who
        if time.monotonic() > deadline:
            return marker.bury(dir)
        time.sleep(0.005)
    return None


async def _round(
    job: Job, streams: Sequence[Stream], busy: Callable[[], bool], permit: Callable[[], None]
) -> Ended | None:
    """Start or find the program and follow it; None when another start has won and is to be followed."""
    child = group = None
    try:
        who = marker.read_mark(job.dir)
        if who is None and marker.exists(job.dir):
            who = await in_thread(lambda: _settled(job.dir))
        if who is None:
            group = cgroup.make(job.dir)
            child, who = _spawn(job, group, permit)
    except OSError as error:
        raise _unwritable(job.dir, error) from error
    if who == TOMBSTONE:
        return marker.refused(job.dir)
    if elsewhere(who):
        raise locked(f"The program of {job.dir} was started in another container.", "Wait for it or end it there.")
    tree = Tree(who, str(job.dir), fresh=child is not None or alive(who), newborn=child is not None, group=group)
    return await _follow(job, tree, child, Watch(job, who, streams, tree, child, busy))


async def _follow(job: Job, tree: Tree, child: Child | None, watch: Watch) -> Ended | None:
    begun, who = time.monotonic(), tree.root
    try:
        status, cause = await watch.end()
    except asyncio.CancelledError:
        if not job.dir.exists():
            # Nobody finds it later, who has no marker to find it by.
            await in_thread(lambda: tree.end(job.grace_s, wrapper=True))
        raise
    other = marker.read_mark(job.dir)
    deleted = other is None and not job.dir.exists()
    if child is not None and other != who and not deleted:
        return _not_ours(job, other, status, tree.group)
    if tree.look(deep=True):
        await in_thread(lambda: tree.end(_LEFT_OVER_GRACE_S))
    duration = time.monotonic() - begun if child is not None else _recorded_duration(job.dir)
    cgroup.remove(tree.group)
    if deleted and (status in (REFUSED, UNWRITABLE) or not job.dir.parent.exists()):
        raise UserError(f"The directory {job.dir} is gone.", hint=_DELETED)
    return _conclude(job.dir, cause, status, duration)


def _conclude(dir: Path, cause: str, status: int | None, duration_s: float) -> Ended:
    code = marker.read_code(dir)
    if code is None and status is not None and status >= 0:
        code = status
    cause = marker.read_cause(dir) or cause or ("lost" if code is None else "exit")
    return marker.write_ended(dir, cause, code, duration_s)


def _not_ours(job: Job, other: Identity | None, status: int | None, group: Path | None) -> Ended | None:
    """Our shell left without running the program: somebody else's marker, a tombstone, or no way to make one."""
    if other in (None, TOMBSTONE):
        cgroup.remove(group)
    if (other is None and status == UNWRITABLE) or not marker.exists(job.dir):
        why = read_bounded(job.dir / "stderr", 500).decode("utf-8", "replace").strip()
        raise _unwritable(job.dir, OSError(0, why or "the marker could not be written"))
    return marker.refused(job.dir) if other == TOMBSTONE else None


def _recorded_duration(dir: Path) -> float:
    try:
        return max(0.0, (dir / "rc").stat().st_mtime - (dir / "pid").stat().st_mtime)
    except OSError:
        return 0.0


def _spawn(job: Job, group: Path | None, permit: Callable[[], None] = _at_once) -> tuple[Child, Identity]:
    opened: list[int] = []
    try:
        opened += os.pipe()
        child = _shell(job, group, opened)
        who = identify(child.pid)
        _admit(child, permit)
        # One that has ended already finds nobody at the other end.
        with suppress(BrokenPipeError):
            os.write(opened[1], f"{who.start}\n".encode())
        return child, who
    except BaseException:
        cgroup.remove(group)
        raise
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _shell(job: Job, group: Path | None, opened: list[int]) -> Child:
    """The shell of a job, which waits for the word on the first descriptor of `opened`; more are opened there."""
    # Append mode: a start that comes too late must not empty the winner's files, and a punched file goes on at its end.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    names = ("stdout",) if job.joined else ("stdout", "stderr")
    opened += (os.open(job.dir / name, flags, 0o644) for name in names)
    return subprocess.Popen(
        wrap(str(job.dir), boot_id(), job.argv, str(group or ""), joined=job.joined),
        cwd=job.cwd,
        env={**job.env, MARK: str(job.dir)},
        stdin=opened[0],
        stdout=opened[2],
        stderr=subprocess.DEVNULL if job.joined else opened[3],
        start_new_session=True,
    )


def _admit(child: Child, permit: Callable[[], None]) -> None:
    try:
        permit()
    except BaseException:
        # It has been told nothing, and so has begun nothing.
        child.kill()
        child.wait()
        raise


def _directory(dir: Path) -> Path:
    try:
        dir.mkdir(parents=True, exist_ok=True)
        return dir.absolute()
    except OSError as error:
        raise _unwritable(dir, error) from error


def _unwritable(dir: Path, error: OSError) -> UserError:
    what = error.strerror or str(error)
    at = f" ({error.filename})" if error.filename else ""
    hint = "Make room on the disk or make the directory writable, then run again: nothing was started."
    return UserError(
        f"A program cannot be started in {dir}: {what}{at}.",
        hint=_DELETED if isinstance(error, FileNotFoundError) else hint,
    )
