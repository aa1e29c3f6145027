"""``python -m codemods.status PATH...``: how far the migration has come, and what is left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    from codemods.burndown.command import command
    from codemods.cli import execution

    given = sys.argv[1:] if arguments is None else arguments
    name = execution.program("ai-usage-status", "codemods.status")
    return execution.execute(command, name, given, None)


if __name__ == "__main__":
    sys.exit(main())
