"""What the parts of a pass over statements ask of the pass itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ast

    from codemods.analysis.dataflow.deferred.background import Closings
    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.dataflow.tainted_values import TaintedValues
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scope, Scopes


class Pass(Protocol):
    """One pass over the statements of a scope, with all that was found so far."""

    taint: DataFlow
    module: ParsedModule
    scopes: Scopes
    scope: Scope
    flow: Flow
    statements: list[ast.stmt]
    closings: Closings
    tainted_values: TaintedValues

    def statement(self, node: ast.AST) -> None:
        """Take in what one statement does, its suites included."""

    def tainted(self, node: ast.expr) -> bool:
        """Whether the value of *node* is, holds, or will use the tracker."""

    def mentions(self, node: ast.AST) -> bool:
        """Whether a tainted variable occurs anywhere in *node*."""

    def taint_receiver(self, expression: ast.expr) -> bool:
        """Make the local variable at the root of *expression* tainted."""

    def built_here(self, binding: Binding) -> bool:
        """Whether the variable holds an object that is built in the scope."""

    def makes_new(self, value: ast.expr) -> bool:
        """Whether *value* is a new object."""
