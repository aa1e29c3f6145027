"""What a call is billed for: its counts, from the names of all providers, by kind.

The kinds are those of genai-prices (``cache_write_1h_tokens``, ``input_audio_tokens``,
``web_searches``, ...); a kind that is a part of another is counted in both.  Pure functions.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tracker.records.metric import Usage

Quantities = dict[str, float]
NO_COUNTS: Mapping[str, float] = MappingProxyType({})

#: Where the interfaces tell the parts of input and output: chat, responses, realtime and audio.
INPUT = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
OUTPUT = ("completion_tokens_details", "output_tokens_details", "output_token_details")
#: What calls are billed by that tell no tokens.
BY_THE_PIECE = frozenset(("audio_seconds", "input_characters", "images"))
MODALITIES = ("audio", "image", "video")
#: Google's names of modalities; its pages of documents are billed as images.
GOOGLE = {"AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video"}
#: Counts that are of one kind, whoever tells them; the first that is told holds.
SAME_FOR_ALL = {
    "cache_write_1h_tokens": ("cache_creation.ephemeral_1h_input_tokens",),
    "cache_write_12h_tokens": tuple(
        f"{details}.cache_write_tokens_details.ttl_12h_tokens" for details in INPUT
    ),
    "cache_write_tokens": tuple(f"{details}.cache_write_tokens" for details in INPUT),
    "web_searches": (
        "server_tool_use.web_search_requests",
        "tool_usage.web_search.num_requests",
        "output.web_search_call.search",
        "output.web_search_call",
        "num_search_queries",
    ),
    "storage_searches": ("output.file_search_call",),
    "audio_seconds": ("seconds", "duration"),
    "input_characters": ("characters",),
    "images": ("images",),
    "image_tool_tokens": ("tool_usage.image_gen.total_tokens", "svg_usage.total_tokens"),
    "output_reasoning_tokens": (
        *(f"{details}.reasoning_tokens" for details in OUTPUT),
        *(f"{details}.thinking_tokens" for details in OUTPUT),
        "thoughtsTokenCount",
    ),
}
#: Further rounds of the same call, beside what it tells as a whole.
_ROUND = re.compile(r"iterations\.(compaction|advisor_message)(?:\[([^\]]+)\])?\.(.+)")


class Part(NamedTuple):
    """A part of a call that is billed by itself: what it is, and its model if it has its own."""

    name: str
    model: str | None
    quantities: Quantities


def parts_of(usage: Usage, counts: Mapping[str, float], operation: str | None = None) -> list[Part]:
    """Return what is billed: the call, and the rounds that are not among its own tokens."""
    call = _of_operation(_of_call(usage, counts), operation)
    return [Part("", None, call), *_rounds(counts)]


def _of_operation(kinds: Quantities, operation: str | None) -> Quantities:
    """Return *kinds* as they are billed at an endpoint of pictures, of videos, or another."""
    if kinds.get("input_tokens") or kinds.get("output_tokens"):
        # What is billed by its tokens is not billed by the piece, too.
        kinds = {kind: count for kind, count in kinds.items() if kind not in BY_THE_PIECE}
    if operation == "image" and kinds.get("output_tokens"):
        kinds.setdefault("output_image_tokens", kinds["output_tokens"])
    if operation == "video" and "audio_seconds" in kinds:
        kinds["video_seconds"] = kinds.pop("audio_seconds")
    return kinds


def _rounds(counts: Mapping[str, float]) -> list[Part]:
    rounds: dict[tuple[str, str | None], dict[str, float]] = {}
    for name, count in counts.items():
        found = _ROUND.fullmatch(name)
        if found is not None:
            rounds.setdefault((found[1], found[2]), {})[found[3]] = count
    return [Part(*key, _of_round(told)) for key, told in rounds.items()]


def tokens_beside(counts: Mapping[str, float]) -> tuple[int, int, int, int]:
    """Return input, output, and what of the input was read from and written to a cache.

    Of the rounds of a call that its usage does not count among its own.
    """
    rounds = [part.quantities for part in _rounds(counts)]
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    inputs, outputs, read, written = (sum(int(one.get(n, 0)) for one in rounds) for n in names)
    return inputs, outputs, read, written


#: Operations that always have input: where all counts of one are 0, nothing was told.
NEVER_EMPTY = frozenset({"completion", "embedding"})
_INPUTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def _of_round(told: Mapping[str, float]) -> Quantities:
    """Return what a round of Anthropic's is billed for, whose cached input is not in its input."""
    return _known(
        {
            "input_tokens": sum(told.get(name, 0) for name in _INPUTS),
            "output_tokens": told.get("output_tokens", 0),
            "cache_read_tokens": told.get("cache_read_input_tokens"),
            "cache_write_tokens": told.get("cache_creation_input_tokens"),
            "cache_write_1h_tokens": told.get("cache_creation.ephemeral_1h_input_tokens"),
        }
    )


def _of_call(usage: Usage, counts: Mapping[str, float]) -> Quantities:
    inputs, outputs = usage.input_tokens, usage.output_tokens
    read, written = usage.cached_input_tokens, usage.cache_write_tokens
    if inputs is not None and outputs is not None:
        # A record's tokens are those of all rounds.
        more, made, *cached = tokens_beside(counts)
        inputs, outputs = max(inputs - more, 0), max(outputs - made, 0)
        read, written = max((read or 0) - cached[0], 0), max((written or 0) - cached[1], 0)
    found: dict[str, float | None] = {}
    for kind, names in SAME_FOR_ALL.items():
        found[kind] = _first(counts, names)
    found["input_tokens"], found["output_tokens"] = inputs, outputs
    found["cache_read_tokens"] = read
    if written:
        found["cache_write_tokens"] = written
    for kind in MODALITIES:
        found[f"input_{kind}_tokens"] = _first(counts, _details(INPUT, f"{kind}_tokens"))
        found[f"output_{kind}_tokens"] = _first(counts, _details(OUTPUT, f"{kind}_tokens"))
        found[f"cache_{kind}_read_tokens"] = _first(
            counts, _details(INPUT, f"cached_tokens_details.{kind}_tokens")
        )
    for modality, kind in GOOGLE.items():
        for name, where in _GOOGLE_LISTS:
            count = counts.get(f"{where}.{modality}.tokenCount")
            if count is not None:
                named = name.format(kind)
                found[named] = (found[named] or 0) + count
    reasoning = found["output_reasoning_tokens"] or 0
    if outputs is not None and inputs is not None and reasoning:
        # Some servers count it beside the output: their total shows it.
        if counts.get("total_tokens") == inputs + outputs + reasoning:
            found["output_tokens"] = outputs + reasoning
    return _known(found)


_GOOGLE_LISTS = (
    ("input_{}_tokens", "promptTokensDetails"),
    ("output_{}_tokens", "candidatesTokensDetails"),
    ("cache_{}_read_tokens", "cacheTokensDetails"),
)


def _details(groups: Iterable[str], name: str) -> list[str]:
    return [f"{group}.{name}" for group in groups]


def _first(counts: Mapping[str, float], names: Iterable[str]) -> float | None:
    return next((counts[name] for name in names if name in counts), None)


def _known(found: Mapping[str, float | None]) -> Quantities:
    """Return the kinds that are told; of parts, those that count something."""
    return {
        kind: count
        for kind, count in found.items()
        if count is not None and (count or kind in ("input_tokens", "output_tokens"))
    }
