"""The OpenAI clients of the service.

The address comes from ``OPENAI_BASE_URL``.  The service refuses to start without it, so that
running the example never reaches a real provider, or its bill, by accident.
"""

import os

from openai import AsyncOpenAI, OpenAI

CHAT_MODEL = "gpt-4o-mini"
REPORT_MODEL = "gpt-4o"
EMBEDDING_MODEL = "text-embedding-3-small"


def require_base_url() -> None:
    """Stop unless the address of the model server was given."""
    if not os.environ.get("OPENAI_BASE_URL"):
        raise SystemExit(
            "OPENAI_BASE_URL is not set. Start `python examples/loopback_server.py` "
            "and export the two variables that it prints."
        )


def open_client() -> OpenAI:
    """Return the client for ordinary functions."""
    return OpenAI(max_retries=0)


def open_async_client() -> AsyncOpenAI:
    """Return the client for coroutines."""
    return AsyncOpenAI(max_retries=0)
