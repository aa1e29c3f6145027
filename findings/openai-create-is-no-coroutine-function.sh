#!/usr/bin/env bash
# Which methods of openai's asynchronous client are coroutine functions.
#
# Guess: all that are to be awaited, so `inspect.iscoroutinefunction(client.chat.completions.create)` is true.
# Really: `create` is not one, since a decorator that checks required arguments is in front of it; `parse`,
#   beside it, is. Only what `inspect.unwrap` gives of `create` is a coroutine function.
# For us: who stands in for a method keeps `__wrapped__`, or frameworks that unwrap it to tell the two kinds
#   apart (instructor does) take an asynchronous client for a synchronous one. And whether an observed call is
#   asynchronous is told by what it returns.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0
"$folder/venv/bin/python" - <<'PY'
import inspect

import openai

completions = openai.AsyncOpenAI(api_key="none").chat.completions
seen = {
    "create": inspect.iscoroutinefunction(completions.create),
    "parse": inspect.iscoroutinefunction(completions.parse),
    "create, unwrapped": inspect.iscoroutinefunction(inspect.unwrap(completions.create)),
}
print("openai", openai.__version__, seen)
assert seen == {"create": False, "parse": True, "create, unwrapped": True}, seen
PY
