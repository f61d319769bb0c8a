"""A Messages API on loopback whose answers come from a script: the model of a rehearsal.

It speaks just enough of the protocol for the real host: the event stream of `POST /v1/messages`, a trivial 200 for
everything else. It listens on 127.0.0.1 at a port that the system picks, and keeps what came over the wire.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

AGENT_HEADER = "x-claude-code-agent-id"


@dataclass(frozen=True)
class Request:
    """One request: who asks (None: the main conversation), what, how many bytes, when (seconds since the epoch)."""

    agent_id: str | None
    body: dict[str, object]
    size: int
    received: float

    @property
    def messages(self) -> list[dict[str, object]]:
        """The conversation so far, oldest first."""
        messages = self.body.get("messages")
        return [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []

    @property
    def tool_names(self) -> frozenset[str]:
        """The names of the tools that this request offers; empty for the host's side questions (titles and such)."""
        tools = self.body.get("tools")
        return (
            frozenset(str(t.get("name")) for t in tools if isinstance(t, dict))
            if isinstance(tools, list)
            else frozenset()
        )


@dataclass(frozen=True)
class Call:
    """One tool call of an answer."""

    tool: str
    input: dict[str, object]


@dataclass(frozen=True)
class Reply:
    """One answer: text, then tool calls, after `delay` seconds; or an API error `(status, message)` instead.

    `usage` says what tokens it counts, where not those that its size stands for.
    """

    text: str = ""
    calls: Sequence[Call] = ()
    delay: float = 0.0
    error: tuple[int, str] | None = None
    usage: dict[str, int] | None = None


class Script(Protocol):
    """What the model says to each request; called from several threads at once."""

    def reply(self, request: Request) -> Reply:
        """The answer to one request."""


def texts(message: dict[str, object]) -> Iterator[str]:
    """Every text in one message, tool results and hook context included, in order."""
    yield from _texts(message.get("content"))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict):
                yield from _texts(block.get("text"))
                yield from _texts(block.get("content"))


@dataclass
class ModelServer:
    """The server; use it as a context manager. `log` holds every conversation request in order of arrival."""

    script: Script
    log: list[Request] = field(default_factory=list)

    def __enter__(self) -> ModelServer:  # noqa: PYI034 - `Self` is not in Python 3.10
        """Start to listen."""
        self._lock = threading.Lock()
        self._count = 0
        self._tag = secrets.token_hex(3)  # as with the real API, no id comes twice, whichever server gave it
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to listen; answers under way are dropped."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """The base URL for the host."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Request) -> tuple[str, Reply]:
        """The reply to one request and its id."""
        if not request.tool_names:
            return f"{self._tag}0", Reply("Rehearsal")
        with self._lock:
            self._count += 1
            number = self._count
            self.log.append(request)
        return f"{self._tag}{number:06d}", self.script.reply(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A host that is gone needs no traceback."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:  # the base class writes to stderr
        pass

    def do_HEAD(self) -> None:
        self._json(200, {})

    do_GET = do_HEAD  # noqa: N815 - the base class's name

    def do_POST(self) -> None:
        received = time.time()
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            return self._json(200, {"input_tokens": len(raw) // 4})
        if not path.endswith("/messages"):
            return self._json(200, {})
        try:
            body = json.loads(raw)
        except ValueError:
            return self._error(400, "the request is not JSON")
        request = Request(self.headers.get(AGENT_HEADER), body, len(raw), received)
        name, reply = self.server.model.answer(request)
        if reply.delay:
            time.sleep(reply.delay)
        if reply.error:
            return self._error(*reply.error)
        message = _message(name, request, reply)
        if body.get("stream"):
            return self._send(200, "text/event-stream", b"".join(_events(message)))
        return self._json(200, message)

    def _error(self, status: int, text: str) -> None:
        kind = {400: "invalid_request_error", 429: "rate_limit_error", 529: "overloaded_error"}.get(status, "api_error")
        self._json(status, {"type": "error", "error": {"type": kind, "message": text}})

    def _json(self, status: int, value: object) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, data: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):  # the host gave up on this answer
            self.close_connection = True


def _message(name: str, request: Request, reply: Reply) -> dict[str, Any]:
    content: list[dict[str, object]] = []
    if reply.text or not reply.calls:
        content.append({"type": "text", "text": reply.text})
    for index, call in enumerate(reply.calls):
        content.append({"type": "tool_use", "id": f"toolu_{name}_{index:03d}", "name": call.tool, "input": call.input})
    return {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": request.body.get("model"),
        "content": content,
        "stop_reason": "tool_use" if reply.calls else "end_turn",
        "stop_sequence": None,
        "usage": reply.usage
        or {"input_tokens": request.size // 4, "output_tokens": max(1, len(json.dumps(content)) // 4)},
    }


def _events(message: dict[str, Any]) -> Iterator[bytes]:
    blocks: list[Any] = message["content"]
    usage = message["usage"]
    head = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}  # as the API begins
    yield _event("message_start", message=head)
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            yield _event("content_block_start", index=index, content_block={"type": "text", "text": ""})
            yield _event("content_block_delta", index=index, delta={"type": "text_delta", "text": block["text"]})
        else:
            yield _event("content_block_start", index=index, content_block={**block, "input": {}})
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"], ensure_ascii=False)}
            yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    yield _event("message_delta", delta={"stop_reason": message["stop_reason"], "stop_sequence": None}, usage=usage)
    yield _event("message_stop")


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
