"""What is said of an exception: its type and its place.

The message of an exception may hold anything: a completion that was no number, a prompt that a
server sent back, a key.  It is left out, unless it is one of this package's own, or
``AI_USAGE_ERROR_MESSAGES`` asks for messages.  Of a provider's error its status is told, and the
code if that is one of those that providers document.
"""

from __future__ import annotations

import contextlib
import errno
import os
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from tracker.config import settings
from tracker.errors import AIUsageError
from tracker.instrumentation.providers import PROVIDERS, SDKS
from tracker.records.sanitize import Told, scrub

if TYPE_CHECKING:
    from types import FrameType

#: What providers document as codes and types of errors; anything else could be a text.
CODES = frozenset[str]().union(*(provider.error_codes for provider in PROVIDERS))
#: Of botocore's errors those whose text is put together from a request's values.
_ECHOING = frozenset({"ParamValidationError"})
_LIBRARIES = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120 - pathlib loads later
_MAX_NAME = 120


def described(error: BaseException) -> str:
    """Return what is stored of *error*: ``ValueError at app.parse:12``.

    Of a provider's it is ``RateLimitError: status 429, insufficient_quota``.  Where messages are
    asked for, the type and the message without credentials.
    """
    name = type(error).__name__[:_MAX_NAME]
    if messages_are_asked_for():
        return f"{name}: {message_of(error)}"
    with contextlib.suppress(Exception):
        if (known := _known_of(error)) is not None:
            return f"{name}: {known}" if known else name
        if (place := _place(error)) is not None:
            return f"{name} at {place}"
    return name


def logged(error: BaseException) -> str:
    """Return what a line of the log says of *error*: this package's messages are its own."""
    with contextlib.suppress(Exception):
        if isinstance(error, AIUsageError) and _is_raised_here(error):
            return message_of(error)
        if messages_are_asked_for():
            return message_of(error) or type(error).__name__
    return described(error)


def for_program(error: BaseException) -> Told:
    """Return *error*'s own text for the program that raised it; stores get ``described``."""
    return Told(message_of(error) or type(error).__name__, described(error))


def told_to(owner: object, error: BaseException, text: str | None = None) -> str:
    """Return what *owner* is told of *error*, which ended one of its calls: *text*, if given.

    An owner that ``keeps_messages`` hands the error's own text to its program; its stores keep
    what all others do.
    """
    text = described(error) if text is None else text
    if getattr(type(owner), "keeps_messages", False) is not True:
        return text
    return Told(message_of(error) or type(error).__name__, text)


def stored(text: str | None) -> str | None:
    """Return what stores get of *text*, which may be for the program's own eyes."""
    return text.stored if isinstance(text, Told) else text


def message_of(error: BaseException) -> str:
    """Return *error*'s message without credentials; one that cannot even say it gives nothing."""
    with contextlib.suppress(Exception):
        if type(error).__module__.partition(".")[0] == "pydantic_core":
            return _without_input(error)
        return scrub(str(error))
    return ""


def asked_for(text: str) -> str:
    """Return another's *text* without credentials where messages are asked for, else nothing."""
    return scrub(text) if messages_are_asked_for() else ""


def of_answer(error: dict[str, Any]) -> str:
    """Return what is stored of an *error* that a provider sent within an answer."""
    kind = next((str(v) for v in (error.get("type"), error.get("code")) if v in CODES), "error")
    text = asked_for(str(error.get("message")))
    return f"{kind}: {text}" if text else kind


def messages_are_asked_for() -> bool:
    """Whether the settings want messages of exceptions kept."""
    with contextlib.suppress(AIUsageError):
        return settings.current().error_messages
    return False


def _known_of(error: BaseException) -> str | None:
    """Return what is told of an error of a kind whose parts are known; None of any other."""
    root = type(error).__module__.partition(".")[0]
    if root in SDKS:
        return _of_sdk(error)
    if root == "botocore":
        return _of_botocore(error)
    if root == "sqlite3":
        return getattr(error, "sqlite_errorname", None)
    if isinstance(error, OSError) and error.errno is not None:
        place = _place(error)
        code = errno.errorcode.get(error.errno, "?")
        return f"{code} at {place}" if place else code
    return None


def known_codes(error: Any) -> dict[str, str]:
    """Return the ``error_code`` and ``error_type`` of a provider's *error*, if documented."""
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, dict) else None
    inside = [found for found in (inner, body) if isinstance(found, dict)]
    told: dict[str, str] = {}
    for name in ("code", "type"):
        candidates = [getattr(error, name, None), *(found.get(name) for found in inside)]
        known = [code for code in candidates if isinstance(code, str) and code in CODES]
        told |= {f"error_{name}": code for code in known[:1]}
    return told


def _of_sdk(error: Any) -> str:
    status = getattr(error, "status_code", None)
    told = [f"status {status}"] if isinstance(status, int) else []
    told += list(known_codes(error).values())[:1]
    if not told and (cause := error.__cause__) is not None:
        told.append(f"by {type(cause).__name__[:_MAX_NAME]}")
    return ", ".join(told)


def _of_botocore(error: Any) -> str:
    """Return the service's code and the operation, or the text of botocore's own template."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        code = str(answer.get("Error", {}).get("Code", ""))[:_MAX_NAME]
        return scrub(f"{code} in {getattr(error, 'operation_name', '?')}")
    return "" if type(error).__name__ in _ECHOING else scrub(str(error))


def _place(error: BaseException) -> str | None:
    """Return module, function and line of the innermost frame that is no library's.

    Ours is told only where no frame is the program's: an error that a program throws into what
    waits for a chunk passes us.
    """
    found: tuple[FrameType, int] | None = None
    innermost = ours = None
    for frame, line in walk_tb(error.__traceback__):
        # A program that runs what a model wrote names its functions as the model did.
        if not frame.f_code.co_filename.startswith("<"):
            innermost = (frame, line)
            if _module(frame).startswith("tracker."):
                ours = innermost
            elif not _is_library(frame):
                found = innermost
    if (chosen := found or ours or innermost) is None:
        return None
    frame, line = chosen
    return f"{_module(frame)}.{frame.f_code.co_qualname}"[:_MAX_NAME] + f":{line}"


def _is_raised_here(error: BaseException) -> bool:
    """Whether this package raised *error*, and no program that took one of its classes."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return step is not None and _module(step.tb_frame).partition(".")[0] == "tracker"


def _is_library(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    return path.startswith(_LIBRARIES) or "site-packages" in path


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


def _without_input(error: Any) -> str:
    """Return what a failed validation says, but for the text that it was about: a completion."""
    kinds = sorted({str(found["type"]) for found in error.errors(include_input=False)})
    return scrub(f"{error.error_count()} in {error.title} ({', '.join(kinds)})")
