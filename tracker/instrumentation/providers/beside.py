"""What an answer tells beside the tokens that every record has: all of its counts, and its terms.

Counts are handed on as the answer has them, and are read when the record is stored: most calls
pay for three look-ups here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.instrumentation.providers.fields import field, reader, text
from tracker.instrumentation.providers.usage import ELSEWHERE, usage_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Calls of tools that the program runs, and nobody bills.
OF_THE_PROGRAM = frozenset(("function_call", "custom_tool_call", "local_shell_call"))


#: What is counted elsewhere than in the usage, and the terms.
Beyond = tuple["Mapping[str, Any] | None", "Mapping[str, object] | None"]
#: The usage, what is counted elsewhere, and the terms: the last fields of a ``Call``.
Beside = tuple[object, "Mapping[str, Any] | None", "Mapping[str, object] | None"]
NOTHING: Beside = (None, None, None)


def beside(response: Any) -> Beside:
    """Return what *response*, an object or a dict, tells beside its tokens."""
    return NOTHING if response is None else beside_told(reader(response))


def beside_told(facts: Callable[[str], Any]) -> Beside:
    """Return what the response tells of which *facts* gives what it says under a name."""
    told = facts("usage")
    if told is None:
        told = next((found for name in ELSEWHERE if (found := facts(name)) is not None), None)
        if told is None:
            told = usage_inside(facts)
    return (told, *beyond_usage(facts))


def beyond_usage(facts: Callable[[str], Any]) -> Beyond:
    """Return what the response of *facts* counts outside its usage, and its terms."""
    tier, output = facts("service_tier"), facts("output")
    conditions = None if tier is None else {"service_tier": tier}
    if output is not None:
        return {"output": _tools(output), "tool_usage": facts("tool_usage")}, conditions
    if tier is None and (quality := facts("quality")) is not None:  # of images
        return {"svg_usage": facts("svg_usage")}, {"quality": quality, "size": facts("size")}
    return None, conditions


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
