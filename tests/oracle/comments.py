"""Whether comments still stand where they stood: beside the same code, at the same depth."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .program import Program

#: What begins a cell of a notebook that is kept as a Python file.
MARKERS = ("# COMMAND", "# <codecell>", "# In[", "# +", "# %%")
#: Comments that say something of all that the statement beside them holds.
_PRAGMA = re.compile(r"# (?:pragma: no cover|pylint: disable=)")
_HEADER = re.compile(r"\s*(?:async\s+)?(?:with|for|while|if|try|def|class)\b.*:\s*$")


@dataclass(frozen=True)
class Comment:
    """A comment on a line of its own: the code lines around it, and how much deeper it is."""

    before: tuple[str, int] | None
    behind: tuple[str, int] | None


def displaced(program: Program, after: Program) -> str | None:
    """Return which comment of *program* stands elsewhere in *after*, or None."""
    texts = after.files
    for name, text in program.files.items():
        if "#" in text and text != texts[name]:
            found = _moved(text, texts[name])
            if found is not None:
                return found
    return None


def _moved(old: str, new: str) -> str | None:
    if _pragmas(new) > _pragmas(old):
        return "a pragma of one line now stands on a compound statement"
    if _markers(old) != _markers(new):
        return "a cell's marker is not where it was"
    stood, stands = _placed(old), _placed(new)
    for text, place in stood.items():
        now = stands.get(text)
        if now is not None and not _kept(place, now):
            return f"{text}\nstood   {place}\nstands  {now}"
    return None


def _kept(place: Comment, now: Comment) -> bool:
    """Whether one neighbour is as it was; where both are other ones, nothing is known."""
    sides = [(place.before, now.before), (place.behind, now.behind)]
    same = [(a, b) for a, b in sides if a is not None and b is not None and a[0] == b[0]]
    return not same or any(a == b for a, b in same)


def _pragmas(text: str) -> int:
    found = ((line, _PRAGMA.search(line)) for line in text.splitlines())
    return sum(bool(m and _HEADER.match(line[: m.start()])) for line, m in found)


def _markers(text: str) -> int:
    return sum(line.startswith(MARKERS) for line in text.splitlines())


def _placed(text: str) -> dict[str, Comment]:
    """Return the comments that are on lines of their own and there once, and where each stands."""
    rows: list[tuple[str, int, bool]] = []
    own = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            depth = len(line.expandtabs(8)) - len(line.expandtabs(8).lstrip())
            rows.append((line.strip(), depth, number in own))
    times = Counter(text for text, _, is_comment in rows if is_comment)
    return {
        text: Comment(_code(rows[:at][::-1], depth), _code(rows[at + 1 :], depth))
        for at, (text, depth, is_comment) in enumerate(rows)
        if is_comment and times[text] == 1
    }


def _code(rows: list[tuple[str, int, bool]], depth: int) -> tuple[str, int] | None:
    return next(((text, depth - d) for text, d, is_comment in rows if not is_comment), None)
