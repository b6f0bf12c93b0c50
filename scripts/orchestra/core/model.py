"""The plan (what people wrote) and the run (what became of it), as immutable values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from immutables import Map

from .budget import NOTHING, Spending
from .words import (
    AssignedBy,
    AssignMode,
    Complexity,
    Criticality,
    DirectiveKind,
    ExitClass,
    FindingStatus,
    Gate,
    GatePolicy,
    GroupStatus,
    Pipeline,
    Purpose,
    PushPolicy,
    Role,
    RunState,
    Severity,
    Stage,
    Step,
    UnitKind,
    UnitStatus,
    Verdict,
    Workflow,
)


@dataclass(frozen=True)
class Subtask:
    """A part of a unit that is ticked off with it; `line` is where it starts in the unit's file."""

    id: str
    title: str
    done: bool = False
    optional: bool = False
    line: int = 0


@dataclass(frozen=True)
class Unit:
    """The smallest thing dispatched to an agent.

    `depends_on` holds resolved unit ids; `writes` is the scope as globs relative to the
    repository (empty: anything outside Orchestra's own files); `path` is the file it was read from, relative
    to the project, and `line` where it starts there. `done` is what the plan itself says. A `barrier` checks what was
    done before it, so it may rightly change nothing.
    """

    id: str
    group: str
    title: str
    order: int = 1
    depends_on: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    complexity: Complexity = Complexity.STANDARD
    optional: bool = False
    done: bool = False
    path: str = ""
    line: int = 1
    skills: tuple[str, ...] = ()
    subtasks: tuple[Subtask, ...] = ()
    commit_type: str = "feat"
    barrier: bool = False


@dataclass(frozen=True)
class Group:
    """Units that are reviewed and landed together.

    `design` says whether an RFC comes first, `reviews` how many reviewers look at the whole
    (0: no review stage). `path` is the folder or file it was read from; `status` what the plan says.
    `foreign_lock` is a `Locked-By` that this state database did not write, with its time as a Unix stamp.
    """

    id: str
    title: str
    order: int = 1
    depends_on: tuple[str, ...] = ()
    status: GroupStatus = GroupStatus.READY
    pipeline: Pipeline = Pipeline.FULL
    design: bool = False
    reviews: int = 1
    path: str = ""
    slug: str = ""
    foreign_lock: str = ""
    foreign_lock_at: float = 0.0
    units: tuple[Unit, ...] = ()
    workflow: Workflow = Workflow.MILESTONES


@dataclass(frozen=True)
class Plan:
    """One model for every plan format."""

    workflow: Workflow
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Limits:
    """The policy of one run, as data: caps, budgets and gates. Durations are in seconds.

    Budgets count from what the run had cost when they were given (`from_…`). `asks_when_spent`: a unit that has used
    up its attempts waits for a person, whatever else is not asked; `delay` is the pause between two units. `owners`
    are (owner, backend) pairs; `reviewers` and `escalate_to` are backends; nothing there means `backend`.
    `unit_reviews` says whether units are reviewed one by one, `fix_rounds` how often what a review found is sent back
    before a person is asked. With `strict_reads` a unit waits while another one writes what it reads; with `advise` an
    agent says in which order ready work is begun, and an answer is good for `max_actions` of it (0: until something
    new is ready). `unit_budget` is for each unit, over all its attempts.
    """

    auto: bool = False
    interactive: bool = False
    max_parallel: int = 1
    max_groups: int = 1
    max_attempts: int = 3
    stuck_retry_limit: int = 3
    review_rounds: int = 3
    design_rounds: int = 3
    max_cost_usd: float = 0.0
    max_tokens: int = 0
    from_cost_usd: float = 0.0
    from_tokens: int = 0
    until: float = 0.0
    rfc_approval: GatePolicy = GatePolicy.SKIP
    push: PushPolicy = PushPolicy.AUTO
    backend: str = "command"
    limit_backoff: float = 60.0
    unit_budget: Spending = NOTHING
    max_dispatches: int = 0
    from_dispatches: int = 0
    delay: float = 0.0
    include_optional: bool = False
    asks_when_spent: bool = False
    assign: AssignMode = AssignMode.OFF
    owners: tuple[tuple[str, str], ...] = ()
    reviewers: tuple[str, ...] = ()
    escalate_to: str = ""
    assigner: str = ""
    unit_reviews: bool = False
    fix_rounds: int = 3
    strict_reads: bool = False
    advise: bool = False
    max_actions: int = 0


@dataclass(frozen=True)
class GroupState:
    """A group and what became of it. `plan.units` is empty here: units have states of their own.

    `round` counts reviews and `reviewed` is the commit that the last one saw; `architects`, `reviewers`, `assigners`
    and `advisers` count the attempts of those roles and `tries` those that failed in this stage; `advised` are the
    tickets that the last adviser was asked about and `advice` the order that it gave them; `feedback` is what a
    person answered about the RFC and `push` what they answered about pushing; `reason` says why it stands as it does.
    """

    plan: Group
    status: GroupStatus = GroupStatus.READY
    stage: Stage = Stage.UNITS
    open: bool = False
    epoch: int = 0
    base: str = ""
    target: str = ""
    tip: str = ""
    round: int = 0
    design_round: int = 0
    verdict: Verdict | None = None
    reviewed: str = ""
    rfc: str = ""
    landed: str = ""
    pushed: str = ""
    architects: int = 0
    reviewers: int = 0
    assigners: int = 0
    advisers: int = 0
    advised: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    tries: int = 0
    feedback: str = ""
    push: PushPolicy | None = None
    opened_at: float = 0.0
    closed_at: float = 0.0
    reason: str = ""

    @property
    def id(self) -> str:
        return self.plan.id


@dataclass(frozen=True)
class Assignment:
    """Whose a unit is: `owner` is a name of the table of owners, `target` the name of the place where it is watched."""

    owner: str = ""
    kind: UnitKind = UnitKind.CODE
    criticality: Criticality = Criticality.STANDARD
    target: str = ""
    source: AssignedBy = AssignedBy.FALLBACK


@dataclass(frozen=True)
class Report:
    """What one reviewer of a unit said: `findings` as they were reported, `files` those that the last fix changed."""

    ticket: str
    backend: str = ""
    findings: tuple[dict[str, Any], ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitState:
    """A unit and what became of it.

    `attempts` counts all attempts, `granted` is how many it may have in all, and `findings` are those that
    its next attempt must mend (none: the next attempt builds). `reviews` is how many reviewers look at it before it
    is done; from its commit until they have all spoken it is `reviewing`, and `reports` are what they have said in this
    round. `reviewers` and `assigners` are the last numbers that those roles had, `review_tries` the reviewers that
    failed in this round, `fixes` the rounds of mending. `spent` is what its agents have used of its budget.
    """

    plan: Unit
    status: UnitStatus = UnitStatus.PENDING
    attempts: int = 0
    granted: int = 0
    findings: tuple[str, ...] = ()
    commit: str = ""
    reason: str = ""
    learned: tuple[str, ...] = ()
    spent: Spending = NOTHING
    assignment: Assignment | None = None
    assigners: int = 0
    reviews: int = 0
    reviewing: bool = False
    reports: tuple[Report, ...] = ()
    reviewers: int = 0
    review_round: int = 0
    review_tries: int = 0
    fixes: int = 0

    @property
    def id(self) -> str:
        return self.plan.id


@dataclass(frozen=True)
class Attempt:
    """One agent's try. `ticket` names it everywhere; a `turn` is one start of the backend within it.

    `run` is the run that started it, which is where its files lie, and `worktree` the name of its work tree. `running`
    is true from the moment a turn may have been started until its end is recorded. `retries` counts turns that were
    sent back; `failures` holds their (tree, signature) pairs for the breaker. `findings` are the ids a fix must mend
    or a review must look at again.
    """

    ticket: str
    group: str
    unit: str
    role: Role
    purpose: Purpose
    number: int
    tier: Complexity
    run: str = ""
    step: Step = Step.WORKING
    turn: int = 1
    running: bool = False
    retries: int = 0
    worktree: str = ""
    base: str = ""
    tree: str = ""
    backend: str = ""
    model: str = ""
    session: str = ""
    final: str = ""
    notes: str = ""
    exit_class: ExitClass | None = None
    failures: tuple[tuple[str, str], ...] = ()
    findings: tuple[str, ...] = ()
    feedback: str = ""
    quarantine: tuple[str, ...] = ()
    started_at: float = 0.0
    ended_at: float = 0.0
    reason: str = ""

    @property
    def live(self) -> bool:
        return self.step not in (Step.ACCEPTED, Step.FAILED)


@dataclass(frozen=True)
class Finding:
    """One thing that reviewers found. `id` stays the same when the same thing is found again.

    `said` is what each of several reviewers said of it, so that a disagreement stays visible.
    """

    id: str
    group: str
    severity: Severity
    title: str
    file: str = ""
    line: int = 0
    detail: str = ""
    unit: str = ""
    status: FindingStatus = FindingStatus.OPEN
    round: int = 1
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """A question that only a person can answer, with the answers that are understood."""

    id: str
    gate: Gate
    group: str
    question: str
    options: tuple[str, ...]
    unit: str = ""
    context: str = ""
    answer: str = ""
    comment: str = ""

    @property
    def pending(self) -> bool:
        return not self.answer


@dataclass(frozen=True)
class Directive:
    """What a driver must do next. `ticket` is set for `dispatch` and `review`, `decision` for `ask`.

    `backend` is the agent program of an attempt that has an owner; empty where the driver's own is meant.

    `until` is a Unix time for `wait`; `reason` says why for `wait`, `halt` and `complete`.
    """

    kind: DirectiveKind
    group: str = ""
    unit: str = ""
    ticket: str = ""
    role: Role | None = None
    purpose: Purpose | None = None
    number: int = 0
    tier: Complexity = Complexity.STANDARD
    findings: tuple[str, ...] = ()
    decision: str = ""
    until: float = 0.0
    reason: str = ""
    backend: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happened. `at` is a Unix time; `seq` is 0 until the store has taken it."""

    type: str
    group: str = ""
    unit: str = ""
    attempt: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0
    run: str = ""
    epoch: int = 0
    seq: int = 0


@dataclass(frozen=True)
class Run:
    """One execution of a plan: a value that `apply` moves and `decide` reads.

    `past` tells how groups of earlier runs ended; `dispatches` counts attempts at units, and `rested_at` is when the
    last one ended. `dirty` lists what changed since the store last wrote it, as
    (kind, id). The maps after it are derived (`index.index`): a group's units in order; a unit's dependants, the work
    in seconds that still hangs on it, how many of its dependencies are open; a group's ready units, live tickets and
    count of units by status. `reviewing` are the units of a group that wait for their reviewers.
    """

    id: str
    workflow: Workflow = Workflow.MILESTONES
    state: RunState = RunState.RUNNING
    limits: Limits = Limits()
    seq: int = 0
    reason: str = ""
    stop: bool = False
    tokens: int = 0
    cost_usd: float = 0.0
    started_at: float = 0.0
    dispatches: int = 0
    rested_at: float = 0.0
    groups: Map[str, GroupState] = Map()
    units: Map[str, UnitState] = Map()
    attempts: Map[str, Attempt] = Map()
    findings: Map[str, Finding] = Map()
    decisions: Map[str, Decision] = Map()
    parks: Map[str, float] = Map()
    past: Map[str, str] = Map()
    dirty: Map[tuple[str, str], None] = Map()
    members: Map[str, tuple[str, ...]] = Map()
    dependants: Map[str, tuple[str, ...]] = Map()
    rank: Map[str, float] = Map()
    left: Map[str, int] = Map()
    ready: Map[str, Map[str, None]] = Map()
    reviewing: Map[str, Map[str, None]] = Map()
    live: Map[str, Map[str, None]] = Map()
    failed: Map[str, Map[str, None]] = Map()
    noted: Map[str, Map[str, None]] = Map()
    tally: Map[str, Map[str, int]] = Map()
