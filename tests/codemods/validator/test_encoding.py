"""How a file is written down: what the interpreter reads stays as it was declared."""

from __future__ import annotations

import codecs

from hypothesis import given
from hypothesis import strategies as st
from many_cases import each_of

from codemods.validator.encoding import spelling

TEXTS = st.text(st.sampled_from(["a", "\n", " ", "#", "\xe4", "\u20ac", "\U0001f40d"]), max_size=20)
MARK = codecs.BOM_UTF8


@given(TEXTS, st.sampled_from(["", "# coding: utf-8\n"]), st.booleans())
def test_a_part_of_a_file_is_spelled_as_the_file(text: str, cookie: str, marked: bool) -> None:
    """What leaves characters out, or says them again, is written as the file was."""
    before = (MARK if marked else b"") + (cookie + text).encode()
    assert spelling(before, before) is None
    assert spelling(before, before + before.removeprefix(MARK)) is None
    assert spelling(before, (MARK if marked else b"") + cookie.encode()) is None


@given(TEXTS, st.sampled_from("\xdf\u4e2d\U0001f600"))
def test_a_character_that_is_new_is_seen(text: str, strange: str) -> None:
    """A rewrite writes names of the file and plain ASCII."""
    assert spelling(text.encode(), (text + strange).encode()) == f"the character {strange!a} is new"
    assert spelling((text + strange).encode(), text.encode()) is None


@each_of(
    ("before", "after", "said"),
    [
        (MARK + b"x\n", b"x\n", "byte order mark"),
        (b"x\n", MARK + b"x\n", "byte order mark"),
        (b"x\r\ny\r\n", b"x\r\ny\n", "a line ends otherwise"),
        (b"x\ny\n", b"x\r\ny\n", "a line ends otherwise"),
        (b"x\ny\n", b"x\ry\n", "a line ends otherwise"),
        (b"# coding: latin-1\n'\xe4'\n", "# coding: latin-1\n'ä'\n".encode(), "is new"),
        (b"# coding: utf-8\n", b"# coding: utf-8\n'\xe4'\n", "cannot be decoded"),
        (b"x\n", b"# coding: no-such\nx\n", "cannot be decoded"),
        (b"# coding: ascii\n", b"# coding: ascii\n\xc3\xa4\n", "cannot be decoded"),
    ],
)
def test_another_spelling_is_seen(before: bytes, after: bytes, said: str) -> None:
    """A mark, a line end, or bytes that mean something else than they did."""
    assert said in str(spelling(before, after))


@each_of(
    ("before", "after"),
    [
        (b"", b""),
        (b"x", b"y"),
        (b"x\r\ny\nz\n", b"x\r\nz\n"),
        (b"# coding: latin-1\n'\xe4'\n", b"# coding: latin-1\n('\xe4')\n"),
        (b"x\n", b"x\ny\nz\n"),
        (b"x", b"x\n"),
    ],
)
def test_the_same_spelling_is_no_difference(before: bytes, after: bytes) -> None:
    """Ends of lines that the file has, characters that it has, in its own encoding."""
    assert spelling(before, after) is None
