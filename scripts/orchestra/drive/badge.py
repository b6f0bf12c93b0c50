"""What the guard knows an agent by: files below a run that tie an agent of the client to its ticket.

The guard writes `agent` into the turn when it sees `orchestra brief TICKET`; the driver carries the badge on to the
next turn of the same agent and closes tickets that have ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from ..core.model import Attempt
from ..core.words import Role
from ..files import put
from .session import Session
from .turn_files import turn_dir

AGENT = "agent"
HOLDER = "holder"
TAKEN = "briefed"
CLOSED = "closed"
# What Claude Code and Codex put into the environment of their shells.
SESSION_IDS = ("CLAUDE_CODE_SESSION_ID", "CODEX_SESSION_ID")


def bind_lead(session: Session) -> None:
    """Tell the guard which of the client's sessions leads: it writes nothing by hand."""
    named = (os.environ.get(name, "") for name in SESSION_IDS)
    id_ = next((one for one in named if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", one)), "")
    place = session.project.runs / session.run.id / "sessions" / id_
    if id_ and not place.exists():
        place.parent.mkdir(exist_ok=True)
        put(place, json.dumps({"role": str(Role.LEAD)}).encode())


def admit(session: Session, attempt: Attempt) -> None:
    """Have the guard find the ticket: it looks below the run that is led, and an earlier run may have given it out."""
    place = session.project.runs / session.run.id / attempt.ticket
    if attempt.run != session.run.id and not place.is_symlink():
        place.symlink_to(Path("..", attempt.run, attempt.ticket))


def seal(folder: Path, holder: str) -> None:
    """Make a prepared turn one that an agent may take: its scope has a digest, and it is this lead's."""
    digest = hashlib.sha256((folder / "scope.json").read_bytes()).hexdigest()
    put(folder / "scope.sha256", digest.encode())
    put(folder / HOLDER, holder.encode())


def is_ours(folder: Path, holder: str) -> bool:
    """Whether this lead's agents may be at work on the turn."""
    try:
        return (folder / HOLDER).read_text(encoding="utf-8") == holder
    except OSError:
        return False


def is_taken(folder: Path) -> bool:
    """Whether an agent has read the turn's brief."""
    return (folder / AGENT).exists() or (folder / TAKEN).exists()


def agent_of(folder: Path) -> str:
    """The client's id of the agent that has taken the turn; nothing when none has, or the client does not tell."""
    try:
        data: Any = json.loads((folder / AGENT).read_bytes())
        return str(data["agent_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def carry_on(session: Session, attempt: Attempt, before: Path) -> None:
    """The agent that was sent back goes on under the scope of its new turn."""
    folder = turn_dir(session, attempt)
    (folder / TAKEN).touch()
    agent = agent_of(before)
    if not agent:
        return
    put(folder / AGENT, (before / AGENT).read_bytes())
    known = {
        "ticket": attempt.ticket,
        "turn": attempt.turn,
        "scope": str(folder / "scope.json"),
        "sha256": (folder / "scope.sha256").read_text(encoding="ascii"),
    }
    place = session.project.runs / session.run.id / "agents" / agent
    put(place, json.dumps(known).encode())


def close_tickets(session: Session) -> None:
    """Tickets that have ended allow nothing any more."""
    for attempt in session.run.attempts.values():
        place = session.project.runs / attempt.run / attempt.ticket
        if not attempt.live and place.is_dir():
            (place / CLOSED).touch()
