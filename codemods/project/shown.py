"""How reports name what a discovery finds, and what it cannot reach; paths are text here."""

from __future__ import annotations

import os

from codemods.model.outcome import Failed


def joined(folder: str, name: str) -> str:
    """Return the path of *name* in *folder*."""
    return folder + name if folder.endswith(os.sep) else folder + os.sep + name


def display(absolute: str, cwd: str, *, relative: bool) -> str:
    """Return how reports name *absolute*: relative to *cwd* if it is below it or was so named."""
    if absolute == cwd:
        return "."
    if absolute.startswith(joined(cwd, "")):
        shown = absolute[len(joined(cwd, "")) :]
    else:
        shown = os.path.relpath(absolute, cwd) if relative else absolute
    return shown.replace(os.sep, "/")


def printable(shown: str) -> str:
    """Return *shown* fit for any report: control characters and undecodable bytes escaped."""
    if shown.isprintable():
        return shown
    return shown.encode("unicode_escape").decode("ascii")


def unreachable(shown: str, error: OSError | ValueError) -> Failed:
    """Return the failure for a path of the command line, or a folder, that cannot be read."""
    shown = printable(shown)
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        advice = "Correct the path; it is relative to the folder where the run is started."
        return Failed(shown, "read", "there is no such file or folder", advice)
    reason = (error.strerror or str(error)).lower()
    advice = "Give yourself permission to read it, or leave it out with `exclude`."
    return Failed(shown, "read", f"it cannot be read: {reason}", advice)
