"""Whether what a test puts somewhere is a mock, which takes whatever it is asked.

A mock that was given the methods of a class of the project, by its specification, is as that is.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.given import parameter_of
from codemods.analysis.dataflow.deferred.held_code import returned, values_of
from codemods.analysis.external.put_names import BY_TEXT, place_put
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.definitions import Resolved

if TYPE_CHECKING:
    from codemods.analysis.dataflow.callees.puts import Put
    from codemods.analysis.syntax.definitions import DataFlow

_MOCKS = frozenset(
    "Mock MagicMock AsyncMock NonCallableMock NonCallableMagicMock PropertyMock create_autospec "
    "patch object DEFAULT stub".split()
)
_SPECS = ("spec", "spec_set", "autospec")
#: Keywords by which a mock, or ``patch``, is told what to give.
_INSTEAD = ("new", "new_callable", "side_effect", "return_value", "wraps")
_MOST_STEPS = 40


def gives_mocks(home: DataFlow, put: Put) -> bool:
    """Whether *put* gives its name a mock, what makes one, the tracker's class or an heir of it."""
    call = put.call
    named = [k.value for k in call.keywords if k.arg in _INSTEAD] if call is not None else []
    return all(_takes_all(home, value, {}) for value in (*put.values, *named))


def _takes_all(home: DataFlow, value: ast.AST, seen: dict[ast.AST, bool]) -> bool:
    """Whether *value* is a mock, makes one, or is the tracker's class or an heir of it."""
    if value in seen or len(seen) > _MOST_STEPS:
        return seen.get(value, False)
    seen[value] = True  # on the way through a circle
    seen[value] = found = _decided(home, value, seen)
    return found


def _decided(home: DataFlow, value: ast.AST, seen: dict[ast.AST, bool]) -> bool:
    if isinstance(value, ast.Lambda):
        return _takes_all(home, value.body, seen)
    if isinstance(value, ast.IfExp):
        return all(_takes_all(home, arm, seen) for arm in (value.body, value.orelse))
    if isinstance(value, ast.Call):
        return _made(home, value, seen)
    if not isinstance(value, ast.Name | ast.Attribute):
        return isinstance(value, ast.Constant)  # None, which nothing is asked of
    if last_name(value) in _MOCKS or home.names.tracker_class(value) is not None:
        return True
    function = home.definition(value)
    if function is not None:
        return _returns(function, seen)
    if home.class_of(value) is not None:
        return False
    if isinstance(value, ast.Attribute):
        return _takes_all(home, value.value, seen)  # what a mock has is one
    parameter = parameter_of(home, value)
    if parameter is not None:
        return _is_fixture(home, parameter, seen)
    if value not in home.scopes.scope_of:
        return False
    given = list(values_of(home, home.scopes.of(value)))
    return bool(given) and all(
        isinstance(one, ast.AST) and _takes_all(other, one, seen) for other, one in given
    )


def _made(home: DataFlow, call: ast.Call, seen: dict[ast.AST, bool]) -> bool:
    called = last_name(call.func)
    if called in _MOCKS:
        specs = [k.value for k in call.keywords if k.arg in _SPECS]
        specs += call.args[:1] if called == "create_autospec" else []
        given = [k.value for k in call.keywords if k.arg in _INSTEAD]
        put = place_put(call) if called in BY_TEXT else None
        given += call.args[put[0] + 1 : put[0] + 2] if put is not None else []
        return all(_is_specified(home, one) for one in specs) and all(
            _takes_all(home, one, seen) for one in given
        )
    if home.names.tracker_class(call.func) is not None:
        return True
    function = home.definition(call.func)
    if function is not None:
        return _returns(function, seen)
    return home.class_of(call.func) is None and _takes_all(home, call.func, seen)


def _is_specified(home: DataFlow, spec: ast.expr) -> bool:
    is_class = isinstance(spec, ast.Name | ast.Attribute)
    return isinstance(spec, ast.Constant) or (
        is_class and home.names.tracker_class(spec) is not None
    )


def _returns(function: Resolved, seen: dict[ast.AST, bool]) -> bool:
    found = list(returned(function))
    return all(isinstance(n, ast.AST) and _takes_all(home, n, seen) for home, n in found)


def _is_fixture(home: DataFlow, parameter: ast.arg, seen: dict[ast.AST, bool]) -> bool:
    """Whether *parameter* of a test is a mock that a fixture gives, or that ``patch`` does."""
    function = home.module.parents[home.module.parents[parameter]]
    decorators = getattr(function, "decorator_list", [])
    if any(last_name(d.func) in _MOCKS for d in decorators if isinstance(d, ast.Call)):
        return True
    fixtures = [Resolved(home, n) for n in home.module.functions if n.name == parameter.arg]
    fixtures = fixtures or list(home.registry.functions(parameter.arg, ""))
    return bool(fixtures) and all(_returns(one, seen) for one in fixtures)
