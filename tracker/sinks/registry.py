"""The stores that a configuration can name; each is imported when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.sinks.protocol import Sink


class Known(NamedTuple):
    """How a sink is made: ``module:function``, called with the name of the tracker's table.

    A *durable* one is on this machine and survives the end of the process as well as the spool
    does: it is written to directly, all others through the spool.
    """

    maker: str
    durable: bool = False


KNOWN = {
    "sqlite": Known("tracker.sinks.sqlite.sink:from_environment", durable=True),
    "jsonl": Known("tracker.sinks.jsonl:from_environment", durable=True),
    "dynamodb": Known("tracker.sinks.dynamodb.sink:from_environment"),
    "otlp": Known("tracker.sinks.otlp:from_environment"),
}


def make(name: str, table_name: str) -> Sink:
    """Return the sink called *name*; *table_name* is the tracker's, for those that have tables.

    Raises ConfigurationError for settings that the sink cannot use.
    """
    module, _, function = KNOWN[name].maker.partition(":")
    factory = cast("Callable[[str], Sink]", getattr(importlib.import_module(module), function))
    return factory(table_name)
