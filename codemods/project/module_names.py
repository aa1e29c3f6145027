"""The dotted name under which a file is imported."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE_FOLDERS = ("src", "lib", "python")


def dotted_name(path: Path, root: Path) -> tuple[str, ...]:
    """Return the parts of the module name of *path*; a package's ``__init__`` is the package.

    The folders with an ``__init__.py`` above the file are its packages.  Where
    there is none, every folder below *root* may be a namespace package, a
    leading ``src`` apart.
    """
    own = () if path.stem == "__init__" else (path.stem,)
    packages = _packages(path.parent)
    if packages:
        return (*packages, *own)
    try:
        parts = path.parent.relative_to(root).parts
    except ValueError:
        parts = ()
    if parts and parts[0] in _SOURCE_FOLDERS:
        parts = parts[1:]
    return (*parts, *own) or (path.parent.name,)


@lru_cache(maxsize=4096)
def _packages(folder: Path) -> tuple[str, ...]:
    if not (folder / "__init__.py").is_file() or folder == folder.parent:
        return ()
    return (*_packages(folder.parent), folder.name)
