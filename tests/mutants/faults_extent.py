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
