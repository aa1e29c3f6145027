#!/usr/bin/env bash
# What one call with a long prompt costs by the two lists that most tools price calls with.
#
# Guess: the same; both give $3 and $15 for a million tokens of claude-sonnet-4-5, and name the same rates for its cache.
# Really: up to 200,000 tokens of input they agree to the cent. With one token more genai-prices takes twice the rate, for all
#   of the prompt and not for what is above, and half as much again for the output; litellm's list has no such step for
#   this model. A call of 300,000 tokens is $1.80 by one and $0.90 by the other. Of gemini-2.5-pro both have the step, and agree:
#   tokens that come out of the cache count for it too, long prompts of which hardly anything is new included.
# For us: a record says which list and which rule gave its price, and only the invoice can tell who is right, beside
#   which `ai-usage compare` puts our sums.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2 genai-prices==0.2.3
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import genai_prices
import litellm
from litellm.types.utils import PromptTokensDetailsWrapper

litellm.suppress_debug_info = True


def both(model, provider, tokens, cached=0):
    usage = genai_prices.Usage(input_tokens=tokens, cache_read_tokens=cached, output_tokens=1000)
    one = genai_prices.calc_price(usage, model, provider_id=provider).total_price
    details = PromptTokensDetailsWrapper(cached_tokens=cached)
    told = litellm.Usage(prompt_tokens=tokens, completion_tokens=1000, total_tokens=tokens + 1000, prompt_tokens_details=details)
    return round(float(one), 4), round(litellm.completion_cost(litellm.ModelResponse(model=model, usage=told), model=model), 4)


CALLS = {
    "at the step": ("claude-sonnet-4-5", "anthropic", 200_000),
    "one more": ("claude-sonnet-4-5", "anthropic", 200_001),
    "long": ("claude-sonnet-4-5", "anthropic", 300_000),
    "gemini at the step": ("gemini-2.5-pro", "google", 200_000, 199_000),
    "gemini, one more": ("gemini-2.5-pro", "google", 200_001, 199_000),
}
seen = {name: both(*call) for name, call in CALLS.items()}
print("genai-prices", version("genai-prices"), "litellm", version("litellm"), seen)
assert seen == {
    "at the step": (0.615, 0.615),
    "one more": (1.2225, 0.615),
    "long": (1.8225, 0.915),
    "gemini at the step": (0.0361, 0.0361),
    "gemini, one more": (0.0673, 0.0673),
}, seen
PY
