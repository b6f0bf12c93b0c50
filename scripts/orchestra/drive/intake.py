"""Takes milestones into the run, one at a time, each under its lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..core.codec import encode
from ..core.events import EventType
from ..core.model import Group, GroupState, Plan
from ..core.words import GroupStatus
from ..errors import UserError, bad_input
from ..plans import milestones
from ..plans.diagnostics import Diagnostic
from ..state.lease import Held
from . import history
from .session import Session, of_group

_LOST = frozenset({GroupStatus.FAILED, GroupStatus.BLOCKED})


@dataclass(frozen=True)
class Choice:
    """Which groups a run may take: the ids it was given (none: all), and whether unfinished plans count."""

    only: tuple[str, ...] = ()
    include_planning: bool = False


def take_next(session: Session, choice: Choice) -> str:
    """Claim and record the next group that can be run now; return its id, or nothing when there is none.

    Why others were passed over is left in `session.skipped`.
    """
    return next((group.id for group in _waiting(session, choice) if _take(session, group)), "")


def next_ready(session: Session, choice: Choice) -> Group | None:
    """The group that `take_next` would take now, if nobody else holds it; nothing is changed."""
    return next(_waiting(session, choice), None)


def _waiting(session: Session, choice: Choice) -> Iterator[Group]:
    """Groups that can be run now, in order."""
    plan, broken = _read(session)
    for group in sorted(plan.groups, key=lambda g: (g.order, g.id)):
        if group.id in session.run.groups or (choice.only and group.id not in choice.only):
            continue
        earlier = history.group(session.store, group.id)
        reason = _why_not(session, choice, plan, group, earlier, broken)
        session.skipped.pop(group.id, None)
        if reason:
            session.skipped[group.id] = reason
        elif _runnable(choice, group, earlier):
            yield group


def _read(session: Session) -> tuple[Plan, dict[str, Diagnostic]]:
    result = milestones.read(session.project.root, session.config)
    return result.plan, _broken(result.plan.groups, result.diagnostics)


def _broken(groups: Sequence[Group], diagnostics: Sequence[Diagnostic]) -> dict[str, Diagnostic]:
    """Each group with an error in its files, with the first of them."""
    errors = [d for d in diagnostics if d.severity == "error"]
    found = {}
    for group in groups:
        own = [d for d in errors if d.file == group.path or d.file.startswith(group.path.rstrip("/") + "/")]
        if own:
            found[group.id] = own[0]
    return found


def _runnable(choice: Choice, group: Group, earlier: GroupState | None) -> bool:
    if earlier is not None and earlier.status is GroupStatus.DONE:
        return False
    if earlier is not None and earlier.status in _LOST:
        return group.id in choice.only
    if earlier is not None and earlier.status is not GroupStatus.PLANNING:
        return True
    return group.status is not GroupStatus.DONE and (
        group.status is not GroupStatus.PLANNING or choice.include_planning
    )


def _why_not(
    session: Session,
    choice: Choice,
    plan: Plan,
    group: Group,
    earlier: GroupState | None,
    broken: dict[str, Diagnostic],
) -> str:
    if not _runnable(choice, group, earlier):
        return ""
    if group.id in broken:
        return f"its files have errors: {broken[group.id]}"
    waiting = [needed for needed in group.depends_on if not _is_done(session, plan, needed)]
    return f"it depends on {', '.join(waiting)}" if waiting else ""


def _is_done(session: Session, plan: Plan, id_: str) -> bool:
    mine = session.run.groups.get(id_)
    known = mine if mine is not None else history.group(session.store, id_)
    if known is not None and known.status is not GroupStatus.PLANNING:
        return known.status is GroupStatus.DONE
    return any(group.id == id_ and group.status is GroupStatus.DONE for group in plan.groups)


def _take(session: Session, group: Group) -> bool:
    try:
        session.claim(group.id, group.foreign_lock, group.foreign_lock_at)
    except Held as held:
        session.skipped[group.id] = f"locked: {held.message}"
        return False
    # Read again under the lease: the last holder may have finished it in the meantime.
    earlier = history.group(session.store, group.id)
    if earlier is not None and earlier.status is GroupStatus.DONE:
        session.release(group.id)
        return False
    _record(session, group, earlier)
    return True


def _record(session: Session, group: Group, earlier: GroupState | None) -> None:
    if earlier is None or earlier.status in (GroupStatus.PLANNING, GroupStatus.READY):
        fresh = replace(group, status=GroupStatus.READY)
        session.record(of_group(EventType.GROUP_READ, group.id, {"group": encode(fresh)}))
        return
    session.record(of_group(EventType.GROUP_ADOPTED, group.id, history.snapshot(session.store, group.id)))
    if earlier.status in _LOST:
        session.record(of_group(EventType.GROUP_RETRIED, group.id))


def check_named(session: Session, choice: Choice) -> None:
    """Raise UserError for an id that was asked for and cannot be run: unknown, with errors, or still being planned."""
    plan, broken = _read(session)
    by_id = {group.id: group for group in plan.groups}
    for id_ in choice.only:
        group = by_id.get(id_)
        if group is None:
            raise bad_input(f"there is no milestone {id_}", "`orchestra status` lists them")
        if id_ in broken:
            raise bad_input(f"{id_} has errors in its files: {broken[id_]}", f"run `orchestra validate {group.path}`")
        known = history.group(session.store, id_)
        being_planned = known is None and group.status is GroupStatus.PLANNING
        if being_planned and not choice.include_planning:
            hint = f"when it is written, run `orchestra ready {id_}`; or pass --include-planning"
            raise UserError(f"{id_} is still being planned", hint=hint)
