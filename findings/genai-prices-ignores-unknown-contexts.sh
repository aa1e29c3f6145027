#!/usr/bin/env bash
# What genai-prices makes of a price context, or of a count, that it has no price for.
#
# Guess: asking for a price in a mode that the list does not know raises LookupError, as an unknown model does.
# Really: any other spelling, key or mode than processing=batch gives the full price in silence, service
#   tiers that are cheaper or dearer too. Written cache tokens, which one model has a price for, are left out
#   for another without a word, even where the parts exceed the whole that is refused elsewhere. And a usage
#   with no counts at all costs 0, not nothing.
# For us: the price in a context is compared with the one without it, the record says how it was found, and
#   an answer without counts is never asked a price for.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check genai-prices==0.2.3
"$folder/venv/bin/python" - <<'PY'
from datetime import UTC, datetime
from importlib.metadata import version

from genai_prices import Usage, calc_price

WHEN = datetime(2026, 11, 20, tzinfo=UTC)


def price(usage, provider="openai", model="gpt-4o-mini", context=None):
    given = {"price_context": context} if context else {}
    try:
        found = calc_price(usage, model, provider_id=provider, genai_request_timestamp=WHEN, **given)
    except (LookupError, ValueError) as error:
        return type(error).__name__
    return str(found.total_price.normalize())


million = Usage(input_tokens=1_000_000)
contexts = [{"processing": p} for p in ("batch", "Batch", "flex", "priority")] + [{"service_tier": "flex"}]
of_contexts = [price(million, context=context) for context in contexts]
written = Usage(input_tokens=10, cache_read_tokens=4, cache_write_tokens=8)
of_parts = [price(written), price(written, "anthropic", "claude-sonnet-4-5")]
print("genai-prices", version("genai-prices"))
print("a million tokens:", price(million), "and with", dict(zip(map(str, contexts), of_contexts)))
print("10 tokens of which 4 were read from a cache and 8 written to it:", *of_parts)
print("no counts:", price(Usage()), "- an unknown model:", price(million, model="gpt-99"))
assert price(million) == "0.15"
assert of_contexts == ["0.075", "0.15", "0.15", "0.15", "0.15"], of_contexts
assert of_parts == ["0.0000012", "ValueError"], of_parts
assert (price(Usage()), price(million, model="gpt-99")) == ("0", "LookupError")
PY
