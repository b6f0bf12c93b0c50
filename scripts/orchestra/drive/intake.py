"""Takes groups into the run, one at a time, each under its lease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..config import Config
from ..core.codec import encode
from ..core.events import EventType
from ..core.index import units_of
from ..core.model import Event, Group, GroupState, Plan, Unit, UnitState
from ..core.words import AssignedBy, AssignMode, GroupStatus, UnitStatus, Workflow
from ..errors import UserError, bad_input
from ..plans import reader
from ..plans.diagnostics import Diagnostic
from ..plans.milestones import ReadResult
from ..plans.reader import Reader, is_spec
from ..project import Project
from ..state.lease import Held
from ..state.store import Store
from ..views.record import few
from . import history
from .named import named
from .session import Session, of_group
from .stranded import reopened, still_open
from .workspace import Workspace

_LOST = frozenset({GroupStatus.FAILED, GroupStatus.BLOCKED})
BROKEN = "its files have errors"
FAILED_BEFORE = "it failed before"


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
    heads = _reader(session).heads(session.project.root, session.config)
    for head in sorted(heads.plan.groups, key=lambda g: (g.order, g.id)):
        if _taken(session, head) or (choice.only and head.id not in choice.only):
            continue
        session.skipped.pop(head.id, None)
        group, reason = _whole(session, choice, heads, head)
        if reason:
            session.skipped[head.id] = reason
        elif group is not None:
            yield group


def _reader(session: Session) -> Reader:
    return reader.of_workflow(session.run.workflow)


def _taken(session: Session, head: Group) -> bool:
    """Whether this run has the group already. A spec may have grown since: one that is done is looked at again."""
    mine = session.run.groups.get(head.id)
    return mine is not None and not (is_spec(head) and mine.status is GroupStatus.DONE)


def _whole(session: Session, choice: Choice, heads: ReadResult, head: Group) -> tuple[Group | None, str]:
    """A group with its units when it can be run now, else nothing, or why it was passed over."""
    error = _first_error(heads, head)
    earlier = history.group(session.store, head.id)
    if not _runnable(session, choice, head, earlier):
        failed = earlier is not None and earlier.status in _LOST
        unclear = error is not None and _reader(session).unclear(head, error)
        return None, _failed_before(session, head) if failed else f"{BROKEN}: {error}" if unclear else ""
    if why := _begun_otherwise(session, earlier):
        return None, why
    waiting = [needed for needed in head.depends_on if not _is_done(session, heads.plan, needed)]
    result = _reader(session).read_group(session.project.root, session.config, head.id)
    error = error or _first_error(result, head)
    if error is not None:
        return None, f"{BROKEN}: {error}"
    if waiting:
        return None, f"it depends on {', '.join(waiting)}"
    group = _as_wanted(session, replace(result.plan.groups[0], depends_on=head.depends_on))
    if earlier is None:
        group = reopened(session, group)
        return (group, "") if _has_open(session, group) else (None, "")
    return (group, "") if _has_more(session, group, earlier) else (None, "")


def _failed_before(session: Session, group: Group) -> str:
    return f"{FAILED_BEFORE}; `{_reader(session).again(group)}` tries again where it stood"


def _begun_otherwise(session: Session, earlier: GroupState | None) -> str:
    """Nothing, or why a group that another workflow has begun is left to that."""
    if earlier is None or earlier.status is GroupStatus.DONE or earlier.plan.workflow is session.run.workflow:
        return ""
    again = reader.of_group(earlier.plan).again(earlier.plan)
    return f"the workflow {earlier.plan.workflow} has begun it; `{again}` goes on with it"


def _has_open(session: Session, group: Group) -> bool:
    """Whether a spec has something to run; a milestone says that by its status."""
    return not is_spec(group) or any(not unit.done and not _left_out(session, unit) for unit in group.units)


def _as_wanted(session: Session, group: Group) -> Group:
    """The group with its optional sub-tasks as the run has them: a part of the work like any other, or left out."""
    return replace(group, units=tuple(map(_whole_unit, group.units))) if session.run.limits.include_optional else group


def _whole_unit(unit: Unit) -> Unit:
    return replace(unit, subtasks=tuple(replace(task, optional=False) for task in unit.subtasks))


def _left_out(session: Session, unit: Unit) -> bool:
    return unit.optional and not session.run.limits.include_optional


def _first_error(result: ReadResult, group: Group) -> Diagnostic | None:
    return next((d for d in result.about(group.id) if d.severity == "error"), None)


def _readied_since(session: Session, id_: str, ended: EventType) -> bool:
    """Whether a person has said `orchestra ready` after the group ended: the file alone may only be an old view."""
    said, end = (session.store.last_event(str(type_), id_) for type_ in (EventType.GROUP_READIED, ended))
    return said is not None and said["seq"] > (end["seq"] if end else 0)


def _has_more(session: Session, group: Group, earlier: GroupState) -> bool:
    """A group that is done is taken again only for units that somebody has added to it."""
    if earlier.status is not GroupStatus.DONE:
        return True
    known = _settled(session, group)
    new = [unit for unit in group.units if unit.id not in known]
    return any(not unit.done and not _left_out(session, unit) for unit in new) if is_spec(group) else bool(new)


def _settled(session: Session, group: Group) -> dict[str, str]:
    """The units that need not be built any more, each with its commit.

    In a spec another title under the same number is other work, and an optional unit may be wanted by now.
    """
    known = history.units(session.store, group.id)
    if not is_spec(group):
        return {id_: unit.commit for id_, unit in known.items()}
    mine = {unit.id: unit for unit in group.units}
    return {id_: unit.commit for id_, unit in known.items() if id_ in mine and _same_work(mine[id_], unit)}


def _same_work(unit: Unit, earlier: UnitState) -> bool:
    if unit.optional and earlier.status is UnitStatus.SKIPPED:
        return False
    return unit.done or unit.title == earlier.plan.title


def _runnable(session: Session, choice: Choice, group: Group, earlier: GroupState | None) -> bool:
    if earlier is not None and earlier.status is GroupStatus.DONE:
        return is_spec(group) or _readied_since(session, group.id, EventType.GROUP_DONE)
    if earlier is not None and earlier.status in _LOST:
        return group.id in choice.only or _readied_since(session, group.id, EventType.GROUP_FAILED)
    if earlier is not None and earlier.status is not GroupStatus.PLANNING:
        return True
    return group.status is not GroupStatus.DONE and (
        group.status is not GroupStatus.PLANNING or choice.include_planning
    )


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
        known, before = _settled(session, group), history.units(session.store, group.id)
        units = tuple(replace(unit, done=unit.done or unit.id in known) for unit in group.units)
        fresh = replace(group, status=GroupStatus.READY, units=units)
        landed = {id_: sha for id_, sha in workspace.landed(group).items() if id_ in known or id_ not in before}
        commits = {**landed, **{id_: sha for id_, sha in known.items() if sha}}
        states = {id_: encode(unit) for id_, unit in before.items()}
        data = {"group": encode(fresh), "commits": commits, "earlier": states}
        session.record(of_group(EventType.GROUP_READ, group.id, data), *_named(session, fresh, set(commits)))
        return
    session.record(of_group(EventType.GROUP_ADOPTED, group.id, history.snapshot(session.store, group.id)))
    if earlier.status in _LOST:
        session.record(of_group(EventType.GROUP_RETRIED, group.id))
    leave_ticked(session, group.id)


def _named(session: Session, group: Group, built: set[str]) -> Iterator[Event]:
    """What was said of its units before a run had them. Where no agent is asked, only a person's word counts."""
    asks, said = session.run.limits.assign is not AssignMode.OFF, named(session.store, group.id)
    for unit in group.units:
        data = said.get(unit.id)
        waits = not unit.done and unit.id not in built and not _left_out(session, unit)
        if data is not None and waits and (asks or data["source"] == AssignedBy.PERSON):
            yield Event(EventType.UNIT_ASSIGNED, group=group.id, unit=unit.id, data=data)


def leave_ticked(session: Session, group_id: str) -> None:
    """What a person has ticked in a spec since it was read is theirs, and not run any more.

    A box of a unit that has been begun may have been ticked by its agent, whose word is not enough.
    """
    group = session.group(group_id).plan
    if not is_spec(group):
        return
    try:
        now = reader.of_group(group).read_group(session.project.root, session.config, group_id).plan.groups[0]
    except UserError:
        return
    now = still_open(session, now)
    ticked = {(unit.id, unit.title) for unit in now.units if unit.done}
    for unit in units_of(session.run, group_id):
        if unit.status is UnitStatus.PENDING and not unit.attempts and (unit.id, unit.plan.title) in ticked:
            data = {"reason": "a person has ticked it"}
            session.record(Event(EventType.UNIT_SKIPPED, group=group_id, unit=unit.id, data=data))


def nothing_to_do(session: Session, choice: Choice) -> str:
    """What to say of a run that found nothing to carry out: what nobody has released is not done."""
    plans = _reader(session)
    heads = plans.heads(session.project.root, session.config).plan.groups
    groups = [group for group in heads if not choice.only or group.id in choice.only]
    planned = [g.id for g in groups if g.status is GroupStatus.PLANNING and history.group(session.store, g.id) is None]
    if planned:
        return f"nothing is ready to run; still being planned: {few(planned, 5)} (`orchestra ready ID` releases one)"
    where = ", ".join(choice.only) or "the plan"
    return f"nothing is left to do in {where}" if groups else f"there is no {plans.noun} yet"


def check_named(session: Session, choice: Choice) -> None:
    """Raise UserError for an id that was asked for and cannot be run."""
    check_ids(session.project, session.config, session.store, session.run.workflow, choice)


def check_ids(project: Project, config: Config, store: Store, workflow: Workflow, choice: Choice) -> None:
    """The same before there is a run: unknown ids, files with errors, and plans that are still being written."""
    plans = reader.of_workflow(workflow)
    heads = plans.heads(project.root, config)
    by_id = {group.id: group for group in heads.plan.groups}
    for id_ in choice.only:
        group = by_id.get(id_)
        if group is None:
            raise bad_input(f"there is no {plans.noun} {id_}", "`orchestra status` lists them")
        result = plans.read_group(project.root, config, id_)
        error = _first_error(heads, group) or _first_error(result, group)
        if error is not None:
            raise bad_input(f"{id_} has errors in its files: {error}", f"run `orchestra validate {group.path}`")
        known = history.group(store, id_)
        being_planned = known is None and group.status is GroupStatus.PLANNING
        if being_planned and not choice.include_planning:
            hint = f"when it is written, run `orchestra ready {id_}`; or pass --include-planning"
            raise UserError(f"{id_} is still being planned", hint=hint)
