"""The one protocol of all agent programs: how a turn is started, read and judged.

A turn is one start of an agent program for one ticket. A backend says how to start it and what its output means;
`run_turn` does the rest on `proc.run`, so a turn that ran, runs, or is still to start is all one call.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from ..core.words import ExitClass
from ..proc import Ended, Job, clean_env, run
from ..proc.sandbox import Box, Own
from .claim import Claim, read_claim
from .lines import Lines

HALT = "<promise>HALT</promise>"
# As Markdown has them; other marks of Unicode end no line.
_LINE_END = re.compile(r"\r\n?|\n")
LOST = "lost"
SAID = "said"
TURN = "turn"
# What the agent programs call the tool that runs a command.
SHELLS = frozenset(
    {"bash", "powershell", "shell", "local_shell", "exec_command", "command_execution", "run_shell_command"}
)
_KEPT_TEXTS = 200
_KEPT_CHARS = 64 << 10

EventKind = Literal["text", "tool_call", "tool_result", "usage", "limit", "error"]


@dataclass(frozen=True)
class Usage:
    """Tokens, US dollars, and answers of the model."""

    input: int = 0
    output: int = 0
    cost_usd: float = 0.0
    answers: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cost_usd + other.cost_usd,
            self.answers + other.answers,
        )

    def __sub__(self, other: Usage) -> Usage:
        return self + Usage(-other.input, -other.output, -other.cost_usd, -other.answers)


@dataclass(frozen=True)
class AgentEvent:
    """One thing an agent said or did, in its own order.

    text: `text`. tool_call: `name` is the tool, `text` what it was called with; `data` has `input` (all of that), and
    where they are known `id`, `agent` (the conversation) and `batch` (the message). tool_result: `text` is what came
    back, shortened; `data` has the call's `id`, `digest` (of all of it) and `failed`. usage: `usage`, which is to be
    added; where `data` has `of`, it takes the place of what was said of the same thing before, with `of` TURN of
    everything. limit: `reset_in` seconds (0: unknown) and `text`. error: `name` is an exit class or a word of the
    backend's own, `text` says more.
    """

    kind: EventKind
    text: str = ""
    name: str = ""
    usage: Usage = Usage()
    reset_in: float = 0.0
    session: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One turn to be run. `dir` is its own directory, the same again after a restart; times in seconds, 0 for none.

    `environment` is what it may inherit, cleaned. `box` is what is put around the program, None for nothing.
    `project_bin` is the directory of the `orchestra` program, put first on PATH; `session` a token to resume.
    `answers_left` of the model and `cost_left_usd` are what the turn may use (0: not limited), for programs that can be
    told.
    """

    ticket: str
    unit: str
    role: str
    attempt: int
    turn: int
    dir: Path
    worktree: Path
    prompt_file: Path
    scope_file: Path
    project: Path
    model: str = ""
    session: str = ""
    wall_s: float = 0.0
    idle_s: float = 0.0
    project_bin: str = ""
    purpose: str = ""
    box: Box | None = None
    answers_left: int = 0
    cost_left_usd: float = 0.0
    environment: Mapping[str, str] = field(default_factory=lambda: clean_env(os.environ, {}))

    @property
    def said(self) -> Path:
        """Where the program's report goes: in a box, the one part of `dir` that it may write."""
        return self.dir / SAID if self.box is not None else self.dir


@dataclass(frozen=True)
class TurnResult:
    """How a turn ended. `claim` is what the agent says of its work, None when it said nothing usable.

    `reset_in`: seconds until a limited backend may go on (0: unknown). `lost`: the program died with its
    supervisor or the machine, which says nothing about the agent. `forgotten`: the session to be resumed is not there,
    so nothing was done; the same turn is to be started again without it.
    """

    exit_class: ExitClass
    final: str = ""
    claim: Claim | None = None
    usage: Usage = Usage()
    session: str = ""
    reset_in: float = 0.0
    reason: str = ""
    duration_s: float = 0.0
    lost: bool = False
    forgotten: bool = False


@dataclass(frozen=True)
class Opened:
    """What a backend's program has to write, and to read though it may lie among temporary files.

    `own` are directories that it has for itself.
    """

    writes: tuple[Path, ...] = ()
    reads: tuple[Path, ...] = ()
    own: tuple[Own, ...] = ()


@runtime_checkable
class Opens(Protocol):
    """A backend whose program needs more than its work tree, when it is in a box."""

    def opens(self, task: Task) -> Opened:
        """Existing directories and files, its own ones alone."""


class Backend(Protocol):
    """One agent program."""

    @property
    def name(self) -> str: ...

    def argv(self, task: Task) -> tuple[str, ...]:
        """The program and its arguments. Raises UserError when it cannot be started.

        May write files that the program reads into `task.dir`, the same ones at each call.
        """

    def env(self, task: Task) -> dict[str, str]:
        """What the program's environment has on top of the cleaned one."""

    def inherits(self, name: str) -> bool:
        """Whether the program gets the variable `name` of the user's shell."""

    def events(self, line: str) -> Iterable[AgentEvent]:
        """What one line of output means; a line that means nothing gives nothing."""

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        """What the turn came to. `events` is bounded: usage is summed, only the last texts are there."""


async def run_turn(
    backend: Backend,
    task: Task,
    on_event: Callable[[AgentEvent], None] | None = None,
    permit: Callable[[], None] = lambda: None,
) -> TurnResult:
    """Run one turn, or find it again by `task.dir`: running, ended or lost.

    `on_event` gets the events of the whole turn from its start, also when it is found again. `permit` is called before
    the program begins; if it raises, nothing begins.
    Raises UserError when the program's directory cannot be written.
    """
    log, calls = EventLog(), OpenCalls()

    def take(line: str) -> None:
        for event in backend.events(line):
            log.add(event)
            calls.add(event)
            if on_event:
                on_event(event)

    lines = Lines(take)
    ended = await run(job_of(backend, task), on_output=lines.feed, busy=calls.any, permit=permit)
    lines.end()
    return replace(backend.finish(task, ended, log.events()), duration_s=ended.duration_s)


def job_of(backend: Backend, task: Task) -> Job:
    """The job that is one turn; `proc.stop` and `proc.abandon` take its `dir`, which is `task.dir`."""
    inherited = {name: value for name, value in task.environment.items() if backend.inherits(name)}
    env = {**inherited, **backend.env(task)}
    if task.project_bin:
        env["PATH"] = f"{task.project_bin}{os.pathsep}{env.get('PATH', os.defpath)}"
    return Job(task.dir, _boxed(backend, task), task.worktree, env, task.wall_s, task.idle_s)


def _boxed(backend: Backend, task: Task) -> tuple[str, ...]:
    argv = backend.argv(task)
    if task.box is None:
        return argv
    task.said.mkdir(parents=True, exist_ok=True)
    own = backend.opens(task) if isinstance(backend, Opens) else Opened()
    box = replace(task.box, writes=(*task.box.writes, *own.writes), reads=(*task.box.reads, *own.reads), own=own.own)
    return box.argv(task.worktree, argv)


def turn_env(task: Task) -> dict[str, str]:
    """The variables that every agent program gets."""
    return {
        "ORCHESTRA_TICKET": task.ticket,
        "ORCHESTRA_UNIT": task.unit,
        "ORCHESTRA_ROLE": str(task.role),
        "ORCHESTRA_ATTEMPT": str(task.attempt),
        "ORCHESTRA_PROMPT_FILE": str(task.prompt_file),
        "ORCHESTRA_SCOPE": str(task.scope_file),
        "ORCHESTRA_PROJECT": str(task.project),
        "ORCHESTRA_TURN_DIR": str(task.said.absolute()),
    }


def result_of(task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
    """What is the same for every backend: the claim, the final text, and ends that the agent did not choose.

    The exit class is OK where the program ended by itself: the backend looks further.
    """
    claim, why = read_claim(task.said)
    exit_class, reason = _ENDS.get(ended.cause, (ExitClass.OK, ""))
    final = next((event.text for event in reversed(events) if event.kind == "text"), "")
    return TurnResult(
        exit_class=exit_class,
        final=final,
        claim=claim,
        usage=sum((event.usage for event in events), Usage()),
        session=next((event.session for event in reversed(events) if event.session), task.session),
        reason=reason or why,
        duration_s=ended.duration_s,
        lost=ended.cause == LOST,
    )


_CIRCLES = "it went in circles"
# By the cause that is recorded for the end of a program.
_ENDS: dict[str, tuple[ExitClass, str]] = {
    "timeout": (ExitClass.TIMEOUT, "the time limit of the turn is over"),
    "idle": (ExitClass.HANG, "no output and no work for too long"),
    "stopped": (ExitClass.STOPPED, "stopped"),
    "refused": (ExitClass.STOPPED, "the turn was abandoned before it started"),
    **{word: (word, _CIRCLES) for word in (ExitClass.STAGNANT, ExitClass.SPIRAL, ExitClass.ERROR_ECHO)},
    ExitClass.SPENT: (ExitClass.SPENT, "the unit's budget is used up"),
    LOST: (ExitClass.CRASH, LOST),
}


def halted(final: str) -> bool:
    """Whether a final message asks the whole run to halt: the promise alone on a line, and not in a code block."""
    lines = [number for number, line in enumerate(_LINE_END.split(final)) if line.strip() == HALT]
    return bool(lines) and not code_lines(final).issuperset(lines)


def code_lines(text: str) -> frozenset[int]:
    """The lines, counted from 0, that are in a code block, of a list or quotation too: they quote somebody."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark")
    reader.core.ruler.enableOnly(["normalize", "block"])
    blocks = (token.map for token in reader.parse(text) if token.type in ("fence", "code_block") and token.map)
    return frozenset(number for block in blocks for number in range(*block))


class Meter:
    """Adds up what a turn has used, as it streams."""

    def __init__(self) -> None:
        self.total = Usage()
        self._parts: dict[str, Usage] = {}

    def add(self, event: AgentEvent) -> None:
        of = str(event.data.get("of") or "") if event.kind == "usage" else ""
        if of == TURN:
            self.total, self._parts = event.usage, {}
            return
        if of:
            self.total -= self._parts.get(of, Usage())
            self._parts[of] = event.usage
        self.total += event.usage


class OpenCalls:
    """The commands that an agent has called and that have not come back yet."""

    def __init__(self) -> None:
        self._open: set[str] = set()

    def add(self, event: AgentEvent) -> None:
        id = str(event.data.get("id") or "")
        if event.kind == "tool_call" and event.name.lower() in SHELLS:
            self._open.add(id)
        elif event.kind == "tool_result":
            self._open.discard(id)

    def any(self) -> bool:
        return bool(self._open)


class EventLog:
    """The events of a turn in bounded memory: usage summed, every kind's last ones kept."""

    def __init__(self) -> None:
        self._meter = Meter()
        self._last: dict[str, AgentEvent] = {}
        self._texts: list[AgentEvent] = []

    def add(self, event: AgentEvent) -> None:
        self._meter.add(event)
        if event.kind == "text":
            self._texts.append(replace(event, text=event.text[-_KEPT_CHARS:], usage=Usage()))
            del self._texts[:-_KEPT_TEXTS]
        else:
            key = f"{event.kind} {event.name}" if event.kind == "error" else event.kind
            if key in self._last or len(self._last) < _KEPT_TEXTS:
                self._last[key] = event

    def events(self) -> tuple[AgentEvent, ...]:
        others = (replace(event, usage=Usage()) for event in self._last.values() if event.kind != "usage")
        session = next((e.session for e in self._last.values() if e.kind == "usage" and e.session), "")
        return (*others, *self._texts, AgentEvent("usage", usage=self._meter.total, session=session))
