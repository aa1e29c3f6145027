"""Operation names that a person gives: configuration from then on, and written down at the end."""

from __future__ import annotations

import os
from collections import ChainMap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.outcome import Changed, Failed
from codemods.model.source import SourceFile
from codemods.project import operation_names
from codemods.project.config import ConfigError, is_function, is_operation
from codemods.project.regular import MEGABYTE, read_regular, reason
from codemods.project.sources import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codemods.model.options import Configuration, ProjectConfig
    from codemods.model.outcome import RunReport
    from codemods.model.question import Block

FILE = "pyproject.toml"
_COMMENT = "write the comment `# ai-usage: operation=NAME` above it instead"


class Names:
    """The configuration of a run, with the names that were given in it.

    *homes* are the absolute folders that the run may write in.
    """

    def __init__(self, config: Configuration, homes: Sequence[Path]) -> None:
        self._config = config
        self._homes = homes
        self._tables: dict[Path | None, dict[str, str]] = {}
        self._files: dict[str, tuple[Path, Path]] = {}
        self._in_use: set[str] = set()

    def of(self, path: Path) -> ProjectConfig:
        """Return what holds for the file *path*; names that are given later count too."""
        table = self._config.of(path)
        own = self._tables.setdefault(table.source, {})
        return replace(table, operations=ChainMap(own, dict(table.operations)))

    @staticmethod
    def is_name(text: str) -> bool:
        """Whether *text* can be the name of an operation."""
        return is_operation(text)

    def give(self, path: Path, key: str, name: str) -> None:
        """Give *name* to the blocks of the function *key* of the file *path*.

        Raises ConfigError: it is no name, or there is no file to keep it in.
        """
        if not is_operation(name):
            raise ConfigError(
                f"{name!r} is no operation: write 3 to 50 characters in snake case, as ocr_scan."
            )
        if not is_function(key):
            raise ConfigError(f"The configuration cannot name {key}: {_COMMENT}.")
        file = self._file_for(path)
        # What cannot be written is told now, and not when all is answered.
        operation_names.with_names(_read(file), {key: name}, file)
        self._files[key] = file, path
        self._tables.setdefault(self._config.of(path).source, {})[key] = name

    def keep(self, blocks: Iterable[Block]) -> None:
        """Take note that the *blocks* are made, with the names that they have."""
        self._in_use.update(block.key for block in blocks)

    def forget(self, blocks: Iterable[Block]) -> None:
        """Give the *blocks* back the names that they had, unless one of their functions is made."""
        for block in blocks:
            if block.key not in self._in_use:
                self._files.pop(block.key, None)
                for table in self._tables.values():
                    table.pop(block.key, None)

    def added_to(self, report: RunReport) -> RunReport:
        """Return *report* with the files that keep the names of what changes in it."""
        changed = {o.source.path for o in report.outcomes if isinstance(o, Changed)}
        by_file: dict[Path, dict[str, str]] = {}
        given = {key: name for table in self._tables.values() for key, name in table.items()}
        for key, (file, path) in self._files.items():
            if path in changed and key in self._in_use:
                by_file.setdefault(file, {})[key] = given[key]
        added = [_written(file, names) for file, names in sorted(by_file.items())]
        return replace(report, outcomes=(*report.outcomes, *added))

    def _file_for(self, path: Path) -> Path:
        """Return the file that names of *path* are kept in; raises ConfigError."""
        known = self._config.of(path).source
        above = (folder / FILE for folder in path.parents)
        file = known or next((one for one in above if one.is_file()), None)
        if file is None:
            raise ConfigError(
                f"Names are kept in {FILE}, and none is above {path.name}. "
                f"Make one (it may be empty), or {_COMMENT}."
            )
        real = Path(os.path.realpath(file))
        if not any(real.is_relative_to(home) for home in self._homes):
            raise ConfigError(
                f"Names are kept in {file}, which this run does not write. "
                f"Start it in {file.parent}, or {_COMMENT}."
            )
        return file


def _read(file: Path) -> bytes:
    try:
        return read_regular(file, MEGABYTE)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{file} cannot be read: {why}.") from None


def _written(file: Path, names: dict[str, str]) -> Changed | Failed:
    """Return what becomes of *file*, which is to have *names*."""
    display = Path(os.path.relpath(file)).as_posix()
    try:
        content = _read(file)
        after = operation_names.with_names(content, names, file)
    except ConfigError as error:
        wanted = ", ".join(f'"{key}" = "{name}"' for key, name in names.items())
        return Failed(display, "write", str(error), f"add to its operations: {wanted}")
    text = content.decode()
    source = SourceFile(file, display, content, text, "utf-8", False, "\n", digest(content))
    return Changed(source, after, ())
