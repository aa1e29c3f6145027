"""Mutants that take back what was learned about batches, and about what a block must not hold."""

from __future__ import annotations

import ast
from typing import Any

from .mutant import mutant

# -- batches --------------------------------------------------------------------------------


@mutant("analysis.batches:Sending._sends", "B2")
def any_loop_is_a_batch(real: Any) -> Any:
    """A loop that makes no AI call gives a block batch prices."""
    return lambda self, node: isinstance(node, ast.Call)


@mutant("analysis.batches:_items", "B1")
def every_loop_counts_its_items(real: Any) -> Any:
    """What is counted are the items of a loop that leaves some of them out."""

    def wrong(loop: Any) -> Any:
        return loop.generators[0].iter if hasattr(loop, "generators") else real(loop)

    return wrong


# -- stores -----------------------------------------------------------------------------------


@mutant("rules.store_looks:store_refusal", "X1")
def nobody_looks_at_the_store(real: Any) -> Any:
    """A block holds code that looks at what its tracker has stored."""
    return lambda *given: None


@mutant("analysis.stores:Stores.look", "X1")
def a_return_reads_nothing(real: Any) -> Any:
    """Only what is called is taken to look at the store, not what is returned."""

    def wrong(self: Any, nodes: Any) -> Any:
        listed = list(nodes)
        return None if isinstance(listed[0], ast.Return) else real(self, listed)

    return wrong
