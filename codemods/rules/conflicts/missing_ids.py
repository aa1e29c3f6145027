"""Ids that a block names and may not get: where one is None, that of a block around counts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import arguments_of
from codemods.rules.planning.headers import none_evidence

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.model.edit import Wrap


def missing_ids(semantic: SemanticModel, wrap: Wrap) -> frozenset[str]:
    """Return the ids in the header of *wrap* whose values visibly may be None."""
    found: set[str] = set()
    for taken in wrap.header.taken:
        statement = semantic.statement_at(taken.path)
        call = statement.value if isinstance(statement, ast.Expr) else None
        values = arguments_of(call) if isinstance(call, ast.Call) else []
        for position, key in taken.arguments:
            if position < len(values) and none_evidence(semantic, values[position]) is not None:
                found.add(key or words.BATCH)
    return frozenset(found)


def certain_ids(semantic: SemanticModel, context: ast.Call) -> set[str]:
    """Return what the call *context* names, but for values that visibly may be None."""
    return {
        keyword.arg
        for keyword in context.keywords
        if keyword.arg is not None and none_evidence(semantic, keyword.value) is None
    }
