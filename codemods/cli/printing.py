"""Printing what a run has printed before, without what a run needs."""

from __future__ import annotations

import sys


def printed(text: str, status: int) -> int:
    """Print *text*, in which all names are shown safely, and return the exit status.

    That is *status*, or the one of a run whose output has no reader.
    """
    try:
        getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="backslashreplace")
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:
        from codemods.cli import execution

        return execution.ended_by(error)
    return status
