"""LlamaIndex: an embedding and an answer."""

from __future__ import annotations

from typing import Any

REQUIREMENTS = (
    "llama-index-core",
    "llama-index-llms-openai",
    "llama-index-embeddings-openai",
)
HEADING = "LlamaIndex"


def run(names: dict[str, Any]) -> list[str]:
    """Ask one question."""
    assert names["answered"]("How many are they?")
    return ["llama-index"] * 2
