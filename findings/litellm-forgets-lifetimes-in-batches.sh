#!/usr/bin/env bash
# What litellm books for tokens that a batch wrote to Anthropic's cache for an hour.
#
# Guess: half of what they cost outside of a batch, as all tokens: $3 for a million at claude-sonnet-4-5, whose
#   writes for an hour are $6 and for five minutes $3.75; so 30 cents for 100,000.
# Really: 18.75 cents, as if they were kept for five minutes. The price file has a rate for batches of writes and none for
#   those of an hour, and the calculator takes the former for both.
# For us: its file has no price for such a call, and genai-prices, which has one, is asked first.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2 genai-prices==0.2.3
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PY'
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version

import genai_prices
import litellm
from litellm.cost_calculator import batch_cost_calculator, cost_per_token
from litellm.types.utils import CacheCreationTokenDetails, PromptTokensDetailsWrapper, Usage

MODEL, MANY = "claude-sonnet-4-5", 100_000


def written(hour):
    parts = CacheCreationTokenDetails(
        ephemeral_5m_input_tokens=MANY - hour, ephemeral_1h_input_tokens=hour
    )
    details = PromptTokensDetailsWrapper(
        cached_tokens=0, cache_creation_tokens=MANY, cache_creation_token_details=parts
    )
    return Usage(
        prompt_tokens=MANY, completion_tokens=0, total_tokens=MANY,
        prompt_tokens_details=details, cache_creation_input_tokens=MANY,
    )


usual = [
    cost_per_token(model=MODEL, custom_llm_provider="anthropic", usage_object=written(n))[0]
    for n in (0, MANY)
]
batch = [batch_cost_calculator(written(n), MODEL, "anthropic")[0] for n in (0, MANY)]
theirs = genai_prices.calc_price(
    genai_prices.Usage(
        input_tokens=MANY, cache_write_tokens=MANY, cache_write_1h_tokens=MANY
    ),
    MODEL,
    provider_id="anthropic",
    genai_request_timestamp=datetime(2026, 11, 20, tzinfo=UTC),
    price_context={"processing": "batch"},
).total_price
print("litellm", version("litellm"), "100,000 written for 5 minutes and for an hour:", usual)
print("in a batch:", batch, "- genai-prices says of the latter", theirs)
assert [round(n, 6) for n in usual] == [0.375, 0.6], usual
assert [round(n, 6) for n in batch] == [0.1875, 0.1875], batch
assert theirs == Decimal("0.3"), theirs
assert not [k for k in litellm.model_cost[MODEL] if "above_1hr" in k and "batches" in k]
PY
