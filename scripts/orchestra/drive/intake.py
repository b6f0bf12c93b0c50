"""Takes milestones into the run, one at a time, each under its lease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..core.codec import encode
from ..core.events import EventType
from ..core.model import Group, GroupState, Plan
from ..core.words import GroupStatus
from ..errors import UserError, bad_input
from ..plans import milestones
from ..plans.diagnostics import Diagnostic
from ..plans.milestones import ReadResult
from ..state.lease import Held
from . import history
from .session import Session, of_group
from .workspace import Workspace

_LOST = frozenset({GroupStatus.FAILED, GroupStatus.BLOCKED})
BROKEN = "its files have errors"
FAILED_BEFORE = "it failed before"
# A milestone.md that cannot be read at all does not say whether the milestone is still being planned.
_UNREADABLE = frozenset({"outside-project", "not-a-file", "too-large", "binary", "encoding", "unreadable"})


@dataclass(frozen=True)
class Choice:
    """Which groups a run may take: the ids it was given (none: all), and whether unfinished plans count."""

    only: tuple[str, ...] = ()
    include_planning: bool = False


def take_next(session: Session, workspace: Workspace, choice: Choice) -> str:
    """Claim and record the next group that can be run now; return its id, or nothing when there is none.

    Why others were passed over is left in `session.skipped`.
    """
    return next((group.id for group in _waiting(session, choice) if _take(session, workspace, group)), "")


def next_ready(session: Session, choice: Choice) -> Group | None:
    """The group that `take_next` would take now, if nobody else holds it; nothing is changed."""
    return next(_waiting(session, choice), None)


def _waiting(session: Session, choice: Choice) -> Iterator[Group]:
    """Groups that can be run now, in order. Phases are read of those alone: there may be many others."""
    heads = milestones.heads(session.project.root, session.config)
    for head in sorted(heads.plan.groups, key=lambda g: (g.order, g.id)):
        if head.id in session.run.groups or (choice.only and head.id not in choice.only):
            continue
        session.skipped.pop(head.id, None)
        group, reason = _whole(session, choice, heads, head)
        if reason:
            session.skipped[head.id] = reason
        elif group is not None:
            yield group


def _whole(session: Session, choice: Choice, heads: ReadResult, head: Group) -> tuple[Group | None, str]:
    """A group with its units when it can be run now, else nothing, or why it was passed over."""
    error = _first_error(heads, head)
    earlier = history.group(session.store, head.id)
    if not _runnable(session, choice, head, earlier):
        failed = earlier is not None and earlier.status in _LOST
        return None, _failed_before(head) if failed else f"{BROKEN}: {error}" if _unclear(head, error) else ""
    waiting = [needed for needed in head.depends_on if not _is_done(session, heads.plan, needed)]
    result = milestones.read_group(session.project.root, session.config, head.id)
    error = error or _first_error(result, head)
    if error is not None:
        return None, f"{BROKEN}: {error}"
    if waiting:
        return None, f"it depends on {', '.join(waiting)}"
    group = replace(result.plan.groups[0], depends_on=head.depends_on)
    return (group, "") if earlier is None or _has_more(session, group, earlier) else (None, "")


def _failed_before(group: Group) -> str:
    return f"{FAILED_BEFORE}; `orchestra run {group.id}` tries again where it stood"


def _first_error(result: ReadResult, group: Group) -> Diagnostic | None:
    return next((d for d in result.about(group.id) if d.severity == "error"), None)


def _readied_since(session: Session, id_: str, ended: EventType) -> bool:
    """Whether a person has said `orchestra ready` after the group ended: the file alone may only be an old view."""
    said, end = (session.store.last_event(str(type_), id_) for type_ in (EventType.GROUP_READIED, ended))
    return said is not None and said["seq"] > (end["seq"] if end else 0)


def _has_more(session: Session, group: Group, earlier: GroupState) -> bool:
    """A milestone that is done is taken again only for units that somebody has added to it."""
    known = history.units(session.store, group.id)
    return earlier.status is not GroupStatus.DONE or any(unit.id not in known for unit in group.units)


def _runnable(session: Session, choice: Choice, group: Group, earlier: GroupState | None) -> bool:
    if earlier is not None and earlier.status is GroupStatus.DONE:
        return _readied_since(session, group.id, EventType.GROUP_DONE)
    if earlier is not None and earlier.status in _LOST:
        return group.id in choice.only or _readied_since(session, group.id, EventType.GROUP_FAILED)
    if earlier is not None and earlier.status is not GroupStatus.PLANNING:
        return True
    return group.status is not GroupStatus.DONE and (
        group.status is not GroupStatus.PLANNING or choice.include_planning
    )


def _unclear(group: Group, error: Diagnostic | None) -> bool:
    if error is None or error.file != f"{group.path}/milestone.md":
        return False
    return error.code in _UNREADABLE or error.message.startswith("Status ")


def _is_done(session: Session, plan: Plan, id_: str) -> bool:
    mine = session.run.groups.get(id_)
    known = mine if mine is not None else history.group(session.store, id_)
    if known is not None and known.status is not GroupStatus.PLANNING:
        return known.status is GroupStatus.DONE
    return any(group.id == id_ and group.status is GroupStatus.DONE for group in plan.groups)


def _take(session: Session, workspace: Workspace, group: Group) -> bool:
    if why := workspace.taken_by(group.id):
        session.skipped[group.id] = why
        return False
    try:
        session.claim(group.id, group.foreign_lock, group.foreign_lock_at)
    except Held as held:
        session.skipped[group.id] = f"locked: {held.message}"
        return False
    # Read again under the lease: the last holder may have finished it in the meantime.
    earlier = history.group(session.store, group.id)
    if earlier is not None and not _has_more(session, group, earlier):
        session.release(group.id)
        return False
    _record(session, workspace, group, earlier)
    return True


def _record(session: Session, workspace: Workspace, group: Group, earlier: GroupState | None) -> None:
    if earlier is None or earlier.status in (GroupStatus.PLANNING, GroupStatus.READY, GroupStatus.DONE):
        known = history.units(session.store, group.id)
        units = tuple(replace(unit, done=unit.done or unit.id in known) for unit in group.units)
        fresh = replace(group, status=GroupStatus.READY, units=units)
        commits = {**workspace.landed(group), **{id_: sha for id_, sha in known.items() if sha}}
        data = {"group": encode(fresh), "commits": commits}
        session.record(of_group(EventType.GROUP_READ, group.id, data))
        return
    session.record(of_group(EventType.GROUP_ADOPTED, group.id, history.snapshot(session.store, group.id)))
    if earlier.status in _LOST:
        session.record(of_group(EventType.GROUP_RETRIED, group.id))


def check_named(session: Session, choice: Choice) -> None:
    """Raise UserError for an id that was asked for and cannot be run: unknown, with errors, or still being planned."""
    heads = milestones.heads(session.project.root, session.config)
    by_id = {group.id: group for group in heads.plan.groups}
    for id_ in choice.only:
        group = by_id.get(id_)
        if group is None:
            raise bad_input(f"there is no milestone {id_}", "`orchestra status` lists them")
        result = milestones.read_group(session.project.root, session.config, id_)
        error = _first_error(heads, group) or _first_error(result, group)
        if error is not None:
            raise bad_input(f"{id_} has errors in its files: {error}", f"run `orchestra validate {group.path}`")
        known = history.group(session.store, id_)
        being_planned = known is None and group.status is GroupStatus.PLANNING
        if being_planned and not choice.include_planning:
            hint = f"when it is written, run `orchestra ready {id_}`; or pass --include-planning"
            raise UserError(f"{id_} is still being planned", hint=hint)
