"""The stores that a configuration can name; each is imported when it is first used."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, NamedTuple, cast

from tracker.sinks.protocol import TellingApart

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


def key_of(name: str, table_name: str) -> str:
    """Return what tells the destination of the sink *name* from all others, in the spool too.

    Its module says that, as ``protocol.TellingApart`` has it; one that does not has a sink for
    each table.
    """
    apart = _apart(KNOWN[name].maker)(table_name)
    return f"{name}:{apart}" if apart else name


@functools.cache  # each record asks
def _apart(maker: str) -> Callable[[str], str]:
    module = importlib.import_module(maker.partition(":")[0])
    return module.destination if isinstance(module, TellingApart) else _by_table


def _by_table(table_name: str) -> str:
    return table_name
