"""Code that many fixtures of the decision table have in common, once each.

A line ``# shared: NAME`` in a file of a fixture stands for ``tests/fixtures/shared/NAME.py``.  The
tools never see such a line: whoever reads a fixture spells it out.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = "shared"
_LINE = re.compile(rb"^# shared: (\w+)$", re.MULTILINE)


@cache
def shared_code(fixtures: Path) -> Mapping[bytes, bytes]:
    """Return the texts in the folder ``shared`` of *fixtures*, without their last line break."""
    paths = sorted((fixtures / FOLDER).glob("*.py"))
    return {path.stem.encode(): path.read_bytes().removesuffix(b"\n") for path in paths}


def spelled_out(content: bytes, shared: Mapping[bytes, bytes]) -> bytes:
    """Return *content* with the code in the place of its name; raises KeyError for another name."""
    return _LINE.sub(lambda found: shared[found[1]], content)


def abbreviated(content: bytes, shared: Mapping[bytes, bytes]) -> bytes:
    """Return *content* with the name in the place of code that is in *shared*."""
    for name, code in shared.items():
        content = re.sub(
            rb"(?m)^" + re.escape(code) + rb"$(?!\n+[ \t])", b"# shared: " + name, content
        )
    return content
