"""Git's own files and refs around an agent's turn: noted before it, put right after it, and recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.events import EventType
from ..core.model import Attempt
from .session import Session, about
from .workspace import Workspace

FILE = "git.json"


def watch(session: Session, workspace: Workspace, attempt: Attempt) -> None:
    """Note what there is, before the attempt's agent begins; on the disk too, for whoever finds it running."""
    run = session.run
    tickets = [ticket for tickets in run.live.values() for ticket in tickets if ticket != attempt.ticket]
    others = tuple(_file(session, run.attempts[ticket]) for ticket in tickets if run.attempts[ticket].running)
    workspace.watch(attempt, _file(session, attempt), others)


def unwatch(session: Session, workspace: Workspace, attempt: Attempt) -> None:
    """Put right what the agent has changed. Nothing happens the second time."""
    _right(session, workspace, attempt, _file(session, attempt))


@contextmanager
def watched(session: Session, workspace: Workspace, attempt: Attempt) -> Iterator[None]:
    """The same around a verification, which runs what agents wrote."""
    workspace.watch(attempt)
    try:
        yield
    finally:
        _right(session, workspace, attempt, None)


def _right(session: Session, workspace: Workspace, attempt: Attempt, file: Path | None) -> None:
    said = workspace.watched(attempt, keep_dir(session, attempt.ticket), tips(session), file)
    if said and session.attempt(attempt.ticket) is not None:
        text = f"while {attempt.ticket} was at work, git's own files were touched: {'; '.join(said)}"
        session.record(about(EventType.NOTE, attempt, {"text": text, "internals": list(said)}))


def tips(session: Session) -> dict[str, str]:
    """The groups that this driver builds, each with the commit at which its branch stands."""
    groups = session.run.groups
    return {id_: groups[id_].tip for id_ in session.leases if id_ in groups and groups[id_].open and groups[id_].tip}


def keep_dir(session: Session, name: str) -> Path:
    """Where it is moved what a program has written into git's own files."""
    return session.project.quarantine / f"{name}.git"


def _file(session: Session, attempt: Attempt) -> Path:
    return session.project.runs.joinpath(attempt.run, attempt.ticket, FILE)
