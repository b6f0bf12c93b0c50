"""The words of Orchestra: every enumeration that code, schemas and prompts share."""

from __future__ import annotations

from enum import StrEnum


class Workflow(StrEnum):
    """The five ways of working."""

    MILESTONES = "milestones"
    SEQUENTIAL = "sequential"
    ROUNDTABLE = "roundtable"
    WAVES = "waves"
    PROGRAM = "program"


class Severity(StrEnum):
    """How much a finding matters."""

    BLOCKING = "blocking"
    IMPORTANT = "important"
    SUGGESTION = "suggestion"


class Verdict(StrEnum):
    """What a review comes to; computed from the findings, never asked for."""

    APPROVED = "approved"
    APPROVED_WITH_COMMENTS = "approved-with-comments"
    CHANGES_REQUESTED = "changes-requested"


class Outcome(StrEnum):
    """What became of a requirement. `partial` is all that work without a deciding command can come to."""

    MET = "met"
    PARTIAL = "partial"
    MISSED = "missed"
    DEVIATED = "deviated"


class Complexity(StrEnum):
    """The model tier of a unit, weakest first."""

    TRIVIAL = "trivial"
    QUICK = "quick"
    STANDARD = "standard"
    COMPLEX = "complex"


class Pipeline(StrEnum):
    """Which stages a group has."""

    QUICK = "quick"
    STANDARD = "standard"
    FULL = "full"


class GroupStatus(StrEnum):
    """Where a group stands. `planning` groups are never picked up."""

    PLANNING = "planning"
    READY = "ready"
    IN_PROGRESS = "in-progress"
    REVIEW = "review"
    NEEDS_HUMAN = "needs-human"
    BLOCKED = "blocked"
    FAILED = "failed"
    DONE = "done"


class Stage(StrEnum):
    """The part of its pipeline that an open group is in."""

    DESIGN = "design"
    ASSIGN = "assign"
    UNITS = "units"
    REVIEW = "review"
    FIX = "fix"
    LAND = "land"


class UnitStatus(StrEnum):
    """Where a unit stands. `review`: it is committed, and reviewers of its own look at it."""

    PENDING = "pending"
    IN_PROGRESS = "in-progress"
    REVIEW = "review"
    NEEDS_HUMAN = "needs-human"
    BLOCKED = "blocked"
    FAILED = "failed"
    SKIPPED = "skipped"
    DONE = "done"


class Step(StrEnum):
    """Where an attempt stands. The last two end it."""

    WORKING = "working"
    REPORTED = "reported"
    VERIFIED = "verified"
    ACCEPTED = "accepted"
    FAILED = "failed"


class Purpose(StrEnum):
    """What an attempt is for."""

    BUILD = "build"
    FIX = "fix"
    REVIEW = "review"
    DESIGN = "design"
    ASSIGN = "assign"
    ADVISE = "advise"


class UnitKind(StrEnum):
    """What a unit is about, as an assigner says it."""

    CODE = "code"
    UI = "ui"
    REVIEW = "review"


class Criticality(StrEnum):
    """How much harm a fault in a unit would do: it says how many reviewers look at it."""

    STANDARD = "standard"
    COMPLEX = "complex"
    SECURITY_SENSITIVE = "security-sensitive"


class AssignedBy(StrEnum):
    """Who said whose a unit is. `fallback` is code, where an agent's answer could not be used."""

    AGENT = "agent"
    FALLBACK = "fallback"
    PERSON = "person"


class AssignMode(StrEnum):
    """When an assigner is asked: never, once for a whole group, or for each unit when it is ready."""

    OFF = "off"
    GROUP = "group"
    UNIT = "unit"


class Role(StrEnum):
    """Who an agent is while it works."""

    LEAD = "lead"
    PRODUCT_MANAGER = "product-manager"
    MILESTONE_AGENT = "milestone-agent"
    WORKER = "worker"
    REVIEWER = "reviewer"
    PLAN_REVIEWER = "plan-reviewer"
    ARCHITECT = "architect"
    SCOUT = "scout"
    ASSIGNER = "assigner"
    ADVISER = "adviser"


class DirectiveKind(StrEnum):
    """What a driver must do next."""

    DISPATCH = "dispatch"
    REVIEW = "review"
    ASK = "ask"
    WAIT = "wait"
    LAND = "land"
    HALT = "halt"
    COMPLETE = "complete"


class RunState(StrEnum):
    """The state of a run, as `status` says it."""

    IDLE = "idle"
    RUNNING = "running"
    WAITING_FOR_YOU = "waiting-for-you"
    PARKED = "parked"
    HALTED = "halted"
    DONE = "done"


class Liveness(StrEnum):
    """What the evidence says of a running agent."""

    WORKING = "working"
    QUIET = "quiet"
    WEDGED = "wedged"
    WAITING_FOR_YOU = "waiting-for-you"
    PARKED = "parked"


class ExitClass(StrEnum):
    """How one turn of a backend ended."""

    OK = "ok"
    FAILED = "failed"
    LIMIT = "limit"
    OVERLOADED = "overloaded"
    AUTH = "auth"
    CRASH = "crash"
    TIMEOUT = "timeout"
    HANG = "hang"
    GARBAGE = "garbage"
    HALT = "halt"
    CONTEXT_OVERFLOW = "context-overflow"
    STOPPED = "stopped"
    STAGNANT = "stagnant"
    SPIRAL = "spiral"
    ERROR_ECHO = "error-echo"
    SPENT = "spent"


class Breaker(StrEnum):
    """Why the breaker ended an attempt that was getting nowhere."""

    STAGNANT = "stagnant"
    SPIRAL = "spiral"
    ERROR_ECHO = "error-echo"


class BackendName(StrEnum):
    """The agent programs."""

    CLAUDE = "claude"
    CODEX = "codex"
    OPENCODE = "opencode"
    GEMINI = "gemini"
    CODEAGENT_WRAPPER = "codeagent-wrapper"
    SCRIPTED = "scripted"
    COMMAND = "command"


class PushPolicy(StrEnum):
    """Who decides that commits go to the remote."""

    AUTO = "auto"
    ASK = "ask"
    PR_BRANCH = "pr-branch"
    NEVER = "never"


class GatePolicy(StrEnum):
    """Whether a gate is kept: `optional` asks only when a person is at the terminal."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    SKIP = "skip"


class Switch(StrEnum):
    """A feature that is on or off, in the peer's spelling."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class GitStrategy(StrEnum):
    """Where a group is built. `none` is for a folder that is not a repository."""

    WORKTREE = "worktree"
    IN_PLACE = "in-place"
    NONE = "none"


class Priority(StrEnum):
    """How urgent a milestone is, as its table says."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


class FindingStatus(StrEnum):
    """Where a finding stands; `parked` ones never hold a group up."""

    OPEN = "open"
    FIXED = "fixed"
    PARKED = "parked"
    WAIVED = "waived"


class Gate(StrEnum):
    """What a pending decision is about."""

    RFC = "rfc"
    PUSH = "push"
    UNIT = "unit"
    REVIEW = "review"
    LAND = "land"
    CONTINUE = "continue"
    BACKEND = "backend"
    HALT = "halt"


class CommitType(StrEnum):
    """Conventional commit types."""

    FEAT = "feat"
    FIX = "fix"
    REFACTOR = "refactor"
    PERF = "perf"
    TEST = "test"
    CHORE = "chore"
    DOCS = "docs"
    STYLE = "style"
    CI = "ci"


class Enforcement(StrEnum):
    """How a compiled scope is held."""

    STRICT = "strict"
    WARN = "warn"
    OFF = "off"


class DiagnosticSeverity(StrEnum):
    """How much a diagnostic about a plan matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
