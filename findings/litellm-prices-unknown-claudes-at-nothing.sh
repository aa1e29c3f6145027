#!/usr/bin/env bash
# What litellm says that a call of a model costs that is not in its list.
#
# Guess: it raises, as it does for other names it does not know; a budget or a report can then tell "no price" from
#   "free". So it is for `claude-3-opus-20240229`, which the list has dropped, and for an unknown model of OpenAI.
# Really: a name of Anthropic's newer form that is not in the list costs 0.0: claude-opus-4-1, which the list of this version
#   has dropped while records of it are still to be priced, and a model that is newer than the package. `get_model_info`
#   returns a whole entry under that very name, with rates of 0, so that asking first whether it is known says yes. Where
#   the provider is named, an unknown model of OpenAI's newer form costs 0.0 as well.
# For us: the list is read as a file, and a model that has no entry has no price (None). Sums by litellm fall when it is
#   raised and a model has left its list.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import litellm

litellm.suppress_debug_info = True
USAGE = litellm.Usage(prompt_tokens=1_000_000, completion_tokens=1_000_000, total_tokens=2_000_000)
MODELS = {
    "claude-sonnet-4-5": None,
    "claude-opus-4-1": None,
    "claude-opus-99": None,
    "claude-3-opus-20240229": None,
    "gpt-nonsense": None,
    "gpt-5-nonsense": "openai",
}
seen = {}
for model, provider in MODELS.items():
    try:
        cost = litellm.completion_cost(litellm.ModelResponse(model=model, usage=USAGE), model=model, custom_llm_provider=provider)
    except Exception as error:
        cost = type(error).__name__
    seen[model] = model in litellm.model_cost, cost
known = litellm.get_model_info("claude-opus-99")
print("litellm", version("litellm"), "| in the list, cost of a million tokens each way:", seen)
print("  entry of claude-opus-99:", {name: known[name] for name in ("key", "input_cost_per_token", "litellm_provider")})
assert seen["claude-sonnet-4-5"] == (True, 18.0)
assert {model for model, found in seen.items() if found == (False, 0.0)} == {"claude-opus-4-1", "claude-opus-99", "gpt-5-nonsense"}
assert isinstance(seen["claude-3-opus-20240229"][1], str) and isinstance(seen["gpt-nonsense"][1], str)
assert known["key"] == "claude-opus-99" and known["input_cost_per_token"] == 0
PY
