"""A server that speaks OpenAI's and Anthropic's interfaces on the loopback interface, for tests.

It counts tokens in a simple way that tests can predict: every request uses
``INPUT_TOKENS`` of input, and completions use ``OUTPUT_TOKENS`` of output.
"""

from __future__ import annotations

import gzip
import itertools
import json
import select
import socket
import sys
import threading
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

# It is a module of its own, or of a package, as whoever starts it finds it.
sys.path.append(str(Path(__file__).resolve().parent))
import loopback_services
from patience import reached

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
# Anthropic counts cached tokens beside the others.
CACHE_READ, CACHE_WRITTEN = 2, 1
MESSAGE_USAGE = {
    "input_tokens": INPUT_TOKENS - CACHE_READ - CACHE_WRITTEN,
    "cache_read_input_tokens": CACHE_READ,
    "cache_creation_input_tokens": CACHE_WRITTEN,
    "output_tokens": OUTPUT_TOKENS,
}
TEXT = '{"total": 3}'

Event = tuple[str | None, dict[str, Any]]


class LoopbackServer(ThreadingHTTPServer):
    """The server, with what it was asked and how it is to misbehave.

    ``requests`` holds (path, body) of each request; ``failures`` are status codes to
    answer the next requests with, whose bodies say what is in ``error``;
    ``refuse_stream_options`` answers streams that ask for usage with ``refusal``, a status and a
    message; ``compress`` compresses what is asked for so.
    ``answers`` are the answers to further paths, by their ends, and ``events`` those of streams.
    Of a stream's events only the first ``cut_after`` are sent before the connection is
    lost; or an ``error_after`` so many tells of trouble; or after ``hold_after`` the server
    waits for ``go_on``.
    """

    daemon_threads = True
    #: How many connections may wait to be taken; others come again after a second or more.
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[int] = []
        # As a provider's: never the same twice, whatever server of a process it comes from.
        self.name = uuid.uuid4().hex
        self.numbers = itertools.count(1)
        self.go_on = threading.Event()
        self._echoing: Any = None
        #: What is told of connections, and of requests: those whose request is being read or
        #: answered, and those whose request is an earlier test's.
        self.lock = threading.Lock()
        self.busy: set[socket.socket] = set()
        self.outdated: set[socket.socket] = set()
        self._lines: set[socket.socket] = set()
        self._last: Any = None
        self._all_came = threading.Event()
        self._behave()

    def behave(self) -> None:
        """Forget what was asked, and answer everything from now on.

        What a client has asked that gave up may not have been heard yet: it never will be.
        """
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._all_came.clear()
            self._last = last.getsockname()
            last.connect(self.server_address)
            reached(self._all_came)
        with self.lock:
            asking = select.select(self._lines, [], [], 0)[0]
            self.outdated.update(self.busy, asking)
            self._behave()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection; the one of ``behave`` says that all before it have come."""
        if client_address == self._last:
            self._last = None  # another client may have its port next
            self.shutdown_request(request)
            self._all_came.set()
            return
        with self.lock:
            self._lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection before it is closed."""
        with self.lock:
            for known in (self._lines, self.busy, self.outdated):
                known.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that have gone, as those of many tests do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _behave(self) -> None:
        self.requests.clear()
        self.failures.clear()
        self.answers: dict[str, dict[str, Any]] = {}
        self.error = {"type": "loopback"}
        self.events: dict[str, list[Event]] = {}
        self.refuse_stream_options = False
        self.refusal = (400, "unknown parameter: stream_options")
        self.compress = False
        self.cut_after: int | None = None
        self.error_after: int | None = None
        self.hold_after: int | None = None
        self.go_on.clear()

    @property
    def root_url(self) -> str:
        """The URL to give to Anthropic's client as ``base_url``, to Azure's as its endpoint."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def websocket_url(self) -> str:
        """The URL of a server that sends each message back, to give as ``websocket_base_url``."""
        if self._echoing is None:
            from websockets.sync.server import serve

            self._echoing = serve(_echo, "127.0.0.1", 0)
            threading.Thread(target=self._echoing.serve_forever, daemon=True).start()
        return f"ws://127.0.0.1:{self._echoing.socket.getsockname()[1]}/v1"

    def server_close(self) -> None:
        """Close the other server, too."""
        if self._echoing is not None:
            self._echoing.shutdown()
        super().server_close()

    @property
    def base_url(self) -> str:
        """The URL to give to OpenAI's client as ``base_url``."""
        return f"{self.root_url}/v1"


def _echo(connection: Any) -> None:
    for message in connection:
        connection.send(message)


@contextmanager
def loopback_server() -> Iterator[LoopbackServer]:
    """Run a server in a thread for the time of the block."""
    server = LoopbackServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()


def chat_events(model: str, *, usage: bool) -> list[Event]:
    """Return the events of a chat stream."""
    head = {"id": "chatcmpl-1", "created": 1, "model": model, "object": "chat.completion.chunk"}
    deltas = [{"content": part} for part in (TEXT[:4], TEXT[4:8], TEXT[8:])]
    events = [
        head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    events.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [(None, event) for event in _with_usage(events, head, usage)]


def completion_events(model: str, *, usage: bool) -> list[Event]:
    """Return the events of a stream of the older completions interface."""
    head = {"id": "cmpl-1", "created": 1, "model": model, "object": "text_completion"}
    choice = {"index": 0, "logprobs": None, "finish_reason": None}
    events = [head | {"choices": [choice | {"text": part}]} for part in (TEXT[:6], TEXT[6:])]
    return [(None, event) for event in _with_usage(events, head, usage)]


def _with_usage(
    events: list[dict[str, Any]], head: dict[str, Any], usage: bool
) -> list[dict[str, Any]]:
    """Return *events* as OpenAI sends them to who asked for *usage*: in the last, null before."""
    if not usage:
        return events
    told = [event | {"usage": None} for event in events]
    return [*told, head | {"choices": [], "usage": CHAT_USAGE}]


def response_object(model: str) -> dict[str, Any]:
    """Return a finished response of the responses interface."""
    text = {"type": "output_text", "text": TEXT, "annotations": []}
    message = {
        "type": "message",
        "id": "msg-1",
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }
    return {
        "id": "resp-1",
        "object": "response",
        "created_at": 1,
        "model": model,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "status": "completed",
        "usage": RESPONSE_USAGE,
    }


def response_events(model: str) -> list[Event]:
    """Return the events of a stream of the responses interface."""
    response = response_object(model)
    started = response | {"usage": None, "status": "in_progress", "output": []}
    where = {"item_id": "msg-1", "output_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    item = response["output"][0] | {"status": "in_progress", "content": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", "content_index": 0, "part": part} | where,
        {"type": "response.output_text.delta", "content_index": 0, "delta": TEXT, "logprobs": []}
        | where,
        {"type": "response.completed", "response": response},
    ]
    return [
        (event["type"], event | {"sequence_number": number}) for number, event in enumerate(events)
    ]


def message_object(model: str) -> dict[str, Any]:
    """Return a message of Anthropic's interface."""
    return {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": MESSAGE_USAGE,
    }


def message_events(model: str) -> list[Event]:
    """Return the events of a stream of Anthropic's interface."""
    begun = {"content": [], "stop_reason": None, "usage": MESSAGE_USAGE | {"output_tokens": 1}}
    delta = {"type": "text_delta", "text": TEXT}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    usage = {"output_tokens": OUTPUT_TOKENS}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message_object(model) | begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(event["type"], event) for event in events]


def batch_object() -> dict[str, Any]:
    """Return a message batch that has ended."""
    counts = {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 0}
    return {
        "id": "msgbatch-1",
        "type": "message_batch",
        "processing_status": "ended",
        "created_at": "2026-11-01T10:00:00Z",
        "ended_at": "2026-11-01T11:00:00Z",
        "expires_at": "2026-11-02T10:00:00Z",
        "request_counts": counts,
        "results_url": None,
    }


def batch_results(model: str = "claude-3-5-haiku-20241022") -> list[dict[str, Any]]:
    """Return the result lines of that batch: two messages and an error."""
    done = {"type": "succeeded", "message": message_object(model)}
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
    return [
        {"custom_id": "first", "result": done},
        {"custom_id": "second", "result": done},
        {"custom_id": "third", "result": {"type": "errored", "error": error}},
    ]


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        """Keep the tests' output clean."""

    def handle_one_request(self) -> None:
        """Have it known whose request is on its way."""
        select.select([self.connection], [], [])
        with self.server.lock:
            self.server.busy.add(self.connection)
        super().handle_one_request()
        with self.server.lock:
            self.server.busy.discard(self.connection)
            self.server.outdated.discard(self.connection)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        batch_id = path.partition("/messages/batches/")[2]
        answer = loopback_services.got(path, is_stream="stream=true" in self.path)
        if batch_id.endswith("/results"):
            lines = "".join(json.dumps(line) + "\n" for line in batch_results())
            self._content(lines.encode(), "application/x-jsonl")
        elif batch_id:
            results = {"results_url": f"{self.server.root_url}{path}/results"}
            self._json(batch_object() | results | {"id": batch_id})
        elif answer is not None:
            self._service(*answer)
        else:
            self._fail(404, "no such path")

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        content, kind = self.rfile.read(length), self.headers.get("content-type", "")
        is_form = kind.startswith("multipart/form-data")
        read = loopback_services.fields(kind, content) if is_form else json.loads(content or b"{}")
        body: dict[str, Any] = read
        with self.server.lock:
            if self.connection in self.server.outdated:
                self.close_connection = True
                return
            self.server.requests.append((self.path, body))
            failure = self.server.failures.pop(0) if self.server.failures else None
        path = self.path.partition("?")[0]
        if failure is not None:
            self._fail(failure, "told to fail")
        elif body.get("stream") and self.server.refuse_stream_options and "stream_options" in body:
            self._fail(*self.server.refusal)
        elif (service := self._service_of(path, body)) is not None:
            self._service(*service)
        elif body.get("stream"):
            self._stream(path, body)
        else:
            self._answer(path, body)

    def _service_of(self, path: str, body: dict[str, Any]) -> loopback_services.Answer | None:
        """Return what one of the other services answers, unless the test says what to."""
        if any(path.endswith(end) for end in self.server.answers):
            return None
        if path.endswith("/responses") and body.get("background"):
            if body.get("stream"):
                return loopback_services.streamed(body)
            return "json", loopback_services.begun(body)
        return loopback_services.posted(path, body)

    def _service(self, kind: str, payload: Any) -> None:
        if kind == "events":
            self._events(payload)
        elif kind == "json":
            self._json(payload)
        else:
            self._content(payload, kind)

    def _answer(self, path: str, body: dict[str, Any]) -> None:
        model = body.get("model", "gpt-4o-mini")
        given = next((a for end, a in self.server.answers.items() if path.endswith(end)), None)
        if given is not None:
            self._json(given)
        elif path.endswith("/chat/completions"):
            message = {"role": "assistant", "content": TEXT}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            head = {"id": "chatcmpl-1", "created": 1, "model": model, "object": "chat.completion"}
            self._json(head | {"choices": [choice], "usage": CHAT_USAGE})
        elif path.endswith("/completions"):
            choice = {"index": 0, "finish_reason": "stop", "text": TEXT, "logprobs": None}
            head = {"id": "cmpl-1", "created": 1, "model": model, "object": "text_completion"}
            self._json(head | {"choices": [choice], "usage": CHAT_USAGE})
        elif path.endswith("/embeddings"):
            item = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
            usage = {"prompt_tokens": INPUT_TOKENS, "total_tokens": INPUT_TOKENS}
            self._json({"object": "list", "data": [item], "model": model, "usage": usage})
        elif path.endswith("/responses"):
            self._json(response_object(model))
        elif path.endswith("/v1/messages"):
            message = message_object(model)
            if any("web_search" in tool.get("type", "") for tool in body.get("tools") or ()):
                tools = {"server_tool_use": {"web_search_requests": 2}}
                message["usage"] = message["usage"] | tools
            self._json(message)
        elif path.endswith("/v1/messages/count_tokens"):
            self._json({"input_tokens": INPUT_TOKENS})
        elif path.endswith("/v1/messages/batches"):
            self._json(batch_object())
        else:
            self._fail(404, "no such path")

    def _stream(self, path: str, body: dict[str, Any]) -> None:
        model = body.get("model", "gpt-4o-mini")
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        given = next((e for end, e in self.server.events.items() if path.endswith(end)), None)
        if given is not None:
            self._events(given)
        elif path.endswith("/chat/completions"):
            self._events(chat_events(model, usage=usage), done=True)
        elif path.endswith("/completions"):
            self._events(completion_events(model, usage=usage), done=True)
        elif path.endswith("/responses"):
            self._events(response_events(model))
        elif path.endswith("/v1/messages"):
            self._events(message_events(model))
        else:
            self._fail(404, "no such path")

    def _json(self, payload: dict[str, Any], status: int = 200) -> None:
        self._content(json.dumps(payload).encode(), "application/json", status)

    def _fail(self, status: int, message: str) -> None:
        self._json({"error": {"message": message, **self.server.error}}, status)

    def _events(self, events: list[Event], *, done: bool = False) -> None:
        texts = [
            (f"event: {name}\n" if name else "") + f"data: {json.dumps(event)}\n\n"
            for name, event in events
        ]
        texts += ["data: [DONE]\n\n"] if done else []
        server = self.server
        if server.error_after is not None:
            error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
            texts[server.error_after :] = [f"event: error\ndata: {json.dumps(error)}\n\n"]
        content = "".join(texts).encode()
        stop = server.cut_after if server.cut_after is not None else server.hold_after
        if stop is None:
            self._content(content, "text/event-stream")
            return
        first = "".join(texts[:stop]).encode()
        self._head("text/event-stream", len(content))
        self.wfile.write(first)
        self.wfile.flush()
        if server.cut_after is not None:
            self.close_connection = True
            return
        server.go_on.wait()
        self.wfile.write(content[len(first) :])

    def _content(self, content: bytes, kind: str, status: int = 200) -> None:
        squeeze = self.server.compress and "gzip" in self.headers.get("accept-encoding", "")
        content = gzip.compress(content) if squeeze else content
        self._head(kind, len(content), status, encoding="gzip" if squeeze else None)
        self.wfile.write(content)

    def _head(self, kind: str, size: int, status: int = 200, encoding: str | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(size))
        if encoding:
            self.send_header("content-encoding", encoding)
        if status >= 400:
            self.send_header("retry-after-ms", "1")
        header = "request-id" if "/messages" in self.path else "x-request-id"
        self.send_header(header, f"req-{self.server.name}-{next(self.server.numbers)}")
        self.end_headers()
