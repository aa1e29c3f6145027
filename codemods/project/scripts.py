"""Scripts without an ending, known by their first line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codemods.project.regular import read_start

if TYPE_CHECKING:
    from pathlib import Path

_LINE = 128
# #!/usr/bin/env python3, #! /usr/bin/python3.11 -u, #!/usr/bin/env -S uv run --script
_PYTHON = (
    rb"#![ \t]*(?:[^ \t\r\n]*/)?(?:env[ \t]+(?:-S[ \t]*)?)?(?:[^ \t\r\n]*/)?"
    rb"(?:python[\d.]*|pypy[\d.]*|uv[ \t]+run)(?=[ \t\r\n]|\Z)"
)


def is_script(name: str, path: str | Path) -> bool:
    """Whether the file *path*, called *name*, has no ending and is run by Python."""
    if "." in name.rpartition("/")[2] or name.endswith("/"):
        return False
    try:
        start = read_start(path, _LINE)
    except (OSError, ValueError):
        return False
    return starts_a_script(start)


def starts_a_script(content: bytes) -> bool:
    """Whether a file that begins with *content* is run by Python."""
    return re.match(_PYTHON, content[:_LINE]) is not None
