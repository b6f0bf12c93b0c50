"""What the bundle costs in context, from the bytes that the real clients sent.

Tokens are estimated as bytes / 4: the tokenizers of the models are not public, and English prose and JSON lie near it.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.clients.brain import Brain
from tests.support.clients.request import ANTHROPIC, Request, blocks, text_of
from tests.support.clients.world import World

Json = dict[str, Any]
BYTES_A_TOKEN = 4


def tokens(size: int) -> int:
    """About how many tokens `size` bytes are."""
    return math.ceil(size / BYTES_A_TOKEN)


class Added(NamedTuple):
    """What one request has more than another: bytes in all, and the lines of text."""

    size: int
    lines: list[str]


class Step(NamedTuple):
    """One tool call of a conversation and what came back ("" when nothing has yet)."""

    name: str
    input: str
    result: str


def always_on(world: World, root: Path, **task: Any) -> Added:
    """What the bundle at `root` adds to the first request of every session of Claude, SessionStart included.

    Runs the client twice, without and with it; further arguments are those of `World.run`.
    """
    first = []
    for extra in ([], ["--plugin-dir", str(root)]):
        model = world.play(Brain())
        result = world.claude("HELLO", extra=extra, **task)
        assert result.ok, result.error
        first.append(model.requests[0])
    return added(*first)


def always_on_codex(world: World, root: Path) -> Added:
    """The same for Codex, which has the bundle once it is installed. Its own words about plugins are included."""
    first = []
    for words in ((), (("marketplace", "add", root), ("add", "orchestra@orchestra"))):
        for one in words:
            called = world.call("codex", "plugin", *one)
            assert called.code == 0, called.err
        model = world.play(Brain())
        result = world.codex("HELLO")
        assert result.ok, result.error
        first.append(model.requests[0])
    return added(*first)


def added(base: Request, full: Request) -> Added:
    """How `full` differs from `base`."""
    compared = difflib.ndiff(list(_lines(base)), list(_lines(full)))
    return Added(full.sizes()["total"] - base.sizes()["total"], [line[2:] for line in compared if line[0] == "+"])


def _lines(request: Request) -> Iterable[str]:
    # The client's own line about itself changes from call to call.
    texts = [request.system, *request.users, *(json.dumps(tool) for tool in request.body.get("tools") or [])]
    return (line for text in texts for line in text.splitlines() if not line.startswith("x-anthropic-billing"))


def conversations(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """The requests by the first message of their conversation, in order. A compaction begins another."""
    found: dict[str, list[Request]] = {}
    for request in requests:
        found.setdefault(request.first_user, []).append(request)
    return found


def grown(conversation: Sequence[Request]) -> int:
    """Bytes that a conversation has gathered between its first and its last request."""
    return conversation[-1].sizes()["messages"] - conversation[0].sizes()["messages"]


def steps(request: Request) -> list[Step]:
    """All tool calls in the history that a request carries."""
    calls, results = (_anthropic_steps if request.api == ANTHROPIC else _responses_steps)(request.body)
    return [Step(name, given, results.get(id_, "")) for id_, (name, given) in calls.items()]


Calls = dict[str, tuple[str, str]]


def _anthropic_steps(body: Json) -> tuple[Calls, dict[str, str]]:
    every = [block for message in body.get("messages") or [] for block in blocks(message.get("content"))]
    calls = {one["id"]: (one["name"], json.dumps(one["input"])) for one in every if one["type"] == "tool_use"}
    results = {one["tool_use_id"]: text_of(one.get("content")) for one in every if one["type"] == "tool_result"}
    return calls, results


def _responses_steps(body: Json) -> tuple[Calls, dict[str, str]]:
    every = [item for item in body.get("input") or [] if isinstance(item, dict) and "call_id" in item]
    asked = [item for item in every if not item["type"].endswith("_output")]
    calls = {one["call_id"]: (one["name"], str(one.get("arguments") or one.get("input"))) for one in asked}
    answered = (item for item in every if item["type"].endswith("_output"))
    return calls, {item["call_id"]: _output(item.get("output")) for item in answered}


def _output(value: object) -> str:
    return value if isinstance(value, str) else text_of(value)


def exchanged(conversation: Sequence[Request], pattern: str) -> int:
    """Bytes of the calls whose input matches `pattern`, with their results: `orchestra (next|brief|report)`, say."""
    found = (step for step in steps(conversation[-1]) if re.search(pattern, step.input))
    return sum(len((step.input + step.result).encode()) for step in found)


def table(rows: Mapping[str, int]) -> str:
    """`rows` (what: bytes) as Markdown, with the estimate of tokens."""
    head = ["| What | Bytes | Tokens, about |", "|---|---:|---:|"]
    return "\n".join([*head, *(f"| {what} | {size:,} | {tokens(size):,} |" for what, size in rows.items())])
