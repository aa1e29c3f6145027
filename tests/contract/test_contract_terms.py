"""The code is told in the field's own terms.  Invariant T1 of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import re

import pytest
from source_tree import Module, source_modules

#: What is not said any more of the runtime, with what is said instead.
RUNTIME = {
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
#: The same of the tools.
TOOLS = {
    "birth": "binding",
    "births": "bindings",
    "dissolve": "unwrap",
    "dissolved": "unwrapped",
    "double": "mock",
    "doubles": "mocks",
    "facts": "semantic model",
    "fold": "merge",
    "folded": "merged",
    "leftover": "fallback refusal",
    "leftovers": "fallback refusals",
    "life": "lifetime",
    "lives": "lifetimes",
    "outside": "external",
    "presence": "nullness",
    "shape": "fingerprint",
    "shapes": "fingerprints",
    "strength": "taint",
    "strong": "tainted",
    "travel": "flow",
}
TERMS = {"tracker": RUNTIME, "codemods": TOOLS}
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
    terms = TERMS[module.name.partition(".")[0]]
    if module.name not in FORMER_NAMES:
        names.add(module.name.rpartition(".")[2])
    return sorted(
        f"{module.path}: {name} ({terms[word.lower()]})"
        for name in names
        for word in WORD.findall(name)
        if word.lower() in terms
    )


def test_identifiers_are_of_the_terms() -> None:
    """T1: no module, class, function, argument or variable is called by an outdated term."""
    modules = source_modules(packages=tuple(TERMS))
    assert [found for module in modules for found in outdated(module)] == []


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("tracker.x", "class TallyOfStreams:\n    def tap(self, claim): self.seam = 1\n", 4),
        ("tracker.ledger", "x = guarded\n", 1),
        ("tracker.guard", "retap = tapestry = 1\n", 0),
        ("codemods.rules.lives", "def travelled(birth): strongly = life\n", 2),
    ],
)
def test_an_outdated_term_is_seen(name: str, text: str, count: int) -> None:
    """Words are found within names; words that only contain one, and uses, are left alone."""
    assert len(outdated(Module(name, "x.py", text))) == count
