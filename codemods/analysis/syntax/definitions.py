"""Functions and classes of the project, each with the analysis of the module that defines it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.analysis.dataflow.library_models.rows import Model
    from codemods.analysis.dataflow.taint_records import Flow, Summary
    from codemods.analysis.external.handed_records import Handed, Way
    from codemods.analysis.syntax.names import Names
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scope, Scopes

Function = ast.FunctionDef | ast.AsyncFunctionDef
Index = TypeVar("Index")
_CONSTRUCTORS = ("__init__", "__post_init__")
_MANAGERS = ("contextmanager", "asynccontextmanager")


class Models(Protocol):
    """What is known of functions that are not in sight."""

    def model(self, function: ast.expr) -> Model | None:
        """Return what the table has for *function*."""

    def path(self, function: ast.expr) -> str | None:
        """Return the qualified name of *function*, as far as it can be told."""

    def is_builtin(self, name: ast.Name) -> bool:
        """Whether *name* is what the interpreter provides under it."""

    def class_path(self, value: ast.expr) -> str | None:
        """Return the qualified name of the class that *value* visibly is an object of."""

    def tells_of_later(self, function: ast.expr) -> bool:
        """Whether the name of *function*, or of its object, tells that it works later."""


class CallableValues(Protocol):
    """Which arguments may be called by who is given them."""

    def among(self, call: ast.Call, later_than: frozenset[str] = frozenset()) -> ast.expr | None:
        """Return an argument of *call* that may be called."""

    def is_one(self, value: ast.expr, *, first: bool = False) -> bool:
        """Whether *value* may be called."""


class Analysed(Protocol):
    """The analysis of a file."""

    @property
    def taint(self) -> DataFlow:
        """Where a value goes in it."""


class Registry(Protocol):
    """The functions with trackers that the files of a project hand on."""

    def handed_on(self) -> Iterable[Handed]:
        """Return those that code of the module may run without naming them."""

    def may_run(self, way: Way, caller: str, method: str) -> bool:
        """Whether a *method* of an unknown object, in *caller*, may lead to what went that way."""

    def methods(self, name: str) -> Iterable[Resolved]:
        """Return the methods *name* of classes of the other files that may lead to a tracker."""

    def heir_classes(self, owner: str) -> Iterable[ResolvedClass]:
        """Return the classes of other files that inherit from the module's class *owner*."""

    def mentioning(self, name: str) -> Iterable[Analysed | None]:
        """Return the analysis of each other file that has the word *name*."""

    def replacing(self, name: str) -> Iterable[Analysed | None]:
        """Return the analysis of the files that may replace the module's function *name*."""

    def functions(self, name: str, beginning: str) -> Iterable[Resolved]:
        """Return the functions *name* of modules whose own name begins so."""

    def function(self, handed: Handed) -> Resolved | None:
        """Return the function that is *handed* on."""

    def is_handed_on(self) -> bool:
        """Whether any code, of whatever file, has functions of the module with trackers."""


class DataFlow(Protocol):
    """What is asked about one module: what its names are, and where a value goes.

    ``harmless``, ``deadly``, ``given_in``, ``handed_on``, ``calls_unknown``, ``strange``,
    ``named_in`` and ``makings`` hold answers that were found once, each for the module of the
    analysis that fills it.
    """

    module: ParsedModule
    scopes: Scopes
    names: Names
    harmless: set[ast.AST | Binding]
    deadly: set[ast.AST]
    given_in: dict[ast.ClassDef, dict[str, list[ast.expr]]]
    handed_on: frozenset[ast.AST] | None
    calls_unknown: dict[ast.AST, bool]
    strange: dict[ast.expr, bool]
    named_in: dict[ast.AST, tuple[list[Resolved], list[tuple[DataFlow, ast.AST]]]]
    makings: dict[tuple[ast.Call, tuple[int, ...]], Any]

    @property
    def foreign(self) -> Models:
        """Functions that are not in sight."""

    @property
    def callables(self) -> CallableValues:
        """Arguments that may be called."""

    @property
    def provides(self) -> Callable[[str], bool]:
        """Whether any file of the project may give objects an attribute of that name."""

    @property
    def registry(self) -> Registry:
        """What the files of the project hand on."""

    def once(self, kind: Callable[[DataFlow], Index]) -> Index:
        """Return ``kind(self)``: an index of the module, made the first time."""

    def follow(
        self,
        root: Binding | tuple[Binding, str] | None,
        statements: Iterable[ast.stmt],
        scope: Scope,
        aliases: Iterable[Binding] = (),
        *,
        calls_give: bool = True,
        plain: Iterable[tuple[Binding, str]] = (),
        passing: bool = False,
        fields: Iterable[str] = (),
        givers: Iterable[ast.AST] = (),
    ) -> Flow:
        """Follow the value of *root* through *statements* of *scope*."""

    def definition(self, name: ast.expr) -> Resolved | None:
        """Return the function of this project that *name* certainly is."""

    def known(self, name: ast.expr) -> Resolved | None:
        """Return the function that *name* is by its import, its object's class, or an alias."""

    def object_class(self, value: ast.expr) -> ResolvedClass | None:
        """Return the class in sight that *value* is an object of, as far as can be seen."""

    def method_around(self, node: ast.AST) -> Resolved | None:
        """Return the method that *node* stands in."""

    def followed(self, value: ast.expr) -> ast.expr:
        """Return what a variable that is bound once holds, or *value* itself."""

    def class_of(self, name: ast.expr) -> ResolvedClass | None:
        """Return the class of this project that *name* certainly is."""

    def value_elsewhere(self, name: ast.expr) -> tuple[DataFlow, ast.expr] | None:
        """Return what the variable of another module that *name* is was given there."""

    def functions_behind(self, name: ast.expr) -> list[Resolved]:
        """Return the functions of the module of the project that *name* certainly is."""

    def resolved(self, path: str) -> Found | None:
        """Return what the *path* of a name of another module certainly is, in the project."""

    def makes_thread(self, function: ast.expr) -> bool:
        """Whether *function* is a class in sight whose objects are threads."""

    def overrides(self, name: ast.expr) -> list[Resolved]:
        """Return every method of this module that ``self.name`` or ``super().name`` may be."""

    def methods(self, name: ast.Attribute) -> list[Resolved]:
        """Return the methods of the project that *name* may be, as far as can be told."""

    def methods_called(self, name: str) -> list[Resolved]:
        """Return the methods *name* of all classes of this module."""

    def made_by(self, value: ast.expr) -> ResolvedClass | None:
        """Return the class of the project that *value* is visibly an object of."""

    def summary(
        self,
        definition: ast.FunctionDef | ast.AsyncFunctionDef,
        parameter: str,
        plain: frozenset[str] = frozenset(),
        receiver: str | None = None,
    ) -> Summary:
        """Return what *definition*, a function of this module, does with *parameter*."""


#: Where a definition stands: its file and line, the same however often the file was analysed.
Place = tuple[object, int]
#: A class by the file that defines it and its name there.
Identity = tuple[object, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A function of the project, with the analysis of the module that defines it.

    ``bound`` says that the call supplies the first parameter itself (a method).
    """

    taint: DataFlow
    node: Function
    bound: bool = False

    def parameter(self, call: ast.Call, value: ast.expr) -> str | None:
        """Return the parameter that receives the argument *value* of *call*, if it is certain."""
        arguments = self.node.args
        positional = [*arguments.posonlyargs, *arguments.args][int(self.bound) :]
        for index, argument in enumerate(call.args):
            if isinstance(argument, ast.Starred):
                return None
            if argument is value:
                return positional[index].arg if index < len(positional) else None
        names = {parameter.arg for parameter in [*positional, *arguments.kwonlyargs]}
        for keyword in call.keywords:
            if keyword.value is value and keyword.arg in names:
                return keyword.arg
        return None

    def receivers(self, call: ast.Call, value: ast.expr) -> list[str]:
        """Return the parameters that may receive *value*: one, or all where it cannot be told."""
        certain = self.parameter(call, value)
        if certain is not None:
            return [certain]
        star = self._rest(call, value)
        if star is not None:
            return [star]
        return [parameter.arg for parameter in parameters(self.node.args)[int(self.bound) :]]

    def _rest(self, call: ast.Call, value: ast.expr) -> str | None:
        """Return the parameter for all other arguments that certainly has *value* among them."""
        arguments = self.node.args
        named = len(arguments.posonlyargs) + len(arguments.args) - int(self.bound)
        before = call.args[: call.args.index(value)] if value in call.args else []
        if value in call.args and not any(isinstance(a, ast.Starred) for a in (*before, value)):
            beyond = len(before) >= named and arguments.vararg is not None
            return arguments.vararg.arg if beyond and arguments.vararg else None
        keyword = next((k for k in call.keywords if k.value is value and k.arg), None)
        return arguments.kwarg.arg if keyword is not None and arguments.kwarg else None

    def keeps_decorated(self, *, factory: bool) -> bool:
        """Whether the function, or one that it makes (*factory*), keeps what it decorates."""
        inner = (n for n in walk(self.node) if n is not self.node)
        decorators = inner if factory else iter([self.node])
        return any(
            self.taint.summary(node, first.arg).escape is not None
            for node in decorators
            if isinstance(node, Function)
            for first in parameters(node.args)[int(self.bound and not factory) :][:1]
        )

    @property
    def place(self) -> Place:
        """The file and line."""
        return self.taint.module.source.path, self.node.lineno

    @property
    def receiver(self) -> str | None:
        """The parameter that stands for the object itself, of a method."""
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        return arguments[0].arg if self.bound and arguments else None

    def of_class(self) -> Resolved:
        """Return the method as it is called on its class."""
        decorators = {ast.unparse(decorator) for decorator in self.node.decorator_list}
        return Resolved(self.taint, self.node, bound="classmethod" in decorators)

    def summary(self, parameter: str, plain: frozenset[str] = frozenset()) -> Summary:
        """Return what the function does with *parameter*; a constructor may put it in its object.

        *plain* are fields of the method's object that hold nothing of it.
        """
        first = [*self.node.args.posonlyargs, *self.node.args.args][:1]
        own = first[0].arg if first and self.node.name in _CONSTRUCTORS else None
        return self.taint.summary(self.node, parameter, plain, own)


@dataclass(frozen=True, slots=True)
class ResolvedClass:
    """A class of the project, with the analysis of the module that defines it."""

    taint: DataFlow
    node: ast.ClassDef

    @property
    def place(self) -> Place:
        """The file and line."""
        return self.taint.module.source.path, self.node.lineno

    @property
    def identity(self) -> Identity:
        """What tells it apart from other classes of the project, but for those of one name."""
        return self.taint.module.source.path, self.node.name

    def methods(self) -> list[Resolved]:
        """Return the methods that the class itself defines."""
        return [
            method_of(self.taint, inner) for inner in self.node.body if isinstance(inner, Function)
        ]

    def method(self, name: str) -> Resolved | None:
        """Return the method *name*, where the class defines it itself, and once."""
        found = self.taint.once(_own_methods).get((self.node, name), ())
        return method_of(self.taint, found[0]) if len(found) == 1 else None


def _own_methods(taint: Any) -> dict[tuple[ast.AST, str], list[Any]]:
    """Return the functions that stand in each class of the module itself, by their names."""
    found: dict[tuple[ast.AST, str], list[Any]] = {}
    for function in taint.module.functions:
        key = taint.module.parents[function], function.name
        found.setdefault(key, []).append(function)
    return found


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """What a variable of a module of the project is given, with the analysis of that module."""

    taint: DataFlow
    value: ast.expr


@dataclass(frozen=True, slots=True)
class ResolvedModule:
    """A module of the project itself, with its analysis."""

    taint: DataFlow


Found = Resolved | ResolvedClass | ResolvedValue | ResolvedModule


def method_of(taint: DataFlow, node: Function) -> Resolved:
    """Return *node*, defined in a class body, as its objects' method."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    return Resolved(taint, node, bound="staticmethod" not in decorators)


def parameters_for_classes(methods: Iterable[Function]) -> frozenset[str]:
    """Return what those of *methods* that are the class's own call the class."""
    own = (m for m in methods if any(ast.unparse(d) == "classmethod" for d in m.decorator_list))
    return frozenset(a.arg for m in own for a in (*m.args.posonlyargs, *m.args.args)[:1])


def results_of(definition: Function) -> tuple[type[ast.AST], ...]:
    """Return what gives a value to the caller: a context manager's ``with`` has what it yields."""
    made = {last_name(decorator) for decorator in definition.decorator_list}
    return (ast.Return,) if made.isdisjoint(_MANAGERS) else (ast.Return, ast.Yield)
