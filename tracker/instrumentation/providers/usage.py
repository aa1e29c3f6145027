"""Reading tokens, model and request id off a provider's response.  Pure functions.

One form, ``usage`` with the names of OpenAI and of Anthropic, is read here in one go: most servers
speak it, and each call pays for it.  What a provider tells elsewhere, it reads itself.

Responses come as SDK objects, dicts or test doubles; only real numbers and
strings are believed.  Text of prompts and completions is never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracker.instrumentation.providers import PROVIDERS
from tracker.instrumentation.providers.fields import field, number, reader, text
from tracker.pricing.quantities import tokens_beside
from tracker.records.counts import counts_in
from tracker.records.metric import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

NO_USAGE = Usage()
# A named tuple's own constructor takes twice as long.
_tuple_of = tuple.__new__
# Tokens that were read from a provider's cache, and written to it.
READ = "cache_read_input_tokens"
WRITTEN = "cache_creation_input_tokens"
#: Where some providers tell their usage instead, with what reads it.
ELSEWHERE = {one.usage_field: one.read_usage for one in PROVIDERS if one.read_usage is not None}
#: In which fields servers may tell it, by its usual name.
INSIDE = frozenset(name for one in PROVIDERS for name in one.usage_inside)
#: Where the model is told; ``model`` is asked for first.
MODEL_FIELDS = ("model", *{one.model_field for one in PROVIDERS} - {"model"})


def usage_of(response: Any) -> Usage:
    """Return the tokens that *response* reports, in the one vocabulary of ``Usage``.

    OpenAI's chat form (``prompt_tokens``), its responses form (``input_tokens``)
    and Anthropic's (where cached tokens are not part of ``input_tokens``) are known.
    """
    return usage_told(reader(response)) if response is not None else NO_USAGE


def usage_told(facts: Callable[[str], Any]) -> Usage:
    """Return the tokens of the response of which *facts* gives what it says under a name."""
    given = facts("usage")
    if given is None:
        return _usage_elsewhere(facts)
    told = reader(given)
    inputs, outputs, total = told("prompt_tokens"), told("completion_tokens"), told("total_tokens")
    read, written = told(READ), told(WRITTEN)
    # Each number is believed if it is one; most are plain, and are not asked twice.
    if read is not None:
        read = number(read)
    if written is not None:
        written = number(written)
    if type(inputs) is not int or inputs < 0:
        inputs = number(inputs)
    if type(outputs) is not int or outputs < 0:
        outputs = number(outputs)
    if type(total) is not int or total < 0:
        total = number(total)
    # What is told by chat's names has its details by chat's names: most answers are not asked more.
    is_chat = inputs is not None and outputs is not None
    if inputs is None:
        inputs = number(told("input_tokens"))
        if inputs is not None:
            inputs += (read or 0) + (written or 0)
    if outputs is None:
        outputs = number(told("output_tokens"))
        if outputs is None and inputs is not None and total is not None:
            outputs = max(total - inputs, 0)
    if total is None and inputs is not None and outputs is not None:
        total = inputs + outputs
    if read is None:
        read, written = _cached(told, written, is_chat=is_chat)
    reasoning = _reasoning(told, is_chat=is_chat)
    usage = _tuple_of(Usage, (inputs, outputs, total, read, written, reasoning))
    rounds = None if is_chat else told("iterations")
    return _with_rounds(usage, rounds) if rounds else usage


def _cached(
    told: Callable[[str], Any], written: int | None, *, is_chat: bool
) -> tuple[int | None, int | None]:
    """Return the tokens read from a cache and, unless that many were, *written* to it."""
    details = told("prompt_tokens_details")
    others = None if is_chat else told("input_tokens_details") or told("input_token_details")
    if details is None and others is None:
        return None, written
    if written is None:
        written = _first_count("cache_write_tokens", details, others)
    return _first_count("cached_tokens", details, others), written


def _reasoning(told: Callable[[str], Any], *, is_chat: bool) -> int | None:
    """Return the tokens that nobody sees."""
    details = told("completion_tokens_details")
    others = None if is_chat else told("output_tokens_details")
    if details is None and others is None:
        return None
    found = _first_count("reasoning_tokens", details, others)
    return _first_count("thinking_tokens", others) if found is None else found  # Anthropic's


def _with_rounds(usage: Usage, rounds: Any) -> Usage:
    """Return *usage* with the tokens of *rounds* of the same call that it leaves out."""
    beside = tokens_beside(counts_in({"iterations": rounds}))
    if usage.input_tokens is None or usage.output_tokens is None or not any(beside):
        return usage
    inputs, outputs, read, written = beside
    return usage._replace(
        input_tokens=usage.input_tokens + inputs,
        output_tokens=usage.output_tokens + outputs,
        total_tokens=None if usage.total_tokens is None else usage.total_tokens + inputs + outputs,
        cached_input_tokens=(usage.cached_input_tokens or 0) + read,
        cache_write_tokens=(usage.cache_write_tokens or 0) + written,
    )


def _usage_elsewhere(facts: Callable[[str], Any]) -> Usage:
    """Return what a response tells under one provider's own name, in its own form."""
    for name, read in ELSEWHERE.items():
        usage = read(facts(name))
        if usage is not None:
            return usage
    told = usage_inside(facts)
    return NO_USAGE if told is None else usage_told({"usage": told}.get)


def usage_inside(facts: Callable[[str], Any]) -> Any:
    """Return the usage that stands inside another field of a response, if it does."""
    return next(
        (told for name in INSIDE if (told := field(facts(name), "usage")) is not None), None
    )


def usage_in(told: Any) -> Usage:
    """Return the tokens of *told*, a usage of any form, as ``usage_of`` reads it in a response."""
    if told is None:
        return NO_USAGE
    usage = usage_told({"usage": told}.get)
    if usage == NO_USAGE:
        return _usage_elsewhere(dict.fromkeys(ELSEWHERE, told).get)
    return usage


def model_of(response: Any) -> str | None:
    """Return the model that *response* names."""
    for name in MODEL_FIELDS:
        found = text(field(response, name))
        if found is not None:
            return found
    return None


def request_id_of(response: Any) -> str | None:
    """Return the provider's id of the HTTP response that *response* was read from."""
    return text(field(response, "_request_id"))


def _first_count(name: str, *groups: Any) -> int | None:
    for details in groups:
        if details is not None:
            count = number(reader(details)(name))
            if count is not None:
                return count
    return None
