"""The code is told in the field's own terms.  Invariant T1 of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import sys

from source_tree import ROOT, source_modules

sys.path.insert(0, str(ROOT))

from many_cases import each_of

from benchmarks.terms import TERMS, forbidden_names


def test_identifiers_are_of_the_terms() -> None:
    """T1: no module, class, function, argument or variable is called by an outdated term."""
    modules = source_modules(packages=tuple(TERMS))
    found = [place for module in modules for _, place in forbidden_names(module.path, module.tree)]
    assert found == []


@each_of(
    ("path", "text", "count"),
    [
        ("tracker/x.py", "class TallyOfStreams:\n    def tap(self, claim): self.seam = 1\n", 4),
        ("tracker/ledger.py", "x = guarded\n", 1),
        ("tracker/guard.py", "retap = tapestry = 1\n", 0),
        ("codemods/rules/lives.py", "def travelled(birth): strongly = life\n", 3),
        ("codemods/x.py", "def suite(kept, *, settled=explained): kept = suites = 1\n", 4),
        ("codemods/x.py", "import libcst\nsuite = 1\n", 0),
        ("tracker/x.py", "plain = settled = suite = 1\n", 1),
    ],
)
def test_an_outdated_term_is_seen(path: str, text: str, count: int) -> None:
    """Words are found within names; words that only contain one, and uses, are left alone."""
    assert len(list(forbidden_names(path, ast.parse(text)))) == count
