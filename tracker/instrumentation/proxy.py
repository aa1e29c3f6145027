"""Clients of the providers' SDKs that carry their tracker, and are what they were in all else.

A *proxy* of a client is an object of a subclass of the client's own class, and shares its
attributes: what is set on either is set on both.  Only the attributes that lead to a call differ.
The resources are proxies, too, whose client is the client's proxy; so a call that a method
of theirs makes, now or later, passes the proxy's ``request`` and is booked to the tracker.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import tolerated
from tracker.instrumentation.answers import of_sdk
from tracker.instrumentation.client_wrapper import COPIES, WrappedClient
from tracker.instrumentation.decorators import Observed, observe
from tracker.instrumentation.observation import is_made_by_client_of
from tracker.instrumentation.providers import CAPTURED
from tracker.instrumentation.providers.provider import billed_operation
from tracker.instrumentation.services.reads import lending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.instrumentation.providers.provider import Provider
    from tracker.protocols import CallOwner

_KINDS = 256


class Shared:
    """What the proxies of one client share."""

    __slots__ = ("calls", "provider", "tracker")

    def __init__(self, tracker: CallOwner, provider: Provider, calls: Mapping[str, str]) -> None:
        self.tracker = tracker
        self.provider = provider
        self.calls = calls


class _Own:
    """What one proxy has of its own.  ``client`` is None for the client's proxy itself."""

    __slots__ = ("client", "made", "original", "path", "root", "shared")

    def __init__(self, original: Any, shared: Shared, path: str | None, client: Any) -> None:
        self.original = original
        self.shared = shared
        self.path = path
        self.client = client
        self.root = _original(original if client is None else client)
        self.made: dict[str, tuple[Any, Any]] = {}


def provider_of(client: object) -> Provider | None:
    """Return whose SDK has the class of *client*; what only passes for a client is nobody's."""
    for provider in CAPTURED:
        module = sys.modules.get(provider.name)
        for name in provider.classes if module is not None else ():
            known = getattr(module, name, None)
            if isinstance(known, type) and issubclass(type(client), known):
                return provider
    return None


def proxy(original: Any, shared: Shared, path: str | None = "", client: Any = None) -> Any:
    """Return *original*, a client or the resource at *path* of one, as a proxy.

    *client* is the client's proxy; None for the client itself.  What is at no *path* makes no
    call itself.  An object whose class nobody may inherit from becomes a proxy.
    """
    own = _Own(original, shared, path, client)
    base = original.__class__
    attributes = vars(original)
    leading = {name for name, value in attributes.items() if _leads_on(value, own)}
    begun = "" if path == "" else f"{path}."
    calls = {} if path is None else shared.calls
    called = [call[len(begun) :] for call in calls if call.startswith(begun)]
    methods = frozenset(name for name in called if "." not in name)
    kind = _kind(base, frozenset(leading - _computed(base)), methods, is_client=client is None)
    if kind is None:
        service = shared.provider.name
        return WrappedClient(original, shared.tracker, service, shared.calls, path or "")
    made = object.__new__(kind)
    object.__setattr__(made, "__dict__", attributes)
    object.__setattr__(made, "_ai_usage", own)
    return made


def _original(known: Any) -> Any:
    """Return the client or resource of the SDK below any number of proxies."""
    while isinstance(known, _Proxy):
        known = known._ai_usage.original
    return known


def _again(original: Any, shared: Shared, path: str | None) -> Any:
    """Return a copy of a proxy, of the copied *original*."""
    if path == "":
        return proxy(original, shared)
    client = proxy(vars(original)["_client"], shared)
    return proxy(original, shared, path, client)


def _leads_on(value: Any, own: _Own) -> bool:
    """Return whether *value*, an attribute of a client or a resource, leads to calls.

    It is the client, a method of it, or one of its resources.
    """
    if own.client is None:
        return _is_part(value, own.root)
    return (
        value is own.root
        or getattr(value, "__self__", None) is own.root
        or (_is_part(value, own.root))
    )


def _is_part(value: Any, root: Any) -> bool:
    """Return whether *value* is a resource of the client *root*."""
    return getattr(value, "__dict__", {}).get("_client") is root


class _Proxy:
    """What all proxies have beside the class that they are of."""

    __slots__ = ()
    _ai_usage: _Own

    @property
    def __wrapped__(self) -> Any:
        return self._ai_usage.original

    @property  # type: ignore[misc] # as doubles and proxies do
    def __class__(self) -> Any:
        return self._ai_usage.original.__class__

    def __copy__(self) -> Any:
        own = self._ai_usage
        return proxy(copy.copy(own.original), own.shared, own.path, own.client)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        own = self._ai_usage
        return _again(copy.deepcopy(own.original, memo), own.shared, own.path)

    def __reduce_ex__(self, protocol: Any) -> Any:
        own = self._ai_usage
        return _again, (own.original, own.shared, own.path)

    # It is its client, if it is compared; and so it is another one if another tracker books.
    def __eq__(self, other: object) -> bool:
        own = self._ai_usage
        if isinstance(other, _Proxy):
            theirs = other._ai_usage
            return own.shared.tracker is theirs.shared.tracker and (own.original == theirs.original)
        return bool(own.original == other)

    def __hash__(self) -> int:
        return hash(self._ai_usage.original)

    def __repr__(self) -> str:
        return repr(self._ai_usage.original)

    def __str__(self) -> str:
        return str(self._ai_usage.original)


@functools.lru_cache(maxsize=_KINDS)
def _kind(
    base: type, leading: frozenset[str], methods: frozenset[str], *, is_client: bool
) -> type[Any] | None:
    """Return the class of the proxies of *base*'s objects, or None if there can be none.

    *leading* and *methods* are attributes that lead to calls, and those that make one.
    """
    space: dict[str, Any] = {name: _Part(base, name) for name in leading | _computed(base)}
    space |= {name: _Call(base, name) for name in methods if hasattr(base, name)}
    if is_client:
        space |= {name: _copying(base, name) for name in COPIES if hasattr(base, name)}
        space["request"] = _requesting(base)
    if hasattr(base, "__del__"):
        space["__del__"] = _let_go
    space |= {
        "__slots__": ("_ai_usage",),
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    # A class may forbid that others inherit from it.
    with tolerated("wrap", f"{base.__name__} is wrapped as a client of an unknown kind"):
        inherited = (_Proxy, base)
        return types.new_class(base.__name__, inherited, exec_body=lambda body: body.update(space))
    return None


@functools.lru_cache(maxsize=_KINDS)
def _computed(base: type) -> frozenset[str]:
    """Return the attributes that *base*'s objects compute when they are first asked for them."""
    return frozenset(
        name
        for ancestor in base.__mro__
        for name, value in vars(ancestor).items()
        if isinstance(value, functools.cached_property)
    )


def _let_go(_proxy: Any) -> None:
    """Close nothing: what a client closes when it is dropped is still its own."""


class _Attribute:
    """An attribute that proxies have in a form of their own; set and deleted, it is shared."""

    def __init__(self, base: type, name: str) -> None:
        self._base = base
        self._name = name

    def __get__(self, holder: Any, _kind: type | None = None) -> Any:
        if holder is None:
            return getattr(self._base, self._name)
        own: _Own = holder._ai_usage
        source = self.source(own)
        known = own.made.get(self._name)
        if known is None or known[0] is not source:
            known = own.made[self._name] = (source, self.made(holder, own, source))
        return known[1]

    def __set__(self, holder: Any, value: Any) -> None:
        setattr(holder._ai_usage.original, self._name, value)

    def __delete__(self, holder: Any) -> None:
        delattr(holder._ai_usage.original, self._name)

    def source(self, own: _Own) -> Any:
        """Return what the form is made of; while that is the same, the form is."""
        raise NotImplementedError

    def made(self, holder: Any, own: _Own, source: Any) -> Any:
        """Return the form of *source* for *holder*."""
        raise NotImplementedError


class _Part(_Attribute):
    """An attribute that leads to calls: a resource, the client, a method of it, a raw form."""

    def source(self, own: _Own) -> Any:
        return getattr(own.original, self._name)

    def made(self, holder: Any, own: _Own, source: Any) -> Any:
        client = holder if own.client is None else own.client
        if _original(source) is own.root:
            return client
        if _is_part(source, own.root):
            return proxy(source, own.shared, self._path_of(own, source), client)
        if getattr(source, "__self__", None) is own.root:
            return getattr(client, source.__name__)
        computed = inspect.getattr_static(self._base, self._name, None)
        if of_sdk(source) and isinstance(computed, functools.cached_property):
            # The raw forms of a resource are made of it, and keep its methods.
            return computed.func(holder)
        return _observed_double(source, own, self._name)

    def _path_of(self, own: _Own, source: Any) -> str | None:
        if own.path is None or not _has_calls(source):
            return None
        return f"{own.path}.{self._name}" if own.path else self._name


def _has_calls(resource: Any) -> bool:
    """Return whether *resource* makes calls itself: the client's raw forms only lead to some."""
    return hasattr(resource, "_post")


def _observed_double(source: Any, own: _Own, name: str) -> Any:
    """Return what somebody put in a resource's place: its calls are observed by their names."""
    path = name if not own.path else f"{own.path}.{name}"
    shared = own.shared
    if own.path is None or not any(call.startswith(f"{path}.") for call in shared.calls):
        return source
    return WrappedClient(source, shared.tracker, shared.provider.name, shared.calls, path)


class _Call(_Attribute):
    """A method that makes a call which is billed."""

    def source(self, own: _Own) -> Any:
        overriding = vars(own.original).get(self._name)
        if overriding is not None:
            return overriding
        return inspect.getattr_static(self._base, self._name)

    def made(self, holder: Any, own: _Own, source: Any) -> Any:
        shared = own.shared
        path = f"{own.path}.{self._name}" if own.path else self._name
        see = functools.partial(
            observe,
            shared.tracker,
            shared.provider.name,
            shared.calls[path],
            names_client_method=True,
        )
        if self._name in vars(own.original):
            return see(source) if callable(source) else source
        if isinstance(source, types.FunctionType):
            return types.MethodType(see(source), holder)
        return see(source.__get__(holder, self._base))


def _copying(base: Any, name: str) -> Callable[..., Any]:
    """Return a client's method *name*, which gives another client: one that carries the tracker."""

    @functools.wraps(getattr(base, name))
    def copying(self: Any, *args: Any, **kwargs: Any) -> Any:
        own: _Own = self._ai_usage
        made = getattr(own.original, name)(*args, **kwargs)
        if made is own.original:
            return self
        return proxy(made, own.shared) if provider_of(made) is not None else made

    return copying


def _requesting(base: Any) -> Callable[..., Any]:
    """Return the request method of a client of class *base*, for its proxy."""
    method = base.request
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def request_async(self: Any, *args: Any, **kwargs: Any) -> Any:
            observed = _requested(self, args, kwargs)
            if observed is None:
                own: _Own = self._ai_usage
                with lending(own.shared.tracker, own.shared.provider, args, kwargs):
                    return await own.original.request(*args, **kwargs)
            return await observed.call(*args, **kwargs)

        return request_async

    @functools.wraps(method)
    def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        observed = _requested(self, args, kwargs)
        if observed is None:
            own: _Own = self._ai_usage
            with lending(own.shared.tracker, own.shared.provider, args, kwargs):
                return own.original.request(*args, **kwargs)
        return observed.call(*args, **kwargs)

    return request


def _requested(client: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Observed | None:
    """Return what observes a request, or None: it is not billed, or one of its callers does."""
    own: _Own = client._ai_usage
    shared = own.shared
    operation = billed_operation(shared.provider, args, kwargs)
    if operation is None or is_made_by_client_of(shared.tracker):
        return None
    return Observed(
        shared.tracker,
        shared.provider.name,
        operation,
        own.original.request,
        names_client_method=True,
    )
