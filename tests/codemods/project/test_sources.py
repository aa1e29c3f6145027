"""Bytes into text, as the interpreter would decode them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from many_cases import each_of

from codemods.model.outcome import Failed
from codemods.model.source import SourceFile
from codemods.project.discovery import DiscoveredFile
from codemods.project.sources import decode, digest, read

PATH = Path("/project/a.py")


def decoded(content: bytes) -> SourceFile:
    """Return the source in *content*."""
    source = decode(PATH, "a.py", content)
    assert isinstance(source, SourceFile), source
    return source


def failure(content: bytes) -> Failed:
    """Return why *content* is no source."""
    failed = decode(PATH, "a.py", content)
    assert isinstance(failed, Failed)
    assert (failed.path, failed.stage) == ("a.py", "read")
    return failed


def test_plain_file() -> None:
    """A file without a coding line is UTF-8; the record holds all that was read."""
    source = decoded("x = 'é'\n".encode())
    assert source.text == "x = 'é'\n"
    assert (source.path, source.display) == (PATH, "a.py")
    assert (source.encoding, source.bom, source.newline) == ("utf-8", False, "\n")
    assert source.digest == digest(source.content)


def test_empty_file() -> None:
    """An empty file is a source without text."""
    assert decoded(b"").text == ""


def test_byte_order_mark() -> None:
    """The byte order mark is no part of the text, and comes back when the text is encoded."""
    source = decoded(b"\xef\xbb\xbfx = 1\n")
    assert (source.text, source.bom, source.encoding) == ("x = 1\n", True, "utf-8")
    assert source.encode("y = 2\n") == b"\xef\xbb\xbfy = 2\n"


@each_of(
    "content",
    [
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        b"#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\nx = '\xe9'\n",
        b"#!/usr/bin/python\r# coding=latin-1\rx = '\xe9'\r",
        b"\r\n# coding: iso8859-1\r\nx = '\xe9'\r\n",
    ],
)
def test_coding_line(content: bytes) -> None:
    """A coding line in line 1 or 2 counts, whatever the lines end with."""
    source = decoded(content)
    assert "é" in source.text
    assert source.encode(source.text) == content


def test_coding_line_too_late() -> None:
    """A coding line in line 3 is a comment, as for the interpreter."""
    failed = failure(b"\n\n# coding: latin-1\nx = '\xe9'\n")
    assert "byte 0xe9 in line 4 is not utf-8" in failed.message


def test_bytes_without_an_encoding() -> None:
    """Bytes that are no UTF-8 are a failure that says where, and how to name the encoding."""
    failed = failure(b"x = 1\ny = '\xe9'\n")
    assert "byte 0xe9 in line 2 is not utf-8" in failed.message
    assert "coding: latin-1" in failed.advice


def test_bytes_in_the_first_line() -> None:
    """Bytes that are no UTF-8 in the first lines are reported like any other."""
    assert "byte 0xe9 in line 1" in failure(b"'\xe9'\n").message


def test_bytes_that_contradict_the_coding_line() -> None:
    """A coding line that the bytes contradict is a failure that asks to correct it."""
    failed = failure(b"# coding: ascii\nx = '\xe9'\n")
    assert "line 2 is not ascii" in failed.message
    assert "coding line" in failed.advice


@pytest.mark.parametrize("content", [b"# \xe9 coding: ascii\n", b"'\xe9' # x\n# coding: ascii\n"])
def test_bytes_that_contradict_beside_the_coding_line(content: bytes) -> None:
    """So are those in the lines that the interpreter itself decodes to find the coding line."""
    assert "line 1 is not" in failure(content).message


@each_of("name", ["no-such-codec", "rot13", "hex", "undefined", "idna"])
def test_coding_line_that_names_no_text_encoding(name: str) -> None:
    """A coding line that names no encoding of text is a failure."""
    assert failure(b"# coding: " + name.encode() + b"\nx = '\xe9'\n").advice


def test_mark_against_coding_line() -> None:
    """A byte order mark and another encoding in the coding line is a failure, as in Python."""
    assert "coding line" in failure(b"\xef\xbb\xbf# coding: latin-1\n").advice


def test_encoding_that_loses_bytes() -> None:
    """An encoding that would not give the same bytes back is refused."""
    assert "survive" in failure(b"# coding: utf-7\nx = '+AOk-'; y = '+ZeVnLA-+ZeVnLA-'\n").message


def test_nul_byte() -> None:
    """A NUL byte is a failure that names its line."""
    failed = failure(b"x = 1\n\0\n")
    assert "line 2 holds a NUL byte" in failed.message
    assert failed.advice


@each_of("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_wide_encodings(encoding: str) -> None:
    """UTF-16 is a failure, with or without a byte order mark."""
    assert failure("x = 1\n".encode(encoding)).advice


@each_of(
    ("content", "newline"),
    [
        (b"a\nb\nc\r\n", "\n"),
        (b"a\r\nb\r\nc\n", "\r\n"),
        (b"a\rb\r", "\r"),
        (b"a\nb\r\n", "\n"),
        (b"a", "\n"),
    ],
)
def test_dominant_newline(content: bytes, newline: str) -> None:
    """The newline of a file is the one that most of its lines end with."""
    assert decoded(content).newline == newline


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.booleans())
def test_text_encodes_to_the_same_bytes(text: str, mark: bool) -> None:
    """Whatever the newlines, form feeds and characters: the text gives the same bytes again."""
    content = (b"\xef\xbb\xbf" if mark else b"") + b"#\n#\n" + text.encode()
    source = decoded(content)
    assert source.encode(source.text) == content


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    """Any bytes at all are a source or a failure with advice, never an exception."""
    outcome = decode(PATH, "a.py", content)
    if isinstance(outcome, Failed):
        assert outcome.advice
    else:
        assert outcome.encode(outcome.text) == content


def test_read(tmp_path: Path) -> None:
    """Reading gives the bytes as they are."""
    (tmp_path / "a.py").write_bytes(b"a\r\n\xff" * 100_000)
    file = DiscoveredFile(str(tmp_path / "a.py"), "a.py")
    assert read(file) == b"a\r\n\xff" * 100_000


@pytest.mark.parametrize("name", ["folder.py", "gone.py"])
def test_read_failure(tmp_path: Path, name: str) -> None:
    """A file that cannot be read is a failure with advice."""
    (tmp_path / "folder.py").mkdir()
    failed = read(DiscoveredFile(str(tmp_path / name), name))
    assert isinstance(failed, Failed)
    assert (failed.path, failed.stage) == (name, "read")
    assert failed.advice
