"""Paths of requests: without what differs from one call to the next, and what is booked of them."""

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
#: What is read of a request.
ASKED = ("json_data", "extra_json", "post_parser")
#: Where the clients of the SDKs keep their address.
KEPT = "_base_url"
#: Classes of clients that keep it there, and say the same when they are asked.
KEEPING: set[type] = set()
_NOTHING: dict[str, object] = {}


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


def asked_of(options: Any) -> dict[str, Any]:
    """Return what the *options* of a request say, as the dict of an SDK's own does.

    Raises AttributeError where they are none.
    """
    asked = {name: getattr(options, name, None) for name in ASKED}
    return {**asked, "method": options.method, "url": options.url}


def base_url_of(client: Any) -> object:
    """Return where *client* sends its requests, as it has it.

    Where the SDK imports something whenever it is asked, that takes longer than all the rest of a
    call.  So it is read where the SDK keeps it, of clients of which it is known to be the same.
    """
    held: dict[str, object] = getattr(client, "__dict__", _NOTHING)
    found: object = getattr(client, "base_url", None)
    if KEPT in held and found is held[KEPT] and _is_of_sdk(type(client)):
        KEEPING.add(type(client))
    return found


def _is_of_sdk(kind: type) -> bool:
    """Return whether *kind* has its address from an SDK, and no subclass in between."""
    owner = next((one for one in kind.__mro__ if "base_url" in vars(one)), None)
    return owner is not None and owner.__module__.partition(".")[0] in ("openai", "anthropic")


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
