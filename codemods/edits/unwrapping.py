"""Takes the ``finally`` off a ``try``; without handlers its body stays alone."""

from __future__ import annotations

import libcst as cst

from codemods.edits.arguments import EditError
from codemods.edits.lines import (
    Statement,
    block_of,
    comments_in,
    joined,
    leading,
    led,
    own_line,
    without_blank_start,
)


def unwrapped(
    node: Statement, pending: list[cst.EmptyLine], *, described: bool
) -> tuple[list[Statement], list[cst.EmptyLine]]:
    """Return what stays of the ``try`` *node* below the lines *pending*, and the lines behind it.

    Comments of the ``finally`` stay unless they are *described* as being about that.
    """
    if not isinstance(node, cst.Try) or node.finalbody is None:
        raise EditError("expected a try statement with a finally")
    comments = [] if described else comments_in(node.finalbody)
    final = [line for c in comments for line in own_line(c)]
    if node.handlers:
        return [led(node.with_changes(finalbody=None), joined(pending, leading(node)))], final
    block = block_of(node.body, None)
    first, *rest = block.body
    above = joined(pending, [*leading(node), *own_line(block.header.comment)])
    inner = without_blank_start(leading(first)) if not above else leading(first)  # type: ignore[arg-type]
    body = [led(first, joined(above, without_blank_start(inner))), *rest]  # type: ignore[arg-type]
    return body, [*block.footer, *final]  # type: ignore[return-value]
