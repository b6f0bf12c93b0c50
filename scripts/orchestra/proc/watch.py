"""Waits for a program's end, and looks at it now and then: output, time-outs, descendants."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from . import marker
from .identity import Identity, age_s, alive, open_pidfd, own_pidfd
from .output import Stream
from .thread import in_thread
from .tree import Members, Tree

_FIRST_LOOK_S = 0.05
_LOOK_S = 0.5
_TREE_S = 2.0
_POLL_S = 0.1
# A client that only waits still burns clock ticks in timers, Codex up to five in a hundred; work uses far more.
_IDLE_CPU_SHARE = 0.1
# The shell of the job and the program.
_OWN = 2

Child = subprocess.Popen[bytes]


class Limits(Protocol):
    """What a watch reads of a job."""

    @property
    def dir(self) -> Path: ...
    @property
    def wall_s(self) -> float: ...
    @property
    def idle_s(self) -> float: ...
    @property
    def grace_s(self) -> float: ...


class Watch:
    """One wait for one process. `child` is given when this process started it.

    `busy` says whether the program has told that it waits for something that it has started: as long as anything of
    that lives, silence is no sign of a program that hangs.
    """

    def __init__(
        self,
        job: Limits,
        who: Identity,
        streams: Sequence[Stream],
        tree: Tree,
        child: Child | None,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._job = job
        self._who = who
        self._streams = streams
        self._tree = tree
        self._child = child
        self._busy = busy
        now = time.monotonic()
        self._deadline = now - age_s(who.start) + job.wall_s if job.wall_s else float("inf")
        self._tree_at = now + (min(_TREE_S, job.idle_s / 4) if job.idle_s else _TREE_S)
        self._active_at = now
        self._members: tuple[frozenset[int], float] = (frozenset(), 0.0)
        self._count = 0

    async def end(self) -> tuple[int | None, str]:
        """Wait; answers with the exit status of a child (negative for a signal) and the cause when it was ended."""
        gone = exit_of(self._who, self._child)
        try:
            cause = await self._until(gone)
            if cause:
                marker.write_cause(self._job.dir, cause)
                await in_thread(lambda: self._tree.end(self._job.grace_s, wrapper=True))
                await asyncio.wait({gone}, timeout=1.0)
            return (gone.result() if gone.done() else None), cause
        finally:
            # A child's future stays: it reaps the child although nobody waits any more.
            if self._child is None:
                gone.cancel()

    async def _until(self, gone: asyncio.Future[int | None]) -> str:
        pause = _FIRST_LOOK_S
        while not gone.done():
            await asyncio.wait({gone}, timeout=min(pause, max(0.0, self._deadline - time.monotonic())))
            if gone.done():
                break
            pause = min(pause * 2, self._longest_pause())
            if cause := self._look():
                return cause
        return ""

    def _longest_pause(self) -> float:
        return min(_LOOK_S, self._job.idle_s / 4) if self._job.idle_s else _LOOK_S

    def _look(self) -> str:
        now = time.monotonic()
        for stream in self._streams:
            if stream.pump():
                self._active_at = now
        if now >= self._tree_at:
            self._look_at_tree(now)
        if marker.read_code(self._job.dir) is not None:
            return ""
        # A cause that somebody else wrote (a stop that was killed before it had ended the tree) is carried out.
        if cause := marker.read_cause(self._job.dir):
            return cause
        if not self._job.dir.parent.exists():
            # What it comes to can be kept nowhere. Its own directory alone is the program's to delete.
            return "stopped"
        if now >= self._deadline:
            return "timeout"
        silent = self._job.idle_s and now - self._active_at >= self._job.idle_s
        return "idle" if silent and not (self._count > _OWN and self._busy()) else ""

    def _look_at_tree(self, now: float) -> None:
        self._tree_at = now + (min(_TREE_S, self._job.idle_s / 4) if self._job.idle_s else _TREE_S)
        members = self._tree.look()
        pids, cpu = frozenset(members), _cpu(members)
        self._count = len(pids)
        known, before = self._members
        if pids != known or cpu - before > _IDLE_CPU_SHARE * (now - self._active_at):
            self._active_at = now
            self._members = pids, cpu


def _cpu(members: Members) -> float:
    return sum(one.cpu for one in members.values())


def exit_of(who: Identity, child: Child | None) -> asyncio.Future[int | None]:
    """A future of the exit status, None for a process that is not our child. It does not keep the loop waiting."""
    fd = own_pidfd(child.pid) if child is not None else open_pidfd(who.pid, who.start) if alive(who) else None
    if fd is not None:
        return _by_pidfd(fd, child)
    if child is not None:
        return asyncio.ensure_future(in_thread(child.wait))
    return asyncio.ensure_future(_poll(who))


def _by_pidfd(fd: int, child: Child | None) -> asyncio.Future[int | None]:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int | None] = loop.create_future()

    def ended() -> None:
        _forget(loop, fd)
        status = child.wait() if child is not None else None
        if not done.done():
            done.set_result(status)

    loop.add_reader(fd, ended)
    if child is None:
        done.add_done_callback(lambda future: _forget(loop, fd) if future.cancelled() else None)
    return done


def _forget(loop: asyncio.AbstractEventLoop, fd: int) -> None:
    loop.remove_reader(fd)
    os.close(fd)


async def _poll(who: Identity) -> None:
    while alive(who):
        await asyncio.sleep(_POLL_S)
