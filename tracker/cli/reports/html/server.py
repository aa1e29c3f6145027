"""The page over HTTP, on the loopback interface, read only.

A web page elsewhere can make a browser send requests here.  So a request is answered only if it
names this very address as its host (a name that leads here is none) and no other origin.
"""

from __future__ import annotations

import hashlib
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tracker.cli.reports.html.data import data_of
from tracker.cli.reports.html.page import page, policy
from tracker.errors import AIUsageError
from tracker.records.clock import steady

if TYPE_CHECKING:
    import sqlite3

    from tracker.cli.reports.rows import Selection
    from tracker.cli.reports.sources.source import Source

HOST = "127.0.0.1"
DATA = "/data"
#: A store that does not tell whether something is new is read again after that.
SECONDS_BETWEEN_READS = 60.0
_NAMES = (HOST, "localhost")
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Live:
    """The data of a store, made anew when something was stored."""

    def __init__(self, source: Source, selection: Selection) -> None:
        self.source = source
        self.selection = selection
        self._turn = threading.Lock()
        self._state: object = None
        self._read = -SECONDS_BETWEEN_READS
        self._packed = ""

    def made(self, file: sqlite3.Connection) -> str:
        """Return the data of *file*.  Raises sqlite3.Error."""
        return data_of(file, self.selection, self.source.name)[0]

    def hold(self, packed: str, state: object) -> None:
        """Take *packed* for the data as they are in *state*."""
        self._packed, self._state, self._read = packed, state, steady()

    def packed(self) -> str:
        """Return the data as they are now.  Raises AIUsageError or FileNotFoundError."""
        with self._turn:
            state = self.source.state()
            is_old = state != self._state
            if state is None:
                is_old = steady() - self._read >= SECONDS_BETWEEN_READS
            if is_old or not self._packed:
                answer = self.source.ask(self.made, self.selection, whole=True)
                self.hold(answer.found, state)
            return self._packed


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface."""

    daemon_threads = True

    def __init__(self, live: Live, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.live = live
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in _NAMES)


def server_of(live: Live, port: int) -> Server:
    """Return a server that shows *live*.  Raises OSError if it cannot listen."""
    return Server(live, port)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "ai-usage"
    sys_version = ""
    timeout = 30.0

    def do_GET(self) -> None:
        """Answer with the page or its data."""
        if not self._is_meant():
            self._send(HTTPStatus.FORBIDDEN, "this address answers to itself alone\n")
        elif self.path not in ("/", DATA):
            self._send(HTTPStatus.NOT_FOUND, "there is / and nothing else\n")
        else:
            try:
                packed = self.server.live.packed()
            except (AIUsageError, FileNotFoundError) as error:
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n")
            else:
                self._show(packed)

    do_HEAD = do_GET

    def _is_meant(self) -> bool:
        """Whether the request names this address, and comes of no page of another origin."""
        host = self.headers.get_all("Host") or []
        origin = self.headers.get("Origin")
        site = self.headers.get("Sec-Fetch-Site", "none")
        return (
            len(host) == 1
            and host[0].lower() in self.server.hosts
            and (origin is None or origin == f"http://{host[0].lower()}")
            and site in ("none", "same-origin")
        )

    def _show(self, packed: str) -> None:
        if self.path == "/":
            text = page(packed, live=DATA)
            return self._send(HTTPStatus.OK, text, kind="text/html", policy=policy(live=True))
        tag = f'"{hashlib.sha256(packed.encode()).hexdigest()[:32]}"'
        if self.headers.get("If-None-Match") == tag:
            return self._send(HTTPStatus.NOT_MODIFIED, "", tag=tag)
        return self._send(HTTPStatus.OK, packed, tag=tag)

    def _send(
        self,
        status: HTTPStatus,
        text: str,
        *,
        kind: str = "text/plain",
        tag: str = "",
        policy: str = "default-src 'none'; frame-ancestors 'none'",
    ) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        headers = {
            **_HEADERS,
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Security-Policy": policy,
            "Content-Length": str(len(body)),
        }
        if tag:
            headers["ETag"] = tag
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status is not HTTPStatus.NOT_MODIFIED:
            self.wfile.write(body)

    def log_message(self, *_told: object) -> None:
        """Say nothing: every three seconds is too much to tell."""
