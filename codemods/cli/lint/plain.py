"""The command line that most runs of lint have: files and folders, and nothing to be understood.

Editors, hooks and builds name a few files, and half of what such a run took was to load click and
to make fifty options of which none is given.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.cache.replay import PLACE
from codemods.cli import completing, execution
from codemods.cli.lint.running import Asked, linted
from codemods.model.options import LintOptions, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "ai-usage-lint", "codemods.lint"
_NO_CACHE = "--no-cache"


def is_plain(arguments: Sequence[str]) -> bool:
    """Whether *arguments* are files and folders; all else, also none at all, is click's to read."""
    paths = [one for one in arguments if one != _NO_CACHE]
    asked = PLACE in os.environ or completing.instruction_for(execution.program(*NAME)) is not None
    return bool(paths) and not asked and all(one and not one.startswith("-") for one in paths)


def run(arguments: Sequence[str], pipeline: execution.Pipeline | None) -> int:
    """Lint what the plain *arguments* name; return the exit status."""
    asked = Asked(arguments, pipeline)
    return execution.ended(lambda: linted(asked, _options(arguments), LintOptions()))


def _options(arguments: Sequence[str]) -> Options:
    """Return what the command line comes to, as click would have it."""
    paths = tuple(Path(one) for one in arguments if one != _NO_CACHE)
    return Options(paths, Path.cwd(), jobs=None, use_cache=_NO_CACHE not in arguments)
