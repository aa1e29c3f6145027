"""One physical call of a provider's client: how it begins, and how it is answered or fails.

The innermost of the functions that observe it: whatever goes wrong here, the call is made.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tracker.budgets import gate
from tracker.context import scope
from tracker.error_boundary import boundary
from tracker.instrumentation import deduplication
from tracker.instrumentation.answers import (
    header_id_of,
    http_response_of,
    id_behind,
    is_parsed,
    response_behind,
    stream_of,
)
from tracker.instrumentation.observation import current, failed, open_record
from tracker.instrumentation.providers import fields
from tracker.instrumentation.providers.endpoints import (
    KEEPING,
    KEPT,
    asked_of,
    base_url_of,
    path_of,
    place_of,
)
from tracker.instrumentation.providers.fields import reader, text
from tracker.instrumentation.providers.kept import READ_LATER, Kept, called, kept
from tracker.instrumentation.providers.provider import BY_TOKENS, Provider
from tracker.instrumentation.providers.usage import NO_USAGE
from tracker.instrumentation.services import background, failed_calls, reads
from tracker.instrumentation.services.pieces import note_asked
from tracker.instrumentation.streaming.accumulator import Accumulator
from tracker.instrumentation.streaming.follower import follow
from tracker.instrumentation.streaming.stream_usage import addition, is_raw, sent
from tracker.records import recorder
from tracker.records.error_text import told_to
from tracker.records.pending_record import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.context.scope import Node
    from tracker.instrumentation.streaming.stream_usage import Addition
    from tracker.records.metric import Call
    from tracker.records.pending_record import PendingRecord


_CAPTURING = boundary("capture")
observer = current.get


class _Parsing:
    """Stands in for the SDK's parser of an answer: what the SDK made, before anybody else has it.

    A stream is followed here, so that others who observe the client below us see what the
    caller sees.  Of another answer it keeps what it was given: one that cannot be parsed was
    billed all the same.
    """

    __slots__ = ("_parser", "begun", "followed", "unparsed")

    def __init__(self, parser: Callable[[Any], Any] | None) -> None:
        self._parser = parser
        self.begun: Begun | None = None
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
Begun = tuple[str, str, object, "PendingRecord", "Addition | None", "_Parsing | None", bool]


def without_addition(begun: Begun, error: Exception) -> Begun | None:
    """Return the call that is to be made instead, if *error* is about what we added."""
    service, operation, model, record, added, parsing, asynchronous = begun
    if added is None or not added.withdrawn(error):
        return None
    instead = (service, operation, model, record, None, parsing, asynchronous)
    if parsing is not None:
        parsing.begun = instead
    return instead


def refused(begun: Begun, instead: Begun) -> Begun:
    """Note that of *begun* only the call *instead* was answered, and return it."""
    _, _, _, _, added, _, _ = begun
    if added is not None:
        added.refused()
    return instead


def begin(
    provider: Provider,
    asynchronous: bool,
    node: Node | None,
    client: Any,
    options: Any,
    stream: Any,
) -> Begun | None:
    """Return the call to observe, inside *node*; None: nobody does, it is free, or we failed."""
    read: Begun | None
    try:
        if options is None:
            return None
        is_model = type(type(options)) is fields.class_of_models
        asked = options.__dict__ if is_model else asked_of(options)
        method, url = asked["method"], asked["url"]
        is_post = method == "post" or method.lower() == "post"
        operation = provider.operations.get(url) if is_post else None
        is_spelled = operation is not None  # as nearly all calls are
        if operation is None:
            operation = provider.operation_of(url) if is_post else None
            if operation is None:
                read = reads.begin(provider, options, asynchronous=asynchronous)
                return read
        if (
            node is not None
            and node.can_record
            and not node.closed
            and node.began >= scope.forked
            and observer() is None
        ):
            # As nearly all calls are made: its slots are read without a call in between.
            record = opened(node.tracker, node, node._state or node._first or node.state)
        elif (found := open_record()) is not None:
            record = found
        else:
            return None
        keeps = type(client) in KEEPING
        record.base_url = client.__dict__.get(KEPT) if keeps else base_url_of(client)
        if not is_spelled:
            _note_path(record, provider, operation, client, options)
        model = added = None
        body = asked["json_data"]
        if isinstance(body, dict):
            # Nearly no call has an extra body, and looking for one takes its time.
            model = sent(options, "model") if asked.get("extra_json") else body.get("model")
            if stream:
                added = addition(options, client, provider)
            if provider.name == "anthropic" and "Bedrock" in type(client).__name__:
                # The answer names no region, and each has its price.
                record.conditions = {"requested_model": str(model)}
        begun = (provider.name, operation, model, record, added, None, asynchronous)
        # What was not given is an object of the SDK that is no function.
        if stream or callable(asked.get("post_parser")):
            return _with_parser(begun, asked.get("post_parser"), options, stream)
        return begun
    except Exception as mistake:  # noqa: BLE001 - of ours, whatever it is
        _CAPTURING.hold(mistake)
    return None


def _with_parser(begun: Begun, parser: Any, options: Any, is_stream: Any) -> Begun:
    """Return *begun* with what stands in for the *parser* of the answer, or for none."""
    service, operation, model, record, added, _, asynchronous = begun
    parsing = options.post_parser = _Parsing(parser if callable(parser) else None)
    begun = (service, operation, model, record, added, parsing, asynchronous)
    if is_stream and not is_raw(options):
        # A raw answer may be parsed by others, and its bytes be read by the caller.
        parsing.begun = begun
    return begun


def _note_path(
    record: PendingRecord, provider: Provider, operation: str, client: Any, options: Any
) -> None:
    """Note what is not told by the path of a request as nearly all have it."""
    url = options.url
    if not provider.is_usual(url):
        record.extra = {**record.extra, **place_of(client, url)}
    if operation not in BY_TOKENS:
        note_asked(record, operation, path_of(url), options)


def _follow(begun: Begun, answer: Any) -> bool:
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


def raised(begun: Begun, error: BaseException) -> None:
    """Book the answer that could not be read, or the failure; where none was sent, nothing."""
    service, operation, model, record, _, parsing, _ = begun
    if parsing is not None:
        parsing.begun = None
        if parsing.followed:
            return  # its end tells
        if parsing.unparsed is not None:
            answer, parsing.unparsed = parsing.unparsed, None
            answered(begun, answer, error)
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


def _unread(begun: Begun, http_response: Any, error: BaseException) -> None:
    """Book an answer that came and is no JSON, or none of the SDK's: it may be billed."""
    service, operation, model, record, _, _, _ = begun
    request_id = header_id_of(http_response)
    accumulator = Accumulator(record, service, operation, text(model), request_id)
    with suppress(ValueError, RuntimeError):
        told = http_response.json()
        if isinstance(told, dict):
            accumulator.take(told)
    accumulator.finish(partial=False, error=error)


def answered(begun: Begun, answer: Any, error: BaseException | None = None) -> None:
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
        if type(type(answer)) is fields.class_of_models and not answer.__pydantic_extra__:
            told = answer.__dict__
        else:
            facts = reader(answer)
            told = {name: facts(name) for name in READ_LATER}
        request_id = told.get("_request_id")
        if type(request_id) is not str or not request_id:  # nearly always it is one
            request_id = text(request_id)
        if error is not None:
            request_id = request_id or id_behind(error)
        if not request_id and not is_parsed(answer) and _follow(begun, answer):
            return
        deduplication.remember(answer, record, service, request_id)
        failure = None if error is None else told_to(record.owner, error)
        call: Call | Kept | None = kept(begun, told, request_id, failure)
        if call is None:
            call = called(begun, reader(answer), request_id, failure)
            if call.usage is NO_USAGE and background.hold(record, call, answer):
                return
        recorder.accept(record, call)
    except Exception as mistake:  # noqa: BLE001 - of ours, whatever it is
        if gate.armed:
            gate.withdraw(begun[3], may_be_billed=True)
        _CAPTURING.hold(mistake)
