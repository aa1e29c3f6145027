"""CODEOWNERS as GitHub and GitLab read it: the last line that speaks of a file names its owners.

With GitLab's sections each section does, and a line without owners has those of its section.
Patterns are those of ignore files, but that ``docs/*`` does not reach into folders of ``docs``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.project.ignore.wildmatch import parse
from codemods.project.regular import MEGABYTE, read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codemods.project.ignore.wildmatch import Pattern

#: Where it is looked for in a repository, first come, first served.
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
#: GitHub takes none that is larger.
LARGEST = 3 * MEGABYTE
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?(.*)")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")


@dataclass(frozen=True, slots=True)
class _Line:
    pattern: Pattern
    in_folders: bool
    owners: tuple[str, ...]

    def speaks_of(self, path: bytes) -> bool:
        if self.pattern.matches(path, folder=False):
            return True
        above = path.rpartition(b"/")[0]
        while above and self.in_folders:
            if self.pattern.matches(above, folder=True):
                return True
            above = above.rpartition(b"/")[0]
        return False


class Owners:
    """The owners of files, by the text of a CODEOWNERS."""

    def __init__(self, text: str) -> None:
        self._sections: list[list[_Line]] = [[]]
        default: tuple[str, ...] = ()
        for line in text.splitlines():
            section = _SECTION.fullmatch(line.strip())
            if section is not None:
                self._sections.append([])
                default = tuple(_words(section[2]))
            elif (found := _line(line, default)) is not None:
                self._sections[-1].append(found)

    def of(self, path: str) -> tuple[str, ...]:
        """Return who owns *path*, which is relative to the root of the repository."""
        name = os.fsencode(path)
        found: dict[str, None] = {}
        for lines in self._sections:
            last = next((line for line in reversed(lines) if line.speaks_of(name)), None)
            found |= dict.fromkeys(last.owners if last is not None else ())
        return tuple(found)


def owners_in(root: Path) -> Owners:
    """Return the owners in the repository at *root*; none where it does not say."""
    for place in PLACES:
        try:
            content = read_regular(root / place, LARGEST)
        except OSError:
            continue
        return Owners(content.decode("utf-8", "surrogateescape"))
    return Owners("")


def _line(line: str, default: tuple[str, ...]) -> _Line | None:
    words = _words(line)
    if not words:
        return None
    text = words[0]
    pattern = parse(os.fsencode(text))
    if pattern is None or pattern.negative:
        return None
    return _Line(pattern, not text.endswith("/*"), tuple(words[1:]) or default)


def _words(line: str) -> Sequence[str]:
    """Return the words of *line* up to a comment; a space may be escaped."""
    words: list[str] = []
    for word in _WORD.findall(line):
        if word.startswith("#"):
            break
        words.append(word)
    return words
