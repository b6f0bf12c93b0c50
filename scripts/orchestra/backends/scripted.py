"""The deterministic backend of demo and tests: a YAML script in place of a model."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from ..core.words import ExitClass
from ..errors import bad_input
from ..proc import Ended
from . import scripted_agent
from .base import AgentEvent, EventKind, Opened, Task, TurnResult, Usage, halted, result_of, turn_env

_CLASSES = {
    "overloaded": ExitClass.OVERLOADED,
    "auth": ExitClass.AUTH,
    "context-overflow": ExitClass.CONTEXT_OVERFLOW,
    "garbage": ExitClass.GARBAGE,
}


def check_script(path: Path) -> None:
    """Raise UserError (exit 65) with file and line unless the script can be used."""
    try:
        scripted_agent.load(path)
    except scripted_agent.BadScript as error:
        hint = "Correct the line; the form is described with the scripted backend."
        raise bad_input(f"{path}:{error.line}: {error.message}.", hint) from error
    except OSError as error:
        raise bad_input(f"The script {path} cannot be read: {error.strerror}.", "Check --script.") from error


@dataclass(frozen=True)
class ScriptedBackend:
    """Follows `script`; `counts` is where used-up rules are counted, one directory a run."""

    script: Path
    counts: Path | None = None
    name: str = "scripted"

    def argv(self, task: Task) -> tuple[str, ...]:
        agent = str(Path(scripted_agent.__file__).resolve())
        return (sys.executable, "-I", agent, str(self.script), str(self._counts(task)), str(task.turn), task.purpose)

    def _counts(self, task: Task) -> Path:
        return self.counts or task.dir.parent / "scripted-counts"

    def opens(self, task: Task) -> Opened:
        counts = self._counts(task)
        counts.mkdir(parents=True, exist_ok=True)
        return Opened((counts,), (self.script,))

    def env(self, task: Task) -> dict[str, str]:
        return turn_env(task)

    def inherits(self, name: str) -> bool:
        return True

    def events(self, line: str) -> Iterable[AgentEvent]:
        if not line.strip():
            return ()
        try:
            return (_event(json.loads(line)),)
        except (ValueError, TypeError, KeyError, RecursionError):
            return (AgentEvent("error", name="garbage", text=line[:200]),)

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        result = result_of(task, ended, events)
        if result.exit_class is not ExitClass.OK:
            return result
        if ended.code == 0 and halted(result.final):
            return replace(result, exit_class=ExitClass.HALT, reason="the agent asked to halt")
        if ended.code == 0 and result.claim:
            return result
        return _failed(result, ended, events)


def _failed(result: TurnResult, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
    limit = next((event for event in events if event.kind == "limit"), None)
    if limit:
        return replace(result, exit_class=ExitClass.LIMIT, reset_in=limit.reset_in, reason=limit.text)
    error = next((event for event in reversed(events) if event.kind == "error"), None)
    if error:
        return replace(result, exit_class=_CLASSES.get(error.name, ExitClass.FAILED), reason=error.text)
    if ended.code == 0:
        return replace(result, exit_class=ExitClass.GARBAGE, reason=result.reason or "the agent left no report")
    return replace(result, exit_class=ExitClass.CRASH, reason=f"exit code {ended.code}")


def _event(data: dict[str, Any]) -> AgentEvent:
    if data["kind"] not in get_args(EventKind):
        raise ValueError(data["kind"])
    usage = data.get("usage") or {}
    return AgentEvent(
        kind=data["kind"],
        text=str(data.get("text", "")),
        name=str(data.get("name", "")),
        usage=Usage(int(usage.get("input", 0)), int(usage.get("output", 0)), float(usage.get("cost_usd", 0.0))),
        reset_in=float(data.get("reset_in", 0.0)),
        data=data.get("data") or {},
    )
