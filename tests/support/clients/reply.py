"""What a played model answers: text, tool calls, token counts, or an error, in the words of each API."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.clients.request import ANTHROPIC, CHAT, GEMINI, RESPONSES, Request

Json = dict[str, Any]
Event = tuple[str, Json]


@dataclass(frozen=True)
class Text:
    """Something said."""

    text: str


@dataclass(frozen=True)
class Call:
    """A tool call. `custom` and `namespace` are of the Responses API (Codex: apply_patch, multi_agent_v1)."""

    name: str
    input: Json | str
    custom: bool = False
    namespace: str = ""
    id: str = field(default_factory=lambda: f"toolu_{uuid.uuid4().hex[:24]}")


Block = Text | Call


@dataclass(frozen=True)
class Usage:
    """Token counts to be reported; None means a quarter of the bytes. A client compacts by these numbers."""

    input: int | None = None
    output: int | None = None
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True)
class Reply:
    """One answer. With `status` other than 200 it is an error that says `error`. `name` is for the log.

    `headers` and `details` (more keys of the error object) go with an error.
    `kill` ends the client instead of answering: "client" only the program itself, "tree" all it has started too,
    "agent" the program that `orchestra run` has started for it.
    """

    blocks: Sequence[Block] = ()
    usage: Usage = Usage()
    name: str = ""
    status: int = 200
    error: str = "scripted"
    kill: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Json = field(default_factory=dict)


Answer = Reply | Block | str | Sequence[Block]


def reply(answer: Answer, name: str = "") -> Reply:
    """Whatever a behaviour returned, as a Reply with `name` unless it has one."""
    if isinstance(answer, Reply):
        return answer if answer.name else replace(answer, name=name)
    if isinstance(answer, str):
        answer = Text(answer)
    return Reply([answer] if isinstance(answer, Text | Call) else answer, name=name)


def costing(answer: Answer, **usage: int) -> Reply:
    """`answer` with token counts; the names are those of Usage."""
    return replace(reply(answer), usage=Usage(**usage))


def bash(command: str, **more: Any) -> Call:
    """Claude's shell."""
    return Call("Bash", {"command": command, "description": "runs a command", **more})


def write(path: object, content: str) -> Call:
    """Claude's Write."""
    return Call("Write", {"file_path": str(path), "content": content})


def edit(path: object, old: str, new: str) -> Call:
    """Claude's Edit; the client wants a Read of the file before it."""
    return Call("Edit", {"file_path": str(path), "old_string": old, "new_string": new})


def read(path: object) -> Call:
    """Claude's Read."""
    return Call("Read", {"file_path": str(path)})


def agent(kind: str, prompt: str, **more: Any) -> Call:
    """Claude's Agent: a sub-agent of the type `kind`."""
    return Call("Agent", {"description": "a sub-agent", "subagent_type": kind, "prompt": prompt, **more})


def shell(command: str) -> Call:
    """Codex's shell."""
    return Call("exec_command", {"cmd": command})


def patch(text: str) -> Call:
    """Codex's apply_patch; `text` stands between its Begin and End lines."""
    return Call("apply_patch", f"*** Begin Patch\n{text}*** End Patch\n", custom=True)


def spawn(prompt: str, kind: str = "") -> Call:
    """Codex's sub-agent; its result names the id to wait for."""
    chosen = {"agent_type": kind} if kind else {}
    return Call("spawn_agent", {"message": prompt, **chosen}, namespace="multi_agent_v1")


def wait_agent(*ids: str) -> Call:
    """Codex: wait for sub-agents."""
    return Call("wait_agent", {"targets": list(ids), "timeout_ms": 30000}, namespace="multi_agent_v1")


def render(request: Request, answer: Reply) -> tuple[list[Event], Json]:
    """The events of a stream, and the body for a client that does not stream."""
    counts = _counts(request, answer)
    return _RENDERERS[request.api](request, answer, counts)


def _counts(request: Request, answer: Reply) -> tuple[int, int]:
    said = sum(len(one.text) if isinstance(one, Text) else len(json.dumps(one.input)) for one in answer.blocks)
    given = answer.usage
    return (
        max(1, len(request.raw) // 4) if given.input is None else given.input,
        max(1, said // 4) if given.output is None else given.output,
    )


def _id(prefix: str) -> str:
    return prefix + uuid.uuid4().hex[:24]


def _anthropic(request: Request, answer: Reply, counts: tuple[int, int]) -> tuple[list[Event], Json]:
    content = [
        {"type": "text", "text": one.text}
        if isinstance(one, Text)
        else {"type": "tool_use", "id": one.id, "name": one.name, "input": one.input}
        for one in answer.blocks
    ]
    stop = "tool_use" if any(one["type"] == "tool_use" for one in content) else "end_turn"
    usage = {
        "input_tokens": counts[0],
        "output_tokens": counts[1],
        "cache_read_input_tokens": answer.usage.cache_read,
        "cache_creation_input_tokens": answer.usage.cache_write,
    }
    head = {"id": _id("msg_"), "type": "message", "role": "assistant", "model": request.model, "stop_sequence": None}
    body = {**head, "content": content, "stop_reason": stop, "usage": usage}
    start: Json = {**head, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    ending = {"delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}
    events = [
        ("message_start", {"message": start}),
        *(event for index, one in enumerate(content) for event in _content_events(index, one)),
        ("message_delta", ending),
        ("message_stop", {}),
    ]
    return [(name, {"type": name, **data}) for name, data in events], body


def _content_events(index: int, block: Json) -> Iterator[Event]:
    if block["type"] == "text":
        empty: Json = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield "content_block_start", {"index": index, "content_block": empty}
    yield "content_block_delta", {"index": index, "delta": delta}
    yield "content_block_stop", {"index": index}


def _responses(request: Request, answer: Reply, counts: tuple[int, int]) -> tuple[list[Event], Json]:
    output = [_item(one) for one in answer.blocks]
    usage = {
        "input_tokens": counts[0],
        "input_tokens_details": {"cached_tokens": answer.usage.cache_read},
        "output_tokens": counts[1],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sum(counts),
    }
    head = {"id": _id("resp_"), "object": "response", "created_at": int(time.time()), "model": request.model}
    body = {**head, "status": "completed", "output": output, "usage": usage, "error": None, "incomplete_details": None}
    events = [
        ("response.created", {"response": {**body, "status": "in_progress", "output": [], "usage": None}}),
        *(event for index, one in enumerate(output) for event in _item_events(index, one)),
        ("response.completed", {"response": body}),
    ]
    return [(name, {"type": name, **data, "sequence_number": n}) for n, (name, data) in enumerate(events)], body


def _item(block: Block) -> Json:
    if isinstance(block, Text):
        content = [{"type": "output_text", "text": block.text, "annotations": []}]
        return {"type": "message", "id": _id("msg_"), "role": "assistant", "status": "completed", "content": content}
    given = (
        {"type": "custom_tool_call", "id": _id("ctc_"), "input": block.input}
        if block.custom
        else {"type": "function_call", "id": _id("fc_"), "arguments": json.dumps(block.input)}
    )
    space = {"namespace": block.namespace} if block.namespace else {}
    return {**given, **space, "call_id": block.id, "name": block.name, "status": "completed"}


def _item_events(index: int, item: Json) -> Iterator[Event]:
    place = {"output_index": index}
    first = {**item, "status": "in_progress", **({"content": []} if item["type"] == "message" else {})}
    yield "response.output_item.added", {**place, "item": first}
    if item["type"] == "message":
        where = {**place, "item_id": item["id"], "content_index": 0}
        yield "response.output_text.delta", {**where, "delta": item["content"][0]["text"]}
    yield "response.output_item.done", {**place, "item": item}


def _chat(request: Request, answer: Reply, counts: tuple[int, int]) -> tuple[list[Event], Json]:
    text = "".join(one.text for one in answer.blocks if isinstance(one, Text))
    calls = [
        {
            "index": n,
            "id": one.id,
            "type": "function",
            "function": {"name": one.name, "arguments": json.dumps(one.input)},
        }
        for n, one in enumerate(one for one in answer.blocks if isinstance(one, Call))
    ]
    message: Json = {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}
    head = {"id": _id("chatcmpl-"), "created": int(time.time()), "model": request.model}
    usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)}
    usage["prompt_tokens_details"] = {"cached_tokens": answer.usage.cache_read}
    stop = "tool_calls" if calls else "stop"
    body = {**head, "object": "chat.completion", "usage": usage}
    body["choices"] = [{"index": 0, "message": message, "finish_reason": stop}]
    chunk = {**head, "object": "chat.completion.chunk"}
    events = [
        {**chunk, "choices": [{"index": 0, "delta": message, "finish_reason": None}]},
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": stop}]},
        {**chunk, "choices": [], "usage": usage},
    ]
    return [("", one) for one in events], body


def _function(call: Call) -> Json:
    return {"name": call.name, "arguments": json.dumps(call.input)}


def _gemini(_request: Request, answer: Reply, counts: tuple[int, int]) -> tuple[list[Event], Json]:
    parts: list[Json] = [
        {"text": one.text}
        if isinstance(one, Text)
        else {"functionCall": {"id": one.id, "name": one.name, "args": one.input}}
        for one in answer.blocks
    ]
    usage = {"promptTokenCount": counts[0], "candidatesTokenCount": counts[1], "totalTokenCount": sum(counts)}
    usage["cachedContentTokenCount"] = answer.usage.cache_read
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    body = {"candidates": [candidate], "usageMetadata": usage}
    return [("", body)], body


_RENDERERS = {ANTHROPIC: _anthropic, RESPONSES: _responses, CHAT: _chat, GEMINI: _gemini}
