"""Calls that failed: a record each, which says how, and not what the server wrote.

Only what is known to have been sent is a call: an answer with the status of an error, a
connection that was lost or never made, or a request that was on its way when the program was
interrupted.  An exception of the program's own, in a hook of the client say, is none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tracker.context import unattributed
from tracker.instrumentation.answers import HTTP_LIBRARIES
from tracker.instrumentation.providers import SDKS
from tracker.records import recorder
from tracker.records.error_text import described, known_codes, told_to
from tracker.records.metric import OTHER, Call

if TYPE_CHECKING:
    from tracker.records.pending_record import PendingRecord

#: The first status of an error.
ERRORS_FROM = 400
#: What they hand a request over with, to whatever sends it.
SENDING = frozenset({"handle_request", "handle_async_request"})
#: What sends it for them, mostly, and its modules that have a connection already.
CORES = frozenset({"httpcore", "httpcore2"})
CONNECTED = (".http11", ".http2")
#: Errors of these libraries that come before anything is sent; after others an answer may have
#: been made, and billed, that nobody has.
UNSENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"})


def failed_call(
    record: PendingRecord, service: str, operation: str, model: str | None, error: BaseException
) -> Call | None:
    """Return what *record* says of a call that ended with *error*, or None if there was no call.

    *record* gets the status, and what the provider calls the error.  What was answered with an
    error is not billed.
    """
    status = status_of(error)
    if operation == OTHER:
        return None  # whether a failure at an endpoint that is not known says anything is not known
    if status is None and not is_connection_error(error) and not is_interruption(error):
        return None
    text = described(error)
    if status is not None:
        record.unbilled = True
        record.extra = {**record.extra, "http_status": status, **known_codes(error)}
        if f"status {status}" not in text and type(error).__name__ == text.partition(" ")[0]:
            text = f"{type(error).__name__}: status {status}"
    else:
        record.unbilled = type(error.__cause__ or error).__name__ in UNSENT
    request_id = getattr(error, "request_id", None)
    return Call(
        service,
        operation,
        model,
        request_id=request_id if isinstance(request_id, str) else None,
        latency_ms=record.elapsed_ms(),
        error=told_to(record.owner, error, text),
    )


def failed_connection(
    record: PendingRecord, service: str, operation: str, model: str | None, error: Exception
) -> Call:
    """Return what *record* says of a connection that could not be made: nothing was billed."""
    call = failed_call(record, service, operation, model, error)
    record.unbilled = True
    if call is not None:
        return call
    took = record.elapsed_ms()
    # The place would be ours.
    text = told_to(record.owner, error, described(error).partition(" at ")[0])
    return Call(service, operation, model, latency_ms=took, error=text)


def book(record: PendingRecord, call: Call) -> None:
    """Accept *call*, which failed, as what *record* turned out to be."""
    recorder.accept(record, call)
    # Nobody will hand its response to a tracker.
    unattributed.release(record)


def status_of(error: Any) -> int | None:
    """Return the status of the answer that *error* tells of, if it is that of an error."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        status = getattr(getattr(error, "response", None), "status_code", None)
    # An HTTP response of the program's own would have a status, too.
    is_known = isinstance(status, int) and status >= ERRORS_FROM
    return status if is_known and isinstance(error, Exception) else None


def is_connection_error(error: BaseException) -> bool:
    """Return whether *error* is an SDK's, or an HTTP library's, for a connection without answer."""
    root = type(error).__module__.partition(".")[0]
    if root not in SDKS and root not in HTTP_LIBRARIES:
        return False
    name = "APIConnectionError" if root in SDKS else "TransportError"
    known = getattr(sys.modules.get(root), name, None)
    return isinstance(known, type) and isinstance(error, known)


def is_interruption(error: BaseException) -> bool:
    """Return whether *error* came, from outside, while a request was sent or its answer awaited.

    A task is cancelled, somebody at the keyboard or a signal's handler ends it: what was sent may
    be billed.  An end of the coroutine itself (``GeneratorExit``) comes whenever nobody has it.
    """
    if isinstance(error, GeneratorExit):
        return False
    modules: list[str] = []
    step = error.__traceback__
    while step is not None:
        frame = step.tb_frame
        if modules or frame.f_code.co_name in SENDING:
            modules.append(str(frame.f_globals.get("__name__", "")))
        step = step.tb_next
    if CORES.isdisjoint(module.partition(".")[0] for module in modules):
        # Some other transport: what it raises as an Exception may be its own.
        return bool(modules) and not isinstance(error, Exception)
    return any(module.endswith(CONNECTED) for module in modules)
