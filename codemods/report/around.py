"""What a report may say beyond its records: where the run was, and what stands in its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Sequence


class Page(Frozen):
    """What is said of the findings with one code: a name, a sentence, and a page of Markdown."""

    code: str
    name: str
    summary: str
    markdown: str


class Around:
    """What is known of the tree and the tool; this one knows nothing."""

    @property
    def version(self) -> str:
        """The version of this tool, "" if it is not known."""
        return ""

    def in_repository(self, path: str) -> str:
        """Return *path*, as reports name a file, as one from the root of the repository."""
        return path

    def lines(self, path: str, cell: int = 0) -> Sequence[str]:
        """Return the lines of the file *path* as it is on disk now, or of its code cell *cell*."""
        del path, cell
        return ()

    def owners(self, path: str) -> Sequence[str]:
        """Return who owns the file *path*, as CODEOWNERS says."""
        del path
        return ()

    def page(self, code: str) -> Page | None:
        """Return the page of the rule with *code*."""
        del code
        return None


NOTHING = Around()
