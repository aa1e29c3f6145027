"""Tokens as providers report them, in one vocabulary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from many_cases import each_of
from openai.types import CompletionUsage

from tracker.instrumentation.providers.usage import NO_USAGE, usage_in, usage_of
from tracker.records.counts import MAX_COUNTS, counts_in, joined, numbers_in
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


@each_of(
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


BEGUN = {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 1000}


@each_of(
    ("ended", "usage"),
    [
        ({"output_tokens": 7}, Usage(1010, 7, 1017, 1000)),
        ({"output_tokens": 7, "total_tokens": 40}, Usage(1010, 7, 40, 1000)),
        # Servers that speak Anthropic's interface say so of what they told before.
        ({"input_tokens": 0, "output_tokens": 7}, Usage(1010, 7, 1017, 1000)),
        ({"input_tokens": 10, "output_tokens": 7}, Usage(1010, 7, 1017, 1000)),
        ({"input_tokens": 30, "output_tokens": 7, "x": "text"}, Usage(1030, 7, 1037, 1000)),
    ],
)
def test_parts_of_a_stream_add_up(ended: dict[str, Any], usage: Usage) -> None:
    """A later part's counts hold, but for a 0 that takes back what was told; objects alike."""
    for first, second in ((BEGUN, ended), (as_object(BEGUN), as_object(ended))):
        assert usage_in(joined(joined({}, first), second)) == usage


MANY = {
    "input_tokens": 10,
    "cost": 0.25,
    "negative": -1,
    "huge": 10**30,
    "flag": True,
    "infinite": float("inf"),
    "note": "a text",
    "a prompt as a name": 3,
    "service_tier": "flex",
    "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2},
    "promptTokensDetails": [
        {"modality": "AUDIO", "tokenCount": 4},
        {"modality": "TEXT", "tokenCount": 5},
        {"modality": "TEXT", "tokenCount": 6},
    ],
    "iterations": [{"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 9}],
}


def test_every_number_has_its_name() -> None:
    """Nested ones too, of dicts, objects and streams alike; no text, nor what counts nothing."""
    counts = counts_in(MANY)
    assert counts == {
        "input_tokens": 10,
        "cost": 0.25,
        "cache_creation.ephemeral_5m_input_tokens": 1,
        "cache_creation.ephemeral_1h_input_tokens": 2,
        "promptTokensDetails.AUDIO.tokenCount": 4,
        "promptTokensDetails.TEXT.tokenCount": 11,
        "iterations.advisor_message[claude-opus-4-8].input_tokens": 9,
    }
    assert counts_in(as_object(MANY)) == counts == counts_in(joined({}, as_object(MANY)))
    assert "note" not in numbers_in(MANY)


def test_names_are_bounded() -> None:
    """Neither a deep, nor a wide, nor an endless usage becomes a large record."""
    endless: dict[str, Any] = {"n": 1}
    endless["again"] = [endless, endless]
    assert len(counts_in(endless)) <= 6
    assert len(counts_in({f"n{i}": i for i in range(10_000)})) == MAX_COUNTS
    assert counts_in({"x" * 10_000: 1}) == counts_in([1]) == counts_in("abc") == {}
