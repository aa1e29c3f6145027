"""``python -m codemods.lint PATH...``: report legacy and mixed tracker code, change nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from codemods.cache import replay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.cli.execution import Pipeline


def main(arguments: Sequence[str] | None = None, pipeline: Pipeline | None = None) -> int:
    """Run the command; return its exit status.  *pipeline* is the real one unless given."""
    known = replay.told("lint", sys.argv[1:]) if arguments is None else None
    if known is not None and not _is_terminal():
        return _said(*known)
    from codemods.cli import linting

    return linting.run(sys.argv[1:] if arguments is None else arguments, pipeline)


def _is_terminal() -> bool:
    """Whether the output has colours, or goes nowhere: that is not what is kept."""
    return sys.stdout is None or sys.stdout.isatty()


def _said(text: str, status: int) -> int:
    try:
        getattr(sys.stdout, "reconfigure", lambda **_: None)(errors="backslashreplace")
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:
        from codemods.cli import execution

        return execution.ended_by(error)
    return status


if __name__ == "__main__":
    sys.exit(main())
