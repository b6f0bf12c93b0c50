"""`.orchestra/config.yml`: every key with its default, read with diagnostics.

`KEYS` is the one list of keys: the JSON Schema, the documentation and the checks come from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from .core.circles import Tolerance
from .core.words import BackendName, Complexity, GatePolicy, GitStrategy, Pipeline, PushPolicy, Switch
from .errors import bad_input
from .plans import source, yamltext
from .plans.diagnostics import ERROR, INFO, Diagnostic, did_you_mean, nearest
from .plans.yamltext import Item

EPHEMERAL = (
    "__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
    ".DS_Store", "node_modules", ".coverage", ".tox", ".nox", ".venv", ".gradle",
)  # fmt: skip


class Sandbox(StrEnum):
    """What is put around an agent's process."""

    NONE = "none"
    BWRAP = "bwrap"


class Executor(StrEnum):
    """Where agents run: with `tmux`, on this machine too, and in windows of which one can look at them."""

    LOCAL = "local"
    TMUX = "tmux"


@dataclass(frozen=True)
class Models:
    """The model of each tier."""

    trivial: str = "haiku"
    quick: str = "sonnet"
    standard: str = "sonnet"
    complex: str = "opus"

    def of(self, tier: Complexity) -> str:
        return str(getattr(self, tier.value))


@dataclass(frozen=True)
class PipelineConfig:
    models: Models = Models()
    rfc_approval: GatePolicy = GatePolicy.SKIP
    review: GatePolicy = GatePolicy.REQUIRED
    parallel: Switch = Switch.DISABLED
    default_pipeline: Pipeline = Pipeline.FULL
    default_complexity: Complexity = Complexity.STANDARD


@dataclass(frozen=True)
class Thresholds:
    stuck_retry_limit: int = 3
    lock_timeout_minutes: float = 60.0
    max_attempts: int = 3
    review_rounds: int = 3
    max_parallel: int = 4
    turn_timeout_minutes: float = 90.0
    idle_timeout_minutes: float = 20.0
    verification_timeout_minutes: float = 30.0
    limit_backoff_minutes: float = 1.0
    unit_max_turns: int = 0
    unit_max_tokens: int = 0
    unit_max_cost_usd: float = 0.0
    unit_max_minutes: float = 0.0


@dataclass(frozen=True)
class Verification:
    """The commands; an empty text switches one off."""

    typecheck: str = "npx tsc --noEmit"
    test: str = "npm test"
    lint: str = "npm run lint"


@dataclass(frozen=True)
class GitConfig:
    strategy: GitStrategy = GitStrategy.WORKTREE
    target: str = ""
    remote: str = "origin"
    worktree_setup: str = ""
    worktree_links: tuple[str, ...] = ()
    ephemeral: tuple[str, ...] = EPHEMERAL


@dataclass(frozen=True)
class TierModels:
    """A backend's own model of each tier; an empty text stands for the pipeline's."""

    trivial: str = ""
    quick: str = ""
    standard: str = ""
    complex: str = ""

    def of(self, tier: Complexity) -> str:
        return str(getattr(self, tier.value))


@dataclass(frozen=True)
class ProgramConfig:
    """How a program is started. `access` is the program's own word for what it may do without asking."""

    program: str = ""
    access: str = ""
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()


@dataclass(frozen=True)
class AgentConfig(ProgramConfig):
    """An agent program that can be told which model to use."""

    models: TierModels = TierModels()


@dataclass(frozen=True)
class EffortConfig(AgentConfig):
    """An agent program whose model can be told how hard to think."""

    effort: str = ""


@dataclass(frozen=True)
class BackendConfig:
    name: BackendName = BackendName.COMMAND
    command: str = ""
    script: str = ""
    claude: EffortConfig = EffortConfig("claude", "bypassPermissions")
    codex: EffortConfig = EffortConfig("codex", "danger-full-access")
    opencode: EffortConfig = EffortConfig("opencode", "auto")
    gemini: AgentConfig = AgentConfig("gemini", "yolo")
    codeagent_wrapper: ProgramConfig = ProgramConfig("codeagent-wrapper", "skip-permissions")

    def agent(self, name: str) -> ProgramConfig | None:
        """How the agent program `name` is started; None for a backend that is none."""
        found = getattr(self, name.replace("-", "_"), None)
        return found if isinstance(found, ProgramConfig) else None


@dataclass(frozen=True)
class LeaseConfig:
    remote: str = ""


@dataclass(frozen=True)
class SequentialConfig:
    include_optional: Switch = Switch.DISABLED
    assign: Switch = Switch.DISABLED


@dataclass(frozen=True)
class RoundtableConfig:
    """Who works on the units of a spec; `owners` are (owner, backend) pairs."""

    owners: tuple[tuple[str, str], ...] = (("codex", "codex"), ("gemini", "gemini"), ("codex-review", "codex"))
    reviewers: tuple[str, ...] = ()
    escalate_to: str = ""
    assign_backend: str = ""
    fix_rounds: int = 3
    strict_reads: bool = False


@dataclass(frozen=True)
class TmuxConfig:
    session: str = ""
    keep_windows: Switch = Switch.DISABLED


@dataclass(frozen=True)
class Config:
    """What `.orchestra/config.yml` says; the defaults where it says nothing."""

    pipeline: PipelineConfig = PipelineConfig()
    thresholds: Thresholds = Thresholds()
    breakers: Tolerance = field(default_factory=Tolerance)
    verification: Verification = Verification()
    git: GitConfig = GitConfig()
    backend: BackendConfig = BackendConfig()
    leases: LeaseConfig = LeaseConfig()
    push: PushPolicy = PushPolicy.AUTO
    executor: Executor = Executor.LOCAL
    tmux: TmuxConfig = TmuxConfig()
    sequential: SequentialConfig = SequentialConfig()
    roundtable: RoundtableConfig = RoundtableConfig()
    sandbox: Sandbox = Sandbox.NONE
    sandbox_write: tuple[str, ...] = ()

    def model_of(self, backend: str, tier: Complexity) -> str:
        """The model that a backend uses for a tier; empty for the program's own default."""
        agent, common = self.backend.agent(backend), self.pipeline.models.of(tier)
        if not isinstance(agent, AgentConfig):
            return common if agent is None else ""
        known_to_all = backend == BackendName.CLAUDE or not _names_claude(common)
        return agent.models.of(tier) or (common if known_to_all else "")


def _names_claude(model: str) -> bool:
    """Whether only Claude Code knows the name: the defaults of the pipeline's models are such."""
    return model.lower() in ("haiku", "sonnet", "opus") or model.lower().startswith("claude")


@dataclass(frozen=True)
class Key:
    """One key of the file. `kind` is an enum or one of text, command, count, minutes, limit (a count or 0), amount,
    list, flag, backends, owners; `new` says that the peer's file does not have it, `listed` that the file which `init`
    writes shows it."""

    name: str
    kind: type[StrEnum] | str
    default: Any
    description: str
    new: bool = True
    listed: bool = True

    def schema(self) -> dict[str, Any]:
        """The key as JSON Schema."""
        default = list(self.default) if isinstance(self.default, tuple) else self.default
        default = dict(default) if self.kind == "owners" else default
        return {**_schema_type(self.kind), "default": default, "description": self.description}


def _schema_type(kind: type[StrEnum] | str) -> dict[str, Any]:
    if not isinstance(kind, str):
        return {"type": "string", "enum": [word.value for word in kind]}
    types: dict[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "command": {"type": ["string", "null"]},
        "count": {"type": "integer", "minimum": 1},
        "minutes": {"type": "number", "exclusiveMinimum": 0},
        "limit": {"type": "integer", "minimum": 0},
        "amount": {"type": "number", "minimum": 0},
        "list": {"type": "array", "items": {"type": "string"}},
        "flag": {"type": "boolean"},
        "backends": {"type": "array", "items": {"type": "string", "enum": [str(name) for name in BackendName]}},
        "owners": {"type": "object", "additionalProperties": {"enum": [str(name) for name in BackendName]}},
    }
    return types[kind]


def _agent_keys(name: str, program: str, access: str, effort: str) -> tuple[Key, ...]:
    """The keys of one agent program; `access` and `effort` (empty: it has none) describe theirs."""
    section, default = f"backend.{name}", getattr(BackendConfig(), name)
    passed = "`NAME=VALUE` sets a variable of its environment, `NAME` passes one on that is otherwise withheld."
    model = f"Model of {program} for complexity `{{}}`. Empty: that of the pipeline, where {program} knows it."
    texts = (
        ("program", default.program, f"Name or path of the program of {program}."),
        ("access", default.access, f"What {program} may do without asking: {access}."),
        *((("effort", "", f"{effort}. Empty: the program's default."),) if effort else ()),
        *((f"models.{tier}", "", model.format(tier)) for tier in Complexity),
    )
    lists = (("args", f"More arguments of {program}, as they are."), ("env", passed))
    return (
        *(Key(f"{section}.{key}", "text", value, text, listed=False) for key, value, text in texts),
        *(Key(f"{section}.{key}", "list", (), text, listed=False) for key, text in lists),
    )


KEYS: tuple[Key, ...] = (
    Key("pipeline.models.trivial", "text", "haiku", "Model for phases of complexity `trivial`.", False),
    Key("pipeline.models.quick", "text", "sonnet", "Model for phases of complexity `quick`.", False),
    Key("pipeline.models.standard", "text", "sonnet", "Model for phases of complexity `standard`.", False),
    Key("pipeline.models.complex", "text", "opus", "Model for phases of complexity `complex`.", False),
    Key("pipeline.rfc_approval", GatePolicy, "skip", "Whether a person approves the RFC of a `full` milestone: "
        "`required` always asks, `optional` asks when a person is at the terminal, `skip` never asks.", False),
    Key("pipeline.review", GatePolicy, "required", "Whether a milestone is reviewed before it lands; "
        "`skip` leaves the review out.", False),
    Key("pipeline.parallel", Switch, "disabled", "Whether phases that do not wait for each other run at the same "
        "time, each in a work tree of its own.", False),
    Key("pipeline.default_pipeline", Pipeline, "full", "Pipeline of a milestone that names no Complexity.", False),
    Key("pipeline.default_complexity", Complexity, "standard", "Complexity of a phase that names none.", False),
    Key("thresholds.stuck_retry_limit", "count", 3, "How often one attempt may mend a failed verification before "
        "it counts as failed.", False),
    Key("thresholds.lock_timeout_minutes", "minutes", 60.0, "Minutes without a heartbeat after which a lock may be "
        "taken over."),
    Key("thresholds.max_attempts", "count", 3, "Attempts at one phase before a person is asked."),
    Key("thresholds.review_rounds", "count", 3, "Rounds of review and fixes before a person is asked."),
    Key("thresholds.max_parallel", "count", 4, "Most agents at the same time when `pipeline.parallel` is enabled."),
    Key("thresholds.turn_timeout_minutes", "minutes", 90.0, "Longest time one turn of an agent may take, in minutes."),
    Key("thresholds.idle_timeout_minutes", "minutes", 20.0, "Minutes without any sign of life after which an agent "
        "is ended and tried again."),
    Key("thresholds.verification_timeout_minutes", "minutes", 30.0, "Longest time one verification command may "
        "take, in minutes."),
    Key("thresholds.unit_max_turns", "limit", 0, "Most answers of the model that one phase may take, over all its "
        "attempts. 0: no limit."),
    Key("thresholds.unit_max_tokens", "limit", 0, "Most tokens that one phase may use, over all its attempts. 0: no "
        "limit."),
    Key("thresholds.unit_max_cost_usd", "amount", 0.0, "Most US dollars that one phase may cost over all its attempts, "
        "where the agent program knows prices. 0: no limit."),
    Key("thresholds.unit_max_minutes", "amount", 0.0, "Most minutes of agents' time that one phase may take, over all "
        "its attempts. 0: no limit."),
    Key("breakers.same_call", "limit", 3, "How often an agent may make the same call with the same result and nothing "
        "changed in between, before its turn is ended. 0: as often as it likes."),
    Key("breakers.same_error", "limit", 3, "The same for calls that fail with the same error."),
    Key("breakers.circle", "limit", 3, "The same for reading a file, or making several calls, over and over."),
    Key("breakers.undone_edit", "limit", 3, "The same for an edit that is taken back each time."),
    Key("thresholds.limit_backoff_minutes", "minutes", 1.0, "Minutes that an agent program is left alone after a limit "
        "or an overload when it did not say for how long."),
    Key("verification.typecheck", "command", "npx tsc --noEmit", "Shell command that checks types. Empty: switched "
        "off.", False),
    Key("verification.test", "command", "npm test", "Shell command that runs the tests. Empty: switched off.", False),
    Key("verification.lint", "command", "npm run lint", "Shell command that checks style. Empty: switched off.", False),
    Key("git.strategy", GitStrategy, "worktree", "Where a milestone is built: in a work tree of its own, in your "
        "checkout (`in-place`), or in a folder without git (`none`). Inside a client, `in-place` unless you set it."),
    Key("git.target", "text", "", "Branch that finished milestones land on. Empty: the branch that is checked out."),
    Key("git.remote", "text", "origin", "Remote that finished milestones are pushed to."),
    Key("git.worktree_setup", "text", "", "Shell command that runs once in each new work tree, for example "
        "`npm ci`, or `git submodule update --init --recursive` where there are submodules."),
    Key("git.worktree_links", "list", (), "Ignored paths that are linked into each work tree from your checkout, "
        "for example `node_modules`."),
    Key("git.ephemeral", "list", EPHEMERAL, "Names of throw-away files and folders (`*` and `?` allowed) that are "
        "never committed, whether or not git ignores them."),
    Key("backend.name", BackendName, "command", "The agent program."),
    Key("backend.command", "text", "", "Shell command of the `command` backend."),
    Key("backend.script", "text", "", "YAML file of the `scripted` backend."),
    *_agent_keys("claude", "Claude Code", "its permission mode", "Effort of the model"),
    *_agent_keys("codex", "Codex", "its sandbox mode; nothing is ever asked", "Reasoning effort of the model"),
    *_agent_keys("opencode", "opencode", "`auto` for all that is not denied", "Variant of the model"),
    *_agent_keys("gemini", "Gemini CLI", "its approval mode", ""),
    Key("backend.codeagent_wrapper.program", "text", "codeagent-wrapper", "Name or path of codeagent-wrapper; "
        "`CODEAGENT_WRAPPER` in the environment goes before the default.", listed=False),
    Key("backend.codeagent_wrapper.access", "text", "skip-permissions", "What its agent may do without asking: "
        "`skip-permissions` for everything, empty for what the agent program allows.", listed=False),
    Key("backend.codeagent_wrapper.args", "list", (), "More arguments of codeagent-wrapper: `[--backend, claude]` "
        "chooses its agent program, which is Codex otherwise.", listed=False),
    Key("backend.codeagent_wrapper.env", "list", (), "`NAME=VALUE` sets a variable of its environment, `NAME` passes "
        "one on that is otherwise withheld.", listed=False),
    Key("leases.remote", "text", "", "Git remote through which clones on other machines respect each other's locks. "
        "Empty: this machine only."),
    Key("push", PushPolicy, "auto", "When finished milestones are pushed: `auto` at once, `ask` after a person says "
        "yes, `pr-branch` to a branch of their own, `never` not at all."),
    Key("executor", Executor, "local", "Where agents run: `local`, or `tmux`, which is the same with a window to look "
        "at each of them."),
    Key("tmux.session", "text", "", "Session of tmux that the windows are in. Empty: `orchestra-` and the project's "
        "name."),
    Key("tmux.keep_windows", Switch, "disabled", "Whether the window of an attempt stays when the attempt has ended."),
    Key("sequential.include_optional", Switch, "disabled", "Whether optional units and sub-tasks of a spec are carried "
        "out too."),
    Key("sequential.assign", Switch, "disabled", "Whether an agent says, before each unit, what it is about and whose "
        "it is; `roundtable.owners` says which backend that means."),
    Key("roundtable.owners", "owners", RoundtableConfig().owners, "Which backend carries out the units of an owner. "
        "The first one is everybody's whom no agent could assign; one whose program is not installed is replaced by "
        "the backend of the run. `--backend` on the command line is used for all of them.", listed=False),
    Key("roundtable.reviewers", "backends", (), "Backends that review units, different ones for each unit. Empty: "
        "those of the owners.", listed=False),
    Key("roundtable.escalate_to", "text", "", "Backend that mends what the owner of a unit could not mend twice. "
        "Empty: the first one that is not the owner's.", listed=False),
    Key("roundtable.assign_backend", "text", "", "Backend that says whose each unit is. Empty: the one of the run.",
        listed=False),
    Key("roundtable.fix_rounds", "count", 3, "How often findings about one unit are sent back before a person is "
        "asked; the third fix and later ones are another backend's."),
    Key("roundtable.strict_reads", "flag", False, "Whether a unit waits while another one writes what it reads."),
    Key("sandbox", Sandbox, "none", "What is put around an agent's process: `bwrap` makes everything read-only but "
        "its work tree and the temporary directory (Linux, bubblewrap)."),
    Key("sandbox_write", "list", (), "Further directories that an agent in the sandbox may write, for example "
        "`~/.cache` or where its program keeps its sessions. What lies there is not protected."),
)  # fmt: skip

BY_NAME = {key.name: key for key in KEYS}

# Keys of earlier versions of the file, with what stands for them now.
RETIRED = {
    "pipeline.milestone_isolation": "every milestone is isolated now",
    "thresholds.milestone_lock_timeout": "use `thresholds.lock_timeout_minutes`",
    "thresholds.re_review_lines": "every fix is reviewed again now",
    "thresholds.phase_time_limit": "use `thresholds.turn_timeout_minutes`",
    "thresholds.phase_tool_limit": "use `thresholds.turn_timeout_minutes`",
    "thresholds.rfc_rounds": "there are at most 3 rounds",
}


def load(path: Path) -> Config:
    """The configuration in `path`; the defaults when there is no such file.

    Raises UserError (bad input) listing what is wrong, but not for an unknown key that changes nothing.
    """
    config, found = read(path)
    fatal = [d for d in found if d.severity is ERROR and d.code != "unknown-key"]
    if fatal:
        raise bad_input("\n".join(d.to_text() for d in fatal), f"correct {path} and run the command again")
    return config


def read(path: Path) -> tuple[Config, list[Diagnostic]]:
    """The configuration with everything that is wrong in it; a key that is wrong keeps its default."""
    reader = _Reader(source.relative(path, _root(path)))
    reader.mapping(_items(path, reader), "")
    return _config(reader.values), reader.found


def _root(path: Path) -> Path:
    return path.parent.parent if path.parent.name == ".orchestra" else path.parent


def _items(path: Path, reader: _Reader) -> dict[str, Item]:
    if not path.exists() and not path.is_symlink():
        return {}
    text, found = source.read(path, _root(path))
    reader.found += found
    root, problems = yamltext.read(text.text, reader.file) if text else (None, [])
    reader.found += problems
    if root and root.value is not None and not isinstance(root.value, dict):
        reader.say(root, "config", "the file is not a list of keys", "write `section:` and its keys below it")
    return root.mapping if root else {}


class _Reader:
    """Walks the file along `KEYS`, collecting `values` by full name and `found` diagnostics."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[str, Any] = {}
        self.places: dict[str, Item] = {}
        self.found: list[Diagnostic] = []

    def say(self, item: Item, code: str, message: str, hint: str) -> None:
        line, column = (item.key_line, item.key_column) if "key" in code and item.key_line else (item.line, item.column)
        self.found.append(Diagnostic(self.file, line, column, ERROR, code, message, hint))

    def mapping(self, items: Mapping[str, Item], prefix: str) -> None:
        for name, item in items.items():
            full = prefix + name
            if full in BY_NAME:
                self.value(BY_NAME[full], item)
            elif any(key.startswith(full + ".") for key in BY_NAME):
                self.section(full, item)
            else:
                self.unknown(full, prefix, item)

    def section(self, full: str, item: Item) -> None:
        if isinstance(item.value, dict):
            self.mapping(item.value, full + ".")
        elif item.value is not None:
            self.say(item, "bad-type", f"`{full}` holds keys, not a value", "indent its keys below it")

    def value(self, key: Key, item: Item) -> None:
        self.places[key.name] = item
        if item.value is None and key.kind != "command":
            return
        try:
            self.values[key.name] = _convert(key.kind)(item.plain())
        except ValueError as error:
            code = "bad-type" if isinstance(key.kind, str) else "bad-enum"
            self.say(item, code, f"`{key.name}` {_as_read(item) or error}", _value_hint(key, item))

    def unknown(self, full: str, prefix: str, item: Item) -> None:
        line, column = item.key_line or item.line, item.key_column or item.column
        if full in RETIRED:
            what = f"`{full}` is no longer used"
            self.found.append(Diagnostic(self.file, line, column, INFO, "retired-key", what, RETIRED[full]))
            return
        siblings = sorted({k.removeprefix(prefix).split(".")[0] for k in BY_NAME if k.startswith(prefix)})
        word = full.removeprefix(prefix)
        code = "misspelt-key" if _changes_meaning(prefix, word, siblings) else "unknown-key"
        self.say(item, code, f"`{full}` is not a key", did_you_mean(word, siblings))


def _changes_meaning(prefix: str, word: str, siblings: list[str]) -> bool:
    """Whether ignoring the key would do something else than its writer wants: a check that is never run,
    a gate that stays open. Any other unknown key lets an older file run."""
    return prefix == "verification." or bool(prefix and nearest(word, siblings))


def _convert(kind: type[StrEnum] | str) -> Callable[[object], Any]:
    if not isinstance(kind, str):
        return lambda value: _word(kind, value)
    plain = {"text": _text, "command": _command, "count": _count, "minutes": _minutes, "list": _list}
    plain |= {"limit": _limit, "amount": _amount}
    return {**plain, "flag": _flag, "backends": _backends, "owners": _owners}[kind]


def _word(kind: type[StrEnum], value: object) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        raise ValueError(f"cannot be `{str(value)[:60]}`") from None


def _text(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError("must be text")
    return str(value)


def _command(value: object) -> str:
    return "" if value is None else _text(value).strip()


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("must be a whole number above 0")
    return value


def _minutes(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise ValueError("must be a number of minutes above 0")
    return float(value)


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number, or 0")
    return value


def _amount(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise ValueError("must be a number, or 0")
    return float(value)


def _list(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise ValueError("must be a list of texts")
    return tuple(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be `true` or `false`")
    return value


def _backends(value: object) -> tuple[str, ...]:
    found = _list(value)
    wrong = [name for name in found if name not in set(BackendName)]
    if wrong:
        raise ValueError(f"names no backend with `{wrong[0][:60]}`")
    return found


def _owners(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not value or not all(isinstance(v, str) for v in value.values()):
        raise ValueError("must name a backend for each owner")
    pairs = tuple((str(owner), str(backend)) for owner, backend in value.items())
    _backends([backend for _, backend in pairs])
    return pairs


def _as_read(item: Item) -> str:
    """What YAML has made of `yes` or `off`, which may have been meant as a word; nothing for any other value."""
    read = "true" if item.value else "false"
    return f"cannot be `{item.written}`: to YAML that is the boolean {read}" if item.written else ""


def _value_hint(key: Key, item: Item) -> str:
    if key.kind in ("text", "command") and item.written:
        return f'write "{item.written}", in quotes'
    if isinstance(key.kind, str):
        return f"the default is {key.schema()['default']!r}"
    words = [word.value for word in key.kind]
    if item.written:
        return f"write one of: {', '.join(words)}"
    return did_you_mean(str(item.value), words)


def _config(values: Mapping[str, Any]) -> Config:
    def part(prefix: str) -> dict[str, Any]:
        names = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        return {k: v for k, v in names.items() if "." not in k}

    return Config(
        pipeline=PipelineConfig(models=Models(**part("pipeline.models.")), **part("pipeline.")),
        thresholds=Thresholds(**part("thresholds.")),
        breakers=Tolerance(**part("breakers.")),
        verification=Verification(**part("verification.")),
        git=GitConfig(**part("git.")),
        backend=_backend(part),
        leases=LeaseConfig(**part("leases.")),
        tmux=TmuxConfig(**part("tmux.")),
        sequential=SequentialConfig(**part("sequential.")),
        roundtable=RoundtableConfig(**part("roundtable.")),
        **part(""),
    )


_Agent = TypeVar("_Agent", bound=AgentConfig)


def _backend(part: Callable[[str], dict[str, Any]]) -> BackendConfig:
    made = BackendConfig(**part("backend."))
    return replace(
        made,
        claude=_agent(made.claude, part, "claude"),
        codex=_agent(made.codex, part, "codex"),
        opencode=_agent(made.opencode, part, "opencode"),
        gemini=_agent(made.gemini, part, "gemini"),
        codeagent_wrapper=replace(made.codeagent_wrapper, **part("backend.codeagent_wrapper.")),
    )


def _agent(default: _Agent, part: Callable[[str], dict[str, Any]], name: str) -> _Agent:
    return replace(default, models=TierModels(**part(f"backend.{name}.models.")), **part(f"backend.{name}."))


def places(path: Path) -> dict[str, tuple[int, int]]:
    """Line and column of each key's value in the file, for remarks about values that are well formed."""
    reader = _Reader("")
    reader.mapping(_items(path, reader), "")
    return {name: (item.line, item.column) for name, item in reader.places.items()}


def chosen(path: Path) -> frozenset[str]:
    """The names of the keys that the file at `path` gives a value, the default's or another."""
    reader = _Reader("")
    reader.mapping(_items(path, reader), "")
    return frozenset(reader.values)


def verification_commands(config: Config) -> list[tuple[str, str]]:
    """The (name, shell command) pairs to run, in order, without those that are switched off."""
    checks = config.verification
    pairs = [("typecheck", checks.typecheck), ("test", checks.test), ("lint", checks.lint)]
    return [(name, command) for name, command in pairs if command.strip()]


def missing_commands(config: Config, root: Path) -> list[Diagnostic]:
    """An error for each verification command whose program cannot be found from `root`."""
    from . import commandline

    path = root / ".orchestra" / "config.yml"
    where, found = places(path), list[Diagnostic]()
    for name, command in verification_commands(config):
        line, column = where.get(f"verification.{name}", (1, 1))
        if problem := commandline.missing(command, root):
            hint = f'{problem.hint}, or write `{name}: ""` to switch the check off'
            what = f"verification.{name} `{command}` cannot run: {problem.message}"
            found.append(Diagnostic(source.relative(path, root), line, column, ERROR, "missing-command", what, hint))
    return found


def schema() -> dict[str, Any]:
    """The JSON Schema of the file, as `schemas/config.schema.json` holds it."""
    root: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": ".orchestra/config.yml",
        "description": "How Orchestra works in this repository. Every key may be left out.",
        **_object(),
    }
    for key in KEYS:
        *sections, last = key.name.split(".")
        target = root
        for section in sections:
            target = target["properties"].setdefault(section, _object())
        target["properties"][last] = key.schema()
    return root


def _object() -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": False, "properties": {}}
