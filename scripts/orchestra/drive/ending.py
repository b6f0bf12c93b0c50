"""How a run has ended, for now: its state, why, and the exit code of the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.decide import decide, needs_person, unfinished
from ..core.events import EventType
from ..core.model import Event
from ..core.words import DirectiveKind, RunState
from ..errors import Exit, UserError
from .groups import write_views
from .intake import BROKEN, FAILED_BEFORE
from .session import Session


@dataclass(frozen=True)
class Ending:
    """What is recorded at the end of a run, and the exit code."""

    state: RunState
    reason: str
    code: Exit


def ending(session: Session, *, spent: str = "", interrupted: bool = False) -> Ending:
    """What the run has come to. `spent` is the budget that kept the next group from starting."""
    run = session.run
    if run.stop:
        return Ending(RunState.HALTED, "stopped", Exit.INTERRUPTED if interrupted else Exit.INCOMPLETE)
    halts = (d.reason for d in decide(run, session.clock.now()) if d.kind is DirectiveKind.HALT)
    if why := next(halts, spent):
        return Ending(RunState.HALTED, why, Exit.INCOMPLETE)
    if needs_person(run):
        return Ending(RunState.WAITING_FOR_YOU, "a person is needed", Exit.NEEDS_PERSON)
    return Ending(RunState.DONE, "", _done_code(session))


def _done_code(session: Session) -> Exit:
    skipped = session.skipped
    if session.lost:
        return Exit.LOCKED
    if unfinished(session.run):
        return Exit.INCOMPLETE
    if any(why.startswith(BROKEN) for why in skipped.values()):
        return Exit.BAD_INPUT
    if any(not why.startswith(("locked", FAILED_BEFORE)) for why in skipped.values()):
        return Exit.INCOMPLETE
    # What another driver holds is in good hands, unless that was all there was to do.
    locked = any(why.startswith("locked") for why in skipped.values())
    return Exit.LOCKED if locked and not session.run.groups else Exit.DONE


def end(session: Session, how: Ending) -> None:
    """Let every group go, and record the end."""
    write_views(session)
    for group_id in list(session.leases):
        session.release(group_id)
        session.stale_views.add(group_id)
    write_views(session)
    session.record(Event(EventType.RUN_ENDED, data={"state": str(how.state), "reason": how.reason}))


@contextmanager
def given_up(session: Session) -> Iterator[None]:
    """What makes a driver give up with a sentence ends its run, and the sentence is why."""
    try:
        with _deleted_from(session.project.dir):
            yield
    except UserError as error:
        with suppress(UserError), _deleted_from(session.project.dir):
            end(session, Ending(RunState.HALTED, error.message, error.code))
        raise


@contextmanager
def _deleted_from(folder: Path) -> Iterator[None]:
    """What is not found below `folder` was there: somebody deletes it while a run uses it, which may show anywhere."""
    try:
        yield
    except FileNotFoundError as error:
        path = Path(os.fsdecode(error.filename or ""))
        if not path.is_relative_to(folder):
            raise
        raise UserError(f"{path} is gone.", hint="Was it deleted while a run was using it?") from error
