"""Places of syntax nodes in a text, and texts that are put there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Edit = tuple[int, int, str]


class Places:
    """Where the nodes of *text* start and end, in characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        for line in ast._splitlines_no_ff(text):  # type: ignore[attr-defined]
            self.starts.append(self.starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """Return the place of a line (from 1) and a column in bytes."""
        start = self.starts[line - 1]
        encoded = self.text[start : self.starts[line]].encode()
        return start + len(encoded[:column].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where *node* starts and ends."""
        return (
            self.at(node.lineno, node.col_offset),
            self.at(node.end_lineno or 0, node.end_col_offset or 0),
        )


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return *text* with the *edits* made, none of which is in another."""
    for start, end, new in sorted(edits, key=lambda e: (e[0], e[1]), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def plain_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of *tree* whose places in the text are their own: nothing of f-strings."""
    for child in ast.iter_child_nodes(tree):
        yield child
        if not isinstance(child, ast.JoinedStr) and type(child).__name__ != "TemplateStr":
            yield from plain_nodes(child)
