"""Where a patch is to be applied: the folder that its paths are relative to.

In a git repository that is its root, because ``git apply`` takes the paths of a
patch from there, whatever folder of the repository it is started in.  Outside
of one it is the folder where the run was started.  A patch for files elsewhere
is relative to their repository, or to the folder that was named: git takes no
``../``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def patch_base(changed: Sequence[Path], named: Sequence[Path], cwd: Path) -> Path:
    """Return the folder for a patch of the files *changed*, in a run over the paths *named*."""
    files = [path.resolve() for path in changed]
    for folder in _candidates(named, cwd.resolve()):
        if all(file.is_relative_to(folder) for file in files):
            return folder
    return Path(os.path.commonpath([file.parent for file in files]))


def _candidates(named: Sequence[Path], start: Path) -> Iterator[Path]:
    yield from _repository(start)
    yield start
    first = (start / named[0]).resolve()
    home = first if first.is_dir() else first.parent
    yield from _repository(home)
    yield home


def _repository(folder: Path) -> Iterator[Path]:
    """Yield the root of the repository that *folder* is in, if it is in one."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            yield parent
            return
