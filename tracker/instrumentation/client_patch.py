"""Capture of the providers' clients, at the one method that every call form goes through.

``OpenAI.request``, ``Anthropic.request`` and their asynchronous twins see plain,
parsed, streaming and raw forms alike, and the SDK's own retries happen inside
them.  The patch is passive while nobody observes.
"""

from __future__ import annotations

import functools
import importlib
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.context.scope import last_entered as entered
from tracker.error_boundary import boundary, log
from tracker.instrumentation.frameworks import litellm, lm15, thread_pools
from tracker.instrumentation.observation import goes_unseen
from tracker.instrumentation.physical_call import (
    answered,
    begin,
    raised,
    refused,
    without_addition,
)
from tracker.instrumentation.providers import CAPTURED
from tracker.instrumentation.providers.provider import MARK, Provider
from tracker.instrumentation.streaming.connections import count_connections
from tracker.instrumentation.streaming.finals import patch_finals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType


#: The module of a client that looks for an HTTP library, and that library.
OPTIONAL_HTTP, HTTP = "_httpx2", "httpx2"


def await_imports() -> None:
    """Patch each provider's client when it is imported, or now if it is already."""
    import wrapt

    for provider in CAPTURED:
        wrapt.register_post_import_hook(functools.partial(patch, provider), provider.name)
        for module, methods in provider.finals.items():
            hook = functools.partial(patch_finals, provider.name, methods)
            wrapt.register_post_import_hook(hook, module)
        for module, (manager, path) in provider.connections.items():
            hook = functools.partial(count_connections, provider.name, manager, path)
            wrapt.register_post_import_hook(hook, module)
    wrapt.register_post_import_hook(litellm.patch, litellm.MODULE)
    for package in lm15.PACKAGES:
        wrapt.register_post_import_hook(lm15.patch, f"{package}.{lm15.SYNC}")
        wrapt.register_post_import_hook(lm15.patch_async, f"{package}.{lm15.ASYNC}")
    for framework in thread_pools.FRAMEWORKS:
        wrapt.register_post_import_hook(thread_pools.patch, framework)


def patch(provider: Provider, module: ModuleType) -> None:
    """Wrap the request method of the client classes of *module*; a second time changes nothing."""
    found = False
    for name in provider.classes:
        with boundary("patch"):
            client_class = getattr(module, name, None)
            method = getattr(client_class, "request", None)
            found = found or method is not None
            if method is not None and not hasattr(method, MARK):
                observing = _observing_async if name.startswith("Async") else _observing
                client_class.request = observing(provider, method)  # type: ignore[union-attr]
    _complete(provider)
    if not found:
        log(
            "AI usage tracking: this version of %s is not known: its calls are not captured",
            provider.name,
        )


def _complete(provider: Provider) -> None:
    """Import what a client looks for among the modules that are there, and takes for whole.

    A thread of ours imports it with the price list, and the client would meet it half made: its
    next request would end in an AttributeError.  Where somebody imports it already, this waits.
    """
    if f"{provider.name}.{OPTIONAL_HTTP}" in sys.modules:
        with suppress(ImportError):
            importlib.import_module(HTTP)


def unpatch(provider: Provider, module: ModuleType) -> None:
    """Take the wrappers off again; the clients have back what we found.

    A wrapper that another library put over ours is left, with ours in it.
    """
    for name in provider.classes:
        client_class = getattr(module, name, None)
        method = vars(client_class or object).get("request")
        ours: Any = getattr(method, MARK, None)
        if client_class is None or method is None or ours is not method:
            continue
        del client_class.request
        found = method.__wrapped__
        if client_class.request is not found:  # it was not inherited
            client_class.request = found


class _NotGiven:
    """Stands for an argument that a request was not given."""


_NOT_GIVEN: Any = _NotGiven()


def _anyhow(provider: Provider, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return *method*, observed in whatever form it is called; streams are asked for here, too."""

    def request(client: Any, *args: Any, **kwargs: Any) -> Any:
        options = args[1] if len(args) > 1 else kwargs.get("options")
        node = entered()
        is_idle = node is None and goes_unseen()
        begun = (
            None if is_idle else begin(provider, False, node, client, options, kwargs.get("stream"))
        )
        if begun is None:
            return method(client, *args, **kwargs)
        instead = None
        try:
            if gate.armed:
                gate.reserve(begun, options)
            try:
                answer = method(client, *args, **kwargs)
            except Exception as error:
                instead = without_addition(begun, error)
                if instead is None:
                    raise
            if instead is not None:  # behind the handler: the caller's error knows none of ours
                answer = method(client, *args, **kwargs)
                begun = refused(begun, instead)
        except BaseException as error:
            raised(begun, error)
            raise
        answered(begun, answer)
        return answer

    return request


def _observing(provider: Provider, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a client's *method* for requests, observed."""

    anyhow = _anyhow(provider, method)

    @functools.wraps(method)
    def request(
        client: Any,
        kind: Any = _NOT_GIVEN,
        options: Any = _NOT_GIVEN,
        /,
        *others: Any,
        stream: Any = _NOT_GIVEN,
        stream_cls: Any = _NOT_GIVEN,
        **more: Any,
    ) -> Any:
        # As the SDKs call it where no stream is asked for: handed on without a tuple and a dict.
        is_short = stream is _NOT_GIVEN and stream_cls is _NOT_GIVEN
        is_long = stream is False and stream_cls is not _NOT_GIVEN
        if options is _NOT_GIVEN or others or more or not (is_short or is_long):
            given = _as_given(kind, options, others, stream, stream_cls, more)
            return anyhow(client, *given[0], **given[1])
        node = entered()
        is_idle = node is None and goes_unseen()
        begun = None if is_idle else begin(provider, False, node, client, options, False)
        if begun is None:
            if is_short:
                return method(client, kind, options)
            return method(client, kind, options, stream=stream, stream_cls=stream_cls)
        try:
            if gate.armed:
                gate.reserve(begun, options)
            if is_short:
                answer = method(client, kind, options)
            else:
                answer = method(client, kind, options, stream=stream, stream_cls=stream_cls)
        except BaseException as error:
            raised(begun, error)
            raise
        answered(begun, answer)
        return answer

    setattr(request, MARK, request)  # a wrapper of others that copies it is told from ours
    return request


def _anyhow_async(
    provider: Provider, method: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    """Return *method*, observed in whatever form it is called; streams are asked for here, too."""

    async def request(client: Any, *args: Any, **kwargs: Any) -> Any:
        options = args[1] if len(args) > 1 else kwargs.get("options")
        node = entered()
        is_idle = node is None and goes_unseen()
        begun = (
            None if is_idle else begin(provider, True, node, client, options, kwargs.get("stream"))
        )
        if begun is None:
            return await method(client, *args, **kwargs)
        instead = None
        try:
            if gate.armed:
                gate.reserve(begun, options)
            try:
                answer = await method(client, *args, **kwargs)
            except Exception as error:
                instead = without_addition(begun, error)
                if instead is None:
                    raise
            if instead is not None:  # behind the handler: the caller's error knows none of ours
                answer = await method(client, *args, **kwargs)
                begun = refused(begun, instead)
        except BaseException as error:
            raised(begun, error)
            raise
        answered(begun, answer)
        return answer

    return request


def _observing_async(
    provider: Provider, method: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    """Return an asynchronous client's *method* for requests, observed."""

    anyhow = _anyhow_async(provider, method)

    @functools.wraps(method)
    async def request(
        client: Any,
        kind: Any = _NOT_GIVEN,
        options: Any = _NOT_GIVEN,
        /,
        *others: Any,
        stream: Any = _NOT_GIVEN,
        stream_cls: Any = _NOT_GIVEN,
        **more: Any,
    ) -> Any:
        # As the SDKs call it where no stream is asked for: handed on without a tuple and a dict.
        is_short = stream is _NOT_GIVEN and stream_cls is _NOT_GIVEN
        is_long = stream is False and stream_cls is not _NOT_GIVEN
        if options is _NOT_GIVEN or others or more or not (is_short or is_long):
            given = _as_given(kind, options, others, stream, stream_cls, more)
            return await anyhow(client, *given[0], **given[1])
        node = entered()
        is_idle = node is None and goes_unseen()
        begun = None if is_idle else begin(provider, True, node, client, options, False)
        if begun is None:
            if is_short:
                return await method(client, kind, options)
            return await method(client, kind, options, stream=stream, stream_cls=stream_cls)
        try:
            if gate.armed:
                gate.reserve(begun, options)
            if is_short:
                answer = await method(client, kind, options)
            else:
                answer = await method(client, kind, options, stream=stream, stream_cls=stream_cls)
        except BaseException as error:
            raised(begun, error)
            raise
        answered(begun, answer)
        return answer

    setattr(request, MARK, request)  # a wrapper of others that copies it is told from ours
    return request


def _as_given(
    kind: Any,
    options: Any,
    others: tuple[Any, ...],
    stream: Any,
    stream_cls: Any,
    more: Mapping[str, Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a request by place and by name, as it was given them."""
    args = tuple(one for one in (kind, options) if one is not _NOT_GIVEN)
    named = {"stream": stream, "stream_cls": stream_cls}
    named = {name: value for name, value in named.items() if value is not _NOT_GIVEN}
    return (*args, *others), {**named, **more}
