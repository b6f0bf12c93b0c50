"""Taking groups in, opening them, letting them go: what every driver does around their units.

Each step may be repeated after a kill: state tells how far it came.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.decide import exhausted
from ..core.events import EventType
from ..core.model import GroupState
from ..core.settle import ask_person
from ..core.words import Gate, GroupStatus
from ..errors import UserError
from ..state import leases
from ..state.lease import Held
from ..views.write import catch_up
from .folder import FolderWorkspace
from .intake import Choice, leave_ticked, next_ready, take_next
from .land import land
from .learning import propose
from .repository import GitWorkspace
from .session import Session, of_group
from .turn import keep_all_left_over, vacate

Place = GitWorkspace | FolderWorkspace


def forget_old_questions(session: Session) -> None:
    """Whoever starts a run wants it to go on: what the last one asked about that is answered by it."""
    for decision in session.run.decisions.values():
        if decision.pending and decision.gate is Gate.CONTINUE:
            data = {"id": decision.id, "answer": "go-on", "comment": "", "by": "run"}
            session.record(of_group(EventType.DECISION_ANSWERED, decision.group, data))


def resume_groups(session: Session, workspace: Place) -> None:
    """Own again what this run has open; what somebody else owns by now is theirs."""
    # What a killed driver recorded last may not have reached the files that people read.
    session.stale_views |= set(session.run.groups)
    for group in list(session.run.groups.values()):
        if _wanted(session, workspace, group) and _claimed(session, group.id):
            _resume(session, workspace, group)


def _wanted(session: Session, workspace: Place, group: GroupState) -> bool:
    """Whether there is something to do for it; a milestone that a person stopped is still to be tidied up after."""
    lease = leases.get(session.store, group.id)
    left_standing = group.status is GroupStatus.FAILED and workspace.remains(group.id)
    return not _ended(group) or (lease is not None and lease.held) or left_standing


def _ended(group: GroupState) -> bool:
    return not group.open and group.status is not GroupStatus.READY


def _claimed(session: Session, group_id: str) -> bool:
    try:
        session.claim(group_id)
    except Held as held:
        session.drop(group_id)
        session.skipped[group_id] = f"locked: {held.message}"
        return False
    return True


def _resume(session: Session, workspace: Place, group: GroupState) -> None:
    if group.open:
        session.record(of_group(EventType.GROUP_RESUMED, group.id))
        leave_ticked(session, group.id)
    elif not _ended(group):
        open_group(session, workspace, group.id)


def open_group(session: Session, workspace: Place, group_id: str) -> None:
    """Make the place where the group is built, and record it."""
    group = session.group(group_id)
    if group.open:
        session.record(of_group(EventType.GROUP_RESUMED, group_id))
        return
    opening = workspace.open(group)
    data = {"base": opening.base, "tip": opening.tip, "target": opening.target}
    session.record(of_group(EventType.GROUP_OPENED, group_id, data))


def close_ended(session: Session, workspace: Place, stop_agents: Callable[[str], None]) -> None:
    """Tidy up after groups that have ended, and let them go; a kill in between is made good by the next run.

    `stop_agents` is called with the id of each before its place is removed.
    """
    vacate(session, workspace)
    for group_id in list(session.leases):
        group = session.run.groups.get(group_id)
        if group is None or not _ended(group):
            continue
        stop_agents(group_id)
        keep_all_left_over(session, workspace, group_id)
        kept = workspace.close(group_id, group.base, landed=group.status is GroupStatus.DONE)
        if kept:
            text = f"its commits are kept on {kept.removeprefix('refs/heads/')}"
            session.record(of_group(EventType.NOTE, group_id, {"text": text}))
        if group.status is GroupStatus.DONE:
            propose(session, group_id)
        write_views(session)
        session.release(group_id)
        session.stale_views.add(group_id)


async def land_group(session: Session, workspace: Place, group: str) -> None:
    """Carry a `land` directive out. Raises LeaseLost."""
    if isinstance(workspace, GitWorkspace):
        await land(session, workspace, group)
    else:
        session.record(of_group(EventType.GROUP_LANDED, group, {"tip": "", "target": ""}))


def finished(session: Session) -> str:
    """The group of this run that was done last, or nothing."""
    done = [group for group in session.run.groups.values() if group.status is GroupStatus.DONE]
    return max(done, key=lambda group: group.closed_at).id if done else ""


def spent_before(session: Session, choice: Choice) -> str:
    """The budget that keeps the next group from starting, or nothing; nothing too when there is no next group."""
    spent = exhausted(session.run, session.clock.now())
    return spent if spent and next_ready(session, choice) is not None else ""


def may_go_on(session: Session, choice: Choice, after: str) -> str:
    """What a person says about going on after the group `after`: `go-on`, `stop`, or nothing while it is asked.

    It is asked once after each group; without a next group there is nothing to ask.
    """
    following = next_ready(session, choice) if after else None
    if following is None:
        return "go-on"
    mine = [d for d in session.run.decisions.values() if d.group == after]
    asked = next((d for d in mine if d.gate is Gate.CONTINUE), None)
    if asked is None:
        question = f"{after} is done. Go on with {following.id} ({following.title})?"
        session.record(ask_person(session.run, Gate.CONTINUE, after, question, ("go-on", "stop")))
    return asked.answer if asked else ""


def take_more(session: Session, workspace: Place, choice: Choice) -> str:
    """Take the next group in and open it; its id, or nothing when there is none."""
    taken = take_next(session, workspace, choice)
    if taken:
        open_group(session, workspace, taken)
    return taken


def write_views(session: Session) -> None:
    """Write the files that people read, of the groups that have changed."""
    stale, session.stale_views = session.stale_views, set()
    if not stale:
        return
    try:
        catch_up(session.project.root, session.store, sorted(stale))
    except UserError:
        # A view is a copy for people: what cannot be written now is written again later.
        session.stale_views |= stale
