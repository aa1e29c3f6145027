"""The bytes of a file of the cache: what it is, a checksum, and what was kept.

Everything in it may be damaged, of another version, or made by somebody else: it is read as data
of a bounded size, and what is wrong with it makes it nothing.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from codemods.cache.signature import NUMBERS, WIDTH, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    #: Of what a run looked at: what is said of it, a byte for each file, signatures, paths.
    Parts = tuple[Mapping[str, Any], bytes, array[int], Sequence[str]]

_MAGIC = b"ai-usage cache 2\n"
_DIGEST = 32


class DamagedError(ValueError):
    """The bytes are no file of the cache, or not of this version."""


def sealed(magic: bytes, body: bytes) -> bytes:
    """Return *body* as a file that begins with *magic*."""
    return magic + _checksum(body) + body


def unsealed(magic: bytes, content: bytes) -> memoryview:
    """Return what was sealed; raises DamagedError."""
    start = len(magic) + _DIGEST
    body = memoryview(content)[start:]
    if not content.startswith(magic) or content[len(magic) : start] != _checksum(body):
        raise DamagedError("it is damaged, or of another version")
    return body


def joined(parts: Parts) -> bytes:
    """Return *parts* as a file."""
    import json  # only now: of a few files nothing is kept

    head, clean, numbers, paths = parts
    body = (
        json.dumps(head, separators=(",", ":")).encode() + b"\n",
        clean,
        numbers.tobytes(),
        "\0".join(paths).encode("utf-8", "surrogateescape"),
    )
    return sealed(_MAGIC, b"".join(body))


def parts_of(content: bytes) -> Parts:
    """Return the parts of the file *content*; raises DamagedError."""
    import json  # only now, as above

    unsealed(_MAGIC, content)
    start = len(_MAGIC) + _DIGEST
    try:
        line = content.index(b"\n", start)
        head: dict[str, Any] = json.loads(content[start:line])
        count, files = int(head["paths"]), int(head["files"])
        clean = content[line + 1 : line + 1 + files]
        numbers = array("q")
        at = line + 1 + files
        numbers.frombytes(content[at : at + count * WIDTH])
        paths = content[at + count * WIDTH :].decode("utf-8", "surrogateescape").split("\0")
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise DamagedError(f"it is no record: {error}") from None
    if not 0 <= files <= count == len(paths) or len(numbers) != count * NUMBERS:
        raise DamagedError("its parts do not fit")
    return head, clean, numbers, paths


def checksum_in(content: bytes) -> bytes:
    """Return the checksum that the file *content* has of itself."""
    return content[len(_MAGIC) : len(_MAGIC) + _DIGEST]


def _checksum(body: bytes | memoryview) -> bytes:
    return digest_of(body, _DIGEST)
