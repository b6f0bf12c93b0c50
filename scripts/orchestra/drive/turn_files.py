"""Where the files of an attempt's turns lie."""

from __future__ import annotations

from pathlib import Path

from ..core.model import Attempt
from .session import Session

# The mark that a work tree has been set up, in its git directory.
SET_UP = "orchestra-set-up"


def turn_dir(session: Session, attempt: Attempt, start: int = 0) -> Path:
    """Where a turn's files lie; `start` counts how often it had to be started."""
    suffix = f".{start}" if start else ""
    return session.project.runs.joinpath(attempt.run, attempt.ticket, f"turn-{attempt.turn}{suffix}")


def left_over(session: Session, attempt: Attempt) -> Path:
    """The patch that holds what an attempt left when it failed, if there was anything."""
    return session.project.runs.joinpath(attempt.run, attempt.ticket, "left-over.patch")


def landing_dir(session: Session, group: str) -> Path:
    """Where the verification lies that a group needs on top of commits which came in between."""
    return session.project.runs / session.run.id / f"{group}.land"
