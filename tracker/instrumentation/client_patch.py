"""Capture of the providers' clients, at the one method that every call form goes through.

``OpenAI.request``, ``Anthropic.request`` and their asynchronous twins see plain,
parsed, streaming and raw forms alike, and the SDK's own retries happen inside
them.  The patch is passive while nobody observes.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.context.scope import last_entered as entered
from tracker.error_boundary import boundary, logger
from tracker.instrumentation import deduplication
from tracker.instrumentation.answers import (
    header_id_of,
    http_response_of,
    id_behind,
    is_parsed,
    response_behind,
    stream_of,
)
from tracker.instrumentation.frameworks import litellm, lm15, thread_pools
from tracker.instrumentation.observation import failed, is_quiet, open_record
from tracker.instrumentation.providers import CAPTURED, fields
from tracker.instrumentation.providers.endpoints import (
    KEEPING,
    KEPT,
    asked_of,
    base_url_of,
    path_of,
    place_of,
)
from tracker.instrumentation.providers.fields import reader, text
from tracker.instrumentation.providers.kept import Kept, called, kept
from tracker.instrumentation.providers.provider import BY_TOKENS, MARK, Provider
from tracker.instrumentation.providers.usage import NO_USAGE
from tracker.instrumentation.services import background, failed_calls, reads
from tracker.instrumentation.services.pieces import note_asked
from tracker.instrumentation.streaming.accumulator import Accumulator
from tracker.instrumentation.streaming.connections import count_connections
from tracker.instrumentation.streaming.finals import patch_finals
from tracker.instrumentation.streaming.follower import follow
from tracker.instrumentation.streaming.stream_usage import addition, is_raw, sent
from tracker.records import recorder
from tracker.records.error_text import told_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from tracker.instrumentation.streaming.stream_usage import Addition
    from tracker.records.metric import Call
    from tracker.records.pending_record import PendingRecord


_CAPTURING = boundary("capture")


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
    if not found:
        logger.warning(
            "AI usage tracking: this version of %s is not known: its calls are not captured",
            provider.name,
        )


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


class _Parsing:
    """Stands in for the SDK's parser of an answer: what the SDK made, before anybody else has it.

    A stream is followed here, so that others who observe the client below us see what the
    caller sees.  Of another answer it keeps what it was given: one that cannot be parsed was
    billed all the same.
    """

    __slots__ = ("_parser", "begun", "followed", "unparsed")

    def __init__(self, parser: Callable[[Any], Any] | None) -> None:
        self._parser = parser
        self.begun: _Begun | None = None
        self.followed = False
        self.unparsed: Any = None

    def __call__(self, answer: Any) -> Any:
        begun = self.begun
        if begun is not None and stream_of(answer) is not None:
            self.begun = None
            with _CAPTURING:
                self.followed = _follow(begun, answer)
        if self._parser is None:
            return answer
        self.unparsed = answer
        parsed = self._parser(answer)
        self.unparsed = None
        return parsed

    def answered(self, answer: Any, record: PendingRecord, service: str) -> bool:
        """Note that *answer*, which is followed already, may be parsed later; return True."""
        deduplication.remember(answer, record, service, None)
        return True


#: One call on its way: the service, the operation, the model that is asked for (as the program
#: gave it), where the call will be booked, what we added, who stands in for the parser, and whether
#: the client is asynchronous.  A tuple without names: one is made for each call, and takes a tenth.
_Begun = tuple[str, str, object, "PendingRecord", "Addition | None", "_Parsing | None", bool]


def _without_addition(begun: _Begun, error: Exception) -> _Begun | None:
    """Return the call that is to be made instead, if *error* is about what we added."""
    service, operation, model, record, added, parsing, asynchronous = begun
    if added is None or not added.withdrawn(error):
        return None
    instead = (service, operation, model, record, None, parsing, asynchronous)
    if parsing is not None:
        parsing.begun = instead
    return instead


def _refused(begun: _Begun, instead: _Begun) -> _Begun:
    """Note that of *begun* only the call *instead* was answered, and return it."""
    _, _, _, _, added, _, _ = begun
    if added is not None:
        added.refused()
    return instead


def _begin(
    provider: Provider, asynchronous: bool, client: Any, args: Any, kwargs: Mapping[str, Any]
) -> _Begun | None:
    """Return the call to observe, or None: nobody observes, it is not billed, or we failed."""
    read: _Begun | None
    try:
        options = args[1] if len(args) > 1 else kwargs.get("options")
        if options is None:
            return None
        is_model = type(type(options)) is fields.class_of_models
        asked = options.__dict__ if is_model else asked_of(options)
        method = asked["method"]
        if method != "post" and method.lower() != "post":
            read = reads.begin(provider, options, asynchronous=asynchronous)
            return read
        url = asked["url"]
        operation = provider.operations.get(url)  # as nearly all calls are found
        is_spelled = operation is not None
        if operation is None:
            operation = provider.operation_of(url)
            if operation is None:
                read = reads.begin(provider, options, asynchronous=asynchronous)
                return read
        record = open_record()
        if record is None:
            return None
        keeps = type(client) in KEEPING
        record.base_url = client.__dict__.get(KEPT) if keeps else base_url_of(client)
        if not is_spelled:
            if not provider.is_usual(url):
                record.extra = {**record.extra, **place_of(client, url)}
            if operation not in BY_TOKENS:
                note_asked(record, operation, path_of(url), options)
        is_stream = kwargs.get("stream")
        model = added = parsing = None
        body = asked["json_data"]
        if isinstance(body, dict):
            # Nearly no call has an extra body, and looking for one takes its time.
            model = sent(options, "model") if asked.get("extra_json") else body.get("model")
            if is_stream:
                added = addition(options, client, provider)
            if provider.name == "anthropic" and "Bedrock" in type(client).__name__:
                # The answer names no region, and each has its price.
                record.conditions = {"requested_model": str(model)}
        # What was not given is an object of the SDK that is no function.
        parser = asked.get("post_parser")
        parser = parser if callable(parser) else None
        if parser is None and not is_stream:
            return (provider.name, operation, model, record, None, None, asynchronous)
        parsing = options.post_parser = _Parsing(parser)
        begun = (provider.name, operation, model, record, added, parsing, asynchronous)
        if is_stream and not is_raw(options):
            # A raw answer may be parsed by others, and its bytes be read by the caller.
            parsing.begun = begun
        return begun
    except Exception as mistake:  # noqa: BLE001 - of ours, whatever it is
        _CAPTURING.hold(mistake)
    return None


def _follow(begun: _Begun, answer: Any) -> bool:
    """Book *answer* when its end has come; return whether it is one whose end can be seen."""
    response = http_response_of(answer)
    if response is None:
        return False
    service, operation, model, record, added, _, asynchronous = begun
    request_id = header_id_of(response)
    swallow = added is not None
    accumulator = Accumulator(
        record, service, operation, text(model), request_id, swallow_usage=swallow
    )
    follow(answer, response, accumulator, asynchronous=asynchronous)
    return True


def _raised(begun: _Begun, error: BaseException) -> None:
    """Book the answer that could not be read, or the failure; where none was sent, nothing."""
    service, operation, model, record, _, parsing, _ = begun
    if parsing is not None:
        parsing.begun = None
        if parsing.followed:
            return  # its end tells
        if parsing.unparsed is not None:
            answer, parsing.unparsed = parsing.unparsed, None
            _answered(begun, answer, error)
            return
    with _CAPTURING:
        http_response = response_behind(error)
        if http_response is not None and http_response.is_success:
            _unread(begun, http_response, error)
            return
        call = failed_calls.failed_call(record, service, operation, text(model), error)
        if call is not None:
            failed_calls.book(record, call)
            return
    failed(record, error)


def _unread(begun: _Begun, http_response: Any, error: BaseException) -> None:
    """Book an answer that came and is no JSON, or none of the SDK's: it may be billed."""
    service, operation, model, record, _, _, _ = begun
    request_id = header_id_of(http_response)
    accumulator = Accumulator(record, service, operation, text(model), request_id)
    with suppress(ValueError, RuntimeError):
        told = http_response.json()
        if isinstance(told, dict):
            accumulator.take(told)
    accumulator.finish(partial=False, error=error)


def _answered(begun: _Begun, answer: Any, error: BaseException | None = None) -> None:
    """Book *answer*, or follow it where its end is still to come.

    With *error* it is one that could not be parsed, before the SDK noted its request id.
    """
    try:
        service, _, _, record, added, parsing, _ = begun
        if added is not None:
            added.granted()
        if parsing is not None:
            parsing.begun = None
            if parsing.followed and parsing.answered(answer, record, service):
                return
        is_model = type(type(answer)) is fields.class_of_models and not answer.__pydantic_extra__
        facts = answer.__dict__.get if is_model else reader(answer)
        request_id = facts("_request_id")
        if type(request_id) is not str or not request_id:  # nearly always it is one
            request_id = text(request_id)
        if error is not None:
            request_id = request_id or id_behind(error)
        if not request_id and not is_parsed(answer) and _follow(begun, answer):
            return
        deduplication.remember(answer, record, service, request_id)
        failure = None if error is None else told_to(record.owner, error)
        call: Call | Kept | None = kept(begun, facts, request_id, failure)
        if call is None:
            call = called(begun, facts, request_id, failure)
            if call.usage is NO_USAGE and background.hold(record, call, answer):
                return
        recorder.accept(record, call)
    except Exception as mistake:  # noqa: BLE001 - of ours, whatever it is
        if gate.armed:
            gate.withdraw(begun[3], may_be_billed=True)
        _CAPTURING.hold(mistake)


def _observing(provider: Provider, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a client's *method* for requests, observed."""

    @functools.wraps(method)
    def request(client: Any, *args: Any, **kwargs: Any) -> Any:
        is_idle = entered() is None and is_quiet()
        begun = None if is_idle else _begin(provider, False, client, args, kwargs)
        if begun is None:
            return method(client, *args, **kwargs)
        instead = None
        try:
            if gate.armed:
                gate.reserve(begun, args, kwargs)
            try:
                answer = method(client, *args, **kwargs)
            except Exception as error:
                instead = _without_addition(begun, error)
                if instead is None:
                    raise
            if instead is not None:  # behind the handler: the caller's error knows none of ours
                answer = method(client, *args, **kwargs)
                begun = _refused(begun, instead)
        except BaseException as error:
            _raised(begun, error)
            raise
        _answered(begun, answer)
        return answer

    setattr(request, MARK, request)  # a wrapper of others that copies it is told from ours
    return request


def _observing_async(
    provider: Provider, method: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    """Return an asynchronous client's *method* for requests, observed."""

    @functools.wraps(method)
    async def request(client: Any, *args: Any, **kwargs: Any) -> Any:
        is_idle = entered() is None and is_quiet()
        begun = None if is_idle else _begin(provider, True, client, args, kwargs)
        if begun is None:
            return await method(client, *args, **kwargs)
        instead = None
        try:
            if gate.armed:
                gate.reserve(begun, args, kwargs)
            try:
                answer = await method(client, *args, **kwargs)
            except Exception as error:
                instead = _without_addition(begun, error)
                if instead is None:
                    raise
            if instead is not None:  # behind the handler: the caller's error knows none of ours
                answer = await method(client, *args, **kwargs)
                begun = _refused(begun, instead)
        except BaseException as error:
            _raised(begun, error)
            raise
        _answered(begun, answer)
        return answer

    setattr(request, MARK, request)  # a wrapper of others that copies it is told from ours
    return request
