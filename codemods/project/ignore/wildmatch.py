"""The patterns of ignore files, read exactly as git reads them.

A library of the same purpose differs from git in a dozen corners, and its regular expressions
take time without bound on a line with many stars.  Here the time is at most the length of
the pattern times the length of the name.  Names are bytes, as they are to git: ``?`` is one byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPECIAL = frozenset(b"*?[\\")
_SLASH = ord("/")
_BYTES = frozenset(range(256))
_NOT_SLASH = _BYTES - {_SLASH}
_CLASSES = {
    b"alnum": frozenset(b for b in range(128) if chr(b).isalnum()),
    b"alpha": frozenset(b for b in range(128) if chr(b).isalpha()),
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset((*range(32), 127)),
    b"digit": frozenset(b"0123456789"),
    b"graph": frozenset(range(33, 127)),
    b"lower": frozenset(b for b in range(128) if chr(b).islower()),
    b"print": frozenset(range(32, 127)),
    b"punct": frozenset(b for b in range(33, 127) if not chr(b).isalnum()),
    b"space": frozenset(b" \t\n\v\f\r"),
    b"upper": frozenset(b for b in range(128) if chr(b).isupper()),
    b"xdigit": frozenset(b"0123456789abcdefABCDEF"),
}


class _Step(Frozen):
    """One place of a compiled pattern: one byte of ``accepts``, or any number where it ``loops``.

    A step with ``skips`` takes no byte: the way goes on behind it, or that many steps further.
    """

    accepts: frozenset[int]
    loops: bool = False
    skips: int = 0


_NO_FOLDER = _Step(frozenset(), skips=3)


class Pattern(Frozen):
    """One line of an ignore file.

    ``steps`` is None where the line can match nothing; ``base_only`` says that it is held
    against the last part of a path, else against all of it.
    """

    negative: bool
    folders_only: bool
    base_only: bool
    literal: bytes
    steps: tuple[_Step, ...] | None

    def matches(self, path: bytes, *, folder: bool) -> bool:
        """Whether the line speaks of *path*, relative to the folder of its file."""
        if self.steps is None or (self.folders_only and not folder):
            return False
        name = path.rpartition(b"/")[2] if self.base_only else path
        if not name.startswith(self.literal):
            return False
        return _run(self.steps, name[len(self.literal) :])


def parse(line: bytes) -> Pattern | None:
    """Return the pattern in *line*; None for an empty line or a comment."""
    if not line or line.startswith(b"#"):
        return None
    text = _without_trailing_spaces(line)
    negative = text.startswith(b"!")
    text = text[1:] if negative else text
    folders_only = text.endswith(b"/")
    text = text[:-1] if folders_only else text
    base_only = b"/" not in text
    text = text.removeprefix(b"/") if not base_only else text
    plain = next((i for i, byte in enumerate(text) if byte in _SPECIAL), len(text))
    # What stands before the first special character is compared as it is, and the rest is a
    # pattern of its own: that is why ``a**/b`` reaches into folders.
    steps = _compiled(text[plain:], whole=not base_only) if text else None
    return Pattern(negative, folders_only, base_only, text[:plain], steps)


def parse_all(lines: Iterable[bytes]) -> tuple[Pattern, ...]:
    """Return the patterns of *lines*, the last one first: it decides."""
    found = [pattern for line in lines if (pattern := parse(line)) is not None]
    return tuple(reversed(found))


def _without_trailing_spaces(line: bytes) -> bytes:
    end = len(line.rstrip(b" "))
    escapes = len(line[:end]) - len(line[:end].rstrip(b"\\"))
    return line[: end + 1] if escapes % 2 else line[:end]


def _compiled(text: bytes, *, whole: bool) -> tuple[_Step, ...] | None:
    """Return the steps of *text*; None where git takes it for no pattern."""
    single = _NOT_SLASH if whole else _BYTES
    steps: list[_Step] = []
    at = 0
    while at < len(text):
        byte = text[at]
        if byte == ord("*"):
            start = at
            while text[at : at + 1] == b"*":
                at += 1
            further = _stars(text, start, at, single)
            if steps[-len(further) :] != further:  # ``**/**/`` says no more than ``**/``
                steps += further
            if _reaches_folders(text, start, at) and whole and text[at : at + 1] == b"/":
                at += 1
            continue
        if byte == ord("["):
            found = _bracket(text, at + 1)
            if found is None:
                return None
            accepted, at = found
            steps.append(_Step(accepted & single))
            continue
        if byte == ord("?"):
            steps.append(_Step(single))
        else:
            at += byte == ord("\\")
            if at == len(text):
                return None  # a backslash with nothing behind it
            steps.append(_Step(frozenset((text[at],))))
        at += 1
    return tuple(steps)


def _stars(text: bytes, start: int, stop: int, single: frozenset[int]) -> list[_Step]:
    """Return the steps of the stars from *start* to *stop*, and of a slash that goes with them."""
    if stop - start > 1 and _reaches_folders(text, start, stop):
        if text[stop : stop + 1] == b"/" and single is _NOT_SLASH:
            return [_NO_FOLDER, _Step(_BYTES, loops=True), _Step(frozenset((_SLASH,)))]
        return [_Step(_BYTES, loops=True)]
    return [_Step(single, loops=True)]


def _reaches_folders(text: bytes, start: int, stop: int) -> bool:
    """Whether the stars are two or more and stand alone between slashes."""
    opened = start == 0 or text[start - 1] == _SLASH
    closed = stop == len(text) or text[stop : stop + 1] == b"/" or text[stop : stop + 2] == b"\\/"
    return stop - start > 1 and opened and closed


def _bracket(text: bytes, at: int) -> tuple[frozenset[int], int] | None:
    """Return what a bracket accepts and where it ends; None if git would give the line up."""
    negated = text[at : at + 1] in (b"!", b"^")
    at += negated
    accepted: set[int] = set()
    before: int | None = None
    first = True
    while True:
        if at >= len(text):
            return None
        byte = text[at]
        if byte == ord("]") and not first:
            break
        first = False
        if byte == ord("-") and before is not None and text[at + 1 : at + 2] not in (b"", b"]"):
            at += 1 + (text[at + 1] == ord("\\"))
            if at >= len(text):
                return None
            accepted.update(range(before, text[at] + 1))
            before = None
        elif text[at : at + 2] == b"[:":
            end = text.find(b"]", at + 2)
            if end < 0:
                return None
            if end - at > 2 and text[end - 1] == ord(":"):
                named = _CLASSES.get(text[at + 2 : end - 1])
                if named is None:
                    return None
                accepted |= named
                at, before = end, None
            else:
                accepted.add(byte)
                before = byte
        else:
            at += byte == ord("\\")
            if at >= len(text):
                return None
            accepted.add(text[at])
            before = text[at]
        at += 1
    return frozenset(_BYTES - accepted if negated else accepted), at + 1


def _run(steps: tuple[_Step, ...], name: bytes) -> bool:
    """Whether *steps* match all of *name*: all ways through them are followed at once."""
    places = _entered(steps, {0})
    for byte in name:
        following: set[int] = set()
        for place in places:
            if place < len(steps) and byte in steps[place].accepts:
                following.add(place if steps[place].loops else place + 1)
        if not following:
            return False
        places = _entered(steps, following)
    return len(steps) in places


def _entered(steps: tuple[_Step, ...], places: set[int]) -> set[int]:
    """Return *places* and those that are reached from them without a byte."""
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place == len(steps):
            continue
        step = steps[place]
        ways = (place + 1, place + step.skips) if step.loops or step.skips else ()
        for further in ways:
            if further not in places:
                places.add(further)
                waiting.append(further)
    return places
