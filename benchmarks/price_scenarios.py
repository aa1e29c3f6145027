"""Answers of providers, one for each way in which a call can be billed, for ``benchmarks.prices``.

Each has what the provider would answer, and the same counts in the terms of this module: what the
two lists are asked for is made of the latter, and ours sees the former only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """One way to be billed: ``kinds`` are counts by name, ``answer`` is what the server says."""

    name: str
    answer: dict[str, Any]
    kinds: dict[str, int]
    tier: str | None = None
    speed: str | None = None
    geography: str | None = None
    batch: bool = False
    operation: str = "completion"
    #: Counts of another round of the same call, which is billed beside it.
    more: dict[str, int] = field(default_factory=dict)


def _chat(kinds: dict[str, int]) -> dict[str, Any]:
    details = {
        "cached_tokens": kinds.get("read", 0),
        "audio_tokens": kinds.get("input_audio", 0),
    }
    if "written" in kinds:
        details["cache_write_tokens"] = kinds["written"]
    if "input_image" in kinds:
        details["image_tokens"] = kinds["input_image"]
    return {
        "usage": {
            "prompt_tokens": kinds["input"],
            "completion_tokens": kinds["output"],
            "total_tokens": kinds["input"] + kinds["output"],
            "prompt_tokens_details": details,
            "completion_tokens_details": {
                "reasoning_tokens": kinds.get("reasoning", 0),
                "audio_tokens": kinds.get("output_audio", 0),
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }
    }


def _responses(kinds: dict[str, int]) -> dict[str, Any]:
    details: dict[str, Any] = {"cached_tokens": kinds.get("read", 0)}
    if "written" in kinds:
        details["cache_write_tokens"] = kinds["written"]
    if "written_12h" in kinds:
        details["cache_write_tokens_details"] = {
            "ttl_30m_tokens": kinds["written"] - kinds["written_12h"],
            "ttl_12h_tokens": kinds["written_12h"],
        }
    search = {"type": "web_search_call", "status": "completed", "action": {"type": "search"}}
    look = {"type": "web_search_call", "status": "completed", "action": {"type": "open_page"}}
    return {
        "usage": {
            "input_tokens": kinds["input"],
            "output_tokens": kinds["output"],
            "total_tokens": kinds["input"] + kinds["output"],
            "input_tokens_details": details,
            "output_tokens_details": {"reasoning_tokens": kinds.get("reasoning", 0)},
        },
        "output": [search] * kinds.get("searches", 0)
        + ([look] if "searches" in kinds else [])
        + [{"type": "file_search_call"}] * kinds.get("files", 0)
        + [{"type": "function_call"}, {"type": "message"}],
    }


def _messages(
    kinds: dict[str, int], more: dict[str, int] | None = None, **words: str
) -> dict[str, Any]:
    read, written = kinds.get("read", 0), kinds.get("written", 0)
    hour = kinds.get("written_1h", 0)
    usage: dict[str, Any] = {
        "input_tokens": kinds["input"] - read - written,
        "output_tokens": kinds["output"],
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written - hour,
            "ephemeral_1h_input_tokens": hour,
        },
        "service_tier": "standard",
        **words,
    }
    if "searches" in kinds:
        usage["server_tool_use"] = {"web_search_requests": kinds["searches"]}
    if "reasoning" in kinds:
        usage["output_tokens_details"] = {"thinking_tokens": kinds["reasoning"]}
    if more:
        usage["iterations"] = [
            {"type": "compaction", "input_tokens": more["input"], "output_tokens": more["output"]},
            {"type": "message", "input_tokens": kinds["input"], "output_tokens": kinds["output"]},
        ]
    return {"usage": usage}


def _google(kinds: dict[str, int]) -> dict[str, Any]:
    audio, image = kinds.get("input_audio", 0), kinds.get("input_image", 0)
    parts = {"TEXT": kinds["input"] - audio - image, "AUDIO": audio, "IMAGE": image}
    return {
        "usageMetadata": {
            "promptTokenCount": kinds["input"],
            "candidatesTokenCount": kinds["output"] - kinds.get("reasoning", 0),
            "thoughtsTokenCount": kinds.get("reasoning", 0),
            "cachedContentTokenCount": kinds.get("read", 0),
            "totalTokenCount": kinds["input"] + kinds["output"],
            "promptTokensDetails": [
                {"modality": name, "tokenCount": count} for name, count in parts.items() if count
            ],
        }
    }


def _image(kinds: dict[str, int]) -> dict[str, Any]:
    pictures = kinds.get("input_image", 0)
    return {
        "usage": {
            "input_tokens": kinds["input"],
            "output_tokens": kinds["output"],
            "total_tokens": kinds["input"] + kinds["output"],
            "input_tokens_details": {
                "image_tokens": pictures,
                "text_tokens": kinds["input"] - pictures,
            },
        }
    }


def _heard(kinds: dict[str, int]) -> dict[str, Any]:
    audio = kinds.get("input_audio", 0)
    return {
        "usage": {
            "type": "tokens",
            "input_tokens": kinds["input"],
            "output_tokens": kinds["output"],
            "total_tokens": kinds["input"] + kinds["output"],
            "input_token_details": {"audio_tokens": audio, "text_tokens": kinds["input"] - audio},
        }
    }


def _tiered(name: str, tier: str) -> Scenario:
    kinds = {"input": 9_000, "output": 700, "read": 2_000}
    return Scenario(name, _chat(kinds) | {"service_tier": tier}, kinds, tier=tier)


_PLAIN = {"input": 1_234, "output": 567}
_CACHED = {"input": 5_000, "output": 300, "read": 3_000}
_WRITTEN = {"input": 6_000, "output": 200, "read": 1_000, "written": 4_000}
_LONG = {"input": 300_000, "output": 2_000, "read": 10_000}
_LASTING = _WRITTEN | {"written_12h": 1_500}
_SEARCHED = {"input": 2_000, "output": 400, "searches": 3}
_FILES = {"input": 2_000, "output": 400, "files": 2}
_THOUGHT = {"input": 900, "output": 4_000, "reasoning": 3_500}
_SPOKEN = {"input": 800, "output": 400, "input_audio": 500, "output_audio": 300}
CHAT = (
    Scenario("plain", _chat(_PLAIN), _PLAIN),
    Scenario("cached input", _chat(_CACHED), _CACHED),
    Scenario("cache written", _responses(_WRITTEN), _WRITTEN),
    Scenario("long prompt", _chat(_LONG), _LONG),
    Scenario("reasoning", _responses(_THOUGHT), _THOUGHT),
    Scenario("web searches", _responses(_SEARCHED), _SEARCHED),
    Scenario("batch", _chat(_PLAIN), _PLAIN, batch=True),
    Scenario("tier default", _chat(_PLAIN) | {"service_tier": "default"}, _PLAIN),
    *(_tiered(f"tier {tier}", tier) for tier in ("flex", "priority", "fast", "ultrafast")),
)
LASTING = Scenario("cache for 12 hours", _responses(_LASTING), _LASTING)
FILES = Scenario("file searches", _responses(_FILES), _FILES)
SPEECH = (
    Scenario("audio in and out", _chat(_SPOKEN), _SPOKEN),
    Scenario(
        "audio in",
        _heard({"input": 900, "output": 100, "input_audio": 850}),
        {"input": 900, "output": 100, "input_audio": 850},
        operation="audio",
    ),
)
#: The answer does not say that all it counts as output are pictures.
_PAINTED = {"input": 60, "output": 4_000, "output_image": 4_000}
_REPAINTED = _PAINTED | {"input": 900, "input_image": 800}
IMAGES = (
    Scenario("image from text", _image(_PAINTED), _PAINTED, operation="image"),
    Scenario("image from images", _image(_REPAINTED), _REPAINTED, operation="image"),
)
SECONDS = Scenario("seconds heard", {"usage": {"type": "duration", "seconds": 95}}, {"seconds": 95})
CHARACTERS = Scenario("characters spoken", {"characters": 1_250}, {"characters": 1_250})
_HOUR = _WRITTEN | {"written_1h": 4_000}
_MIXED = _WRITTEN | {"written_1h": 1_500}
_ROUND = {"input": 50_000, "output": 900}
MESSAGES = (
    Scenario("plain", _messages(_PLAIN), _PLAIN),
    Scenario("cached input", _messages(_CACHED), _CACHED),
    Scenario("cache for 5 minutes", _messages(_WRITTEN), _WRITTEN),
    Scenario("cache for an hour", _messages(_HOUR), _HOUR),
    Scenario("cache of both lifetimes", _messages(_MIXED), _MIXED),
    Scenario("web searches", _messages(_SEARCHED), _SEARCHED),
    Scenario("thinking", _messages(_THOUGHT), _THOUGHT),
    Scenario("compaction", _messages(_PLAIN, _ROUND), _PLAIN, more=_ROUND),
    Scenario("batch", _messages(_MIXED), _MIXED, batch=True),
)
FAST = Scenario("fast mode", _messages(_MIXED, speed="fast"), _MIXED, speed="fast")
GEOGRAPHY = Scenario(
    "computed in the US", _messages(_MIXED, inference_geo="us"), _MIXED, geography="us"
)
_SEEN = {"input": 3_000, "output": 400, "input_image": 1_000}
_LISTENED = {"input": 3_000, "output": 400, "input_audio": 2_500}
GOOGLE = (
    Scenario("plain", _google(_PLAIN), _PLAIN),
    Scenario("cached input", _google(_CACHED), _CACHED),
    Scenario("thoughts", _google(_THOUGHT), _THOUGHT),
    Scenario("images seen", _google(_SEEN), _SEEN),
    Scenario("audio heard", _google(_LISTENED), _LISTENED),
    Scenario("batch", _google(_PLAIN), _PLAIN, batch=True),
)
EMBEDDING = Scenario(
    "embedding",
    {"usage": {"prompt_tokens": 4_321, "total_tokens": 4_321}},
    {"input": 4_321, "output": 0},
    operation="embedding",
)
