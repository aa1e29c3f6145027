"""Baggage through OpenTelemetry's API, where that is installed.

What is current there goes along, as with every propagator of it; its codec reads and writes.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from tracker.propagate import carriers, members

if TYPE_CHECKING:
    from collections.abc import Mapping


class Propagator:
    """Baggage as OpenTelemetry's *api* has it, read and written by its propagator."""

    def __init__(self, api: Any, codec: Any) -> None:
        self._api = api
        self._codec = codec

    def current(self) -> dict[str, str]:
        """Return the baggage that is current."""
        return _texts(self._api.get_all())

    def read(self, header: str) -> dict[str, str]:
        """Return the members of *header*, and of nothing else."""
        return _texts(self._api.get_all(self._received(header, self._nothing())))

    def joined(self, header: str, written: Mapping[str, str]) -> str:
        """Return a header with current baggage, that of *header*, and what is *written*."""
        context = self._received(header, self._nothing())
        known = {**self._api.get_all(), **self._api.get_all(context)}
        others = {name: value for name, value in known.items() if name not in written}
        context = self._nothing()
        # Ours come first: a header that is too long is cut off at its end.
        for name, value in {**written, **others}.items():
            context = self._api.set_baggage(name, value, context)
        made: dict[str, str] = {}
        self._codec.inject(made, context)
        return made.get(carriers.HEADER, "")

    def _received(self, header: str, context: Any) -> Any:
        # What is left out here the codec would tell a log of, in the words of whoever sent it.
        return self._codec.extract({carriers.HEADER: members.safe(header)}, context)

    @staticmethod
    def _nothing() -> Any:
        from opentelemetry.context import Context

        return Context()


def _texts(baggage: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in baggage.items() if isinstance(value, str)}


@functools.cache
def propagator() -> Propagator | None:
    """Return what OpenTelemetry's API does, or None without it."""
    try:
        from opentelemetry import baggage
        from opentelemetry.baggage.propagation import W3CBaggagePropagator
    except ImportError:
        return None
    return Propagator(baggage, W3CBaggagePropagator())
