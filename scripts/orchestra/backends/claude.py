"""Claude Code as an agent: `claude -p`, with the guard before each tool call that writes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
    money,
    number,
    record,
    records,
)
from .base import TURN, AgentEvent, Task, TurnResult, Usage
from .guarding import claude_settings
from .program import Program, options
from .resets import seconds_until

_CAME_IN = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
_CAME_IN_TURN = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_FLAGS = ("-p", "--output-format", "stream-json", "--verbose")
_SPENT = {
    "error_max_turns": "it took as many turns as it may",
    "error_max_budget_usd": "it used as much money as it may",
}
# Nobody looks at a terminal, and a program that updates itself in the middle of a run is another one after it.
_ENV = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_TERMINAL_TITLE": "1"}


@dataclass(frozen=True)
class ClaudeBackend(Program):
    """Runs `claude` with these settings; `access` is its permission mode."""

    name: str = "claude"

    def argv(self, task: Task) -> tuple[str, ...]:
        chosen = {
            "--model": task.model,
            "--effort": self.settings.effort,
            "--resume": task.session,
            "--max-turns": str(task.answers_left) if task.answers_left else "",
            "--max-budget-usd": f"{task.cost_left_usd:.4f}" if task.cost_left_usd else "",
        }
        access = ("--permission-mode", self.settings.access) if self.settings.access else ()
        guard = ("--settings", claude_settings())
        return fed(
            task, found_program(self.settings.program), *_FLAGS, *access, *guard, *options(chosen), *self.settings.args
        )

    def env(self, task: Task) -> dict[str, str]:
        return {**_ENV, **super().env(task)}

    def events(self, line: str) -> Iterable[AgentEvent]:
        found = record(line)
        return tuple(_events(found)) if found else ()

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        return judge(task, ended, events, said(records(ended.stdout)))


def _events(found: Json) -> Iterator[AgentEvent]:
    session, kind = str(found.get("session_id") or ""), found.get("type")
    if kind == "assistant":
        yield from _answer(found, mapping(found.get("message")), session)
    elif kind == "user":
        yield from _results(mapping(found.get("message")).get("content"), session)
    elif kind == "rate_limit_event" and (left := _reset_in(found)) is not None:
        yield AgentEvent("limit", text="usage limit", reset_in=left, session=session)
    elif kind == "result":
        usage = replace(_usage(found), answers=number(found.get("num_turns")))
        yield AgentEvent("usage", usage=usage, session=session, data={"of": TURN})


def _answer(found: Json, message: Json, session: str) -> Iterator[AgentEvent]:
    """An answer comes in several records, each with a part of it and the tokens of all of it so far."""
    of = {"agent": str(found.get("parent_tool_use_id") or ""), "batch": str(message.get("id") or "")}
    usage = replace(_counted(mapping(message.get("usage"))), answers=1)
    yield AgentEvent("usage", usage=usage, session=session, data={"of": of["batch"]})
    for block in _blocks(message.get("content")):
        if block.get("type") == "text":
            yield AgentEvent("text", text=str(block.get("text") or ""), session=session)
        elif block.get("type") == "tool_use":
            yield called(block.get("name"), block.get("input"), session, id=block.get("id"), **of)


def _results(content: object, session: str) -> Iterator[AgentEvent]:
    for block in _blocks(content):
        if block.get("type") == "tool_result":
            yield came_back(
                block.get("tool_use_id"), _words(block.get("content")), bool(block.get("is_error")), session
            )


def _words(content: object) -> object:
    """A result as text where it is nothing but text."""
    blocks = _blocks(content)
    texts = [str(block.get("text") or "") for block in blocks if block.get("type") == "text"]
    return "\n".join(texts) if texts and len(texts) == len(blocks) else content


def _blocks(content: object) -> list[Json]:
    return list(map(mapping, content)) if isinstance(content, list) else []


def _reset_in(found: Json) -> float | None:
    """Seconds until a used-up limit is reset; None when nothing is used up."""
    info = mapping(found.get("rate_limit_info"))
    if info.get("status") != "rejected":
        return None
    return seconds_until(f"resets at {info.get('resetsAt')}", time.time())


def said(found: Iterable[Json]) -> Said:
    """What the records of a turn come to.

    There is a result for every time that a background agent woke the conversation, each with the sums so far; a
    program that was killed has printed none, and its tokens are those of the answers it has got.
    """
    result, session, reset, answers = Json(), "", 0.0, dict[str, Usage]()
    for one in found:
        session = str(one.get("session_id") or session)
        if one.get("type") == "assistant":
            message = mapping(one.get("message"))
            answers[str(message.get("id"))] = _counted(mapping(message.get("usage")))
        elif one.get("type") == "rate_limit_event":
            reset = _reset_in(one) or reset
        elif one.get("type") == "result":
            result = one
    if not result:
        return Said(usage=sum(answers.values(), Usage()), session=session, turns=len(answers), reset_in=reset)
    return Said(
        final=str(result.get("result") or ""),
        turns=number(result.get("num_turns")),
        usage=_usage(result),
        session=session,
        error=_error(result),
        closed=True,
        reset_in=reset,
        spent=_SPENT.get(str(result.get("subtype")), ""),
    )


def _counted(usage: Json) -> Usage:
    return Usage(sum(number(usage.get(key)) for key in _CAME_IN_TURN), number(usage.get("output_tokens")))


def _usage(result: Json) -> Usage:
    """The tokens of all models, sub-agents' included; `usage` alone is the main conversation's."""
    models = [mapping(one) for one in mapping(result.get("modelUsage")).values()]
    cost = money(result.get("total_cost_usd"))
    if not models:
        counted = _counted(mapping(result.get("usage")))
        return Usage(counted.input, counted.output, cost)
    came_in = sum(number(one.get(key)) for one in models for key in _CAME_IN)
    return Usage(came_in, sum(number(one.get("outputTokens")) for one in models), cost)


def _error(result: Json) -> str:
    if not result.get("is_error"):
        return ""
    listed = result.get("errors")
    told = "; ".join(map(str, listed)) if isinstance(listed, list) else ""
    words = [str(result.get("result") or ""), told, str(result.get("subtype") or "")]
    status = result.get("api_error_status")
    return f"{next((word for word in words if word), 'error')}{f' (status {status})' if status else ''}"
