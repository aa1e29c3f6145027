"""The runtime is told in the field's own terms.  Invariant T1 of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import re

import pytest
from source_tree import Module, source_modules

#: What is not said any more, with what is said instead.
TERMS = {
    "bookkeeper": "recorder",
    "booking": "pending record",
    "bookings": "pending records",
    "carried": "propagated",
    "carrying": "propagation",
    "claim": "deduplication",
    "claims": "deduplication",
    "guard": "error boundary",
    "guarded": "error boundary",
    "ledger": "recorder",
    "likeness": "proxy",
    "seam": "client patch",
    "surroundings": "environment variables",
    "tally": "accumulator",
    "tap": "stream wrapper",
    "tapped": "stream wrapper",
}
#: Modules whose names programs may import still.
FORMER_NAMES = ("tracker.guard", "tracker.instrumentation.seam")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def identifiers(tree: ast.Module) -> set[str]:
    """Return the names that a module gives: of classes, functions, arguments, variables, fields."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def outdated(module: Module) -> list[str]:
    """Return the identifiers of *module*, and its own name, that say a word of the old terms."""
    names = identifiers(module.tree)
    if module.name not in FORMER_NAMES:
        names.add(module.name.rpartition(".")[2])
    return sorted(
        f"{module.path}: {name} ({TERMS[word.lower()]})"
        for name in names
        for word in WORD.findall(name)
        if word.lower() in TERMS
    )


def test_identifiers_are_of_the_terms() -> None:
    """T1: no module, class, function, argument or variable is called by an outdated term."""
    modules = source_modules(packages=("tracker",))
    assert [found for module in modules for found in outdated(module)] == []


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("tracker.x", "class TallyOfStreams:\n    def tap(self, claim): self.seam = 1\n", 4),
        ("tracker.ledger", "x = guarded\n", 1),
        ("tracker.guard", "retap = tapestry = 1\n", 0),
    ],
)
def test_an_outdated_term_is_seen(name: str, text: str, count: int) -> None:
    """Words are found within names; words that only contain one, and uses, are left alone."""
    assert len(outdated(Module(name, "x.py", text))) == count
