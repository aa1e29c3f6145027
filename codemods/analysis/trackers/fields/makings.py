"""What a field is bound to, where that surely is a tracker: built there, handed in, or lazy."""

from __future__ import annotations

import ast
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods.analysis.syntax.effects import may_be_none
from codemods.analysis.syntax.signatures import default_of
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.fields.first_use import built_once
from codemods.analysis.trackers.fields.syntax import (
    declared,
    factory_of,
    fallback,
    is_called_plainly,
    is_docstring,
    is_own,
    plain_name,
    tested_for_none,
)
from codemods.analysis.trackers.lifetimes import is_none

if TYPE_CHECKING:
    from codemods.analysis.syntax.names import Names
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes
    from codemods.analysis.trackers.lifetimes import Construct, Lifetimes

_FIELD_CLASSES = frozenset({"dataclass", "define", "frozen", "mutable"})
_Stores = dict[str, list[ast.Attribute]]


@dataclass(frozen=True)
class Made:
    """How a tracker gets into a field.

    ``construct`` builds it, None where it is handed in only or the class does it itself; ``home``
    is where its contexts live; ``given`` is the parameter by which it may be handed in, "" where
    it cannot; ``local`` is the variable that has it too; ``making`` are the nodes that this is
    done with; ``backing`` is the field behind a property, or a method, that builds it once.
    """

    construct: Construct | None
    home: str
    given: str = ""
    local: Binding | None = None
    making: frozenset[ast.AST] = frozenset()
    backing: str = ""


class Makings:
    """Answers for the classes of one module."""

    def __init__(
        self, module: ParsedModule, scopes: Scopes, names: Names, lifetimes: Lifetimes
    ) -> None:
        self._module = module
        self._scopes = scopes
        self._names = names
        self._built: dict[ast.AST | None, Construct] = {c.call: c for c in lifetimes.constructs}
        self._lines = sorted(c.call.lineno for c in lifetimes.constructs)
        self._homes = lifetimes.homes

    def of_value(self, value: ast.expr, init: ast.FunctionDef) -> Made | None:
        """Return what *value*, bound to a field at the top of ``__init__``, is."""
        if value in self._built:
            return self._construction(value)
        if isinstance(value, ast.Name):
            return self._of_name(value, init)
        parts = fallback(value)
        parameter = self._parameter(parts[0]) if parts is not None else None
        if parts is None or parameter is None or parts[1] not in self._built:
            return None
        binding = self._scopes.of(parts[0])
        if len(binding.binders) > 1 or binding.declared:
            return None
        made = self._construction(parts[1])
        making = frozenset(walk(value))
        return replace(made, given=parameter.arg, local=binding, making=making)

    def of_declaration(self, owner: ast.ClassDef, statement: ast.stmt) -> Made | None:
        """Return what a statement of a class's body makes of a field, or how objects get one."""
        value: ast.expr | None = getattr(statement, "value", None)
        annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
        generated = annotation is not None and any(
            plain_name(d) in _FIELD_CLASSES for d in owner.decorator_list
        )
        given = (declared(statement) or "") if generated else ""
        if value in self._built:
            return replace(self._construction(value), given=given)
        if not generated or annotation is None:
            return None
        if value is None:
            sure = self._is_tracker(annotation, ast.Name("field", ast.Load()), statement)
            return Made(None, self._home(annotation), given) if sure else None
        factory = factory_of(value)
        if isinstance(value, ast.Call) and any(k.arg == "init" for k in value.keywords):
            given = ""
        if isinstance(factory, ast.Lambda) and factory.body in self._built:
            return replace(self._construction(factory.body), given=given)
        meaning = self._names.tracker_class(factory) if factory is not None else None
        if meaning is None or not meaning.certain or meaning.subclass:
            return None
        return Made(None, self._homes[meaning.paths[0]], given)

    def of_property(
        self, owner: ast.ClassDef, method: ast.FunctionDef, stores: _Stores
    ) -> Made | None:
        """Return what *method* gives, if it builds a tracker the first time only.

        It is a property, or takes nothing but its object and is called.
        """
        place = bisect_left(self._lines, method.lineno)
        if place == len(self._lines) or self._lines[place] > (method.end_lineno or 0):
            return None  # most methods, which build nothing
        body = [s for s in method.body if not is_docstring(s)]
        decorators = [plain_name(d) for d in method.decorator_list]
        inside = frozenset(walk(method))
        result = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
        if decorators == ["cached_property"] and result in self._built:
            made = replace(self._construction(result), making=inside, backing=method.name)
            return made if method.name not in stores else None
        backing = _given_at_the_end(method)
        if not backing or not (decorators == ["property"] or is_called_plainly(method)):
            return None

        def is_backing(node: ast.AST | None) -> bool:
            return is_own(node, method) and node.attr == backing  # type: ignore[union-attr]

        built = built_once(method.body, is_backing, self._built)
        others = [place for place in stores.get(backing, ()) if place not in inside]
        given = self._first(owner, backing, others)
        if built is None or given is None:
            return None
        making = inside.union(others)
        return replace(self._construction(built), given=given, making=making, backing=backing)

    def _construction(self, call: ast.AST | None) -> Made:
        construct = self._built[call]
        return Made(construct, construct.home, making=frozenset({construct.call}))

    def _parameter(self, name: ast.Name) -> ast.arg | None:
        binders = self._scopes.of(name).binders
        return next((b for b in binders if isinstance(b, ast.arg)), None)

    def _of_name(self, name: ast.Name, init: ast.FunctionDef) -> Made | None:
        """Return what a variable of ``__init__`` is that is bound to the field."""
        binding = self._scopes.of(name)
        parameter = self._parameter(name)
        stores = [b for b in binding.binders if isinstance(b, ast.Name)]
        if binding.declared or binding.deletes or len(stores) > 1:
            return None
        if parameter is not None and stores:
            return self._with_default(init, name, parameter, stores[0])
        if parameter is not None:
            annotation = parameter.annotation
            if annotation is None or default_of(init.args, parameter) is not None:
                return None
            sure = self._is_tracker(annotation, name, parameter)
            made = Made(None, self._home(annotation), parameter.arg, binding, frozenset({name}))
            return made if sure else None
        statement = self._module.parents.get(stores[0]) if stores else None
        value = getattr(statement, "value", None)
        if statement not in init.body or value not in self._built:
            return None
        made = self._construction(value)
        return replace(made, local=binding, making=made.making | {name})

    def _with_default(
        self, init: ast.FunctionDef, name: ast.Name, parameter: ast.arg, store: ast.Name
    ) -> Made | None:
        """Return what ``if tracker is None: tracker = ...`` makes of a parameter, above its use."""
        statement = self._module.statement(store)
        outer = self._module.parents[statement]
        built: ast.AST | None = getattr(statement, "value", None)
        bound = self._module.statement(name)
        before = init.body[: init.body.index(bound)] if bound in init.body else []
        whole: ast.AST = statement
        if statement in before and isinstance(built, ast.expr):
            parts = fallback(built)
            if parts is None or parts[0].id != parameter.arg:
                return None
            built = parts[1]
        elif isinstance(outer, ast.If) and outer in before:
            tested = tested_for_none(outer.test)
            if not isinstance(tested, ast.Name) or tested.id != parameter.arg:
                return None
            if outer.orelse or outer.body != [statement]:
                return None
            whole = outer
        else:
            return None
        if built not in self._built:
            return None
        making = frozenset(walk(whole)) | {name}
        local = self._scopes.of(name)
        return replace(self._construction(built), given=parameter.arg, local=local, making=making)

    def _first(self, owner: ast.ClassDef, backing: str, places: list[ast.Attribute]) -> str | None:
        """Return the parameter that the field *backing* begins with, "" if with None; else None."""
        if not places:
            start = next((s for s in owner.body if declared(s) == backing), None)
            value = getattr(start, "value", None)
            return "" if value is not None and is_none(value) else None
        statement = self._module.parents[places[0]]
        init = self._module.parents[statement]
        value = getattr(statement, "value", None)
        if len(places) > 1 or not isinstance(init, ast.FunctionDef) or init.name != "__init__":
            return None
        if value is None or is_none(value):
            return "" if value is not None else None
        parameter = self._parameter(value) if isinstance(value, ast.Name) else None
        if parameter is None or len(self._scopes.of(value).loads) > 1:
            return None
        return parameter.arg if len(self._scopes.of(value).binders) == 1 else None

    def _is_tracker(self, annotation: ast.expr, name: ast.Name, binder: ast.AST) -> bool:
        """Whether *annotation* says that what *binder* binds is a tracker, and never None."""
        return self._names.is_annotated(annotation) and may_be_none(name, [binder]) is None

    def _home(self, annotation: ast.expr) -> str:
        """Return the home of the contexts for the class that *annotation* names, "" if hidden."""
        for node in walk(annotation):
            if isinstance(node, ast.Name | ast.Attribute):
                meaning = self._names.tracker_class(node)
                if meaning is not None:
                    return self._homes[meaning.paths[0]]
        return ""


def _given_at_the_end(method: ast.FunctionDef) -> str:
    """Return the field of its own object that *method* returns last, "" if it returns another."""
    returned = [n.value for n in walk(method) if isinstance(n, ast.Return)]
    last = returned[-1] if returned else None
    return last.attr if is_own(last, method) and isinstance(last, ast.Attribute) else ""
