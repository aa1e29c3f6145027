"""The words that names are to do without, and where names have them.

The field has a term for each; which one is in the comment behind it.
"""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Each word with all of its forms.
FORBIDDEN: dict[str, frozenset[str]] = {
    word: frozenset({word, *more.split()})
    for word, more in {
        "life": "lives birth births",  # lifetime
        "strong": "strength",  # taint
        "travel": "travels traveled travelled traveling travelling",  # data flow
        "kept": "",  # escape
        "suite": "suites",  # block or body, where no grammar is meant
        "presence": "",  # nullness
        "facts": "fact",  # semantic model
        "doubles": "double",  # mocks
        "outside": "",  # external references
        "settle": "settles settled settling",  # atomic group
        "leftovers": "leftover",  # fallback refusal
        "dissolve": "dissolves dissolved dissolving",  # unwrap
        "fold": "folds folded folding",  # merge
        "shape": "shapes shaped",  # fingerprint
        "seam": "seams",  # client patch
        "booking": "bookings bookkeeper bookkeepers",  # pending record, recorder
        "ledger": "ledgers",  # pending store
        "claims": "claim claimed claiming",  # response deduplication
        "tally": "tallies tallied",  # accumulator
        "tap": "taps tapped",  # stream wrapper
        "guard": "guards guarded guarding",  # error boundary
        "plain": "",  # sanitize
        "carrying": "",  # propagation
    }.items()
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: What has suites in its grammar: modules that import it mean those.
GRAMMARS = frozenset({"libcst"})


def words(name: str) -> list[str]:
    """Return the words of an identifier in lower case, of either way of writing it."""
    return [word.lower() for word in WORD.findall(name)]


def forbidden_names(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each forbidden word of a name that a module gives, with the place of the name.

    Names are given by a definition, a parameter, an assignment, an import with ``as``, and by the
    path of the module itself; each counts once a module.
    """
    means_grammar = any(name.partition(".")[0] in GRAMMARS for name in _imported(tree))
    given = {name: 0 for part in PurePosixPath(path).with_suffix("").parts for name in [part]}
    for name, line in _given(tree):
        given.setdefault(name, line)
    for name, line in given.items():
        there = set(words(name))
        for word, forms in FORBIDDEN.items():
            if there & forms and not (word == "suite" and means_grammar):
                yield word, f"{path}:{line} {name}" if line else path


def _given(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
