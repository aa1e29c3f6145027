"""The text that is read for the PATH ``-``, and what it would be called."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codemods.findings.texts import Text
from codemods.project.sources import LARGEST
from codemods.report import display

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codemods.model.options import Options

NAME = Path("-")


def is_asked(options: Options, others: Iterable[tuple[bool, str]]) -> bool:
    """Whether the text of standard input is meant; raises UsageError for contradictions.

    *others* are further ones, each by whether it is given and its name.
    """
    if NAME not in options.paths:
        if options.stdin_filename is not None:
            raise click.UsageError("--stdin-filename names what is read: write `-` as PATH.")
        return False
    given = (
        (len(options.paths) > 1, "other PATHs"),
        (options.shard is not None, "--shard"),
        (bool(options.cluster), "--executor"),
        *others,
    )
    for is_given, name in given:
        if is_given:
            raise click.UsageError(f"`-` reads one text, which {name} cannot be about. Choose one.")
    return True


def text_read(options: Options) -> Text:
    """Return what is read, under the name that it would have."""
    path = Path(os.path.normpath(options.cwd / (options.stdin_filename or NAME)))
    content = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin is not None else b""
    return Text(path, _shown(path, options.cwd), content)


def _shown(path: Path, cwd: Path) -> str:
    found = path.relative_to(cwd) if path.is_relative_to(cwd) else path
    return display.line(found.as_posix())
