"""Starts a driver: which run it goes on with, under which policy, on which place and backend."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import Config, chosen
from ..core.budget import Spending
from ..core.codec import encode
from ..core.events import EventType
from ..core.model import Event, Limits, Run
from ..core.words import GitStrategy, GroupStatus, RunState, Switch, Workflow
from ..errors import UserError, locked
from ..git.hold import read as read_hold
from ..git.repo import Repo
from ..project import Project
from ..state import armed
from ..state.current import left
from ..state.driver import any_driven, hold, starting
from ..state.identity import me
from ..state.store import Store
from .elsewhere import Elsewhere
from .folder import FolderWorkspace
from .in_place import InPlaceWorkspace
from .repository import GitWorkspace
from .session import Session

if TYPE_CHECKING:
    from filelock import BaseFileLock

# The name under which changes of the checkout are set aside while runs go on.
STASH = "run"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line adds to the configuration; 0, nothing and None mean: as configured.

    `max_dispatches` is the most attempts at units (0: no limit), `delay_s` the pause between two of them.
    """

    workflow: Workflow = Workflow.MILESTONES
    auto: bool = False
    interactive: bool = False
    max_parallel: int = 0
    max_attempts: int = 0
    max_cost_usd: float = 0.0
    max_tokens: int = 0
    until: float = 0.0
    push: str = ""
    max_dispatches: int = 0
    delay_s: float = 0.0
    include_optional: bool = False


def limits_of(config: Config, options: Options, backend: str) -> Limits:
    """The policy of a run: the configuration, with the command line on top."""
    thresholds, pipeline = config.thresholds, config.pipeline
    one_by_one = options.workflow is Workflow.SEQUENTIAL
    attempts = thresholds.stuck_retry_limit if one_by_one else thresholds.max_attempts
    return Limits(
        auto=options.auto,
        interactive=options.interactive,
        max_parallel=1 if one_by_one else _most_parallel(config, options),
        max_attempts=options.max_attempts or attempts,
        stuck_retry_limit=thresholds.stuck_retry_limit,
        review_rounds=thresholds.review_rounds,
        limit_backoff=thresholds.limit_backoff_minutes * 60.0,
        max_cost_usd=options.max_cost_usd,
        max_tokens=options.max_tokens,
        until=options.until,
        rfc_approval=pipeline.rfc_approval,
        push=type(config.push)(options.push) if options.push else config.push,
        backend=backend,
        unit_budget=unit_budget(config),
        max_dispatches=options.max_dispatches,
        delay=options.delay_s,
        include_optional=options.include_optional or config.sequential.include_optional is Switch.ENABLED,
        # Everything after a unit stands on it: no later one can be built without a person's word.
        asks_when_spent=one_by_one,
    )


def unit_budget(config: Config) -> Spending:
    """What the agents of one unit may use."""
    thresholds = config.thresholds
    return Spending(
        answers=thresholds.unit_max_turns,
        tokens=thresholds.unit_max_tokens,
        cost_usd=thresholds.unit_max_cost_usd,
        seconds=thresholds.unit_max_minutes * 60.0,
    )


def _most_parallel(config: Config, options: Options) -> int:
    if config.git.strategy is GitStrategy.NONE:
        return 1
    parallel = config.pipeline.parallel is Switch.ENABLED or options.workflow is Workflow.ROUNDTABLE
    return (options.max_parallel or config.thresholds.max_parallel) if parallel else 1


def workspace_of(
    project: Project, config: Config, default: GitStrategy = GitStrategy.WORKTREE
) -> GitWorkspace | FolderWorkspace:
    """The place where groups are built; `default` is the strategy of a user who chose none.

    A group that was begun in the checkout is finished there, whatever the strategy is by now. Raises UserError when
    the place does not fit the folder.
    """
    strategy = config.git.strategy if "git.strategy" in chosen(project.config_path) else default
    if strategy is GitStrategy.NONE:
        return FolderWorkspace(project.root)
    workspace = GitWorkspace(project, config.git)
    if not workspace.repo.is_repository:
        hint = "run `git init` and make a first commit, or set git.strategy: none"
        raise UserError(f"{project.root} is not a git repository", hint=hint)
    if workspace.repo.top.resolve() != project.root.resolve():
        hint = f"move .orchestra/ to {workspace.repo.top}"
        raise UserError(f".orchestra/ is not at the top of its repository {workspace.repo.top}", hint=hint)
    if strategy is not GitStrategy.IN_PLACE and read_hold(workspace.repo.git_dir) is None:
        return workspace
    return InPlaceWorkspace(project, config.git, aside=strategy is GitStrategy.WORKTREE)


@contextmanager
def session(
    project: Project,
    config: Config,
    limits: Limits,
    workflow: Workflow = Workflow.MILESTONES,
    only: tuple[str, ...] = (),
) -> Iterator[Session]:
    """A session on the run that was left unfinished, or on a new one.

    A run has one driver at a time: another one that is alive keeps its run, and this call starts a new run beside it.
    So it does beside a run of another workflow, and, where `only` names groups, beside one that has others to finish.
    Raises UserError (exit 75) while a client leads: it builds in the checkout that this run would land on.
    """
    with Store.open(project.state_path) as store, ExitStack() as stack:
        with starting(project.locks):
            refuse_beside_client(project)
            run = stack.enter_context(_taken(project, store, workflow, only))
            held = Session(project, config, store, run, me(secrets.token_hex(4)), elsewhere_of(project, config, store))
            _take_from_client(project)
            kind = EventType.RUN_RESUMED if run.seq else EventType.RUN_STARTED
            data = {"workflow": str(workflow), "limits": encode(counted_from(run, limits)), "pid": os.getpid()}
            held.record(Event(kind, data=data))
        _shorten_parks(held)
        yield held


def refuse_beside_client(project: Project) -> None:
    """Raise UserError (exit 75) while a client that is alive leads."""
    led = armed.read(project.runs)
    if led is not None and not led.dead:
        hint = "wait for its end, or end that session; `orchestra status` says what it is doing"
        raise locked(f"{led.run} is led from {led.client or 'a session'} ({led.holder.text})", hint)


def _take_from_client(project: Project) -> None:
    """A run whose client is gone goes on without one: its hooks have nothing more to look at."""
    led = armed.read(project.runs)
    if led is None or led.dead:
        armed.disarm(project.runs)


def _shorten_parks(held: Session) -> None:
    """A backend says how long it is limited, not until when: a clock that was set back must not add to that."""
    now = held.clock.now()
    if not any(until > now for until in held.run.parks.values()):
        return
    sql = "SELECT at, data FROM events WHERE run = ? AND type = ? ORDER BY seq"
    parked = [(at, json.loads(data)) for at, data in held.store.query(sql, held.run.id, EventType.BACKEND_PARKED)]
    for at, data in {data["backend"]: (at, data) for at, data in parked}.values():
        if at > now:
            until = now + max(0.0, data["until"] - at)
            held.record(Event(EventType.BACKEND_PARKED, data={**data, "until": until}))


def counted_from(run: Run, limits: Limits) -> Limits:
    """The limits, counted from what the run has cost so far.

    A budget is for what is started with it; a run that was killed goes on with what is left of its own.
    """
    cost, tokens, dispatches = run.cost_usd, run.tokens, run.dispatches
    if run.state is RunState.RUNNING:
        before = run.limits
        cost, tokens, dispatches = before.from_cost_usd, before.from_tokens, before.from_dispatches
    return replace(limits, from_cost_usd=cost, from_tokens=tokens, from_dispatches=dispatches)


def elsewhere_of(project: Project, config: Config, store: Store) -> Elsewhere | None:
    """The leases on the remote, if they are configured. Raises UserError when there is no such remote."""
    if not config.leases.remote:
        return None
    repo = Repo(project.root)
    if not repo.remote_exists(config.leases.remote):
        hint = "correct leases.remote in .orchestra/config.yml, or add the remote with `git remote add`"
        raise UserError(f"there is no remote {config.leases.remote} for leases", hint=hint)
    return Elsewhere(repo, config.leases.remote, store, config.thresholds.lock_timeout_minutes * 60.0)


@contextmanager
def _taken(project: Project, store: Store, workflow: Workflow, only: tuple[str, ...]) -> Iterator[Run]:
    run, lock = _unfinished(project, store, workflow, only) or _new(project, store)
    try:
        yield run
    finally:
        lock.release()


def _unfinished(
    project: Project, store: Store, workflow: Workflow, only: tuple[str, ...]
) -> tuple[Run, BaseFileLock] | None:
    found = (_taken_up(project, store, workflow, only, id_) for id_ in (store.latest_run_id(), left(store)) if id_)
    return next((one for one in found if one is not None), None)


def _taken_up(
    project: Project, store: Store, workflow: Workflow, only: tuple[str, ...], id_: str
) -> tuple[Run, BaseFileLock] | None:
    run = store.load(id_)
    if run is None or run.state in (RunState.DONE, RunState.IDLE) or armed.leads(project.runs, run.id):
        return None
    if run.workflow is not workflow or _has_others(run, only):
        return None
    lock = hold(project.locks, run.id)
    if lock is None:
        return None
    # Its last driver may have recorded more between the two.
    return store.load(run.id) or run, lock


def _has_others(run: Run, only: tuple[str, ...]) -> bool:
    """Whether a run of specs has still to finish others than are wanted now; milestones are finished in any case."""
    if run.workflow is Workflow.MILESTONES or not only:
        return False
    return any(g.id not in only for g in run.groups.values() if g.status is not GroupStatus.DONE)


def _new(project: Project, store: Store) -> tuple[Run, BaseFileLock]:
    run = Run(id=new_run_id(project, store))
    (project.runs / run.id).mkdir(parents=True)
    lock = hold(project.locks, run.id)
    if lock is None:
        raise UserError(f"the run {run.id} is locked by another process", hint="try again")
    return run, lock


def new_run_id(project: Project, store: Store) -> str:
    """The id of the next run."""
    number = int(store.new_run_id()[1:])
    # After state.db was deleted, folders of old runs must not be taken for this one's.
    while (project.runs / f"r{number}").exists():
        number += 1
    return f"r{number}"


def prepare_checkout(workspace: GitWorkspace, *, stash: bool) -> None:
    """Make sure that the user's checkout is clean, or set its changes aside.

    Raises UserError that names the files when it is dirty and `stash` was not asked for.
    """
    from ..git.stash import stash as set_aside
    from ..views.record import few

    if not workspace.settle():
        return
    dirty = workspace.repo.dirty()
    if not dirty:
        return
    if not stash:
        hint = "commit them, or pass --stash to set them aside until the run ends"
        raise UserError(f"the checkout has changes that are not committed: {few(dirty, 8)}", hint=hint)
    set_aside(workspace.repo, STASH)


def bring_back(workspace: GitWorkspace) -> tuple[str, ...]:
    """Bring back what `prepare_checkout` set aside, also when that was done by a run that was killed.

    Returns the paths that landed work has changed too: then the changes stay in `refs/orchestra/stash/run`.
    """
    from ..git.commits import read_ref
    from ..git.stash import stash_ref, unstash

    held = read_ref(workspace.repo, stash_ref(STASH)) is not None
    # Another run beside this one still needs the checkout clean: the last one brings it back.
    free = not any_driven(workspace.project.locks) and not workspace.occupant
    return tuple(unstash(workspace.repo, STASH)) if held and free else ()
