"""Functions and classes of the project, each with the analysis of the module that defines it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods.analysis.syntax.signatures import parameters
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from codemods.analysis.dataflow.taint import Taint
    from codemods.analysis.dataflow.taint_records import Summary

Function = ast.FunctionDef | ast.AsyncFunctionDef
_CONSTRUCTORS = ("__init__", "__post_init__")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A function of the project, with the analysis of the module that defines it.

    ``bound`` says that the call supplies the first parameter itself (a method).
    """

    taint: Taint
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
            self.taint.summary(node, first.arg).kept is not None
            for node in decorators
            if isinstance(node, Function)
            for first in parameters(node.args)[:1]
        )

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

    taint: Taint
    node: ast.ClassDef

    def methods(self) -> list[Resolved]:
        """Return the methods that the class itself defines."""
        return [
            method_of(self.taint, inner) for inner in self.node.body if isinstance(inner, Function)
        ]

    def method(self, name: str) -> Resolved | None:
        """Return the method *name*, where the class defines it itself, and once."""
        found = [method for method in self.methods() if method.node.name == name]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class ResolvedValue:
    """What a variable of a module of the project is given, with the analysis of that module."""

    taint: Taint
    value: ast.expr


def method_of(taint: Taint, node: Function) -> Resolved:
    """Return *node*, defined in a class body, as its objects' method."""
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    return Resolved(taint, node, bound="staticmethod" not in decorators)
