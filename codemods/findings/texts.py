"""Lint of a text that need not be on disk: what standard input holds, or an editor.

Whoever has such a text asks here, so that all say the same of it.
"""

from __future__ import annotations

from dataclasses import dataclass
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


def lint_text(
    options: Options,
    lint_options: LintOptions,
    config: Tables,
    text: Text,
    others: Mapping[Path, SourceFile] | None = None,
    looked_at: set[Path] | None = None,
) -> RunReport:
    """Return what is selected of the findings in *text*; raises ConfigError.

    *others* are files that are taken as they are there; all else is as it is on disk.  The files
    that were analysed for it are put into *looked_at*.
    """
    if is_left_out(options, config.excludes, text.path):
        return RunReport((), 0, written=False)
    source = source_of(text)
    if source is None:
        return RunReport((), 1, written=False)
    if isinstance(source, Failed):
        return RunReport((source,), 1, written=False)
    from codemods.runner.pipeline import lint_source  # only now: it loads every rule

    report = lint_source(options, config, source, others or {}, looked_at)
    return Selection(config, lint_options, options.cwd).applied(report)
