"""A model server on the loopback interface: what the examples talk to instead of a provider.

It speaks enough of the OpenAI HTTP interface for the real ``openai`` client: chat completions
and embeddings.  Answers and token counts depend on the request alone, so that two runs of the
same program use the same tokens.  Nothing leaves the machine and no key is needed.

Run it by hand with ``python examples/loopback_server.py [PORT]``.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the model answers when the system message has the word; the first match counts.
#: ``{first_line}`` and ``{last_word}`` are those of the user's message.
ANSWERS = {
    "extract": '{{"merchant": "{first_line}", "total": "{last_word}", "currency": "EUR"}}',
    "summarise": "One receipt, paid by card, nothing unusual.",
    "trend": "Spending rose by four percent; groceries lead.",
    "letter": "Dear reader, this month you spent a little more on groceries than usual.",
    "category": "groceries",
    "currency": "unclear",
}
DEFAULT_ANSWER = "Noted."

#: Tokens that every chat request costs on top of its words, as role markers do.
TOKENS_PER_MESSAGE = 4


def count_tokens(text: str) -> int:
    """Return how many tokens *text* is worth here: one for each four characters, rounded up."""
    return -(-len(text) // 4)


def answer_to(messages: list[dict[str, Any]]) -> str:
    """Return the answer to a conversation: chosen by its system message, filled from the user's."""
    said = {m["role"]: str(m["content"]) for m in messages}
    instructions, question = said.get("system", "").lower(), said.get("user", "").strip() or "?"
    answer = next((text for word, text in ANSWERS.items() if word in instructions), DEFAULT_ANSWER)
    return answer.format(first_line=question.splitlines()[0], last_word=question.split()[-1])


def chat_completion(request: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the response body of one chat completion."""
    messages = request["messages"]
    answer = answer_to(messages)
    sent = sum(TOKENS_PER_MESSAGE + count_tokens(str(m["content"])) for m in messages)
    received = count_tokens(answer)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": answer},
            }
        ],
        "usage": {
            "prompt_tokens": sent,
            "completion_tokens": received,
            "total_tokens": sent + received,
        },
    }


def embeddings(request: dict[str, Any], _number: int) -> dict[str, Any]:
    """Return the response body of one embeddings request: a tiny vector for each text."""
    given = request["input"]
    texts = [given] if isinstance(given, str) else given
    sent = sum(count_tokens(text) for text in texts)
    return {
        "object": "list",
        "model": request["model"],
        "data": [
            {"object": "embedding", "index": index, "embedding": [len(text) / 100, 0.5]}
            for index, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": sent, "total_tokens": sent},
    }


ROUTES = {"/v1/chat/completions": chat_completion, "/v1/embeddings": embeddings}


class _Handler(BaseHTTPRequestHandler):
    """Answers the routes above, and 404 for all else."""

    protocol_version = "HTTP/1.1"
    numbers = count(1)

    def do_POST(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        number = next(self.numbers)
        route = ROUTES.get(self.path)
        if route is None:
            self._refuse(number)
            return
        self._send(200, route(json.loads(body), number), number)

    def do_GET(self) -> None:
        """Refuse: no route here is read."""
        self._refuse(next(self.numbers))

    def _refuse(self, number: int) -> None:
        self._send(404, {"error": {"message": f"no such route: {self.path}"}}, number)

    def _send(self, status: int, body: dict[str, Any], number: int) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-request-id", f"req-{number}")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the demo's output to itself."""


class LoopbackServer(ThreadingHTTPServer):
    """The server; its threads end with the program."""

    daemon_threads = True

    @property
    def base_url(self) -> str:
        """The value for ``OPENAI_BASE_URL``."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving(port: int = 0) -> Iterator[LoopbackServer]:
    """Serve in a thread while the block runs; port 0 takes any free one."""
    with LoopbackServer(("127.0.0.1", port), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="loopback-server", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def main() -> int:
    """Serve until interrupted."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8089
    with serving(port) as server:
        print(f"export OPENAI_BASE_URL={server.base_url} OPENAI_API_KEY=unused", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
