"""Who calls a method, in whatever file: its name is all that calls show of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import ResolvedClass
from codemods.analysis.syntax.signatures import Given
from codemods.rules.checks.callers import in_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Function

#: What finds a method by a name that it computes.
_COMPUTING = frozenset("getattr attrgetter methodcaller getmembers vars __dict__".split())
#: Bases that call no method of their heirs.
_PASSIVE = frozenset("ABC Generic Protocol object".split())
#: What runs a coroutine to its end before it comes back.
_RUNNING = ("run", "run_until_complete")


class MethodCall(NamedTuple):
    """A place that may be a call of the method; ``bound`` says that its object is not an argument.

    ``node`` is None where it is no call: then the method may be called by anybody, ``where`` says.
    """

    semantic: SemanticModel
    node: ast.Attribute | None
    bound: bool
    where: str


def calls_of(semantic: SemanticModel, owner: ast.ClassDef, method: Function) -> list[MethodCall]:
    """Return the places of all files that may call *method*, or an heir's of its name.

    A call that gives what the method does not take is one of another.
    """
    return [*_hidden(semantic, owner, method), *_named(semantic, owner, method)]


def _hidden(semantic: SemanticModel, owner: ast.ClassDef, method: Function) -> Iterator[MethodCall]:
    """Yield that not every file shows who calls *method*, if it is so."""
    named = method.name.startswith("__") or not isinstance(
        semantic.module.parents[owner], ast.Module
    )
    bases = family(ResolvedClass(semantic.taint, owner)).others
    foreign = any(last_name(_plain(base)) not in _PASSIVE for _, base in bases)
    if named or foreign or owner.keywords or semantic.module.mentions(_COMPUTING):
        yield MethodCall(semantic, None, True, "which not every file shows")


def _plain(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base


def _named(semantic: SemanticModel, owner: ast.ClassDef, method: Function) -> Iterator[MethodCall]:
    seen: set[str] = set()
    for other in (semantic, *semantic.elsewhere.mentioning(method.name)):
        if other is None:
            yield MethodCall(semantic, None, True, "in a file that does not parse")
            continue
        display = other.module.source.display
        for node in other.module.called(method.name):
            place = f"{display}:{node.lineno}"
            seen.add(place)
            if isinstance(node, ast.Name):
                # Only in its class is it a variable.
                scoped = node in other.scopes.scope_of
                if scoped and other.scopes.of(node).scope.is_class:
                    yield MethodCall(other, None, True, place)
            elif isinstance(node.ctx, ast.Load) and not _is_function(other, node):
                call = other.module.parents[node]
                bound = other.taint.class_of(node.value) is None
                if not isinstance(call, ast.Call) or call.func is not node:
                    yield MethodCall(other, None, bound, place)
                elif Given.by(call).fits(method.args, bound=int(bound)):
                    yield MethodCall(other, node, bound, place)
        for text in in_texts(other, method.name):
            yield MethodCall(other, None, True, f"{display}:{text.lineno}")
    for use in semantic.elsewhere.field(owner.name, method.name).places:
        if use.where not in seen:
            yield MethodCall(semantic, None, True, use.where)


def _is_function(semantic: SemanticModel, name: ast.Attribute) -> bool:
    """Whether *name* surely is a function of a module."""
    found = semantic.taint.definition(name)
    return found is not None and isinstance(found.taint.module.parents[found.node], ast.Module)


def runs_alone(semantic: SemanticModel, method: Function, home: str) -> bool:
    """Whether no two tasks run *method*, a coroutine, of the same object at the same time.

    Each call of the project is the only one of an object that is made for it, or is awaited by a
    function that keeps its object to itself.  What the original's blocks set is of their thread,
    whichever task runs in it.
    """
    owner = semantic.module.parents[method]
    if not isinstance(owner, ast.ClassDef) or not semantic.ours(home):
        return False
    calls = calls_of(semantic, owner, method)
    return bool(calls) and all(map(_is_alone, calls))


def _is_alone(called: MethodCall) -> bool:
    semantic, node = called.semantic, called.node
    if node is None:
        return False
    if isinstance(node.value, ast.Call):
        return semantic.taint.class_of(node.value.func) is not None
    if not isinstance(node.value, ast.Name) or node.value not in semantic.scopes.scope_of:
        return False
    variable = semantic.scopes.of(node.value)
    makers = [getattr(semantic.module.parents.get(b), "value", None) for b in variable.binders]
    made = makers[0] if len(makers) == 1 else None
    if variable.scope.is_module or variable.scope.is_class or variable.declared:
        return False
    if not isinstance(made, ast.Call) or semantic.taint.class_of(made.func) is None:
        return False
    own = semantic.scopes.scope_of[node.value]
    return all(
        semantic.scopes.scope_of[load] is own is variable.scope and _is_done_with(semantic, load)
        for load in variable.loads
    )


def _is_done_with(semantic: SemanticModel, load: ast.Name) -> bool:
    """Whether the object *load* is read there, or does something that is awaited at once."""
    parents = semantic.module.parents
    part = parents[load]
    if not isinstance(part, ast.Attribute):
        return False
    call = parents[part]
    if not isinstance(call, ast.Call) or call.func is not part:
        return not isinstance(part.ctx, ast.Store) and semantic.taint.definition(part) is None
    around = parents[call]
    if isinstance(around, ast.Await):
        return True
    return isinstance(around, ast.Call) and last_name(around.func) in _RUNNING
