"""The loopback server, with tokens that tell requests apart."""

from __future__ import annotations

import json
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests import loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The fields of a usage that count what was sent.
INPUT = ("prompt_tokens", "input_tokens", "total_tokens")


@contextmanager
def telling_server() -> Iterator[loopback.LoopbackServer]:
    """Run a server whose answers count as input tokens a number made of the request's body.

    So a record says of which call it is, and one that is booked to the job of another call,
    though that is of the same model, is seen.
    """
    with loopback.loopback_server() as server:
        server.RequestHandlerClass = _TellingHandler
        yield server


def number_of(body: dict[str, Any]) -> int:
    """Return the number that stands for a request: equal bodies have equal ones."""
    return zlib.crc32(json.dumps(body, sort_keys=True).encode()) % 900_000 + 100_000


class _TellingHandler(loopback._Handler):
    def _answer(self, path: str, body: dict[str, Any]) -> None:
        self._number = number_of(body)
        super()._answer(path, body)

    def _stream(self, path: str, body: dict[str, Any]) -> None:
        self._number = number_of(body)
        super()._stream(path, body)

    def _json(self, payload: dict[str, Any], status: int = 200) -> None:
        super()._json(self._told(payload) if status == 200 else payload, status)

    def _events(self, events: list[loopback.Event], *, done: bool = False) -> None:
        super()._events([(name, self._told(event)) for name, event in events], done=done)

    def _told(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._told(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            key: self._number if key in INPUT else self._told(item) for key, item in value.items()
        }
