"""A proxy on the loopback interface that makes a DynamoDB server misbehave as the service may.

Each BatchWriteItem meets the fault that ``choose`` names:

===========  ================================================================
pass         nothing
throttle     400 ProvisionedThroughputExceededException; nothing is written
unprocessed  part is written; the rest comes back as UnprocessedItems
drop         all is written, and the connection closes without an answer
cut          part is written, and the connection closes without an answer
error        500 InternalServerError; nothing is written
===========  ================================================================

A write with an item that ``refuses`` names is a 400 ValidationException as a whole.
Operations in ``denied`` are a 400 AccessDeniedException; all others pass through.
``down()`` closes the port, so that connections are refused, until ``up()``.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FAULTS = ("throttle", "unprocessed", "drop", "cut", "error")
_API = "com.amazonaws.dynamodb.v20120810#"
_UNCOUNTED = {"content-length", "transfer-encoding", "connection", "x-amz-crc32"}


class FaultProxy:
    """Stands before the server at *port*; ``counts`` has how often each fault was met."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.counts: Counter[str] = Counter()
        self.operations: list[str] = []
        self.choose: Callable[[], str] = lambda: "pass"
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _item: False
        self.denied: set[str] = set()
        # Bound for as long as the proxy lives, and never listening: while the proxy is down,
        # no other program of this machine gets the port.
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.port: int = self._kept.getsockname()[1]
        self._server: _Server | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The endpoint to give to boto3."""
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Take connections, at the same port as before."""
        assert self._server is None
        self._server = _Server(("127.0.0.1", self.port), self)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def down(self) -> None:
        """Refuse connections."""
        server, self._server = self._server, None
        if server is not None:
            self.counts["down"] += 1
            server.shutdown()
            server.server_close()

    def close(self) -> None:
        """Give the port back."""
        self.down()
        self._kept.close()

    def meet(self, faults: Iterable[str]) -> None:
        """Have the next requests meet *faults*, in this order, and then none."""
        waiting = iter(faults)
        self.choose = lambda: next(waiting, "pass")

    def fault(self, operation: str) -> str:
        """Return the fault that a request meets, counted."""
        with self._lock:
            self.operations.append(operation)
            fault = self.choose() if operation == "BatchWriteItem" else "pass"
            self.counts[fault] += 1
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: How many connections may wait to be taken; others are cut, which is no fault asked for.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        super().__init__(address, _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Hand the request on, or do to it what its fault says."""
        body = self.rfile.read(int(self.headers["content-length"]))
        operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
        proxy = self.server.proxy
        if operation in proxy.denied:
            return self._fail(400, "AccessDeniedException")
        if operation == "BatchWriteItem" and any(map(proxy.refuses, _items(body))):
            return self._fail(400, "ValidationException")
        fault = proxy.fault(operation)
        if fault == "throttle":
            return self._fail(400, "ProvisionedThroughputExceededException")
        if fault == "error":
            return self._fail(500, "InternalServerError")
        if fault in ("unprocessed", "cut"):
            return self._take_part(body, is_told=fault == "unprocessed")
        status, headers, answer = self._asked(body)
        if fault != "drop":
            self._answer(status, answer, headers)
        return None

    def _take_part(self, body: bytes, *, is_told: bool) -> None:
        request = json.loads(body)
        ((table, items),) = request["RequestItems"].items()
        taken, left = items[: len(items) // 2], items[len(items) // 2 :]
        if taken:
            request["RequestItems"] = {table: taken}
            status, headers, answer = self._asked(json.dumps(request).encode())
            if status != 200:
                return self._answer(status, answer, headers)
        if is_told:
            self._answer(200, json.dumps({"UnprocessedItems": {table: left}}).encode())
        return None

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return the server's answer to this request with *body*."""
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _UNCOUNTED}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.proxy.target, timeout=PATIENCE
        )
        try:
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _UNCOUNTED}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def _fail(self, status: int, name: str) -> None:
        self._answer(status, json.dumps({"__type": _API + name, "message": "as asked"}).encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, Any] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {"content-type": "application/x-amz-json-1.0"}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _items(body: bytes) -> Iterator[dict[str, Any]]:
    for requests in json.loads(body)["RequestItems"].values():
        for request in requests:
            yield request["PutRequest"]["Item"]


@contextmanager
def fault_proxy(port: int) -> Iterator[FaultProxy]:
    """Run a proxy before the server at *port* for the time of the block."""
    proxy = FaultProxy(port)
    proxy.up()
    try:
        yield proxy
    finally:
        proxy.choose = lambda: "pass"
        proxy.close()
