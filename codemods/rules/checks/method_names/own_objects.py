"""Objects that are surely of the tracker's own class, and of no subclass or mock."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.rules.checks.method_names.other_classes import may_bind
from codemods.rules.checks.shared_trackers.foreign_fields import foreign_use

if TYPE_CHECKING:
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.lifetimes import Construct
    from codemods.model.finding import Finding


def home_of_object(semantic: SemanticModel, value: ast.expr, finding: Finding) -> str | None:
    """Return where the contexts of the tracker that *value* surely is live, else None.

    It is a variable that nothing but constructions, or contexts that build their tracker, bind,
    or the field of an object that builds it, which nobody else binds.  *finding* is what is asked
    about it.
    """
    if isinstance(value, ast.Name) and value in semantic.scopes.scope_of:
        return _of_variable(semantic, value)
    if isinstance(value, ast.Attribute):
        return _of_field(semantic, value, finding)
    return None


def _of_variable(semantic: SemanticModel, name: ast.Name) -> str | None:
    binding = semantic.scopes.of(name)
    if binding.declared or binding.deletes or not binding.binders:
        return None
    homes = {_of_binder(semantic, binder) for binder in binding.binders}
    return homes.pop() if len(homes) == 1 else None


def _of_binder(semantic: SemanticModel, binder: ast.AST) -> str | None:
    """Return the home of what *binder* binds, None if that may be anything else."""
    statement = semantic.module.parents.get(binder)
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        built = next((c for c in semantic.lifetimes.constructs if c.call is statement.value), None)
        return built.home if built is not None and _is_own(semantic, built) else None
    for block, item, call, name in semantic.context_calls:
        if block.items[item].optional_vars is not binder:
            continue
        # By position the tracker comes second.
        own = len(call.args) < 2 and not any(isinstance(a, ast.Starred) for a in call.args)
        own = own and all(k.arg not in (None, words.TRACKER_ARGUMENT) for k in call.keywords)
        plain = name in (words.CONTEXT, words.BATCH_CONTEXT)
        return semantic.imports.home_of(call) if own and plain else None
    return None


def _of_field(semantic: SemanticModel, value: ast.Attribute, finding: Finding) -> str | None:
    for field in semantic.tracker_fields:
        if not any(value in loads for loads in field.loads.values()):
            continue
        built, made = field.construct, field.made
        if value.attr != field.name or made.given or made.backing or built is None:
            return None
        if not _is_own(semantic, built) or _is_bound_again(semantic, built):
            return None
        if may_bind(semantic, field):
            return None
        if foreign_use(semantic, finding, field) is not None:
            return None
        return built.home
    return None


def _is_bound_again(semantic: SemanticModel, built: Construct) -> bool:
    """Whether a class that holds what *built* makes gives the same name another value, too."""
    statement = semantic.module.parents[built.call]
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    names = [target for target in targets if isinstance(target, ast.Name)]
    return any(len(semantic.scopes.of(name).binders) > 1 for name in names)


def _is_own(semantic: SemanticModel, built: Construct) -> bool:
    """Whether *built* calls the tracker's class, or its factory, and nobody replaces that."""
    called = built.call.func
    if isinstance(called, ast.Attribute) and called.attr == words.FACTORY:
        called = called.value
    if built.kind == "subclass" or not built.certain or not isinstance(called, ast.Name):
        return False
    is_class = semantic.names.tracker_class(called) is not None
    return is_class and not semantic.may_be_replaced(called)
