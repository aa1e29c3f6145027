"""The pages of the rules: what their docstrings say, one page for each code.

Several modules may report under one code, a lint rule and the patterns that rewrite what it
reports: the first of them gives the page its name, the others are its forms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.findings import needless, outdated, unknown
from codemods.project.embedded import unread
from codemods.rules import across, contexts, lint, patterns
from codemods.rules.rule import modules_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

#: Where the code of a rule is first looked for: what lint reports, then what migrate rewrites.
_FOLDERS = (lint, contexts, patterns, across)
#: Modules that report, and are no rules of the analysis.
_OTHERS = (unread, needless, unknown, outdated)
_LABELS = ("What it does", "Why", "Before", "After", "Safety", "Severity", "Leaves alone", "Guide")
_PROGRAMS = ("Before", "After")
#: The column at which the text of a part begins.
_COLUMN = 16
_PART = re.compile(rf"({'|'.join(_LABELS)}) {{2,}}(.*)")


@dataclass(frozen=True)
class Form:
    """What one module says of itself: its title, what that means, and the parts of its page."""

    title: str
    meaning: str
    parts: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, docstring: str) -> Form:
        """Return what *docstring* says."""
        head, _, rest = docstring.partition("\n\n")
        title, _, meaning = " ".join(head.split()).partition(": ")
        parts: dict[str, list[str]] = {}
        lines: list[str] = []
        for line in rest.splitlines():
            begins = _PART.fullmatch(line)
            if begins is not None:
                lines = parts.setdefault(begins[1], [])
                lines.append(begins[2])
            else:
                lines.append(line[_COLUMN:].rstrip())
        return cls(title, meaning, parts)

    def lines(self) -> Iterator[str]:
        """Yield the parts as lines of Markdown."""
        for label, lines in self.parts.items():
            text = "\n".join(lines).strip("\n")
            yield ""
            if label in _PROGRAMS and not text.startswith("("):
                yield from (f"{label}:", "", "```python", text, "```")
            else:
                yield from f"**{label}.** {text}".splitlines()


@dataclass(frozen=True)
class Page:
    """All that is said of one code."""

    code: str
    forms: tuple[Form, ...]

    @property
    def name(self) -> str:
        """What the rule is called, beside its code."""
        return re.sub(r"[^a-z0-9]+", "-", self.forms[0].title.lower())

    @property
    def summary(self) -> str:
        """What the rule reports, in a few words."""
        return self.forms[0].meaning.removesuffix(".")

    @property
    def severity(self) -> str:
        """How much a finding counts where nobody says otherwise."""
        return "".join(self.forms[0].parts.get("Severity", ("error",))).strip()

    @cached_property
    def markdown(self) -> str:
        """The page."""
        first, *others = self.forms
        lines = [f"# {self.code}: {self.name}", "", f"{first.title}: {first.meaning}"]
        lines += first.lines()
        if others:
            lines += ["", "## Forms of it", "", "Each is decided on by itself, and reported so."]
        for form in others:
            lines += ["", f"### {form.title}", "", form.meaning[:1].upper() + form.meaning[1:]]
            lines += form.lines()
        return "\n".join(lines) + "\n"


def pages() -> list[Page]:
    """Return the pages of all rules, by code."""
    forms: dict[str, list[Form]] = {}
    for module in (*_OTHERS, *(one for folder in _FOLDERS for one in modules_of(folder))):
        forms.setdefault(_code(module), []).append(Form.of(module.__doc__ or ""))
    return [Page(code, tuple(forms[code])) for code in sorted(forms)]


def page_of(code: str) -> Page:
    """Return the page of the rule with *code*."""
    return next(page for page in pages() if page.code == code)


def _code(module: ModuleType) -> str:
    return str(module.CODE)
