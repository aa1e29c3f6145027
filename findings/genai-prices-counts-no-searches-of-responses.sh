#!/usr/bin/env bash
# What genai-prices makes of an answer that has more in it than tokens.
#
# Guess: `extract_usage` of an answer, and `calc_price` of what it found, give what the call costs; a count that a
#   model has no rate for is refused, as a model that is not in the list is.
# Really: three web searches in an answer of the Responses interface are not extracted, though the model has a rate
#   for them: the call is priced at 0.07 of its cost. And what a model has no rate for costs nothing: a minute of
#   audio is free at a model of tokens, while the same minute under the more specific name raises ValueError.
# For us: all counts are read off the answer here, and each kind that was counted is looked for among a model's
#   rates before its price is believed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3
"$folder/venv/bin/python" - <<'PY'
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices import Usage, __version__, calc_price, extract_usage

WHEN = datetime(2026, 11, 20, tzinfo=UTC)
SEARCH = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}}
ANSWER = {
    "model": "gpt-5",
    "output": [SEARCH] * 3,
    "tool_usage": {"web_search": {"num_requests": 3}},
    "usage": {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 100,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 1100,
    },
}


def price(model, **counts):
    given = {"provider_id": "openai", "genai_request_timestamp": WHEN}
    try:
        return calc_price(Usage(**counts), model, **given).total_price
    except ValueError as error:
        return type(error).__name__


found = extract_usage(ANSWER, provider_id="openai", api_flavor="responses")
extracted = found.calc_price(genai_request_timestamp=WHEN).total_price
whole = price("gpt-5", input_tokens=1000, output_tokens=100, web_searches=3)
minute = [price("whisper-1", audio_seconds=60), price("gpt-4o-transcribe", audio_seconds=60)]
specific = price("whisper-1", input_audio_seconds=60)
print("genai-prices", __version__, "extracts", found.usage)
print("which costs", extracted, "and with the searches", whole)
print("a minute at whisper-1 and at gpt-4o-transcribe:", *minute, "- by its own name:", specific)
assert (extracted, whole) == (Decimal("0.00225"), Decimal("0.03225"))
assert minute == [Decimal("0.006"), 0], minute
assert specific == "ValueError"
PY
