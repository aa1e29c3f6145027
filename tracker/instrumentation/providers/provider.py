"""What one provider is to this package, as data: the shape of each module beside this one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.instrumentation.providers.endpoints import operation_at, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.records.metric import Usage

#: The attribute by which our wrapper of a method is known.
MARK = "_ai_usage_observed"
NOTHING = re.compile(r"(?!)")
#: Operations that are recorded though the providers take nothing for them.
UNCHARGED = frozenset({"moderation"})
#: Operations whose answers tell all in tokens: nobody looks at what their requests say.
BY_TOKENS = frozenset({"completion", "embedding"})


class BatchResult(NamedTuple):
    """One line of a batch's results: the answer, None if that call failed, and its request's id."""

    answer: Any
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: how its clients call, what is billed, and how its answers tell what was used.

    ``name`` is the service that is booked, and the module of its SDK if its clients are captured.
    Of the clients:

    - ``classes`` are captured; a name that an older SDK lacks is passed over.
    - ``calls`` are the methods of a client that are billed, by the path to them, for clients that
      carry a tracker; with their operations.
    - ``finals`` are the methods of stream helpers that give the whole answer put together, by
      the module that has them.
    - ``connections`` are the managers of connections, and where they connect, by module.
    - ``error_codes`` are documented as codes and types of errors; anything else could be a text.

    Of requests:

    - ``operations`` tells which paths answer with the tokens that they used, and as what they are
      booked; ``pieces`` those that may count something else; ``billed`` those that are billed, or
      counted, and may not tell, without version and ids; ``free`` those that are not.
    - ``reads`` are patterns of the paths of requests whose answers tell what others used, by kind:
      a ``response`` that is made in the background, a ``batch``, and its ``results``; with the id.
    - ``method_path`` finds model and method in a path that ends with them; ``methods`` are those
      that are billed, with their operations.
    - ``asks_for_usage`` are the paths whose streams tell their usage only when asked.

    Of answers:

    - ``model_field`` and ``usage_field`` name the model and the usage where these are not in
      ``model`` and ``usage``; ``read_usage`` reads such a usage, or gives None if it is none.
    - ``usage_inside`` names what servers that speak the same may put a stream's ``usage`` into.
    - ``end_events`` are patterns of lines that end a stream of events; ``is_last_word`` says of an
      event that tells usage whether its counts are the final ones, ``is_first_word`` whether others
      are to follow in any case.
    - ``batch_result`` reads a line of a batch's results, or gives None if it is none of its.
    """

    name: str
    classes: tuple[str, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    finals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    connections: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    error_codes: frozenset[str] = frozenset()
    operations: Mapping[str, str] = field(default_factory=dict)
    pieces: Mapping[str, str] = field(default_factory=dict)
    billed: Mapping[str, str] = field(default_factory=dict)
    free: re.Pattern[str] = NOTHING
    reads: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    method_path: re.Pattern[str] = NOTHING
    methods: Mapping[str, str] = field(default_factory=dict)
    asks_for_usage: frozenset[str] = frozenset()
    model_field: str = "model"
    usage_field: str = "usage"
    read_usage: Callable[[Any], Usage | None] | None = None
    usage_inside: tuple[str, ...] = ()
    end_events: tuple[bytes, ...] = ()
    is_last_word: Callable[[Mapping[str, Any]], bool] | None = None
    is_first_word: Callable[[Mapping[str, Any]], bool] | None = None
    batch_result: Callable[[Any], BatchResult | None] | None = None

    def operation_of(self, url: str) -> str | None:
        """Return what a POST to *url* is booked as, or None if it is not billed.

        What is not known is booked as ``other``.
        """
        return self._usual(url) or operation_at(path_of(url), self.billed, self.free)

    def is_usual(self, url: str) -> bool:
        """Return whether *url* is one of those that answer with what they used."""
        return self._usual(url) is not None

    def _usual(self, url: str) -> str | None:
        """Azure puts a deployment before the path, and a caller may give a whole URL."""
        path = url.partition("?")[0]
        known = self.operations.get(path) or self.pieces.get(path)
        if known is not None or path.count("/") < 3:
            return known
        for table in (self.operations, self.pieces):
            for end, operation in table.items():
                if path.endswith(end):
                    return operation
        return None

    def must_ask(self, url: str) -> bool:
        """Return whether a stream from *url* tells its usage only when asked."""
        return url.partition("?")[0].endswith(tuple(self.asks_for_usage))

    def asked_at(self, url: str) -> tuple[str, str | None] | None:
        """Return operation and model, if the path names one, of a POST to *url*; else None."""
        operation = self._usual(url)
        if operation is not None:
            return operation, None
        found = self.method_path.search(url)
        if found is not None and found[2] in self.methods:
            return self.methods[found[2]], found[1]
        return None


def billed_operation(
    provider: Provider, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> str | None:
    """Return what a request is booked as, or None if it is not billed.

    *args* and *kwargs* are those of a client's ``request``, without the client.
    """
    options = args[1] if len(args) > 1 else kwargs.get("options")
    if options is None or options.method.lower() != "post":
        return None
    return provider.operation_of(options.url)
