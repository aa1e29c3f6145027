"""The stores that a configuration can name; each is imported when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.sinks.protocol import Sink

#: Each name with the function that makes the sink from the environment's variables.
KNOWN = {
    "sqlite": "tracker.sinks.sqlite.sink:from_environment",
    "jsonl": "tracker.sinks.jsonl:from_environment",
    "dynamodb": "tracker.sinks.dynamodb.sink:from_environment",
    "otlp": "tracker.sinks.otlp:from_environment",
}


def make(name: str, table_name: str) -> Sink:
    """Return the sink called *name*; *table_name* is the tracker's, for those that have tables.

    Raises ConfigurationError for settings that the sink cannot use.
    """
    module, _, function = KNOWN[name].partition(":")
    factory = cast("Callable[[str], Sink]", getattr(importlib.import_module(module), function))
    return factory(table_name)
