"""Tokens as providers report them, in one vocabulary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage

from tracker.instrumentation.providers.usage import NO_USAGE, merged, usage_of
from tracker.records.metric import Usage

CHAT = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
RESPONSES = {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}
DETAILS = {
    "prompt_tokens_details": {"cached_tokens": 6},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
OTHER_DETAILS = {
    "input_tokens_details": {"cached_tokens": 6},
    "output_tokens_details": {"reasoning_tokens": 3},
}
CACHE = {"cache_read_input_tokens": 6, "cache_creation_input_tokens": 2}


def as_object(value: Any) -> Any:
    """Return dicts as objects with attributes, all the way down."""
    if not isinstance(value, dict):
        return value
    return SimpleNamespace(**{name: as_object(inner) for name, inner in value.items()})


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (CHAT, Usage(10, 4, 14)),
        (CHAT | DETAILS, Usage(10, 4, 14, 6, None, 3)),
        (RESPONSES | OTHER_DETAILS, Usage(10, 4, 14, 6, None, 3)),
        ({"input_tokens": 10, "output_tokens": 4} | CACHE, Usage(18, 4, 22, 6, 2)),
        ({"prompt_tokens": 10, "total_tokens": 10}, Usage(10, 0, 10)),
        ({"prompt_tokens": 10, "completion_tokens": 4}, Usage(10, 4, 14)),
        ({"total_tokens": 14}, Usage(None, None, 14)),
        ({"prompt_tokens_details": {}} | RESPONSES | OTHER_DETAILS, Usage(10, 4, 14, 6, None, 3)),
        ({}, NO_USAGE),
    ],
)
def test_the_forms_of_all_providers(told: dict[str, Any], usage: Usage) -> None:
    """Chat, responses, embeddings and Anthropic's form are read alike, as dicts and as objects."""
    assert usage_of({"usage": told}) == usage
    assert usage_of(as_object({"usage": told})) == usage


def test_a_gateway_with_both_vocabularies() -> None:
    """Where ``prompt_tokens`` is told, tokens from a cache are part of it, and not added again."""
    assert usage_of({"usage": CHAT | CACHE}) == Usage(10, 4, 14, 6, 2)


def test_a_model_of_the_sdk_is_read_as_its_dict() -> None:
    """Also fields that the SDK does not know yet, which a newer or a compatible server sends."""
    known = CompletionUsage.model_validate(CHAT | DETAILS)
    assert usage_of(SimpleNamespace(usage=known)) == Usage(10, 4, 14, 6, None, 3)
    unknown = CompletionUsage.model_validate(CHAT | CACHE)
    assert usage_of(SimpleNamespace(usage=unknown)) == Usage(10, 4, 14, 6, 2)


@given(
    st.dictionaries(
        st.sampled_from([*CHAT, *RESPONSES, *DETAILS, *OTHER_DETAILS, *CACHE]),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-5, 10**30),
            st.floats(),
            st.text(max_size=3),
            st.dictionaries(st.sampled_from(["cached_tokens", "x"]), st.integers() | st.text()),
        ),
    )
)
def test_only_counts_are_believed(told: dict[str, Any]) -> None:
    """Whatever stands in place of a number: no error, and nothing but whole numbers from 0."""
    usage = usage_of({"usage": told})
    assert all(count is None or (type(count) is int and count >= 0) for count in usage)
    assert usage == usage_of(as_object({"usage": told}))


def test_parts_of_a_stream_add_up() -> None:
    """A later part's counts hold; the total is made anew unless it was told."""
    begun, ended = Usage(10, 1, 11, 6, 2), Usage(None, 7)
    assert merged(NO_USAGE, begun) == begun
    assert merged(begun, ended) == Usage(10, 7, 17, 6, 2)
    assert merged(begun, Usage(None, 7, 40)) == Usage(10, 7, 40, 6, 2)
