"""A generated program: its files, and what is expected of its migration."""

from __future__ import annotations

from dataclasses import dataclass, replace

MAIN = "receipts.py"


@dataclass(frozen=True)
class Program:
    """A program, whose main file is ``receipts.py``.

    *original* says that it can run on the original runtime, *others* are further
    files by their names, *part* is the path that is named to the tools (the whole
    project if it is empty), *silent* that they have nothing to do and to say, *strict*
    that nothing may be assumed, and *kinds* are those that it is counted under.
    """

    text: str
    original: bool = True
    others: tuple[tuple[str, str], ...] = ()
    part: str = ""
    silent: bool = False
    strict: bool = False
    kinds: frozenset[str] = frozenset()

    @property
    def files(self) -> dict[str, str]:
        """All files by their names."""
        return {MAIN: self.text, **dict(self.others)}

    def with_files(self, files: dict[str, str]) -> Program:
        """Return the program with the texts of *files*."""
        others = tuple((name, text) for name, text in files.items() if name != MAIN)
        return replace(self, text=files[MAIN], others=others)

    def shown(self) -> str:
        """Return all files as one text."""
        if not self.others:
            return self.text
        parts = [f"# ---- {name}\n{text}" for name, text in sorted(self.files.items())]
        return "".join(parts) + (f"# ---- only {self.part} is named\n" if self.part else "")
