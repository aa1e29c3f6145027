"""An OpenAI-compatible server on the loopback interface, for tests.

It counts tokens in a simple way that tests can predict: every request uses
``INPUT_TOKENS`` of input, and completions use ``OUTPUT_TOKENS`` of output.
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUT_TOKENS = 11
OUTPUT_TOKENS = 7
CHAT_USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}
RESPONSE_USAGE = {
    "input_tokens": INPUT_TOKENS,
    "output_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}


class LoopbackServer(ThreadingHTTPServer):
    """The server, with what it was asked and how it is to misbehave.

    ``requests`` holds (path, body) of each request; ``failures`` are status codes to
    answer the next requests with; ``refuse_stream_options`` answers 400 to
    streams that ask for usage.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[int] = []
        self.refuse_stream_options = False
        # As a provider's: never the same twice, whatever server of a process it comes from.
        self.name = uuid.uuid4().hex
        self.numbers = itertools.count(1)

    @property
    def base_url(self) -> str:
        """The URL to give to a client as ``base_url``."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def loopback_server() -> Iterator[LoopbackServer]:
    """Run a server in a thread for the time of the block."""
    server = LoopbackServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Keep the tests' output clean."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        self.server.requests.append((self.path, body))
        if self.server.failures:
            self._fail(self.server.failures.pop(0), "told to fail")
        elif body.get("stream") and self.server.refuse_stream_options and "stream_options" in body:
            self._fail(400, "unknown parameter: stream_options")
        elif self.path.endswith("/chat/completions"):
            self._chat(body)
        elif self.path.endswith("/embeddings"):
            self._embeddings(body)
        elif self.path.endswith("/responses"):
            self._responses(body)
        else:
            self._fail(404, "no such path")

    def _chat(self, body: dict[str, Any]) -> None:
        head = {"id": "chatcmpl-1", "created": 1, "model": body.get("model", "gpt-4o-mini")}
        if not body.get("stream"):
            message = {"role": "assistant", "content": '{"total": 3}'}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            self._json(
                head | {"object": "chat.completion", "choices": [choice], "usage": CHAT_USAGE}
            )
            return
        head["object"] = "chat.completion.chunk"
        events = [
            head | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
            for text in ("a", "b", "c")
        ]
        events.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if (body.get("stream_options") or {}).get("include_usage"):
            events.append(head | {"choices": [], "usage": CHAT_USAGE})
        self._events([(None, event) for event in events], done=True)

    def _embeddings(self, body: dict[str, Any]) -> None:
        item = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
        usage = {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS}
        model = body.get("model", "text-embedding-3-small")
        self._json({"object": "list", "data": [item], "model": model, "usage": usage})

    def _responses(self, body: dict[str, Any]) -> None:
        response = {
            "id": "resp-1",
            "object": "response",
            "created_at": 1,
            "model": body.get("model", "gpt-4o-mini"),
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "status": "completed",
            "usage": RESPONSE_USAGE,
        }
        if not body.get("stream"):
            self._json(response)
            return
        created = {"type": "response.created", "sequence_number": 0}
        started = response | {"usage": None, "status": "in_progress"}
        completed = {"type": "response.completed", "sequence_number": 1, "response": response}
        self._events(
            [
                ("response.created", created | {"response": started}),
                ("response.completed", completed),
            ],
            done=False,
        )

    def _json(self, payload: dict[str, Any], status: int = 200) -> None:
        content = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("x-request-id", f"req-{self.server.name}-{next(self.server.numbers)}")
        self.end_headers()
        self.wfile.write(content)

    def _fail(self, status: int, message: str) -> None:
        self._json({"error": {"message": message, "type": "loopback"}}, status)

    def _events(self, events: list[tuple[str | None, dict[str, Any]]], *, done: bool) -> None:
        lines = []
        for name, event in events:
            lines += [f"event: {name}\n"] if name else []
            lines.append(f"data: {json.dumps(event)}\n\n")
        lines += ["data: [DONE]\n\n"] if done else []
        content = "".join(lines).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(content)))
        self.send_header("x-request-id", f"req-{self.server.name}-{next(self.server.numbers)}")
        self.end_headers()
        self.wfile.write(content)
