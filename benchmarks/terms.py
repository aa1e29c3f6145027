"""The words that names are to do without, the field's term for each, and where names have them.

They are those of the identifiers of each package: a word may be a term in one of them and mean
something else in the other.
"""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUNTIME = {
    "bookkeeper": "recorder",
    "bookkeepers": "recorder",
    "booking": "pending record",
    "bookings": "pending records",
    "carried": "propagated",
    "carrying": "propagation",
    "claim": "deduplication",
    "claims": "deduplication",
    "claimed": "deduplication",
    "claiming": "deduplication",
    "guard": "error boundary",
    "guarded": "error boundary",
    "guarding": "error boundary",
    "guards": "error boundary",
    "ledger": "recorder",
    "ledgers": "recorder",
    "likeness": "proxy",
    "plain": "sanitized",
    "seam": "client patch",
    "seams": "client patch",
    "surroundings": "environment variables",
    "tally": "accumulator",
    "tallied": "accumulator",
    "tallies": "accumulator",
    "tap": "stream wrapper",
    "tapped": "stream wrapper",
    "taps": "stream wrapper",
}
TOOLS = {
    "birth": "binding",
    "births": "bindings",
    "dissolve": "unwrap",
    "dissolved": "unwrapped",
    "dissolves": "unwrapped",
    "dissolving": "unwrapped",
    "double": "mock",
    "doubles": "mocks",
    "facts": "semantic model",
    "fact": "semantic model",
    "fold": "merge",
    "folded": "merged",
    "folding": "merged",
    "folds": "merged",
    "kept": "escape",
    "leftover": "fallback refusal",
    "leftovers": "fallback refusals",
    "life": "lifetime",
    "lives": "lifetimes",
    "outside": "external",
    "presence": "nullness",
    "settle": "atomic group",
    "settled": "atomic group",
    "settles": "atomic group",
    "settling": "atomic group",
    "shape": "fingerprint",
    "shaped": "fingerprint",
    "shapes": "fingerprints",
    "strength": "taint",
    "strong": "tainted",
    "suite": "body",
    "suites": "bodies",
    "travel": "flow",
    "traveled": "flow",
    "traveling": "flow",
    "travelled": "flow",
    "travelling": "flow",
    "travels": "flow",
}
#: By package: each word that is not said any more, and what is said instead.
TERMS = {"tracker": RUNTIME, "codemods": TOOLS}
#: Modules whose names programs may import still.
FORMER_NAMES = ("tracker/guard.py", "tracker/instrumentation/seam.py")
#: What has suites in its grammar: modules that import it mean those.
GRAMMAR = "libcst"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words(name: str) -> list[str]:
    """Return the words of an identifier in lower case, of either way of writing it."""
    return [word.lower() for word in WORD.findall(name)]


def forbidden_names(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each forbidden word of a name that a module gives, with the place of the name.

    Names are given by a definition, a parameter, an assignment, an import with ``as``, and by the
    path of the module itself; each counts once a module.  Of other packages no word of either is.
    """
    package, *parts = PurePosixPath(path).with_suffix("").parts
    terms = TERMS.get(package, RUNTIME | TOOLS)
    nodes = tuple(ast.walk(tree))
    means_grammar = any(name.partition(".")[0] == GRAMMAR for name in _imported(nodes))
    given = {} if path in FORMER_NAMES else dict.fromkeys(parts, 0)
    for name, line in _given(nodes):
        given.setdefault(name, line)
    for name, line in given.items():
        for word in dict.fromkeys(words(name)):
            if word in terms and not (terms[word] in ("body", "bodies") and means_grammar):
                yield word, f"{path}:{line} {name} ({terms[word]})" if line else path


def _given(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    for node in nodes:
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


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
