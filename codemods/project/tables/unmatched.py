"""Patterns of a table that match nothing of its project: each is a slip, or has had its day."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from codemods.model.rules import nearest
from codemods.project.discovery import SKIPPED_FOLDERS
from codemods.project.ignore.gitignore import rules_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.model.options import ProjectConfig
    from codemods.project.ignore.gitignore import Rules

#: With these a pattern is not matched by its own letters alone.
_SPECIAL = frozenset("*?[\\")
#: A project of more is not gone through: whether a pattern matches is not known then.
_MOST = 200_000


def unmatched(config: ProjectConfig) -> Iterator[str]:
    """Yield what *config* says of files that matches neither a file nor a folder.

    Whatever is there counts, taken or not: what a build makes is in the project of those who build.
    """
    if config.root is None:
        return
    root = str(config.root)
    every = {
        pattern: rules_from([pattern.removeprefix("!")], root) for _, pattern in _patterns(config)
    }
    waiting = {pattern: one for pattern, one in every.items() if not _is_there(pattern, one)}
    folders = _left(root, waiting) if waiting else None
    if folders is None:
        return
    for place, pattern in _patterns(config):
        if pattern in waiting:
            yield f"{place}: {pattern!r} matches nothing.{nearest(pattern, folders)}"


def _patterns(config: ProjectConfig) -> Iterator[tuple[str, str]]:
    """Yield each pattern of *config*, behind the key that it stands in."""
    for pattern in config.exclude:
        yield "exclude", pattern
    if config.lint is not None:
        for pattern in config.lint.per_file_ignores:
            yield "lint.per-file-ignores", pattern
    for override in config.overrides:
        for pattern in override.paths:
            yield "overrides", pattern


def _is_there(pattern: str, rules: Rules) -> bool:
    """Whether *pattern* is plainly what is there: as most are, and nothing is walked for these."""
    if not _SPECIAL.isdisjoint(pattern):
        return False
    path = os.path.normpath(rules.base + pattern.removeprefix("!").strip("/"))
    if not os.path.lexists(path):
        return False
    is_folder = os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114
    return rules.verdict(path, folder=is_folder) is not None


def _left(root: str, waiting: dict[str, Rules]) -> list[str] | None:
    """Leave in *waiting* what matches nothing below *root*; return the folders that are there.

    None if that is not known.
    """
    found: list[str] = []
    count = 0
    folders = [root]
    while folders and waiting:
        try:
            entries = sorted(os.scandir(folders.pop()), key=lambda entry: entry.name)
        except OSError:
            return None
        for entry in entries:
            count += 1
            is_folder = entry.is_dir(follow_symlinks=False)
            for pattern, rules in list(waiting.items()):
                if rules.verdict(entry.path, folder=is_folder) is not None:
                    del waiting[pattern]
            if is_folder and entry.name not in SKIPPED_FOLDERS:
                folders.append(entry.path)
                found += [f"{entry.name}/", f"{os.path.relpath(entry.path, root)}/"]
        if count > _MOST:
            return None
    return found
