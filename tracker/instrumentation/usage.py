"""Reading tokens, model and request id off a provider's response.  Pure functions.

Responses come as SDK objects, dicts or test doubles; only real numbers and
strings are believed.  Text of prompts and completions is never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from tracker.metric import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

NO_USAGE = Usage()
COUNTS = tuple(count.name for count in fields(Usage))
INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details")
OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details")


def field(record: Any, name: str) -> Any:
    """Return *name* of an object or a mapping, or None."""
    return None if record is None else reader(record)(name)


def reader(record: Any) -> Callable[[str], Any]:
    """Return the function from a name to *record*'s value of that name, or None.

    An SDK's model raises, slowly, for a field that it lacks; so its dict is read.
    """
    if isinstance(record, dict):
        return record.get
    if hasattr(type(record), "__pydantic_extra__") and not record.__pydantic_extra__:
        values: dict[str, Any] = record.__dict__
        return values.get
    if isinstance(record, Mapping):
        return record.get
    return lambda name: getattr(record, name, None)


def usage_of(response: Any) -> Usage:
    """Return the tokens that *response* reports, in the one vocabulary of ``Usage``.

    OpenAI's chat form (``prompt_tokens``), its responses form (``input_tokens``)
    and Anthropic's (where cached tokens are not part of ``input_tokens``) are known.
    """
    usage = field(response, "usage")
    if usage is None:
        return NO_USAGE
    told = reader(usage)
    read = _count(told("cache_read_input_tokens"))
    written = _count(told("cache_creation_input_tokens"))
    inputs = _first(told, "prompt_tokens", "input_tokens")
    if inputs is not None:
        inputs += (read or 0) + (written or 0)
    total = _count(told("total_tokens"))
    outputs = _first(told, "completion_tokens", "output_tokens")
    if outputs is None and inputs is not None and total is not None:
        outputs = max(total - inputs, 0)
    if total is None and inputs is not None and outputs is not None:
        total = inputs + outputs
    return Usage(
        inputs,
        outputs,
        total,
        _detail(told, INPUT_DETAILS, "cached_tokens") if read is None else read,
        written,
        _detail(told, OUTPUT_DETAILS, "reasoning_tokens"),
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


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and type(value) is not bool and value >= 0 else None


def _first(told: Callable[[str], Any], *names: str) -> int | None:
    for name in names:
        count = _count(told(name))
        if count is not None:
            return count
    return None


def _detail(told: Callable[[str], Any], groups: tuple[str, ...], name: str) -> int | None:
    for group in groups:
        details = told(group)
        count = None if details is None else _count(reader(details)(name))
        if count is not None:
            return count
    return None
