"""Which process holds a reservation, and whether it is still there.

A process id alone is given again.  So a holder is named by its id, the moment at which it began
and the namespace in which that id holds; of another container's nothing can be seen, and only
time tells.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PROC = Path("/proc")
#: Fields behind the name of a process in its ``stat``: what it does, and when it began.
_STATE, _BEGAN = 0, 19
#: A process that has ended, and whose parent has not asked yet.
_ENDED = frozenset("ZX")
ENDED = "ended"

_known: tuple[int, str] = (0, "")


def identity() -> str:
    """Return the name of this process, which no other has."""
    global _known
    here = os.getpid()
    if _known[0] != here:  # also in a fork
        _known = (here, f"{_namespace()}|{here}|{_began(here) or ''}")
    return _known[1]


def is_dead(holder: str) -> bool:
    """Return whether *holder* is known to have ended; what cannot be seen is not."""
    namespace, _, rest = holder.rpartition("|")[0].rpartition("|")
    began = holder.rpartition("|")[2]
    if not rest.isdigit() or namespace != _namespace():
        return False
    now = _began(int(rest))
    # Another user's may be hidden there.
    return not _answers(int(rest)) if now is None else now != began


def _namespace() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        import platform

        return platform.node()


def _began(process: int) -> str | None:
    """Return when *process* began, ENDED if it is no more than a name, None if nothing is told."""
    try:
        told = (_PROC / str(process) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = told.rpartition(")")[2].split()
    return ENDED if fields[_STATE] in _ENDED else fields[_BEGAN]


def _answers(process: int) -> bool:
    if sys.platform == "win32":
        return True  # a signal 0 would end it there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
