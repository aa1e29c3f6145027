"""Which calls of which client are billed; and doubles, and others' clients, that carry a tracker.

Clients of the providers' SDKs become proxies.  Of whatever else a program uses as
a client only the shape is known: a proxy observes the calls that are billed by their names,
and everything else passes through untouched, also ``isinstance``.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import wrapt

from tracker.instrumentation.decorators import Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


# Attributes that lead to the same calls in another form, and methods that return such a client.
FORMS = frozenset({"with_raw_response", "with_streaming_response"})
COPIES = frozenset({"with_options", "copy"})


class WrappedClient(wrapt.ObjectProxy):  # type: ignore[type-arg] # not subscriptable in wrapt 1
    """A client, or a resource of one, whose billed calls *tracker* observes.

    *calls* maps dotted paths to operations; *path* is this resource's own.
    """

    def __init__(
        self, wrapped: Any, tracker: Any, service: str, calls: Mapping[str, str], path: str = ""
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
            return self._of(value, path)
        path = f"{path}.{name}" if path else name
        operation = self._self_calls.get(path)
        if operation is not None and callable(value):
            return self._observed(value, operation)
        if any(call.startswith(path + ".") for call in self._self_calls):
            return self._of(value, path)
        if name in COPIES and not self._self_path:
            return lambda *args, **kwargs: self._of(value(*args, **kwargs), "")
        return value

    def __enter__(self) -> Any:
        return self._or_itself(self.__wrapped__.__enter__())

    async def __aenter__(self) -> Any:
        return self._or_itself(await self.__wrapped__.__aenter__())

    async def __aexit__(self, *error: Any) -> Any:
        return await self.__wrapped__.__aexit__(*error)

    def __copy__(self) -> WrappedClient:
        return self._of(copy.copy(self.__wrapped__), self._self_path)

    def __deepcopy__(self, memo: dict[int, Any]) -> WrappedClient:
        return self._of(copy.deepcopy(self.__wrapped__, memo), self._self_path)

    def __reduce_ex__(self, protocol: Any) -> Any:
        told = (self._self_tracker, self._self_service, self._self_calls, self._self_path)
        return WrappedClient, (self.__wrapped__, *told)

    def _of(self, value: Any, path: str) -> WrappedClient:
        return WrappedClient(value, self._self_tracker, self._self_service, self._self_calls, path)

    def _or_itself(self, entered: Any) -> Any:
        return self if entered is self.__wrapped__ else entered

    def _observed(self, method: Callable[..., Any], operation: str) -> Any:
        tracker, service = self._self_tracker, self._self_service
        observed = Observed(tracker, service, operation, method, names_client_method=True)

        def call(_method: Any, _instance: Any, args: Any, kwargs: dict[str, Any]) -> Any:
            return observed.call(*args, **kwargs)

        # It has the name, the signature and all else of the method.
        return wrapt.FunctionWrapper(method, call)
