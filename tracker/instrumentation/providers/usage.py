"""Reading tokens, model and request id off a provider's response.  Pure functions.

Responses come as SDK objects, dicts or test doubles; only real numbers and
strings are believed.  Text of prompts and completions is never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracker.records.metric import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

NO_USAGE = Usage()
# A named tuple's own constructor takes twice as long.
_tuple_of = tuple.__new__
# The class of pydantic's classes, once a model of it was seen.
_class_of_models: type | None = None
# Tokens that were read from a provider's cache, and written to it.
READ = "cache_read_input_tokens"
WRITTEN = "cache_creation_input_tokens"


def field(record: Any, name: str) -> Any:
    """Return *name* of an object or a mapping, or None."""
    return None if record is None else reader(record)(name)


def reader(record: Any) -> Callable[[str], Any]:
    """Return the function from a name to *record*'s value of that name, or None.

    An SDK's model raises, slowly, for a field that it lacks; so its dict is read.
    """
    kind = type(record)
    if kind is dict:
        known: dict[str, Any] = record
        return known.get
    if (type(kind) is _class_of_models or _is_model(kind)) and not record.__pydantic_extra__:
        known = record.__dict__
        return known.get
    if isinstance(record, Mapping):
        return record.get
    return lambda name: getattr(record, name, None)


def _is_model(kind: type) -> bool:
    """Return whether *kind* is a class of models; asking one is slow, so what tells it is kept."""
    global _class_of_models
    if not hasattr(kind, "__pydantic_extra__"):
        return False
    if type(kind).__module__.partition(".")[0] == "pydantic":
        _class_of_models = type(kind)
    return True


def usage_of(response: Any) -> Usage:
    """Return the tokens that *response* reports, in the one vocabulary of ``Usage``.

    OpenAI's chat form (``prompt_tokens``), its responses form (``input_tokens``)
    and Anthropic's (where cached tokens are not part of ``input_tokens``) are known.
    """
    return usage_told(reader(response)) if response is not None else NO_USAGE


def usage_told(facts: Callable[[str], Any]) -> Usage:
    """Return the tokens of the response of which *facts* gives what it says under a name."""
    usage = facts("usage")
    if usage is None:
        return _google_usage(facts("usageMetadata"))
    told = reader(usage)
    inputs, outputs, total = told("prompt_tokens"), told("completion_tokens"), told("total_tokens")
    read, written = told(READ), told(WRITTEN)
    # Each number is believed if it is one; most are plain, and are not asked twice.
    if read is not None:
        read = _count(read)
    if written is not None:
        written = _count(written)
    if type(inputs) is not int or inputs < 0:
        inputs = _count(inputs)
    if type(outputs) is not int or outputs < 0:
        outputs = _count(outputs)
    if type(total) is not int or total < 0:
        total = _count(total)
    if inputs is None:
        inputs = _count(told("input_tokens"))
        if inputs is not None:
            inputs += (read or 0) + (written or 0)
    if outputs is None:
        outputs = _count(told("output_tokens"))
        if outputs is None and inputs is not None and total is not None:
            outputs = max(total - inputs, 0)
    if total is None and inputs is not None and outputs is not None:
        total = inputs + outputs
    if read is None:
        details, others = told("prompt_tokens_details"), told("input_tokens_details")
        if details is not None or others is not None:
            read = _first_count("cached_tokens", details, others)
    reasoning = None
    details, others = told("completion_tokens_details"), told("output_tokens_details")
    if details is not None or others is not None:
        reasoning = _first_count("reasoning_tokens", details, others)
    return _tuple_of(Usage, (inputs, outputs, total, read, written, reasoning))


def _google_usage(usage: Any) -> Usage:
    """Return the tokens of Google's form, in which thoughts are counted beside the candidates."""
    if not isinstance(usage, dict):
        return NO_USAGE
    counts = {name: _count(value) for name, value in usage.items()}
    inputs, outputs = counts.get("promptTokenCount"), counts.get("candidatesTokenCount")
    thoughts = counts.get("thoughtsTokenCount")
    if thoughts is not None:
        outputs = (outputs or 0) + thoughts
    if inputs is not None:
        inputs += counts.get("toolUsePromptTokenCount") or 0
    read = counts.get("cachedContentTokenCount")
    return Usage(inputs, outputs, counts.get("totalTokenCount"), read, None, thoughts)


def merged(before: Usage, after: Usage) -> Usage:
    """Return what two parts of one stream tell together; the later count of a kind holds.

    Anthropic tells its input first and its output last.
    """
    if before is NO_USAGE:
        return after
    both = Usage(*(old if new is None else new for old, new in zip(before, after, strict=True)))
    if after.total_tokens is None and both.input_tokens is not None:
        both = both._replace(total_tokens=both.input_tokens + (both.output_tokens or 0))
    return both


def model_of(response: Any) -> str | None:
    """Return the model that *response* names."""
    return text(field(response, "model")) or text(field(response, "modelVersion"))


def request_id_of(response: Any) -> str | None:
    """Return the provider's id of the HTTP response that *response* was read from."""
    return text(field(response, "_request_id"))


def text(value: object) -> str | None:
    """Return *value* if it is a text that says something."""
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and type(value) is not bool and value >= 0 else None


def _first_count(name: str, *groups: Any) -> int | None:
    for details in groups:
        if details is not None:
            count = _count(reader(details)(name))
            if count is not None:
                return count
    return None
