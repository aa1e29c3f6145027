"""Who makes the objects of a class, and whether each gives them a tracker that nobody else has."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.tainted_values import last_name
from codemods.analysis.syntax.definitions import Resolved
from codemods.analysis.trackers.fields.syntax import declared, methods
from codemods.analysis.trackers.lifetimes import is_none
from codemods.rules.checks.callers import in_texts, renamed, unseen_uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.scopes import Binding
    from codemods.analysis.trackers.fields.tracker_fields import TrackerField

#: With one of these, an heir makes its objects in a way of its own.
_TOLD = ("__init__", "__new__")
_LOOKING = frozenset({"isinstance", "issubclass", "cast", "type"})


def hands_in(semantic: SemanticModel, field: TrackerField) -> str | None:
    """Return the place that may hand a shared tracker to an object, None if there is surely none.

    Then every object of the project is made in sight, without a tracker or with a new one; of
    a class that nobody makes objects of, nothing is known.
    """
    if not field.made.given:
        return None
    kin = semantic.elsewhere.heirs(field.owner.name)
    others = (one.name for one in field.family[1:] if _is_made_otherwise(one))
    heir = min(kin, default=None) or next(others, None)
    if heir is not None:
        return f"{heir} inherits from {field.owner.name}"
    made = 0
    seen: set[str] = set()
    for owner in field.family:
        for other in (semantic, *semantic.elsewhere.naming(owner.name)):
            if other is None:
                return "a file that does not parse"
            hidden = next(_hidden(other, owner.name), None)
            if hidden is not None:
                return f"{other.module.source.display}:{hidden.lineno}"
            for node in _names(other, owner.name):
                seen.add(f"{other.module.source.display}:{node.lineno}")
                if not _is_harmless(other, semantic, field, owner, node):
                    return f"{other.module.source.display}:{node.lineno}"
                made += _is_called(other, node)
    unseen = next(unseen_uses(semantic, field.owner.name, seen), None)
    if unseen is not None:
        return unseen
    return None if made else "nobody in sight makes one"


def _is_made_otherwise(heir: ast.ClassDef) -> bool:
    """Whether objects of *heir* may be given something else than those of what it inherits from."""
    told = any(method.name in _TOLD for method in methods(heir))
    return told or len(heir.bases) > 1 or bool(heir.decorator_list or heir.keywords)


def is_fresh(semantic: SemanticModel, value: ast.expr, user: ast.AST) -> bool:
    """Whether *value*, given at *user*, is a tracker that is built for it and for nothing else.

    That ids are set on it is no use of it: it looks at none, and counts on none.
    """
    built = {c.call: c for c in semantic.lifetimes.constructs}
    if value in built:
        return built[value].certain and not built[value].shared
    if not isinstance(value, ast.Name) or value not in semantic.scopes.scope_of:
        return False
    binding = semantic.scopes.of(value)
    if not _is_read_once(semantic, binding):
        return False
    statement = semantic.module.parents.get(binding.binders[0])
    made = getattr(statement, "value", None)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or made not in built:
        return False
    loops = semantic.module.loops_around
    return (
        not built[made].shared
        and built[made].certain
        and loops(statement) == loops(semantic.module.statement(user))
        and binding.scope is semantic.scopes.scope_of[value]
    )


def _is_read_once(semantic: SemanticModel, binding: Binding) -> bool:
    """Whether the variable is bound at one place, and read at one, in whatever file."""
    loads = [load for load in binding.loads if not _is_told(semantic, load)]
    if len(binding.binders) != 1 or len(loads) != 1 or binding.declared:
        return False
    return not (binding.scope.is_module and semantic.used_elsewhere(binding.name))


def _is_told(semantic: SemanticModel, load: ast.Name) -> bool:
    """Whether *load* is where a statement of the variable's own function sets ids on it.

    On the original runtime an inner block leaves its ids behind, and clients wrapped in it take
    those of a block around: nobody tells there whose they are.
    """
    if not semantic.ours(semantic.imports.default_home):
        return False
    around = semantic.module.parents[load]
    call = semantic.module.parents[around]
    is_set = isinstance(around, ast.Attribute) and around.attr == words.SET_CALL
    is_statement = isinstance(semantic.module.parents[call], ast.Expr)
    here = semantic.scopes.scope_of.get(load) is semantic.scopes.of(load).scope
    return is_set and isinstance(call, ast.Call) and is_statement and here


def _hidden(semantic: SemanticModel, owner: str) -> Iterator[ast.expr | ast.alias]:
    """Yield where others may get the class *owner* that do not name it: by another name, a text."""
    renamed_here = (a for a in renamed(semantic, owner) if a.asname is not None)
    yield from (a for a in renamed_here if semantic.used_elsewhere(a.asname or owner))
    yield from in_texts(semantic, owner)


def _names(semantic: SemanticModel, owner: str) -> Iterator[ast.Name | ast.Attribute]:
    """Yield the places that may name the class *owner*, which imports may call otherwise."""
    local = {owner, "cls"}
    for alias in semantic.module.every(ast.alias):
        if alias.name == owner and alias.asname:
            local.add(alias.asname)
    for name in semantic.module.every(ast.Name):
        if name.id in local and isinstance(name.ctx, ast.Load):
            yield name
    for attribute in semantic.module.every(ast.Attribute):
        if attribute.attr == owner:
            yield attribute


def _is_harmless(
    semantic: SemanticModel,
    home: SemanticModel,
    field: TrackerField,
    owner: ast.ClassDef,
    node: ast.Name | ast.Attribute,
) -> bool:
    """Whether *node* makes an object without a shared tracker, makes none, or is another class.

    *owner* is the class of the field or an heir, which is made in the same way.
    """
    found = semantic.taint.class_of(node)
    is_named = last_name(node) == owner.name
    if found is not None:
        path = found.taint.module.source.path
        same = path == home.module.source.path and found.node.name == owner.name
        if not same:
            return True
    elif not is_named and isinstance(node, ast.Name) and node.id == "cls":
        return True  # of something else
    parent = semantic.module.parents[node]
    if isinstance(parent, ast.Attribute) or _annotates(semantic, node):
        return True
    if isinstance(parent, ast.ClassDef) and node in parent.bases:
        return True  # its objects are asked for by its own name
    if not isinstance(parent, ast.Call):
        return False
    if parent.func is not node:
        return last_name(parent.func) in _LOOKING
    return found is not None and _gives_none(semantic, field, parent)


def _is_called(semantic: SemanticModel, node: ast.AST) -> bool:
    call = semantic.module.parents[node]
    return isinstance(call, ast.Call) and call.func is node


def _annotates(semantic: SemanticModel, node: ast.AST) -> bool:
    while True:
        parent = semantic.module.parents[node]
        if isinstance(parent, ast.expr) and not isinstance(parent, ast.Call | ast.Lambda):
            node = parent
            continue
        annotation = getattr(parent, "annotation", None) or getattr(parent, "returns", None)
        return annotation is node


def _given_to_field(owner: ast.ClassDef, call: ast.Call, name: str) -> ast.expr | None:
    """Return what *call* gives for the field *name* to the constructor that *owner* is given."""
    order = [declared(s) for s in owner.body if isinstance(s, ast.AnnAssign)]
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    placed = dict(zip(order, call.args, strict=False))
    return named.get(name, placed.get(name))


def _gives_none(semantic: SemanticModel, field: TrackerField, call: ast.Call) -> bool:
    """Whether *call* gives the object it makes no tracker, or one that nobody else has."""
    if any(isinstance(a, ast.Starred) for a in call.args):
        return False
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    given = field.made.given
    init = next((m for m in methods(field.owner) if m.name == "__init__"), None)
    if init is not None:
        resolved = Resolved(semantic.taint, init, bound=True)
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        value = next((v for v in values if resolved.parameter(call, v) == given), None)
    elif field.owner.bases and call.args:
        return False
    else:
        value = _given_to_field(field.owner, call, given)
    if value is None:
        return field.construct is not None or init is None
    if is_none(value):
        return init is not None and field.construct is not None
    return is_fresh(semantic, value, call)
