"""The providers' paths beside those that answer with tokens: what is billed there, what is not.

A path that is in neither table is counted as ``other``: whether it is billed is not known, and
a provider's next service must not be used in silence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tracker.records.metric import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Stands for the id of something in a path.
ID = "{id}"
#: What may stand before a path: the host, Azure's own, the version.
BEFORE = re.compile(r"^(?:https?://[^/]*)?/*(?:(?:openai|v\d+\w*)/+)*")
LONGEST_WORD = 32

#: Billed by the provider, by time, by the piece, or by tokens that are told later or nowhere.
OPENAI_BILLED = {
    "agents/automations/{id}/invocations": "agent",
    "agents/sessions": "agent",
    "agents/sessions/{id}/events": "agent",
    "containers": "container",
    "decisions": "decision",
    "evals/{id}/runs": "evaluation",
    "fine_tuning/alpha/graders/run": "fine_tuning",
    "fine_tuning/jobs": "fine_tuning",
    "live/sessions": "realtime",
    "live/sessions/{id}/fork": "realtime",
    "realtime/calls": "realtime",
    "threads/runs": "run",
    "threads/{id}/runs": "run",
    "threads/{id}/runs/{id}/submit_tool_outputs": "run",
    "videos": "video",
    "videos/edits": "video",
    "videos/extensions": "video",
    "videos/{id}/remix": "video",
}
OPENAI_FREE = re.compile(
    r"(?:agents|assistants|batches|chatkit|conversations|evals|files|fine_tuning|models|moderations"
    r"|organization|projects|safety|skills|threads|uploads|vaults|vector_stores|webhook_endpoints"
    r"|audio/voices|audio/voice_consents|chat/completions/\{id\}|containers/.*|responses/\{id\}/cancel"
    r"|responses/input_tokens|realtime/(?:calls/.*|client_secrets|sessions|transcription_sessions"
    r"|translations/client_secrets)|live/sessions/\{id\}/\w+|videos/characters)(?:/.*)?"
)
ANTHROPIC_BILLED = {
    "deployments/{id}/run": "agent",
    "dreams": "agent",
    "sessions/{id}/events": "agent",
}
ANTHROPIC_FREE = re.compile(
    r"(?:agents|compliance|deployments|dreams/.*|environments|files|memory_stores|messages/batches"
    r"|messages/count_tokens|models|organizations|sessions|skills|tunnels|user_profiles|vaults)(?:/.*)?"
)


def path_of(url: str) -> str:
    """Return *url*'s path without host, version, query and ids, as in ``videos/{id}/remix``."""
    path = BEFORE.sub("", url.partition("?")[0]).strip("/")
    return "/".join(ID if _is_id(word) else word for word in path.split("/"))


def _is_id(word: str) -> bool:
    return len(word) > LONGEST_WORD or any(letter.isdigit() for letter in word)


def operation_at(path: str, billed: Mapping[str, str], free: re.Pattern[str]) -> str | None:
    """Return what a POST to *path* is booked as, or None if it is not billed."""
    known = billed.get(path)
    if known is not None:
        return known
    return None if free.fullmatch(path) else OTHER


def place_of(client: Any, url: str) -> dict[str, object]:
    """Return where a request goes: the host, and the path without ids."""
    from urllib.parse import urlsplit

    given = url if "://" in url else str(getattr(client, "base_url", ""))
    parts = urlsplit(given)
    host = parts.hostname or "unknown"
    # Neither a user nor a password that an address may hold.
    return {
        "api_host": host if parts.port is None else f"{host}:{parts.port}",
        "api_path": f"/{path_of(url)}",
    }
