"""Asking a server for the usage of a stream, which some providers tell only when asked.

The request is to be the caller's own in all else: what the caller decided stays, and a server
that takes no such request gets the call as the caller wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.instrumentation.providers.provider import Provider

OPTION = "stream_options"
ASK = {"include_usage": True}
#: Tells of a form whose bytes the caller reads; of the SDKs' own.
RAW_HEADER = "x-stainless-raw-response"
#: Errors that do not depend on what a request's body says: who may ask, how often, and whether
#: anybody is there.
UNRELATED = frozenset({401, 403, 407, 408, 409, 429, 502, 503, 504, 529})

# Servers, by their base URL, that answered such a request with an error, or with a stream.
_refusing: set[str] = set()
_granting: set[str] = set()


def sent(options: Any, name: str) -> Any:
    """Return what a request says for *name*: the caller's ``extra_body`` has the last word."""
    extra = getattr(options, "extra_json", None)
    if isinstance(extra, Mapping) and name in extra:
        return extra[name]
    return options.json_data.get(name)


def addition(options: Any, client: Any, provider: Provider) -> Addition | None:
    """Ask for the usage of the stream that *options* request.

    None if that provider tells it anyhow, the caller decided on it, or the server refuses.
    """
    if not provider.must_ask(options.url) or not hasattr(options, "extra_json"):
        return None
    given = sent(options, OPTION)
    given = given if isinstance(given, Mapping) else {}
    host = str(getattr(client, "base_url", ""))
    if "include_usage" in given or host in _refusing:
        return None
    headers = _uncompressed(options, getattr(client, "_custom_headers", None) or {})
    return None if headers is None else Addition(options, host, given, headers)


def is_raw(options: Any) -> bool:
    """Return whether the caller gets the HTTP response, to read or to parse it itself."""
    headers = options.headers
    return isinstance(headers, Mapping) and RAW_HEADER in {name.lower() for name in headers}


def _uncompressed(options: Any, of_client: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return headers with which the bytes of a raw answer come uncompressed, if it is one.

    The caller reads them, and our event can be cut out of plain text only.  None if the caller
    asked for a compression.
    """
    if not is_raw(options):
        return {}
    headers = options.headers
    if any(name.lower() == "accept-encoding" for name in (*headers, *of_client)):
        return None
    return {**headers, "Accept-Encoding": "identity"}


class Addition:
    """What we added to a request, so that its stream reports its tokens.

    It stands where the SDK merges it into the body last, as it does a caller's ``extra_body``,
    and where others who observe the client do not look for what the caller asked.
    """

    __slots__ = ("_headers", "_host", "_options", "_theirs")

    def __init__(
        self, options: Any, host: str, given: Mapping[str, Any], headers: Mapping[str, Any]
    ) -> None:
        self._options = options
        self._host = host
        self._theirs = (options.extra_json, options.headers)
        options.extra_json = {**(options.extra_json or {}), OPTION: {**given, **ASK}}
        if headers:
            options.headers = headers

    def withdrawn(self, error: Exception) -> bool:
        """Return whether *error* may be the server refusing it; if so, it is taken out.

        Servers word that in many ways.  So any error about the request counts, unless this
        server is known to grant it.
        """
        status = getattr(error, "status_code", None)
        if status is None:
            return False
        message = str(error)
        if OPTION not in message and "include_usage" not in message:
            if status in UNRELATED or self._host in _granting:
                return False
        self._options.extra_json, self._options.headers = self._theirs
        return True

    def granted(self) -> None:
        """Note that the server answered with a stream."""
        _granting.add(self._host)

    def refused(self) -> None:
        """Note that the server answered without it, and only so; it is not asked again."""
        _refusing.add(self._host)


def forget() -> None:
    """Forget which servers refused and granted, for tests."""
    _refusing.clear()
    _granting.clear()
