"""A server that frameworks talk to, and its log: the judge of what was to be recorded.

It speaks OpenAI's chat completions, responses and embeddings, Anthropic's messages and Google's
contents, plain and as streams.  Each answer has an id and counts of tokens of its own, so a record
can be of one only.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from . import _events
from ._replies import reply_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._events import Event

JOB = re.compile(r"job-[0-9a-z]+")
#: So that no count is another's: input and output of answer number n are n above these.
INPUT, OUTPUT = 10_000, 500


@dataclass(frozen=True)
class Answer:
    """One answer that a provider would bill, and the job that its prompt named."""

    request_id: str
    service: str
    model: str
    input_tokens: int
    output_tokens: int
    job: str | None


class Server(ThreadingHTTPServer):
    """The server; ``answers`` is its log, and ``strange`` has the paths that it does not know."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name = uuid.uuid4().hex[:12]
        self.numbers = itertools.count(1)
        self.answers: list[Answer] = []
        self.strange: list[str] = []

    @property
    def root_url(self) -> str:
        """The URL to give to Anthropic's client as ``base_url``, to Azure's as its endpoint."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def base_url(self) -> str:
        """The URL to give to OpenAI's client as ``base_url``."""
        return f"{self.root_url}/v1"


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server in a thread for the time of the block."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        """Keep the output clean."""

    def do_GET(self) -> None:
        """Refuse: frameworks ask for lists of models, and do without."""
        self._json({"error": {"message": "no such path"}}, 404)

    def do_POST(self) -> None:
        """Answer, and note what was answered."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        path = self.path.partition("?")[0]
        for end, answer in ROUTES.items():
            if path.endswith(end):
                answer(self, body)
                return
        self.server.strange.append(path)
        self._json({"error": {"message": f"no such path: {path}"}}, 404)

    def _chat(self, body: dict[str, Any]) -> None:
        answer = self._noted("openai", body)
        reply = reply_to(body)
        usage = bool((body.get("stream_options") or {}).get("include_usage"))
        if body.get("stream"):
            self._events(_events.chat(answer, reply, usage=usage), answer, done=True)
        else:
            self._json(_events.chat_object(answer, reply), answer=answer)

    def _responses(self, body: dict[str, Any]) -> None:
        answer, reply = self._noted("openai", body), reply_to(body)
        if body.get("stream"):
            self._events(_events.response(answer, reply), answer)
        else:
            self._json(_events.response_object(answer, reply), answer=answer)

    def _embeddings(self, body: dict[str, Any]) -> None:
        answer = self._noted("openai", body, output=False)
        given = body["input"]
        count = len(given) if isinstance(given, list) and not isinstance(given[0], int) else 1
        self._json(_events.embeddings_object(answer, count), answer=answer)

    def _messages(self, body: dict[str, Any]) -> None:
        answer, reply = self._noted("anthropic", body), reply_to(body)
        if body.get("stream"):
            self._events(_events.message(answer, reply), answer)
        else:
            self._json(_events.message_object(answer, reply), answer=answer)

    def _google(self, body: dict[str, Any]) -> None:
        path, _, query = self.path.partition("?")
        model = path.rpartition("/")[2].partition(":")[0]
        answer = self._noted("google", body | {"model": model})
        payload = _events.google_object(answer, reply_to(body))
        if "alt=sse" in query:
            self._events([(None, payload)], answer)
        else:
            self._json(payload, answer=answer)

    def _counts(self, _body: dict[str, Any]) -> None:
        """Tell how many tokens there are, which costs none."""
        self._json({"input_tokens": 5})

    def _noted(self, service: str, body: dict[str, Any], *, output: bool = True) -> Answer:
        number = next(self.server.numbers)
        job = JOB.search(json.dumps(body))
        answer = Answer(
            f"req-{self.server.name}-{number}",
            service,
            body.get("model", "gpt-4o-mini"),
            INPUT + number,
            OUTPUT + number if output else 0,
            job.group() if job else None,
        )
        self.server.answers.append(answer)
        return answer

    def _json(self, payload: Any, status: int = 200, answer: Answer | None = None) -> None:
        self._content(json.dumps(payload).encode(), "application/json", status, answer)

    def _events(self, events: list[Event], answer: Answer, *, done: bool = False) -> None:
        texts = [
            (f"event: {name}\n" if name else "") + f"data: {json.dumps(event)}\n\n"
            for name, event in events
        ]
        texts += ["data: [DONE]\n\n"] if done else []
        self._content("".join(texts).encode(), "text/event-stream", 200, answer)

    def _content(self, content: bytes, kind: str, status: int, answer: Answer | None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        if answer is not None:
            header = "request-id" if answer.service == "anthropic" else "x-request-id"
            self.send_header(header, answer.request_id)
        self.end_headers()
        self.wfile.write(content)


ROUTES = {
    "/chat/completions": _Handler._chat,
    "/responses": _Handler._responses,
    "/embeddings": _Handler._embeddings,
    "/v1/messages": _Handler._messages,
    "/v1/messages/count_tokens": _Handler._counts,
    ":generateContent": _Handler._google,
    ":streamGenerateContent": _Handler._google,
}
