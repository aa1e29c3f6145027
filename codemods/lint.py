"""``python -m codemods.lint PATH...``: report legacy and mixed tracker code, change nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from codemods.cache import replay
from codemods.cli.printing import printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.cli.execution import Pipeline


def main(arguments: Sequence[str] | None = None, pipeline: Pipeline | None = None) -> int:
    """Run the command; return its exit status.  *pipeline* is the real one unless given."""
    if arguments is None and _has_no_colours():
        known = replay.told("lint", sys.argv[1:])
        if known is not None:
            return printed(*known)
    given = sys.argv[1:] if arguments is None else arguments
    from codemods.cli.lint import plain

    if plain.is_plain(given):
        return plain.run(given, pipeline)
    from codemods.cli import linting

    return linting.run(given, pipeline)


def _has_no_colours() -> bool:
    return sys.stdout is not None and not sys.stdout.isatty()


if __name__ == "__main__":
    sys.exit(main())
