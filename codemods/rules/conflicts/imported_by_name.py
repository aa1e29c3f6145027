"""Modules that a block imports by a name that it computes: which functions it may run there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.semantic_model import SemanticModel

_IMPORTING = ("import_module", "__import__")
#: A file with a tracker or a block of its own has one of these.
_SPEAKING = (words.TRACKER_CLASS, *words.CONTEXT_MANAGERS, words.TRACKED_DECORATOR)


def functions_imported(semantic: SemanticModel, roots: Iterable[ast.AST]) -> Iterator[Resolved]:
    """Yield functions of files with trackers or blocks that *roots* import by computed names."""
    calls = (n for root in roots for n in walk(root) if isinstance(n, ast.Call) and n.args)
    names = {_beginning(c.args[0]) for c in calls if last_name(c.func) in _IMPORTING} - {None}
    if not names:
        return
    speaking = (o for name in _SPEAKING for o in semantic.elsewhere.mentioning(name))
    for other in dict.fromkeys(one for one in speaking if one is not None):
        path = Path(other.module.source.path)
        dotted = "." + ".".join((*path.parent.parts, path.stem))
        if any(f".{name}" in dotted for name in names):
            yield from (Resolved(other.taint, function) for function in other.module.functions)


def _beginning(name: ast.expr) -> str | None:
    """Return what is known of the computed *name*; None for a literal, which is a known one."""
    if isinstance(name, ast.Constant):
        return None
    if isinstance(name, ast.JoinedStr) and name.values:
        name = name.values[0]
    elif isinstance(name, ast.BinOp):
        name = name.left
    text = name.value if isinstance(name, ast.Constant) else ""
    return text.partition("%")[0].lstrip(".") if isinstance(text, str) else ""
