"""How names may be spelled in code, for questions that bytes alone answer.

Between two tokens there may be more than blanks: a joined line, or a comment in brackets.  A
pattern that forgets one of them answers differently for another layout of the same code.
"""

from __future__ import annotations

import re

#: Whatever may stand between two tokens of one statement.  Once taken it is not given back.
GAP = rb"(?:[\s\\]|#[^\r\n]*+)*+"
#: A name.  Bytes above ASCII may be part of one.
NAME = rb"[\w\x80-\xff]++"
_BEFORE, _AFTER = rb"(?<![\w\x80-\xff])", rb"(?![\w\x80-\xff])"


def whole(name: str) -> bytes:
    """Return the pattern of *name* where it is not a part of another name."""
    return _BEFORE + re.escape(name.encode(errors="surrogateescape")) + _AFTER


def spaced(*parts: bytes) -> bytes:
    """Return the pattern of *parts* with whatever may stand between two tokens."""
    return GAP.join(parts)


def giving(name: str) -> bytes:
    """Return the pattern of what may give *name* to a class, a module or an object.

    A definition, an import, and a target: alone, in a tuple, of a loop or of a block; reads in
    such places are among what is found.
    """
    word = whole(name)
    taken = spaced(rb"\b(?:def|class|import|as|for)\b", rb"\(?", word)
    listed = spaced(rb",", word)
    fields = rb"(?:%b)*+" % spaced(rb"", rb"\.", NAME)
    return rb"%b|%b|%b" % (taken, listed, spaced(word + fields, rb"(?:=(?!=)|[:,)\]]|in\b)"))
