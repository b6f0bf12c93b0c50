"""The two agent programs: how each is called, pointed at a played model, and read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
# Accepted by nothing but a played model.
KEY = "made-up-key-of-a-test"


@dataclass(frozen=True)
class Task:
    """One headless call. `resume` is the session id of an earlier one; `extra` are further arguments."""

    prompt: str
    resume: str = ""
    model: str = ""
    extra: Sequence[str] = ()


@dataclass
class Result:
    """How a call ended. `ok` wants a turn of the model too: a client calls an unknown command a success.

    `tokens` are (input with what came from a cache, output) of all models, `turns` those of the main conversation.
    A resumed Codex session counts all of its tokens again.
    """

    code: int
    out: str
    err: str
    ok: bool = False
    text: str = ""
    session: str = ""
    turns: int = 0
    tokens: tuple[int, int] = (0, 0)
    error: str = ""
    timed_out: bool = False
    events: list[Json] = field(default_factory=list)


class Program(NamedTuple):
    """`{BASE}` in arguments and environment stands for the model's address."""

    name: str
    argv: Callable[[Task], list[str]]
    env: dict[str, str]
    read: Callable[[Result], None]


def _claude_argv(task: Task) -> list[str]:
    head = ["claude", "-p", "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"]
    model = ["--model", task.model] if task.model else []
    resume = ["--resume", task.resume] if task.resume else []
    return [*head, *model, *resume, *task.extra, "--", task.prompt]


CLAUDE_ENV = {
    "ANTHROPIC_BASE_URL": "{BASE}",
    "ANTHROPIC_API_KEY": KEY,
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_MAX_RETRIES": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    # Root may skip permissions only where it says that it is in a sandbox.
    "IS_SANDBOX": "1",
}


def _events(out: str) -> list[Json]:
    """The JSON lines of an output; a client prints warnings between them."""
    found = []
    for line in out.splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def _read_claude(result: Result) -> None:
    result.events = _events(result.out)
    # One for every time that a background agent woke the main conversation.
    last = next((one for one in reversed(result.events) if one.get("type") == "result"), None)
    if last is None:
        result.error = result.err.strip()[-400:] or "it printed no result"
        return
    result.text, result.session = str(last.get("result") or ""), str(last.get("session_id") or "")
    result.turns = int(last.get("num_turns", 0))
    used = list((last.get("modelUsage") or {}).values())
    came_in = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    result.tokens = (sum(one.get(key, 0) for one in used for key in came_in), sum(one["outputTokens"] for one in used))
    failed = bool(last.get("is_error")) or result.code != 0
    result.ok = not failed and result.turns > 0
    if not result.ok:
        result.error = result.text or str(last.get("errors") or last.get("subtype"))


def _codex_argv(task: Task) -> list[str]:
    resume = ["resume", task.resume] if task.resume else []
    chosen = ["-m", task.model] if task.model else []
    flags = ["--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    settings = [word for line in CODEX_SETTINGS for word in ("-c", line)]
    trust = "--dangerously-bypass-hook-trust"
    return ["codex", "exec", *resume, *flags, trust, *settings, *chosen, *task.extra, "--", task.prompt]


CODEX_SETTINGS = (
    'model="gpt-5.5"',
    'model_provider="played"',
    'model_providers.played={name="played",base_url="{BASE}/v1",wire_api="responses",'
    "request_max_retries=1,stream_max_retries=1}",
    # Without it each exit waits five seconds for a network that is not there.
    "analytics.enabled=false",
    "check_for_update_on_startup=false",
)


def _read_codex(result: Result) -> None:
    result.events = _events(result.out)
    for event in result.events:
        _READ_EVENT.get(str(event.get("type")), _ignore)(result, event)
    result.ok = result.code == 0 and result.turns > 0 and result.tokens[0] > 0 and not result.error
    if not result.ok and not result.error:
        result.error = result.err.strip()[-400:] or "no turn was completed"


def _ignore(_result: Result, _event: Json) -> None:
    pass


def _thread(result: Result, event: Json) -> None:
    result.session = str(event["thread_id"])


def _item(result: Result, event: Json) -> None:
    if event["item"].get("type") == "agent_message":
        result.text = str(event["item"].get("text", ""))


def _turn(result: Result, event: Json) -> None:
    result.turns += 1
    result.tokens = (event["usage"].get("input_tokens", 0), event["usage"].get("output_tokens", 0))


def _failed(result: Result, event: Json) -> None:
    result.error = str((event.get("error") or {}).get("message", "failed"))


_READ_EVENT: dict[str, Callable[[Result, Json], None]] = {
    "thread.started": _thread,
    "item.completed": _item,
    "turn.completed": _turn,
    "turn.failed": _failed,
}

CLAUDE = Program("claude", _claude_argv, CLAUDE_ENV, _read_claude)
CODEX = Program("codex", _codex_argv, {}, _read_codex)
