"""Who has called: the client program (Claude Code, Codex) that this command was started from.

Commands of a client driver come and go; what owns the leases is the client's own process, for as long as it lives.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..state.identity import Holder, of

CLIENTS = ("claude", "codex")


@dataclass(frozen=True)
class Caller:
    """The client's name (nothing: not one that is known) and its process as a holder of leases."""

    client: str
    holder: Holder


def caller() -> Caller:
    """The nearest client among the ancestors of this process; without one, the leader of its session.

    In a terminal that leader is the shell in which a person types.
    """
    import psutil

    ancestors = psutil.Process().parents()
    for process in ancestors:
        name = _name(process)
        if name in CLIENTS:
            return Caller(name, of(process.pid))
    leader = os.getsid(0)
    mine = leader if leader in {process.pid for process in ancestors} else os.getppid()
    return Caller("", of(mine))


def _name(process: object) -> str:
    import psutil

    try:
        name = str(process.name())  # type: ignore[attr-defined]
    except psutil.Error:
        return ""
    return name.lower().removesuffix(".exe")
