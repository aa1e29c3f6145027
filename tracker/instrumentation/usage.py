"""Reading tokens, model and request id off a provider's response.  Pure functions.

Responses come as SDK objects, dicts or test doubles; only real numbers and
strings are believed.  Text of prompts and completions is never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tracker.metric import Usage

NO_USAGE = Usage()
COUNTS = tuple(count.name for count in fields(Usage))


def field(record: Any, name: str) -> Any:
    """Return *name* of an object or a mapping, or None."""
    if record is None:
        return None
    if isinstance(record, Mapping):
        return record.get(name)
    return getattr(record, name, None)


def usage_of(response: Any) -> Usage:
    """Return the tokens that *response* reports, in the one vocabulary of ``Usage``.

    OpenAI's chat form (``prompt_tokens``), its responses form (``input_tokens``)
    and Anthropic's (where cached tokens are not part of ``input_tokens``) are known.
    """
    usage = field(response, "usage")
    if usage is None:
        return NO_USAGE
    read, written = _anthropic_cache(usage)
    inputs = _first(usage, "prompt_tokens", "input_tokens")
    if inputs is not None:
        inputs += (read or 0) + (written or 0)
    total = _count(usage, "total_tokens")
    outputs = _first(usage, "completion_tokens", "output_tokens")
    if outputs is None and inputs is not None and total is not None:
        outputs = max(total - inputs, 0)
    if total is None and inputs is not None and outputs is not None:
        total = inputs + outputs
    return Usage(
        input_tokens=inputs,
        output_tokens=outputs,
        total_tokens=total,
        cached_input_tokens=_cached(usage) if read is None else read,
        cache_write_tokens=written,
        reasoning_tokens=_reasoning(usage),
    )


def merged(before: Usage, after: Usage) -> Usage:
    """Return what two parts of one stream tell together; the later count of a kind holds.

    Anthropic tells its input first and its output last.
    """
    if before is NO_USAGE:
        return after
    later = {name: n for name in COUNTS if (n := getattr(after, name)) is not None}
    both = replace(before, **later)
    if after.total_tokens is None and both.input_tokens is not None:
        both = replace(both, total_tokens=both.input_tokens + (both.output_tokens or 0))
    return both


def model_of(response: Any) -> str | None:
    """Return the model that *response* names."""
    return _text(field(response, "model"))


def request_id_of(response: Any) -> str | None:
    """Return the provider's id of the HTTP response that *response* was read from."""
    return _text(field(response, "_request_id"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(record: Any, name: str) -> int | None:
    value = field(record, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def _first(record: Any, *names: str) -> int | None:
    return next((n for name in names if (n := _count(record, name)) is not None), None)


def _anthropic_cache(usage: Any) -> tuple[int | None, int | None]:
    return _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")


def _cached(usage: Any) -> int | None:
    for details in ("prompt_tokens_details", "input_tokens_details"):
        count = _count(field(usage, details), "cached_tokens")
        if count is not None:
            return count
    return None


def _reasoning(usage: Any) -> int | None:
    for details in ("completion_tokens_details", "output_tokens_details"):
        count = _count(field(usage, details), "reasoning_tokens")
        if count is not None:
            return count
    return None
