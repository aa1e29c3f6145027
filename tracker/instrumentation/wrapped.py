"""Clients that carry their tracker: a proxy which observes the calls that are billed.

Everything else passes through untouched, also ``isinstance``.
"""

from __future__ import annotations

from typing import Any

import wrapt

from tracker.instrumentation.decorators import Observed

OPENAI_CALLS = {
    "chat.completions.create": "completion",
    "chat.completions.parse": "completion",
    "chat.completions.stream": "completion",
    "beta.chat.completions.parse": "completion",
    "beta.chat.completions.stream": "completion",
    "completions.create": "completion",
    "responses.create": "completion",
    "responses.parse": "completion",
    "responses.stream": "completion",
    "responses.compact": "completion",
    "embeddings.create": "embedding",
    "images.generate": "image",
    "images.edit": "image",
    "images.create_variation": "image",
    "audio.speech.create": "audio",
    "audio.transcriptions.create": "audio",
    "audio.translations.create": "audio",
}
ANTHROPIC_CALLS = {
    "messages.create": "completion",
    "messages.parse": "completion",
    "messages.stream": "completion",
    "beta.messages.create": "completion",
    "beta.messages.parse": "completion",
    "beta.messages.stream": "completion",
    "completions.create": "completion",
}
PLACES_CALLS = {
    "place": "place_details",
    "places": "place_search",
    "places_nearby": "nearby_search",
    "places_autocomplete": "autocomplete",
    "places_autocomplete_query": "autocomplete",
    "places_photo": "place_photo",
    "find_place": "find_place",
    "geocode": "geocode",
    "reverse_geocode": "reverse_geocode",
}
CALLS = {"openai": OPENAI_CALLS, "anthropic": ANTHROPIC_CALLS, "google_places": PLACES_CALLS}
# Attributes that lead to the same calls in another form, and methods that return such a client.
FORMS = frozenset({"with_raw_response", "with_streaming_response"})
COPIES = frozenset({"with_options", "copy"})


class WrappedClient(wrapt.ObjectProxy):  # type: ignore[type-arg] # not subscriptable in wrapt 1
    """A client, or a resource of one, whose billed calls *tracker* observes.

    *calls* maps dotted paths to operations; *path* is this resource's own.
    """

    def __init__(
        self, wrapped: Any, tracker: Any, service: str, calls: dict[str, str], path: str = ""
    ) -> None:
        super().__init__(wrapped)
        self._self_tracker = tracker
        self._self_service = service
        self._self_calls = calls
        self._self_path = path

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.__wrapped__, name)
        path = self._self_path
        if name in FORMS:
            return self._resource(value, path)
        path = f"{path}.{name}" if path else name
        operation = self._self_calls.get(path)
        if operation is not None:
            return Observed(
                self._self_tracker, self._self_service, operation, value, names_client_method=True
            ).call
        if any(call.startswith(path + ".") for call in self._self_calls):
            return self._resource(value, path)
        if name in COPIES and not self._self_path:
            return lambda *args, **kwargs: self._resource(value(*args, **kwargs), "")
        return value

    def _resource(self, value: Any, path: str) -> WrappedClient:
        return WrappedClient(value, self._self_tracker, self._self_service, self._self_calls, path)
