"""Callers that build a tracker and give it to one function only, as often as they like.

Where that function sets its ids before it uses the tracker, no call sees what an earlier one left.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.rules.checks.shared_trackers.leaking_ids import Setter, doubtful

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import SetCall

_AT_ONCE = (ast.ListComp, ast.SetComp, ast.DictComp)
_QUIET = (words.SET_CALL, words.OLDER_SET_CALL, words.FLUSH_CALL)


def sets_first(
    semantic: SemanticModel, binding: Binding, sets: Sequence[SetCall], known: Collection[ast.AST]
) -> bool:
    """Whether the parameter *binding* surely gets the ids of *sets* before it is used.

    Uses among the nodes *known* do not count.
    """
    function = binding.scope.node
    if not isinstance(function, ast.FunctionDef):
        return False  # two calls of a coroutine may overlap
    if not all(site.statement in function.body for site in sets):
        return False
    setter = Setter(function.name, tuple(sets))
    named = {argument.keyword for site in sets for argument in site.arguments}
    if named != setter.keys or doubtful(semantic, setter):
        return False
    begin = sets[0].call
    place = (begin.lineno, begin.col_offset)
    loads = (n for n in binding.loads if n not in known)
    return all((n.lineno, n.col_offset) >= place for n in loads)


def gives_only(
    semantic: SemanticModel, value: ast.expr, is_given: Callable[[ast.Call, ast.Name], bool]
) -> bool:
    """Whether *value* is a variable with a new tracker that calls take, and nothing else.

    *is_given* says whether a call of the one function takes a name for its tracker.
    """
    if not isinstance(value, ast.Name) or value not in semantic.scopes.scope_of:
        return False
    binding = semantic.scopes.of(value)
    shared = binding.declared or binding.deletes or binding.scope.is_module
    if shared or len(binding.binders) != 1:
        return False
    built = {c.call for c in semantic.lifetimes.constructs if c.certain and not c.shared}
    statement = semantic.module.parents.get(binding.binders[0])
    made = getattr(statement, "value", None)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or made not in built:
        return False
    return all(_is_quiet(semantic, load, is_given) for load in binding.loads)


def _is_quiet(
    semantic: SemanticModel, load: ast.Name, is_given: Callable[[ast.Call, ast.Name], bool]
) -> bool:
    scope = semantic.scopes.scope_of[load]
    while isinstance(scope.node, _AT_ONCE) and scope.parent is not None:
        scope = scope.parent
    if scope is not semantic.scopes.of(load).scope:
        return False  # a function that is defined there may run at the same time
    around = semantic.module.parents[load]
    if isinstance(around, ast.Attribute):
        statement = semantic.module.parents[semantic.module.parents[around]]
        return around.attr in _QUIET and isinstance(statement, ast.Expr)
    call = semantic.module.parents[around] if isinstance(around, ast.keyword) else around
    return isinstance(call, ast.Call) and is_given(call, load)
