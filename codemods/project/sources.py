"""Reading Python source: bytes from disk, and text as the interpreter would decode it."""

from __future__ import annotations

import codecs
import errno
import itertools
import re
from typing import TYPE_CHECKING

from codemods.model.outcome import Failed
from codemods.model.source import SourceFile
from codemods.project.regular import MEGABYTE, read_regular, reason

if TYPE_CHECKING:
    from pathlib import Path

    from codemods.project.discovery import DiscoveredFile

# Reading a file with work in it takes some sixteen times its size of memory.
LARGEST = 32 * MEGABYTE
# Decoding takes the square of a text's length: hours for a crafted file.
_NAMES_ONLY = frozenset({"punycode", "idna"})
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
# The interpreter takes a lone CR for the end of a line too.
# Compiled where they are used first: most runs decode no file.
_LINE = rb"[^\r\n]*(?:\r\n|\r|\n)?"
_NEWLINE = r"\r\n|\r|\n"
# The coding line, and the lines that it may come behind.
_CODING = rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)"
_NO_CODE = rb"[ \t\f]*(?:[#\r\n]|$)"

_SAVE_AS_UTF8 = "Save the file as UTF-8, or correct its coding line."


class _Undecodable(Exception):
    """The bytes are no Python source; holds the message and the advice."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def digest(content: bytes) -> str:
    """Return the SHA-256 of *content* in hexadecimal."""
    import hashlib  # only now: most files are looked at, and not decoded

    return hashlib.sha256(content).hexdigest()


def read(file: DiscoveredFile) -> bytes | Failed:
    """Return the bytes of *file*, or why they cannot be had."""
    try:
        return read_bytes(file.place)
    except OSError as error:
        return unreadable(file, error)


def unreadable(file: DiscoveredFile, error: OSError) -> Failed:
    """Return the failure for *file*, which was not read because of *error*."""
    advice = "Give yourself permission to read it, or leave it out with `exclude`."
    if error.errno == errno.EFBIG:
        advice = "Leave it out with `exclude`, or split it."
    message = f"the file cannot be read: {reason(error)}"
    return Failed(file.display, "read", message, advice)


def read_bytes(path: str | Path) -> bytes:
    """Return the content of the source file at *path*; raises OSError."""
    return read_regular(path, LARGEST)


def decode(path: Path, display: str, content: bytes) -> SourceFile | Failed:
    """Return the source in *content*, decoded by its byte order mark and coding line.

    The text keeps its newlines, and encodes to exactly the same bytes again; a
    file for which that cannot be had is Failed, with what to do.
    """
    bom = content.startswith(_BOM)
    try:
        encoding = _encoding(content)
        text = _text(content.removeprefix(_BOM), encoding)
    except _Undecodable as error:
        return Failed(display, "read", error.message, error.advice)
    return SourceFile(
        path=path,
        display=display,
        content=content,
        text=text,
        encoding=encoding,
        bom=bom,
        newline=_dominant_newline(text),
        digest=digest(content),
    )


def encode(text: str) -> bytes:
    """Return *text*, which an editor holds, as the bytes that it would be saved as.

    Where its coding line cannot be followed they are those of UTF-8.
    """
    plain = text.encode("utf-8", "surrogatepass")
    try:
        return text.encode(_encoding(plain))
    except (_Undecodable, UnicodeError, LookupError):
        return plain


def _encoding(content: bytes) -> str:
    """Return the encoding that the byte order mark and the coding line name, UTF-8 without."""
    if content.startswith(_WIDE_BOMS):
        raise _Undecodable("the file is UTF-16, which Python cannot run", "Save it as UTF-8.")
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        message = f"line {line} holds a NUL byte, so the file is no Python source"
        raise _Undecodable(message, "Remove the byte, or leave the file out with `exclude`.")
    try:
        named = _named_encoding(content)
        if named is not None and codecs.lookup(named).name in _NAMES_ONLY:
            message = f"its coding line names {named}, an encoding of host names"
            raise _Undecodable(message, "Correct the coding line in line 1 or 2.")
        name = _detected(named, _BOM if content.startswith(_BOM) else b"")
    except (SyntaxError, LookupError, UnicodeError) as error:
        message = f"its coding line cannot be followed: {error}"
        raise _Undecodable(message, "Correct the coding line in line 1 or 2.") from None
    return "utf-8" if name == "utf-8-sig" else name


def _detected(named: str | None, mark: bytes) -> str:
    """Return the encoding of a file with the byte order *mark* whose coding line says *named*."""
    import tokenize  # only now, as above

    # Newer interpreters decode the lines here, of which nothing but the name may be heard.
    lines = iter([] if named is None else [mark + f"# coding: {named}\n".encode()])
    name, _ = tokenize.detect_encoding(lambda: next(lines, b""))
    return name


def _named_encoding(content: bytes) -> str | None:
    """Return the name in the coding line of *content*, as the interpreter looks for it."""
    lines = (match[0] for match in re.finditer(_LINE, content.removeprefix(_BOM)))
    for line in itertools.islice(lines, 2):
        found = re.match(_CODING, line)
        if found is not None:
            return found[1].decode()
        if not re.match(_NO_CODE, line):
            return None
    return None


def _text(body: bytes, encoding: str) -> str:
    try:
        text = body.decode(encoding)
        same = text.encode(encoding) == body
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        message = f"byte 0x{body[error.start]:02x} in line {line} is not {encoding}"
        raise _Undecodable(message, _advice(body, encoding)) from None
    except (UnicodeError, LookupError) as error:
        raise _Undecodable(f"it cannot be decoded as {encoding}: {error}", _SAVE_AS_UTF8) from None
    if not same:
        message = f"its bytes would not survive being decoded as {encoding}"
        raise _Undecodable(message, _SAVE_AS_UTF8)
    return text


def _advice(body: bytes, encoding: str) -> str:
    if encoding != "utf-8" or re.search(rb"coding[:=]", b"".join(body.splitlines()[:2])):
        return _SAVE_AS_UTF8
    return "Save the file as UTF-8, or name its encoding in line 1: `# -*- coding: latin-1 -*-`."


def _dominant_newline(text: str) -> str:
    """Return the newline that most lines of *text* end with, ``\\n`` where there is none."""
    if "\r" not in text:
        return "\n"
    counts = {"\n": 0, "\r\n": 0, "\r": 0}
    for match in re.finditer(_NEWLINE, text):
        counts[match[0]] += 1
    return max(counts, key=lambda newline: counts[newline])
