"""A kill of this process at any call of git, and the life after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestra.git import run


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


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
