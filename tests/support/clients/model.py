"""The server that a client takes for its model; answers come from a Brain, every request is kept."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.clients.brain import Brain
from tests.support.clients.reply import Reply, Text, render
from tests.support.clients.request import Request, api_of

Kill = Callable[[str], None]
_KINDS = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `run` is the number of the client that asked, in the order of their starts."""

    number: int
    run: int
    request: Request
    reply: Reply


class Model:
    """All conversations of all clients of one test. Clients in name spaces of their own each bring a listener.

    Written to `log` as JSON lines: number, run, name, model, sizes in bytes, body, answer.
    """

    def __init__(self, brain: Brain, log: Path) -> None:
        self.brain = brain
        self.exchanges: list[Exchange] = []
        self.unknown: list[str] = []
        self._log = log
        self._lock = threading.Lock()
        self._servers: list[_Server] = []

    def serve(self, listener: socket.socket, kill: Kill) -> None:
        """Answer what comes in on `listener`, in a thread; `kill` ends the client that it belongs to."""
        server = _Server(self, listener, kill, len(self._servers))
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def requests(self) -> list[Request]:
        return [one.request for one in self.exchanges]

    @property
    def names(self) -> list[str]:
        """The names of the turns in the order in which they answered."""
        return [one.reply.name for one in self.exchanges]

    def named(self, name: str) -> list[Request]:
        """The requests that turns called `name` have answered."""
        return [one.request for one in self.exchanges if one.reply.name == name]

    def answer(self, request: Request, run: int) -> Reply:
        """Ask the brain, and keep both."""
        given = self.brain.answer(request)
        with self._lock:
            one = Exchange(len(self.exchanges), run, request, given)
            self.exchanges.append(one)
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(_record(one), ensure_ascii=False) + "\n")
        return given


def _record(one: Exchange) -> dict[str, Any]:
    said = [block.text if isinstance(block, Text) else {block.name: block.input} for block in one.reply.blocks]
    head = {"n": one.number, "run": one.run, "name": one.reply.name, "model": one.request.model}
    return {**head, "sizes": one.request.sizes(), "status": one.reply.status, "reply": said, "body": one.request.body}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, model: Model, listener: socket.socket, kill: Kill, run: int) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.model, self.kill, self.run = model, kill, run

    def handle_error(self, *_: object) -> None:
        # A client that was killed closes its connections; anything else shows in its own result.
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        known = urlsplit(self.path).path.endswith("/models")
        self._json(200 if known else 404, {"object": "list", "data": [], "models": []} if known else {})

    def do_POST(self) -> None:
        path, raw = urlsplit(self.path).path, self._body()
        if path.endswith(("/count_tokens", ":countTokens")):
            self._json(200, {"input_tokens": max(1, len(raw) // 4), "totalTokens": max(1, len(raw) // 4)})
        elif api := api_of(path):
            self._answer(Request(api, raw, dict(self.headers), path))
        else:
            self.server.model.unknown.append(self.path)
            self._json(404, {"error": {"type": "not_found_error", "message": "no such path"}})

    def _body(self) -> bytes:
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        raw = self._chunks() if chunked else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, request: Request) -> None:
        given = self.server.model.answer(request, self.server.run)
        if given.kill:
            self.close_connection = True
            self.server.kill(given.kill)
        elif given.status != 200:
            self._error(given)
        else:
            events, body = render(request, given)
            self._stream(events) if request.stream else self._json(200, body)

    def _error(self, given: Reply) -> None:
        error = {"type": _KINDS.get(given.status, "api_error"), "message": given.error, "code": given.status}
        self._json(given.status, {"type": "error", "error": {**error, **given.details}}, given.headers)

    def _stream(self, events: list[tuple[str, dict[str, Any]]]) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(ConnectionError):
            for name, data in events:
                head = f"event: {name}\n" if name else ""
                self.wfile.write(f"{head}data: {json.dumps(data)}\n\n".encode())

    def _json(self, status: int, value: object, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, text in (headers or {}).items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
