"""Lint of a text that need not be on disk: what standard input holds, or an editor.

Whoever has such a text asks here, so that all say the same of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.findings.selection import Selection
from codemods.model.outcome import Failed, RunReport
from codemods.project.embedded.files import load
from codemods.project.sources import LARGEST
from codemods.vocabulary import MARKS, NEEDLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from codemods.model.options import LintOptions, Options
    from codemods.model.source import SourceFile
    from codemods.project.config import Tables
    from codemods.project.discovery import Excludes
    from codemods.runner.run import Run


@dataclass(frozen=True, slots=True)
class Text:
    """The *content* of the absolute *path*, as it is or will be; reports name it *shown*."""

    path: Path
    shown: str
    content: bytes


def may_be_told_of(content: bytes) -> bool:
    """Whether *content* may hold anything to look at: most texts do not."""
    return any(word in content for word in (*NEEDLES, *MARKS))


def is_left_out(options: Options, excludes: Excludes, path: Path) -> bool:
    """Whether the configuration leaves the file *path* out, though it is named."""
    if not options.force_exclude:
        return False
    above = any(excludes(str(one), folder=True) for one in path.parents)
    return above or excludes(str(path), folder=False)


def source_of(text: Text) -> SourceFile | Failed | None:
    """Return *text* decoded, or why it cannot be; None where there is nothing to look at."""
    if len(text.content) > LARGEST:
        return Failed(text.shown, "read", "the text is too large", "Split it.")
    return load(text.path, text.shown, text.content) if may_be_told_of(text.content) else None


class Linter:
    """Lint of the texts of a file, one after the other, while all else stays as it is.

    *others* are files that are taken as they are there; all else is as it is on disk.
    """

    def __init__(
        self,
        options: Options,
        lint_options: LintOptions,
        config: Tables,
        path: Path,
        shown: str,
        others: Mapping[Path, SourceFile] | None = None,
    ) -> None:
        self._options = options
        self._config = config
        self._path = path
        self._shown = shown
        self._others = others or {}
        self._selection = Selection(config, lint_options, options.cwd)
        self._run: Run | None = None

    @cached_property
    def _is_left_out(self) -> bool:
        return is_left_out(self._options, self._config.excludes, self._path)

    def of(self, content: bytes, looked_at: set[Path] | None = None) -> RunReport:
        """Return what is selected of the findings in *content*; raises ConfigError.

        The files that were analysed for it are put into *looked_at*.
        """
        if self._is_left_out:
            return RunReport((), 0, written=False)
        source = source_of(Text(self._path, self._shown, content))
        if source is None:
            return RunReport((), 1, written=False)
        if isinstance(source, Failed):
            return RunReport((source,), 1, written=False)
        from codemods.runner import pipeline  # only now: it loads every rule

        if self._run is None:
            self._run = pipeline.run_of(self._options, self._config, source, self._others)
        else:
            self._run = self._run.with_text(source)
        report = pipeline.lint_alone(self._run, self._others, looked_at)
        return self._selection.applied(report)


def lint_text(options: Options, lint_options: LintOptions, config: Tables, text: Text) -> RunReport:
    """Return what is selected of the findings in *text*; raises ConfigError.

    All other files are as they are on disk.
    """
    return Linter(options, lint_options, config, text.path, text.shown).of(text.content)
