"""Who alone uses a tracker: one function that callers give it to, or the statements of a script.

Where callers build a tracker and give it to one function only, as often as they like, and it sets
its ids before it uses the tracker, no call sees what an earlier one left.
A script's functions that only its own statements call, while its block lasts, are a part of what
these do.  Those that are defined there, too, are as a function's own: that no file which is not in
sight calls them is assumed, and said.  Of the others a person has to say so (``--unsafe``).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.model.proposal import Assumption
from codemods.rules.checks.shared_trackers.leaking_ids import Setter, doubtful

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.lifetimes import Lifetime, SetCall

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_AT_ONCE = (ast.ListComp, ast.SetComp, ast.DictComp)
_QUIET = (words.SET_CALL, words.OLDER_SET_CALL, words.FLUSH_CALL)


def helpers(semantic: SemanticModel, lifetime: Lifetime, binding: Binding) -> tuple[str, ...]:
    """Return the functions by which a script uses *binding*, its tracker or another name for it.

    None where one is no such function, and where a person would have to be asked and is not.
    """
    if not binding.scope.is_module:
        return ()
    found: dict[str, None] = {}
    for load in binding.loads:
        if semantic.scopes.scope_of[load].is_module:
            continue  # as are all of them in most scripts
        around = [n for n in semantic.module.ancestors(load) if isinstance(n, _FUNCTIONS)]
        if not around:
            continue
        helper = _bound_to(semantic, around[-1])
        if helper is None or not _is_called_inside(semantic, lifetime, helper):
            return ()
        if not (semantic.settings.unsafe or _is_defined_inside(semantic, lifetime, helper)):
            return ()
        found[helper.name] = None
    return tuple(found)


def helper_conditions(semantic: SemanticModel, lifetime: Lifetime) -> tuple[str, ...]:
    """Return what is to be confirmed of the functions by which a script uses its tracker."""
    if not lifetime.sets:
        return ()
    line = lifetime.sets[0].call.lineno
    ids = " or ".join(dict.fromkeys(a.keyword for one in lifetime.sets for a in one.arguments))
    return tuple(
        f"who calls {name} from another file would no longer find the {ids} of line {line} there"
        for name, helper in _helpers(semantic, lifetime)
        if not _is_defined_inside(semantic, lifetime, helper)
    )


def helper_assumptions(semantic: SemanticModel, lifetime: Lifetime) -> tuple[Assumption, ...]:
    """Return what is taken for granted of the functions that stand in a script's own block."""
    return tuple(
        Assumption(f"no file out of sight calls {name}", semantic.module.span(helper.binders[0]))
        for name, helper in _helpers(semantic, lifetime)
        if _is_defined_inside(semantic, lifetime, helper)
    )


def _helpers(semantic: SemanticModel, lifetime: Lifetime) -> list[tuple[str, Binding]]:
    names = helpers(semantic, lifetime, lifetime.binding)
    scope = semantic.scopes.module_scope
    return [(name, semantic.scopes.binding(name, scope)) for name in names]


def _bound_to(semantic: SemanticModel, function: ast.AST) -> Binding | None:
    """Return the variable of the module that has *function*, if that is bound to one alone."""
    if any(isinstance(n, ast.ClassDef) for n in semantic.module.ancestors(function)):
        return None
    if getattr(function, "decorator_list", None):
        return None  # what decorates it may call it at any time
    name = getattr(function, "name", None)
    if name is None:
        statement = semantic.module.parents[function]
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        name = targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None
    return semantic.scopes.binding(name, semantic.scopes.module_scope) if name else None


def _is_called_inside(semantic: SemanticModel, lifetime: Lifetime, helper: Binding) -> bool:
    """Whether only statements of the module call *helper*, behind the ids and before the end."""
    if len(helper.binders) != 1 or helper.declared or not helper.loads:
        return False
    if semantic.used_elsewhere(helper.name):
        return False
    for load in helper.loads:
        call = semantic.module.parents[load]
        if not semantic.scopes.scope_of[load].is_module or not isinstance(call, ast.Call):
            return False
        if call.func is not load or not _is_behind_ids(semantic, lifetime, load):
            return False
    return True


def _is_defined_inside(semantic: SemanticModel, lifetime: Lifetime, helper: Binding) -> bool:
    """Whether *helper* gets its function where only what the ids are set for can have it."""
    return all(_is_behind_ids(semantic, lifetime, binder) for binder in helper.binders)


def _is_behind_ids(semantic: SemanticModel, lifetime: Lifetime, node: ast.AST) -> bool:
    """Whether *node* stands behind the first ids of *lifetime*, and before its end."""
    statement = semantic.module.statement(node)
    path, depth = semantic.module.paths[statement], len(lifetime.prefix)
    if path[:depth] != lifetime.prefix or path[depth][1] >= lifetime.end:
        return False
    first = lifetime.sets[0].statement if lifetime.sets else lifetime.binding_statement
    return (first.lineno, first.col_offset) < (statement.lineno, statement.col_offset)


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
    statement = semantic.module.parents.get(binding.binders[0])
    made = semantic.lifetimes.by_call.get(getattr(statement, "value", None))
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or made is None:
        return False
    if made.shared or not made.certain:
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
