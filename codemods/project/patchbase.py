"""Where a patch is to be applied: the folder that its paths are relative to.

The folder where the run was started, if every changed file is below it.  Else
the root of the git repository of the first path, if all are below that; else
the deepest folder that holds them all.  ``git apply`` takes no ``../``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def patch_base(changed: Sequence[Path], named: Sequence[Path], cwd: Path) -> Path:
    """Return the folder for a patch of the files *changed*, in a run over the paths *named*."""
    files = [path.resolve() for path in changed]
    start = cwd.resolve()
    if _all_below(files, start):
        return start
    first = (cwd / named[0]).resolve()
    home = first if first.is_dir() else first.parent
    for folder in (home, *home.parents):
        if (folder / ".git").exists() and _all_below(files, folder):
            return folder
    if _all_below(files, home):
        return home
    return Path(os.path.commonpath([path.parent for path in files]))


def _all_below(files: Sequence[Path], folder: Path) -> bool:
    return all(file.is_relative_to(folder) for file in files)
