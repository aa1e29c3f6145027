"""Reports beside the one that is printed: each in its own format, whole in its own file."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods.model.options import Output
from codemods.project.folders import Folder
from codemods.project.regular import reason
from codemods.report import display
from codemods.report.formats import FORMATS, rendered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.model.outcome import RunReport
    from codemods.report.formats import Look

_MODE = 0o666


def outputs(
    context: click.Context, parameter: click.Parameter, given: Sequence[str]
) -> tuple[Output, ...]:
    """Return what each NAME or NAME=FILE of the command line stands for."""
    found = [_output(context, parameter, one) for one in given]
    files = [os.path.realpath(one.file) for one in found if one.file is not None]
    if len(set(files)) < len(files):
        raise click.BadParameter("two reports have the same FILE", context, parameter)
    return tuple(found)


def _output(context: click.Context, parameter: click.Parameter, given: str) -> Output:
    name, separator, file = given.partition("=")
    if name not in FORMATS:
        shown = display.line(name)
        message = f"no format is called {shown!r}{_nearest(name)} There are {', '.join(FORMATS)}."
        raise click.BadParameter(message, context, parameter)
    if not separator:
        return Output(name)
    if not file:
        message = f"write {name}=FILE, or {name} alone for standard output"
        raise click.BadParameter(message, context, parameter)
    path = Path(file)
    shown = display.line(str(path))
    if path.is_dir():
        raise click.BadParameter(f"{shown} is a folder, and no FILE", context, parameter)
    if not path.parent.is_dir():
        raise click.BadParameter(f"{shown} is in no folder that is there", context, parameter)
    return Output(name, path)


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, FORMATS, n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


def publish(report: RunReport, wanted: Sequence[Output], look: Look) -> list[str]:
    """Write the reports of *wanted* that have a file; return what is to be said of those that fail.

    One that cannot be written keeps no other from its file.
    """
    problems: list[str] = []
    for output in wanted:
        if output.file is None:
            continue
        try:
            write(output.file, rendered(report, output.format, look))
        except OSError as error:
            name = display.line(str(output.file))
            problems.append(f"Error: the report {name} cannot be written: {reason(error)}.")
    return problems


def write(path: Path, text: str) -> None:
    """Make *text* the file *path*, whole or not at all; a link there is replaced, not followed.

    What is there and is no file, a pipe or a device, is written to.  Raises OSError.
    """
    content = text.encode("utf-8", "surrogateescape")
    mode = _MODE & ~_umask()
    with suppress(FileNotFoundError):
        there = path.lstat().st_mode
        if not (stat.S_ISREG(there) or stat.S_ISLNK(there)):
            path.write_bytes(content)
            return
        mode = stat.S_IMODE(there) if stat.S_ISREG(there) else mode
    temporary = f".{path.name}.{os.getpid()}.tmp"
    with Folder.at(Path(os.path.realpath(path.parent))) as folder:
        folder.remove(temporary)
        try:
            with os.fdopen(folder.open_new(temporary), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), mode)
            folder.move(temporary, folder, path.name)
        finally:
            folder.remove(temporary)


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found
