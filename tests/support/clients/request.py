"""One request of a client to its model, seen the same way whichever API it speaks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ANTHROPIC = "anthropic"
RESPONSES = "responses"
CHAT = "chat"
GEMINI = "gemini"
_PATHS = {
    "/messages": ANTHROPIC,
    "/responses": RESPONSES,
    "/chat/completions": CHAT,
    ":generateContent": GEMINI,
    ":streamGenerateContent": GEMINI,
}
# What clients ask for when the conversation has become too long.
_COMPACTION = re.compile(r"summary of the conversation|CONTEXT CHECKPOINT COMPACTION")
_CONTEXT = ("<environment_context>", "# AGENTS.md instructions", "<user_instructions>")
_SECTIONS = {
    "system": ("system", "instructions", "systemInstruction"),
    "tools": ("tools",),
    "messages": ("messages", "input", "contents"),
}


@dataclass
class Request:
    """What a behaviour looks at. `raw` are the bytes as sent; everything else is read from them.

    `first_user` and `last_user` are the texts of the first and last user message without tool results; `results` are
    the tool results that came back since the model's last answer, as (id, text); `calls` are the ids of all tool
    calls in the history; `said` are the texts of the model's earlier answers.
    """

    api: str
    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    body: Json = field(init=False)
    system: str = ""
    tools: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.body = json.loads(self.raw or b"{}")
        _READERS[self.api](self)

    @property
    def model(self) -> str:
        named = re.search(r"/models/([^:/]+):", self.path)
        return str(self.body.get("model") or (named[1] if named else ""))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream")) or self.path.endswith(":streamGenerateContent")

    @property
    def first_user(self) -> str:
        return self.users[0] if self.users else ""

    @property
    def last_user(self) -> str:
        return self.users[-1] if self.users else ""

    @property
    def tool_result(self) -> str:
        """The results that came back in this request, joined; "" also when there are none."""
        return "\n".join(text for _, text in self.results)

    @property
    def fresh(self) -> bool:
        """Whether the model has not answered in this conversation yet (or a compaction took its answers away)."""
        return not self.calls and not self.said

    @property
    def compaction(self) -> bool:
        """Whether the client asks for a summary, to go on with that alone."""
        return bool(_COMPACTION.search(self.last_user))

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", "replace")

    def sizes(self) -> dict[str, int]:
        """Bytes as sent, in all (`total`) and of its three parts as JSON."""
        parts = {name: sum(_size(self.body.get(key)) for key in keys) for name, keys in _SECTIONS.items()}
        return {"total": len(self.raw), **parts}


def api_of(path: str) -> str:
    """The API that a POST to `path` speaks; "" for one that is not played."""
    return next((api for end, api in _PATHS.items() if path.endswith(end)), "")


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode()) if value else 0


def blocks(content: object) -> Iterator[Json]:
    """The blocks of a message's content; a plain text is one block."""
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        for block in content:
            yield {"type": "text", "text": block} if isinstance(block, str) else block


def text_of(content: object) -> str:
    """The text blocks of a message's content, joined."""
    return "\n".join(block["text"] for block in blocks(content) if isinstance(block.get("text"), str))


def _read_anthropic(request: Request) -> None:
    body = request.body
    request.tools = [str(tool.get("name") or tool.get("type")) for tool in body.get("tools") or []]
    system = [text_of(body.get("system"))]
    for message in body.get("messages") or []:
        content = message.get("content")
        if message["role"] == "system":
            system.append(text_of(content))
        elif message["role"] == "user":
            request.users.append(text_of(content))
            found = (block for block in blocks(content) if block["type"] == "tool_result")
            request.results += [(block["tool_use_id"], text_of(block.get("content"))) for block in found]
        else:
            _answered(request, content)
    request.system = "\n".join(system)


def _answered(request: Request, content: object) -> None:
    request.results = []
    request.said += [block["text"] for block in blocks(content) if block["type"] == "text"]
    request.calls += [block["id"] for block in blocks(content) if block["type"] == "tool_use"]


def _read_responses(request: Request) -> None:
    body = request.body
    request.tools = list(_named(body.get("tools") or []))
    request.system = text_of(body.get("instructions"))
    items = body.get("input") or []
    for item in [{"type": "message", "role": "user", "content": items}] if isinstance(items, str) else items:
        _read_item(request, item)


def _named(tools: list[Json]) -> Iterator[str]:
    for tool in tools:
        yield str(tool.get("name") or tool.get("type"))
        for inner in tool.get("tools") or []:
            yield f"{tool.get('name')}.{inner.get('name')}"


def _read_item(request: Request, item: Json) -> None:
    kind, role = str(item.get("type", "message")), item.get("role")
    if kind == "additional_tools":
        request.tools += _named(item.get("tools") or [])
    elif kind.endswith("_output"):
        output = item.get("output")
        request.results.append((str(item.get("call_id")), output if isinstance(output, str) else text_of(output)))
    elif kind == "agent_message" or (kind == "message" and role == "user"):
        _said_to(request, text_of(item.get("content")))
    elif kind == "message" and role in ("developer", "system"):
        request.system += "\n" + text_of(item.get("content"))
    elif kind == "message":
        request.said.append(text_of(item.get("content")))
        request.results = []
    elif kind.endswith("_call"):
        _called(request, item)


def _said_to(request: Request, text: str) -> None:
    # Codex puts what it knows about the project before what the person says.
    if not text.startswith(_CONTEXT):
        request.users.append(text)


def _called(request: Request, item: Json) -> None:
    # Parallel calls stand side by side before their outputs: only a call after an output makes those old.
    if request.results:
        request.results = []
    request.calls.append(str(item.get("call_id")))


def _read_chat(request: Request) -> None:
    request.tools = [str(tool["function"]["name"]) for tool in request.body.get("tools") or []]
    for message in request.body.get("messages") or []:
        role, text = message["role"], text_of(message.get("content"))
        if role in ("system", "developer"):
            request.system += f"\n{text}"
        elif role == "user":
            request.users.append(text)
        elif role == "tool":
            request.results.append((str(message["tool_call_id"]), text))
        else:
            request.results = []
            request.said += [text] if text else []
            request.calls += [str(call["id"]) for call in message.get("tool_calls") or []]


def _read_gemini(request: Request) -> None:
    declared = (one for tool in request.body.get("tools") or [] for one in tool.get("functionDeclarations") or [])
    request.tools = [str(one["name"]) for one in declared]
    request.system = text_of((request.body.get("systemInstruction") or {}).get("parts"))
    for content in request.body.get("contents") or []:
        parts = content.get("parts") or []
        texts = [str(part["text"]) for part in parts if part.get("text")]
        if content.get("role") == "model":
            request.results = []
            request.said += texts
            request.calls += [str(part["functionCall"].get("id")) for part in parts if "functionCall" in part]
        else:
            _gemini_user(request, parts, texts)


def _gemini_user(request: Request, parts: list[Json], texts: list[str]) -> None:
    # The client puts what it knows about the place before what the person says.
    said = [text for text in texts if not text.startswith("<session_context>")]
    request.users += ["\n".join(said)] if said else []
    came = [part["functionResponse"] for part in parts if "functionResponse" in part]
    request.results += [(str(one.get("id")), json.dumps(one.get("response"))) for one in came]


_READERS = {ANTHROPIC: _read_anthropic, RESPONSES: _read_responses, CHAT: _read_chat, GEMINI: _read_gemini}
