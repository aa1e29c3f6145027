"""The members of a baggage header: ours by name, all others as they are.

W3C's limits hold in both directions.  A value is written with percent escapes only, so that every
reader of baggage gives it back; a plus is read as a blank, which OpenTelemetry for Python writes.
The members of others go on letter by letter, with their properties.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus

from tracker.records.sanitize import short

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ai_usage."
MAX_HEADER = 8192
MAX_MEMBERS = 180
#: Longer than any id that people or programs make; a header has room for all of ours.
MAX_VALUE = 256
#: A name, a value, and properties that are not read.
_MEMBER = re.compile(
    r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
    r"(?:[ \t]*;[\x20\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]*)?"
)
#: What stands in a name as it is, beside letters and digits.
_OF_NAMES = "!#$&'*+-.^_`|~"
#: What is read in the place of bytes that are no text.
_REPLACED = "\ufffd"


def named(told: Mapping[str, Any]) -> dict[str, str]:
    """Return the members that say what is *told*: texts and numbers, in the form of a store."""
    found = {}
    for name, value in told.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = short(str(value)).strip()
            if _is_believable(text):
                found[PREFIX + name] = text
    return found


def believed(told: Mapping[str, str]) -> dict[str, str]:
    """Return what the members *told* say of us, without what none of us can have written."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in told.items()
        if name.startswith(PREFIX) and _is_believable(value)
    }


def read(header: str) -> dict[str, str]:
    """Return our members of *header*; of two with one name the last."""
    found = {}
    for member in _members(header):
        name = _name(member)
        if name.startswith(PREFIX):
            value = member.partition("=")[2].partition(";")[0].strip()  # properties are not ours
            found[name] = unquote_plus(value).strip()
    return found


def joined(header: str, written: Mapping[str, str], current: Mapping[str, str]) -> str:
    """Return *header* with the members that are *written*, and those that are *current*.

    The former take the place of older ones of their names, the latter stand back for those that
    are there. Ours come first: who cuts a header that is too long cuts off its end.
    """
    ours = [_member(name, value) for name, value in written.items()]
    others = [one for one in _members(header) if _name(one) not in written]
    known = {*written, *map(_name, others)}
    others += [_member(name, value) for name, value in current.items() if name not in known]
    size = sum(len(one) + 1 for one in ours)
    for number, one in enumerate(others, len(ours)):
        size += len(one) + 1
        if number >= MAX_MEMBERS or size > MAX_HEADER:
            break
        ours.append(one)
    return ",".join(ours)


def _member(name: str, value: str) -> str:
    return (
        f"{quote(name, safe=_OF_NAMES, errors='replace')}={quote(value, safe='', errors='replace')}"
    )


def _name(member: str) -> str:
    return member.partition("=")[0].strip()


def _members(header: str) -> list[str]:
    """Return what *header* lists; nothing of one that is longer than any may be."""
    if len(header) > MAX_HEADER:
        return []
    found = [one.strip(" \t") for one in header.split(",", MAX_MEMBERS)[:MAX_MEMBERS]]
    return [one for one in found if _MEMBER.fullmatch(one)]


def _is_believable(text: str) -> bool:
    return 0 < len(text) <= MAX_VALUE and text.isprintable() and _REPLACED not in text
