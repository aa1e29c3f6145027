"""Files and folders that their user alone may read, whatever the umask.

What is there already keeps its mode: who shares a file with a group made it so.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def in_data_folder(name: str) -> Path:
    """Return the path of the file *name* in the user's data folder, which need not exist yet."""
    from pathlib import Path

    import platformdirs

    return Path(platformdirs.user_data_dir("ai-usage", appauthor=False)) / name


def make_folder(path: Path) -> None:
    """Make *path* and the folders above it, as far as they are missing.  Raises OSError."""
    missing = []
    while not path.is_dir() and path.parent != path:
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(FOLDER_MODE, exist_ok=True)


def make_file(path: Path) -> None:
    """Make *path* and its folder, empty, if it is not there.  Raises OSError.

    A database's companions (``-wal``, ``-shm``, ``-journal``) get the mode that SQLite finds here.
    """
    make_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))
