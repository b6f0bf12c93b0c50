"""A kill of this process at any call of git, and the life after it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestra.git import run
from tests.support import forks


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def moments(place: Path, call: Callable[[], object]) -> list[tuple[int, bool]]:
    """The `step` and `after` of kills that leave different states on disk, in the order in which `call` meets them.

    The last never comes. `call` is carried out once, in a child, which writes into `place`.
    """

    def work() -> int:
        forks.install(forks.Counter(trace=place / "trace"))
        call()
        return os.EX_OK

    assert forks.in_child(work, place / "log") == os.EX_OK, (place / "log").read_text()
    points = (place / "trace").read_text().splitlines()
    met = [number for number, point in enumerate(points) if not point.startswith("=")]
    return [(1 + number // 2, bool(number % 2)) for number in (*met, len(points))]


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int, after: bool) -> list[int]:
    """Make the call of git with number `step` the last one, before or after it is carried out."""
    calls, real = [0], run.git

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        if calls[0] == step and not after:
            raise Killed
        result = real(*args, **kwargs)
        if calls[0] == step and after:
            raise Killed
        return result

    monkeypatch.setattr(run, "git", counting)
    return calls


def survives(call: Callable[[], object]) -> bool:
    """Whether `call` came to its end without meeting the kill."""
    try:
        call()
    except Killed:
        return False
    return True
