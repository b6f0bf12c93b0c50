"""Codex as an agent: `codex exec`, with the guard before each tool call that writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

from ..proc import Ended
from .agent import (
    Json,
    Said,
    called,
    came_back,
    fed,
    found_program,
    judge,
    mapping,
    number,
    record,
    records,
)
from .base import AgentEvent, Task, TurnResult, Usage
from .guarding import codex_settings
from .program import Program

# Without the first one each exit waits five seconds for a network that may not be there. A login shell sets PATH anew,
# and `orchestra` is then not on it.
_SETTINGS = ("analytics.enabled=false", "check_for_update_on_startup=false", "allow_login_shell=false")
_TRUST = "--dangerously-bypass-hook-trust"
_ALL = "danger-full-access"
# It does not say how often it has asked the model: each call and each message is an answer of it.
_ANSWER = Usage(answers=1)
_CALLS = {"command_execution": "command", "file_change": "changes", "mcp_tool_call": "arguments", "web_search": "query"}


@dataclass(frozen=True)
class CodexBackend(Program):
    """Runs `codex` with these settings; `access` is its sandbox mode."""

    name: str = "codex"

    def argv(self, task: Task) -> tuple[str, ...]:
        resumed = ("resume", task.session) if task.session else ()
        lines = [*_SETTINGS, *self._access(), codex_settings()]
        if self.settings.effort:
            lines.append(f'model_reasoning_effort="{self.settings.effort}"')
        options = [word for line in lines for word in ("-c", line)]
        model = ("-m", task.model) if task.model else ()
        flags = ("--json", "--skip-git-repo-check", _TRUST)
        program = found_program(self.settings.program)
        return fed(task, program, "exec", *resumed, *flags, *options, *model, *self.settings.args, "-")

    def _access(self) -> tuple[str, ...]:
        # Settings rather than flags: a resumed session takes no --sandbox. There is nobody who could approve anything.
        return (f'sandbox_mode="{self.settings.access or _ALL}"', 'approval_policy="never"')

    def events(self, line: str) -> Iterable[AgentEvent]:
        found = record(line)
        return tuple(_events(found)) if found else ()

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        found = said(records(ended.stdout))
        if task.session and found.session == task.session:
            found = replace(found, usage=_since(found.usage, earlier(task)))
        return judge(task, ended, events, found)


def _events(found: Json) -> Iterator[AgentEvent]:
    kind, item = found.get("type"), mapping(found.get("item"))
    is_call = str(item.get("type")) in _CALLS
    if kind == "thread.started":
        yield AgentEvent("usage", session=str(found.get("thread_id") or ""))
    elif kind == "item.started" and is_call:
        yield replace(_call(item), usage=_ANSWER)
    elif kind == "item.completed" and item.get("type") == "agent_message":
        yield AgentEvent("text", text=str(item.get("text") or ""), usage=_ANSWER)
    elif kind == "item.completed" and is_call:
        yield came_back(item.get("id"), _output(item), _unsuccessful(item))
    elif kind == "turn.failed":
        yield AgentEvent("error", name="turn", text=_message(found))


def _call(item: Json) -> AgentEvent:
    kind = str(item["type"])
    # Of tools that are not its own, the type alone does not say which one it is.
    name = f"{item.get('server')}.{item.get('tool')}" if kind == "mcp_tool_call" else kind
    return called(name, item.get(_CALLS[kind]), id=item.get("id"))


def _output(item: Json) -> object:
    found = (item.get(key) for key in ("aggregated_output", "error", "result", "status"))
    return next((one for one in found if one), "")


def _unsuccessful(item: Json) -> bool:
    return bool(item.get("exit_code")) or item.get("status") in ("failed", "declined") or bool(item.get("error"))


def said(found: Iterable[Json]) -> Said:
    """What the records of a turn come to. The tokens are those of the whole thread, earlier turns included."""
    final, turns, usage, session, error, closed = "", 0, Usage(), "", "", False
    for one in found:
        kind, item = one.get("type"), mapping(one.get("item"))
        if kind == "thread.started":
            session = str(one.get("thread_id") or "")
        elif kind == "item.completed" and item.get("type") == "agent_message":
            final = str(item.get("text") or "")
        elif kind == "turn.completed":
            usage, closed, error = _counted(one), True, ""
            # Nothing came in: a hook has blocked the prompt.
            turns += usage.input > 0
        elif kind == "turn.failed" or (kind == "error" and not closed):
            error = _message(one) or "the turn failed"
    return Said(final, turns, usage, session, error, closed)


def _counted(one: Json) -> Usage:
    usage = mapping(one.get("usage"))
    return Usage(number(usage.get("input_tokens")), number(usage.get("output_tokens")))


def _message(one: Json) -> str:
    return str(one.get("message") or mapping(one.get("error")).get("message") or "")


def _since(now: Usage, before: Usage) -> Usage:
    return Usage(max(0, now.input - before.input), max(0, now.output - before.output))


def earlier(task: Task) -> Usage:
    """What the thread that a turn resumes had used before, by what its earlier turns printed.

    A fix goes on with the thread of an earlier attempt at its unit.
    """
    attempts = task.dir.parent.parent.glob(f"{escape(task.ticket.rpartition('-')[0])}-*/turn-*")
    turns = {*attempts, *task.dir.parent.glob("turn-*")} - {task.dir}
    outputs = (turn / "stdout" for turn in turns)
    totals = [found.usage for found in map(_printed, outputs) if found.session == task.session]
    return max(totals, key=lambda usage: usage.input + usage.output, default=Usage())


def _printed(output: Path) -> Said:
    return said(records(output))
