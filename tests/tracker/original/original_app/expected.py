"""What the tests of both share: how they may differ, and what a provider answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

#: Tests that fail on the stand-in, and what is wrong with it.
DIFFERENCES = {
    "test_calls_are_pending_in_their_block": "pending_metrics was never filled; the guide reads it",
    "test_without_a_client_nothing_is_lost": "the default tracker stored nothing at all",
    "test_an_inner_block_leaves_nothing_behind": "ids and batch mode of a block stayed for ever",
    "test_a_dated_model_has_a_price": "only names of its own short list had a price",
    "test_a_coroutine_has_its_tokens": "a coroutine was recorded before it had run",
}


def completion(model: str = "gpt-4o-mini", inputs: int = 1000, outputs: int = 500) -> Any:
    """Return a response like OpenAI's."""
    usage = SimpleNamespace(
        prompt_tokens=inputs, completion_tokens=outputs, total_tokens=inputs + outputs
    )
    return SimpleNamespace(id="chatcmpl-1", model=model, usage=usage)
