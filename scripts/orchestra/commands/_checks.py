"""What `doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `fix` is the command, or what to do, when it is not ok."""

    name: str
    ok: bool
    message: str
    fix: str = ""
