"""Context without a field: a block says what it does, and not for whom.

What it does    Reports a context that is given nothing but its operation type.
Why             Its calls can be told from those of other operations, and not from each other: no
                job, no user, no customer.
Before          with ai_usage_context("receipt_reading") as tracker: ...
After           with ai_usage_context("receipt_reading", receipt_id=receipt.id) as tracker: ...
Safety          Reported and never rewritten: only a person knows what tells the calls apart.
Severity        info
Leaves alone    contexts in other contexts, which have their fields; those that take a tracker, or
                unpack a dictionary; blocks that add metadata
Guide           Best Practices, 3
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.finding import Finding

CODE = "AIU015"
MESSAGE = "context without a field: nothing tells its calls from each other"
_ADDING = (words.SET_CALL, words.OLDER_SET_CALL, words.METADATA_CALL)


def find(semantic: SemanticModel, told: Collection[Finding]) -> Iterator[Finding]:
    """Yield the outermost contexts that have no field, and get none."""
    del told
    for statement, index, call, name in semantic.context_calls:
        given = [*call.args[1:], *(k for k in call.keywords if k.arg != words.OPERATION_ARGUMENT)]
        if name != words.CONTEXT or given or index:
            continue
        if _is_inside_another(semantic, statement) or _gets_some(statement):
            continue
        yield semantic.finding(CODE, call, MESSAGE)


def _is_inside_another(semantic: SemanticModel, statement: ast.AST) -> bool:
    """Whether a context is around *statement*, in the same function or around that."""
    return any(one in semantic.contexts_of for one in semantic.module.ancestors(statement))


def _gets_some(statement: ast.With | ast.AsyncWith) -> bool:
    """Whether something in the block gives fields to a tracker, or sets an id."""
    for node in (one for inner in statement.body for one in walk(inner)):
        if isinstance(node, ast.Call) and last_name(node.func) in _ADDING:
            return True
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if node.attr in words.STATE_ATTRIBUTES:
                return True
    return False
