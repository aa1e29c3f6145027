"""What an answer tells beside the tokens that every record has: all of its counts, and its terms.

Counts are handed on as the answer has them, and are read when the record is stored: most calls
pay for three look-ups here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.instrumentation.providers.fields import field, reader, text
from tracker.instrumentation.providers.usage import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Calls of tools that the program runs, and nobody bills.
OF_THE_PROGRAM = frozenset(("function_call", "custom_tool_call", "local_shell_call"))


class Beside(NamedTuple):
    """``told`` is the usage, ``counts`` what is counted elsewhere, ``conditions`` the terms."""

    told: object = None
    counts: Mapping[str, Any] | None = None
    conditions: Mapping[str, object] | None = None


NOTHING = Beside()
# A named tuple's own constructor takes twice as long.
_tuple_of = tuple.__new__


def beside(response: Any) -> Beside:
    """Return what *response*, an object or a dict, tells beside its tokens."""
    return NOTHING if response is None else beside_told(reader(response))


def beside_told(facts: Callable[[str], Any]) -> Beside:
    """Return what the response tells of which *facts* gives what it says under a name."""
    counts = conditions = None
    tier, output = facts("service_tier"), facts("output")
    if tier is not None:
        conditions = {"service_tier": tier}
    if output is not None:
        counts = {"output": _tools(output)}
        tools = facts("tool_usage")
        if tools is not None:
            counts["tool_usage"] = tools
    elif tier is None and (quality := facts("quality")) is not None:
        conditions = {"quality": quality, "size": facts("size")}  # of images
        counts = {"svg_usage": facts("svg_usage")}
    told = facts("usage")
    if told is None:
        told = next((found for name in ELSEWHERE if (found := facts(name)) is not None), None)
    return _tuple_of(Beside, (told, counts, conditions))


def _tools(output: Any) -> dict[str, int]:
    """Return how often the server used each of its tools, by the type of what it put out."""
    found: dict[str, int] = {}
    if not isinstance(output, list):
        return found
    for item in output:
        kind = text(field(item, "type"))
        if kind is None or not kind.endswith("_call") or kind in OF_THE_PROGRAM:
            continue
        # A search is billed, a look at a page that it found is not.
        action = text(field(field(item, "action"), "type")) if kind == "web_search_call" else None
        name = kind if action is None else f"{kind}.{action}"
        found[name] = found.get(name, 0) + 1
    return found
