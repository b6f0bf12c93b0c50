"""Who leads from inside a client, and on which run: found anew by each command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ..config import Config
from ..core.codec import encode
from ..core.events import EventType
from ..core.model import Event, Limits, Run
from ..core.words import RunState, Workflow
from ..errors import UserError, locked, usage
from ..project import Project
from ..state import armed, leases
from ..state.armed import Armed
from ..state.current import driven
from ..state.driver import is_supervised, starting
from ..state.store import Store
from .caller import Caller
from .groups import Place, forget_old_questions, resume_groups
from .intake import Choice, next_ready
from .launch import counted_from, elsewhere_of, new_run_id
from .orders import program
from .session import Session

# How long a command waits for another one of the same lead: that one may be landing a group.
PATIENCE_S = 100.0
_OVER = frozenset({RunState.DONE, RunState.IDLE})


@dataclass(frozen=True)
class Lead:
    """A command's hold on a run. `fresh` says that this lead begins with it or takes it over from one that is gone.

    Until it has begun, `starting` keeps everybody else from that.
    """

    session: Session
    fresh: bool
    starting: ExitStack


@contextmanager
def leading(project: Project, config: Config, who: Caller) -> Iterator[Lead]:
    """The run that this lead goes on with, or a new one that is recorded when something is taken in.

    Raises UserError (exit 75) while another session or a supervisor leads.
    """
    with ExitStack() as stack:
        stack.enter_context(_one_at_a_time(project))
        store = stack.enter_context(Store.open(project.state_path))
        alone = stack.enter_context(ExitStack())
        alone.enter_context(starting(project.locks))
        led = _refuse_another(project, who)
        run = _unfinished(project, store)
        fresh = led is None or run is None or led.run != run.id
        held = Session(project, config, store, run or Run(id=new_run_id(project, store)), who.holder)
        held.elsewhere = elsewhere_of(project, config, store)
        _own(held)
        if not fresh:
            alone.close()
        yield Lead(held, fresh, alone)


@contextmanager
def _one_at_a_time(project: Project) -> Iterator[None]:
    from filelock import FileLock, Timeout

    project.locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(project.locks / "client.lock", timeout=PATIENCE_S):
            yield
    except Timeout as error:
        raise locked("another `orchestra next` is at work here", "run the same command again") from error


def _refuse_another(project: Project, who: Caller) -> Armed | None:
    """What this lead has armed itself; None when nobody leads, or one that is gone."""
    led = armed.read(project.runs)
    if led is None:
        return None
    if led.holder.token == who.holder.token:
        return led
    if not led.dead:
        hint = "go on there, or end that session; `orchestra status` says what it is doing"
        raise locked(f"{led.run} is led by another session ({led.client or 'process'} {led.holder.text})", hint)
    return None


def _unfinished(project: Project, store: Store) -> Run | None:
    """The newest run of milestones, unless it is over; a spec that waits for an answer is not the lead's."""
    for id_ in driven(store, project.locks):
        if is_supervised(project.locks, id_):
            hint = "wait for its end, or stop it with `orchestra stop`"
            raise locked(f"{id_} is carried out by `orchestra run`", hint)
    sql = "SELECT id FROM runs WHERE coalesce(json_extract(data, '$.workflow'), ?) = ? ORDER BY n DESC LIMIT 1"
    newest = store.query(sql, Workflow.MILESTONES.value, Workflow.MILESTONES.value)
    run = store.load(newest[0][0]) if newest else None
    return None if run is None or run.state in _OVER else run


def _own(held: Session) -> None:
    """Know again the leases that earlier commands of this lead have claimed."""
    for group, lease in leases.all(held.store).items():
        if lease.held and lease.holder.token == held.holder.token:
            held.leases[group] = lease
            if held.elsewhere is not None:
                held.elsewhere.recall(lease)


def begin_or_resume(
    lead: Lead, workspace: Place, limits: Limits, choice: Choice, who: Caller, call: str = "next"
) -> bool:
    """Record the start, arm the hooks and own the open groups; False when there is nothing at all to do.

    `call` is how the lead asks what to do next.
    """
    held = lead.session
    if not lead.fresh:
        if _change_limits(held, limits):
            _arm(held, who, call)
        return True
    if not held.run.seq and next_ready(held, choice) is None:
        return False
    kind = EventType.RUN_RESUMED if held.run.seq else EventType.RUN_STARTED
    _record_start(held, kind, counted_from(held.run, limits))
    (held.project.runs / held.run.id).mkdir(parents=True, exist_ok=True)
    _arm(held, who, call)
    lead.starting.close()
    forget_old_questions(held)
    resume_groups(held, workspace)
    return True


def _arm(held: Session, who: Caller, call: str) -> None:
    armed.arm(held.project.runs, Armed(held.run.id, str(held.project.root), who.holder, who.client, call, program()))


def _change_limits(held: Session, limits: Limits) -> bool:
    """The lead may ask otherwise than before: with `--auto` for one, or without."""
    now = counted_from(held.run, limits)
    if now == held.run.limits:
        return False
    _record_start(held, EventType.RUN_RESUMED, now)
    return True


def _record_start(held: Session, kind: EventType, limits: Limits) -> None:
    data = {"workflow": str(Workflow.MILESTONES), "limits": encode(limits), "pid": os.getpid(), "driver": "client"}
    held.record(Event(kind, data=data))


@contextmanager
def joined(project: Project, config: Config, who: Caller) -> Iterator[Session]:
    """The run that is led from this client, for a command of one of its agents.

    Raises UserError when none is, or it is another session's.
    """
    led = _refuse_another(project, who)
    if led is None:
        raise usage("no run is led from this session", "`orchestra next` begins one, or goes on with it")
    with Store.open(project.state_path) as store:
        run = store.load(led.run)
        if run is None:
            raise UserError(f"{led.run} is not in the state any more", hint="run `orchestra next`")
        held = Session(project, config, store, run, who.holder)
        held.elsewhere = elsewhere_of(project, config, store)
        _own(held)
        yield held
