"""Code that a value has with it: functions and classes that whoever has the value may run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.holders import family
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.definitions import (
    Resolved,
    ResolvedClass,
    ResolvedModule,
    ResolvedValue,
    method_of,
)
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

#: A piece of code, an expression that leads to some, or the path of a name of another module, with
#: the analysis of its own.
Place = tuple["DataFlow", "ast.AST | str"]
#: A piece of code that was found.
Code = tuple["DataFlow", ast.AST]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CODE = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
_GIVING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)
_LOOPS = (ast.For, ast.AsyncFor, ast.comprehension)
_UNPACKED = (ast.Tuple, ast.List, ast.Starred)
#: What gives out of a collection, or of an object, what was put in.
_TAKING = frozenset("copy get items pop popleft setdefault values __getitem__".split())
_CONSTRUCTORS = ("__init__", "__new__", "__post_init__")
#: How many values are followed from one name, at most.
FARTHEST = 1000


class HeldCode:
    """What the names of a module have with them; each variable is looked at once."""

    def __init__(self, taint: DataFlow) -> None:
        self._taint = taint
        self._of: dict[object, list[Code]] = {}
        #: What a parameter, or a field of an object, is given: who asks may follow that.
        self.further: Callable[[DataFlow, ast.arg | ast.Attribute], Iterable[Place]] = _nothing
        #: What a call gives of something that only who asks knows.
        self.results: Callable[[DataFlow, ast.Call], Iterable[Place]] = _nothing
        #: Whether a name of the module may have more with it than was followed.
        self.is_cut = False

    def of(self, name: ast.Name | ast.Attribute) -> list[Code]:
        """Return functions, classes and lambdas that *name* may run where it is used.

        It is no function or class itself: a variable has them, of this module or of another one.
        """
        paths = self._taint.names.meaning(name).paths
        key: object = paths
        if not paths:
            if not isinstance(name, ast.Name) or name not in self._taint.scopes.scope_of:
                return []
            key = self._taint.scopes.of(name)
        if key not in self._of:
            self._of[key] = list(_code(_named(self._taint, name, self), self))
        return self._of[key]

    def behind(self, value: ast.expr) -> list[Code]:
        """Return functions, classes and lambdas that *value* may have with it."""
        if isinstance(value, ast.Name | ast.Attribute):
            return self.of(value)
        return list(_code([(self._taint, value)], self))


def _nothing(*_: object) -> tuple[Place, ...]:
    return ()


def method_of_value(taint: DataFlow, name: ast.Name | ast.Attribute) -> list[Resolved]:
    """Return the method that *name* is of an object which another module makes, if it shows."""
    held = taint.value_elsewhere(name.value) if isinstance(name, ast.Attribute) else None
    if held is None or not isinstance(name, ast.Attribute) or not isinstance(held[1], ast.Call):
        return []
    if name.attr in held[0].module.written_fields:
        return []  # something else may have been put there
    owner = held[0].class_of(held[1].func)
    method = family(owner).method(name.attr) if owner is not None else None
    return [method] if method is not None else []


def parts_of(codes: Iterable[Code], asking: HeldCode) -> tuple[list[Resolved], list[Code]]:
    """Return the functions and the lambdas that *codes* are; those of classes have them all.

    *asking* are the names of the module that has the codes, which are told if there are too many.
    """
    functions: list[Resolved] = []
    lambdas: list[Code] = []
    waiting = list(codes)
    seen: set[ast.AST] = set()
    while waiting:
        taint, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, ast.ClassDef):
            waiting += _code(_of_class(ResolvedClass(taint, node)), asking)
        elif isinstance(node, _FUNCTIONS):
            inside = isinstance(taint.module.parents[node], ast.ClassDef)
            functions.append(method_of(taint, node) if inside else Resolved(taint, node))
        else:
            lambdas.append((taint, node))
    return functions, lambdas


def _of_class(owner: ResolvedClass) -> Iterator[Place]:
    """Yield what objects of *owner* have with them: methods, attributes, and what it is made by."""
    for one in family(owner).classes:
        yield from ((one.taint, method.node) for method in one.methods())
        values = [*one.node.bases, *(k.value for k in one.node.keywords)]
        values += (part for d in one.node.decorator_list for part in _decorated(d))
        given = (getattr(s, "value", None) for s in one.node.body)
        yield from ((one.taint, v) for v in (*values, *given) if v is not None)


def of_object(owner: ResolvedClass) -> Iterator[Place]:
    """Yield what an object of *owner* has with it that is made already."""
    for taint, part in _of_class(owner):
        if not isinstance(part, _FUNCTIONS) or part.name not in _CONSTRUCTORS:
            # Of its bases it has the methods, which come by themselves.
            if not isinstance(part, ast.Name | ast.Attribute) or taint.class_of(part) is None:
                yield taint, part


def _decorated(decorator: ast.expr) -> list[ast.expr]:
    made = ast.Call(decorator, [], []) if not isinstance(decorator, ast.Call) else decorator
    return [decorator, made]


def _code(values: Iterable[Place], asking: HeldCode) -> Iterator[Code]:
    waiting = list(values)
    seen: set[object] = set()
    while waiting:
        if len(seen) >= FARTHEST:
            asking.is_cut = True
            return
        taint, value = waiting.pop()
        key: object = (taint, value) if isinstance(value, str) else value
        if key in seen:
            continue
        seen.add(key)
        if isinstance(value, str):
            waiting.extend(_at(taint, value))
        elif isinstance(value, _CODE):
            yield taint, value
        elif isinstance(value, ast.arg):
            waiting.extend(asking.further(taint, value))
        else:
            waiting.extend(_behind(taint, value, asking))


def _at(taint: DataFlow, path: str) -> Iterator[Place]:
    """Yield what the *path* of a name leads to, which may go on behind the name's own module.

    A package may have an object by the name of its module: a path through both goes on for ever.
    """
    found = taint.resolved(path)
    rest: list[str] = []
    value: ResolvedValue | None = None
    while found is None or isinstance(found, ResolvedValue):
        value = value or found
        path, _, name = path.rpartition(".")
        rest.insert(0, name)
        if not path:
            return
        found = taint.resolved(path)
    if not isinstance(found, ResolvedModule):
        yield found.taint, found.node
    elif rest:
        for home, place in _of_module(found.taint, rest[0]):
            if not isinstance(place, str):
                yield home, place
            elif value is None:
                yield home, ".".join((place, *rest[1:]))
    if value is not None:
        yield from _variable(value)


def _variable(value: ResolvedValue) -> Iterator[Place]:
    """Yield what the variable that is bound to *value* is given."""
    statement = value.taint.module.parents[value.value]
    for target in getattr(statement, "targets", [getattr(statement, "target", None)]):
        if isinstance(target, ast.Name):
            yield from values_of(value.taint, value.taint.scopes.of(target))


def _of_module(taint: DataFlow, name: str) -> Iterator[Place]:
    variable = taint.scopes.binding(name, taint.scopes.module_scope)
    yield from values_of(taint, variable)
    if not variable.binders:
        yield from ((taint, f"{star}.{name}") for star in taint.names.stars)
        # A module that is asked for what it does not have may answer by a function.
        yield from values_of(taint, taint.scopes.binding("__getattr__", taint.scopes.module_scope))


def _behind(taint: DataFlow, value: ast.AST, asking: HeldCode) -> Iterable[Place]:
    """Return what *value* is, or is made of, as far as it may be run later."""
    if isinstance(value, ast.Name | ast.Attribute):
        return _named(taint, value, asking)
    if isinstance(value, ast.Call):
        return _made(taint, value, asking)
    if isinstance(value, ast.Subscript | ast.Await | ast.Starred | ast.NamedExpr):
        return [(taint, value.value)]
    if isinstance(value, ast.Constant | ast.JoinedStr | ast.Compare):
        return []
    return [(taint, part) for part in children(value)]


def _named(taint: DataFlow, name: ast.Name | ast.Attribute, asking: HeldCode) -> Iterator[Place]:
    known = taint.definition(name) or taint.class_of(name)
    if known is not None:
        yield known.taint, known.node
        return
    paths = taint.names.meaning(name).paths
    yield from ((taint, path) for path in paths)
    if isinstance(name, ast.Name) and name in taint.scopes.scope_of:
        yield from values_of(taint, taint.scopes.of(name))
    elif isinstance(name, ast.Attribute) and not paths:
        yield taint, name.value
        yield from asking.further(taint, name)


def values_of(taint: DataFlow, variable: Binding) -> Iterator[Place]:
    """Yield the values that the module of *taint* gives to *variable*, or puts into it."""
    for binder in variable.binders:
        if isinstance(binder, (*_CODE, ast.arg)):
            yield taint, binder
            continue
        value = taint.names.imported(binder) or _value_of(taint, binder)
        if value is not None:
            yield taint, value
    # Each use of the variable asks for what all of them put into it.
    known = taint.once(_known_puts)
    if variable not in known:
        known[variable] = [v for load in variable.loads for v in put_into(taint, load)]
    yield from ((taint, value) for value in known[variable])


def _known_puts(_taint: DataFlow) -> dict[Binding, list[ast.AST]]:
    return {}


def _value_of(taint: DataFlow, binder: ast.AST) -> ast.expr | None:
    around = taint.module.parents.get(binder)
    while isinstance(around, _UNPACKED):
        around = taint.module.parents.get(around)
    if isinstance(around, _GIVING):
        return around.value
    if isinstance(around, _LOOPS):
        return around.iter
    return around.context_expr if isinstance(around, ast.withitem) else None


def put_into(taint: DataFlow, load: ast.expr) -> Iterator[ast.AST]:
    """Yield what is put into the object that *load* has: by methods, or as a part of it."""
    parents = taint.module.parents
    part: ast.AST = load
    while True:
        begin, around = part, parents[part]
        while isinstance(around, ast.Attribute | ast.Subscript) and around.value is part:
            part, around = around, parents[around]
        if part is begin:
            return
        if not isinstance(around, ast.Call) or around.func is not part:
            break
        yield from _given_to_others(taint, around)
        part = around  # what ``setdefault`` gives takes something in, too
    if isinstance(around, _GIVING) and around.value is not part and around.value is not None:
        yield around.value


def _made(taint: DataFlow, call: ast.Call, asking: HeldCode) -> Iterator[Place]:
    """Yield what the result of *call* may run: what it was given, and what it is an object of."""
    owner = taint.class_of(call.func)
    function = taint.definition(call.func)
    if owner is not None:
        yield from of_object(owner)
        yield from ((taint, argument) for argument in arguments_of(call))
        return
    if function is not None:
        yield from returned(function)
    elif isinstance(call.func, ast.Attribute) and call.func.attr in _TAKING:
        yield taint, call.func.value
    else:
        yield from asking.results(taint, call)
        if last_name(call.func) == "type":
            parts = (a.values for a in call.args if isinstance(a, ast.Dict))
            yield from ((taint, value) for values in parts for value in values)
    yield from ((taint, code) for code in _given_to_others(taint, call))


def _given_to_others(taint: DataFlow, call: ast.Call) -> Iterator[ast.AST]:
    """Yield the arguments of *call* that are code: what is made of plain objects is no more."""
    for argument in arguments_of(call):
        values = argument.elts if isinstance(argument, ast.Tuple | ast.List) else [argument]
        for value in values:
            named = isinstance(value, ast.Name | ast.Attribute)
            if isinstance(value, ast.Lambda | ast.Call) or (named and _has_code(taint, value)):
                yield value


def _has_code(taint: DataFlow, name: ast.expr) -> bool:
    """Whether *name* is a function, a class, or a parameter that may be one."""
    if isinstance(name, ast.Name) and name in taint.scopes.scope_of:
        if any(isinstance(binder, ast.arg) for binder in taint.scopes.of(name).binders):
            return True
    return (taint.definition(name) or taint.class_of(name)) is not None


def returned(function: Resolved) -> Iterator[Place]:
    """Yield what *function* gives to who calls it."""
    for node in walk(function.node):
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            yield function.taint, node.value
