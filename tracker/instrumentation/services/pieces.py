"""Services that are billed by the piece: characters that are spoken, images, seconds.

Some of it only the request tells, and some the answer.  What neither tells stays unknown, with
the reason.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.error_boundary import boundary
from tracker.instrumentation.providers.fields import reader, text
from tracker.instrumentation.providers.provider import UNCHARGED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracker.records.pending_record import PendingRecord

_CAPTURING = boundary("capture")

SPEECH = "no answer tells the length of a speech"
AS_TEXT = "an answer in plain text tells no usage"
UNTIMED = "the answer tells neither tokens nor a duration"
#: The forms of a transcript that are no JSON.
TEXT_FORMS = frozenset({"text", "srt", "vtt"})
#: An extension's answer tells the length of the whole video, of which a part was billed before.
EXTENSION = "videos/extensions"


class Asked(NamedTuple):
    """What a request says of its usage: numbers, words that the price depends on, and what neither
    it nor a plain answer will tell."""

    counts: Mapping[str, float]
    conditions: Mapping[str, str]
    unknown: str | None = None


def asked_of(path: str, body: Mapping[str, Any]) -> Asked | None:
    """Return what the *body* of a request to *path* says, or None: it is not billed by the piece.

    *path* is without version and ids.
    """
    for end, look in _LOOKS.items():
        if path.endswith(end):
            return look(body)
    return None


def _speech(body: Mapping[str, Any]) -> Asked:
    spoken = body.get("input")
    counts = {"characters": len(spoken)} if isinstance(spoken, str) else {}
    return Asked(counts, {}, SPEECH)


def _transcript(body: Mapping[str, Any]) -> Asked:
    is_text = body.get("response_format") in TEXT_FORMS
    return Asked({}, {}, AS_TEXT if is_text else UNTIMED)


def _images(body: Mapping[str, Any]) -> Asked:
    number = _amount(body.get("n"))
    return Asked({"images": 1 if number is None else number}, _words(body, "size", "quality"))


def _video(body: Mapping[str, Any]) -> Asked:
    seconds = _amount(body.get("seconds"))
    return Asked({} if seconds is None else {"seconds": seconds}, _words(body, "size"))


_LOOKS: dict[str, Callable[[Mapping[str, Any]], Asked]] = {
    "audio/speech": _speech,
    "audio/transcriptions": _transcript,
    "audio/translations": _transcript,
    "images/generations": _images,
    "images/edits": _images,
    "images/variations": _images,
    EXTENSION: _video,
    "videos": _video,
    "videos/edits": _video,
    "videos/{id}/remix": _video,
}


def note_asked(record: PendingRecord, operation: str, path: str, options: Any) -> None:
    """Note on *record* what the request *options* to *path* says, and later what is answered."""
    record.unbilled = operation in UNCHARGED
    body = options.json_data
    asked = asked_of(path, body if isinstance(body, dict) else {})
    if asked is None:
        return
    record.counts, record.conditions, record.unknown = asked
    if not path.endswith(EXTENSION):
        parser = getattr(options, "post_parser", None)
        parser = parser if callable(parser) else None
        options.post_parser = functools.partial(_parsed, record, parser)


def _parsed(record: PendingRecord, parser: Callable[[Any], Any] | None, answer: Any) -> Any:
    """Stand in for the SDK's *parser* of an answer, and note what it tells."""
    with _CAPTURING:
        note_told(record, answer)
    return answer if parser is None else parser(answer)


def note_told(record: PendingRecord | None, answer: Any) -> None:
    """Note on *record*, of a service that is billed by the piece, what *answer* counts."""
    known = None if record is None else record.counts
    if record is None or known is None or isinstance(answer, str):
        return
    facts = reader(answer)
    told = {"seconds": _amount(facts("seconds")) or _amount(facts("duration"))}
    data = facts("data")
    if "images" in known and isinstance(data, list):
        told["images"] = len(data)
    words = {name: word for name in record.conditions or {} if (word := text(facts(name)))}
    record.counts = {**known, **{name: one for name, one in told.items() if one is not None}}
    record.conditions = {**(record.conditions or {}), **words}


def _amount(value: Any) -> int | float | None:
    """Return *value*, a number or a text of one, if it is one that counts something."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return value


def _words(body: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: word for name in names if (word := text(body.get(name))) is not None}
