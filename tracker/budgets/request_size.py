"""How much a request sends, and how much it asks for, in tokens.

By a tokenizer where the program has one loaded or on its disk; else by the bytes of the text, of
which three are taken for a token: that is too many for nearly every text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.budgets.tokenizer import counter

#: Where requests have what the model reads.
READ = ("messages", "input", "prompt", "system", "instructions", "tools", "response_format", "text")
#: Where they say how long an answer may be, in the order of their weight.
LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens", "max_tokens_to_sample")
#: Fields that hold a file: its bytes are no tokens.
FILES = frozenset({"data", "file_data", "b64_json", "image_url", "url", "image"})
FILE_TOKENS = 1500
BYTES_PER_TOKEN = 3
#: What stands round each message.
MESSAGE_TOKENS = 4
#: Texts that are longer are counted by their bytes: nobody waits for a tokenizer.
LONGEST_TOKENIZED = 50_000
MOST_PARTS = 100_000


def tokens_sent(body: Mapping[str, Any], model: str | None) -> int:
    """Return about how many tokens *body*, a request's, has the model read."""
    texts: list[str] = []
    others = 0
    stack: list[Any] = [(None, body[name]) for name in READ if name in body]
    parts = 0
    while stack and parts < MOST_PARTS:
        name, value = stack.pop()
        parts += 1
        if isinstance(value, str):
            if name in FILES or value.startswith("data:"):
                others += FILE_TOKENS
            else:
                texts.append(value)
        elif isinstance(value, Mapping):
            others += MESSAGE_TOKENS
            stack.extend((key, inner) for key, inner in value.items())
        elif isinstance(value, list | tuple):
            if value and all(type(one) is int for one in value):
                others += len(value)  # tokens, as embeddings may be given
            else:
                stack.extend((name, inner) for inner in value)
    return others + _counted(texts, model)


def asked_for(body: Mapping[str, Any]) -> int | None:
    """Return how many tokens *body* lets all its answers have, or None if it does not say."""
    for name in LIMITS:
        most = body.get(name)
        if type(most) is int and most >= 0:
            answers = body.get("n")
            return most * (answers if type(answers) is int and answers > 0 else 1)
    return None


def _counted(texts: list[str], model: str | None) -> int:
    size = sum(map(len, texts))
    count = counter(model) if model is not None and 0 < size <= LONGEST_TOKENIZED else None
    if count is not None:
        return sum(map(count, texts))
    whole = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return -(-whole // BYTES_PER_TOKEN)
