"""Some of the files in other bytes: other line ends, a mark at the start, another encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .names import own_names, put
from .variation import Variation, comparable, tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random


def line_ends(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* of which some have other line ends, and some a mark at their start."""
    changed = dict(files)
    for name, text in files.items():
        if name.endswith(".ipynb") or text.startswith("\ufeff") or "\r" in text:
            continue
        if random.random() < 0.5:
            text = text.replace("\n", "\r\n")
        changed[name] = random.choice(["", "\ufeff"]) + text
    return Variation(changed, expected=_one_line_end, seen=_one_line_end)


def _one_line_end(text: str) -> str:
    return tree(text.replace("\r\n", "\n"))


def latin(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* of which some are written in Latin-1, with letters beyond ASCII in names."""
    if any(name.endswith(".ipynb") or not text.isascii() for name, text in files.items()):
        return None
    names = {name: f"{name}\xe9" for name in own_names(files) if random.random() < 0.7}
    modules = {part for path in files for part in path.removesuffix(".py").split("/")}
    names = {name: other for name, other in names.items() if name not in modules}
    changed: dict[str, str | bytes] = {}
    for path, text in files.items():
        other = put(text, names)
        if random.random() < 0.6:
            changed[path] = f"# -*- coding: latin-1 -*-\n{other}".encode("latin-1")
        else:
            changed[path] = other
    if not names:
        return None
    return Variation(changed, expected=lambda text: comparable(put(text, names)), seen=comparable)
