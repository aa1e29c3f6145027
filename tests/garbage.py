"""Garbage is looked for among what the tests make, and not among all that has been imported.

What a process of tests holds from its collection on are millions of objects that live to its end:
each full search through them takes as long as hundreds of tests.
"""

from __future__ import annotations

import gc
from typing import Any


class _Kept:
    """The module ``gc`` for who may not say what is looked through: all else is the real one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(gc, name)

    def freeze(self) -> None:
        """Leave the objects of a run to the next search: it ends long before the process does."""

    def unfreeze(self) -> None:
        """Leave frozen what was so before the run."""


def keep_frozen() -> None:
    """Have runs of the tools in this process leave what is frozen as it is.

    A command freezes what it has read, and thaws all at its end.  Of a process of tests that would
    be everything: the search at the end of the next module would go through all of it again.
    """
    from codemods.runner import many_files, worker

    for module in (many_files, worker):
        module.gc = _Kept()  # type: ignore[attr-defined]


def freeze() -> None:
    """Drop what is garbage by now, and look through the rest no more."""
    gc.collect()
    gc.freeze()
