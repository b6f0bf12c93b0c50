"""Gemini CLI as an agent: `gemini`, its tools that edit files held to the scope by a policy."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..core.words import ExitClass
from ..files import put
from ..proc import Ended
from ..proc.output import read_bounded
from .agent import (
    Json,
    Said,
    called,
    came_back,
    classed,
    fed,
    found_program,
    judge,
    mapping,
    number,
    record,
    records,
)
from .base import AgentEvent, Task, TurnResult, Usage
from .failures import failure
from .guarding import gemini_policy, scope_of
from .program import Program, options

POLICY = "gemini-policy.toml"
_LOG_BYTES = 64 << 10
_REFUSED = re.compile(r"Attempt \d+ failed")


@dataclass(frozen=True)
class GeminiBackend(Program):
    """Runs `gemini` with these settings; `access` is its approval mode."""

    name: str = "gemini"

    def argv(self, task: Task) -> tuple[str, ...]:
        chosen = {"-m": task.model, "--approval-mode": self.settings.access, "-r": task.session}
        # A work tree is new every time, so nobody has said yet that it is trusted.
        flags = ("--output-format", "stream-json", "--skip-trust")
        program = found_program(self.settings.program)
        return fed(task, program, *flags, *_policy(task), *options(chosen), *self.settings.args)

    def events(self, line: str) -> Iterable[AgentEvent]:
        found = record(line)
        event = _event(found) if found else None
        return (event,) if event else ()

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        result = judge(task, ended, events, said(records(ended.stdout)))
        if result.exit_class not in (ExitClass.HANG, ExitClass.TIMEOUT) or result.claim:
            return result
        # It asks a service that refuses up to ten times, for minutes, and prints nothing else.
        found = failure(_last_refusal(ended), time.time())
        return classed(result, found) if found else result


def _last_refusal(ended: Ended) -> str:
    # That it was answered since is not told. Then the same attempt goes on once more, and its next silence counts.
    lines = read_bounded(ended.stderr, _LOG_BYTES).decode("utf-8", "replace").splitlines()
    return next((line for line in reversed(lines) if _REFUSED.match(line)), "")


def _policy(task: Task) -> tuple[str, ...]:
    globs = scope_of(task)
    if globs is None:
        return ()
    file = task.dir / POLICY
    put(file, gemini_policy(globs, str(task.worktree)).encode())
    return ("--policy", str(file))


def _event(found: Json) -> AgentEvent | None:
    kind = found.get("type")
    if kind == "init":
        return AgentEvent("usage", session=str(found.get("session_id") or ""))
    # The user's message is printed too: it is the brief, and says nothing about the agent.
    if kind == "message" and found.get("role") == "assistant":
        pieces = {"delta": True} if found.get("delta") else {}
        return AgentEvent("text", text=str(found.get("content") or ""), data=pieces)
    if kind == "tool_use":
        call = called(found.get("tool_name"), found.get("parameters"), id=found.get("tool_id"))
        return replace(call, usage=Usage(answers=1))
    if kind == "tool_result":
        output = mapping(found.get("error")).get("message") or found.get("output") or ""
        return came_back(found.get("tool_id"), output, found.get("status") == "error")
    if kind == "result":
        return AgentEvent("usage", usage=_counted(found))
    return None


def said(found: Iterable[Json]) -> Said:
    """What the records of a turn come to. A message comes in pieces.

    The final one is all that follows the last tool call.
    """
    final, turns, usage, session, error, closed = "", 0, Usage(), "", "", False
    speaking = False
    for one in found:
        kind = one.get("type")
        if kind == "init":
            session = str(one.get("session_id") or "")
        elif kind == "message" and one.get("role") == "assistant":
            piece = str(one.get("content") or "")
            final, turns = (final + piece, turns) if speaking and one.get("delta") else (piece, turns + 1)
            speaking = True
        elif kind == "tool_use":
            turns, speaking = turns + 1, False
        elif kind == "error":
            error = str(one.get("message") or "")
        elif kind == "result":
            usage, closed = _counted(one), True
            error = "" if one.get("status") == "success" else _message(one)
    return Said(final, turns, usage, session, error, closed)


def _counted(one: Json) -> Usage:
    stats = mapping(one.get("stats"))
    return Usage(number(stats.get("input_tokens")), number(stats.get("output_tokens")))


def _message(one: Json) -> str:
    error = one.get("error")
    return str(mapping(error).get("message") or (json.dumps(error) if error else "the turn failed"))
