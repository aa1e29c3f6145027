"""What functions give that are run by somebody else: a pool, a task, a thread that is awaited.

Their results come back by futures, lists and ``await``, which nobody follows; so where one of
them may hold the tracker, handing the function over is what lets it out.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.syntax.calls import arguments_of, last_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codemods.analysis.syntax.definitions import DataFlow

_AT_ONCE = frozenset("apply filter map reduce run runcall starmap".split())
_ORDERING = frozenset("sorted min max sort groupby nlargest nsmallest".split())
#: Where those that take it without its keyword have the key.
_KEY_PLACES = {"groupby": 1, "nlargest": 2, "nsmallest": 2}
_CALLERS = ("submit", "map", "partial", "to_thread")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)
_DISPLAYS = (ast.List, ast.Tuple, ast.Set)
#: Methods of a collection, functions and nodes that leave all in it that it has.
_LEAVING_ALL = frozenset("append add copy count extend get index items keys union values".split())
_COUNTING = frozenset("all any bool enumerate len list max min print set sorted tuple zip".split())
_ASKING = (
    *(ast.Starred, ast.Await, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.FormattedValue),
    *(ast.If, ast.While, ast.IfExp, ast.Assert),
)
#: These are asked about where they stand themselves.
_RUNNING = (Effect.LATER, Effect.AWAIT)


class _Values(Protocol):
    """What is asked of the values themselves."""

    def tainted(self, node: ast.expr) -> bool: ...

    def calling(self, value: ast.expr) -> bool: ...

    def result_of(self, call: ast.Call) -> bool: ...


def gives_out(taint: DataFlow, values: _Values, call: ast.Call) -> bool:
    """Whether something that *call* has run, with the tracker, may give it back."""
    later = deferred_call(call)
    if later is not None:
        holds = values.tainted(later.func) and values.calling(later.func)
        return holds or values.result_of(later)
    made = (one for value in arguments_of(call) for one in _calls(taint, value))
    return any(values.result_of(one) for one in made)


def deferred_call(call: ast.Call) -> ast.Call | None:
    """Return the call that ``Thread``, ``submit``, ``partial`` and the like will make."""
    name = last_name(call.func)
    if name == "Thread":
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        target, args = given.get("target"), given.get("args", ast.Tuple([], ast.Load()))
        kwargs = given.get("kwargs", ast.Dict([], []))
        if target is None or not isinstance(args, ast.Tuple | ast.List):
            return None
        if not isinstance(kwargs, ast.Dict):
            return None
        keywords = [
            ast.keyword(getattr(key, "value", None), value)
            for key, value in zip(kwargs.keys, kwargs.values, strict=True)
        ]
        return ast.copy_location(ast.Call(target, args.elts, keywords), call)
    if name == "run_in_executor" and len(call.args) > 1:
        return ast.copy_location(ast.Call(call.args[1], call.args[2:], []), call)
    if name not in _CALLERS or not call.args:
        return None
    return ast.copy_location(ast.Call(call.args[0], call.args[1:], call.keywords), call)


def call_at_once(call: ast.Call) -> ast.Call | None:
    """Return the call that ``reduce``, ``map``, ``Context.run`` and the like make meanwhile."""
    name, args = last_name(call.func), call.args
    named = len(args) > 1 and isinstance(args[0], ast.Name | ast.Attribute | ast.Lambda)
    if name not in _AT_ONCE or not named:
        return None
    function, *given = args
    if name == "reduce":
        given = [given[-1], given[0]]
    elif name == "apply" and isinstance(given[0], ast.Tuple | ast.List):
        given = given[0].elts
    elif name in ("apply", "starmap"):
        given = [ast.Starred(given[0], ast.Load())]
    return ast.copy_location(ast.Call(function, given, call.keywords), call)


def call_by_key(call: ast.Call) -> ast.Call | None:
    """Return the call of its ``key`` that ``sorted``, ``min``, ``sort`` and the like make."""
    name = last_name(call.func)
    if name not in _ORDERING:
        return None
    by_position = call.args[_KEY_PLACES.get(name, len(call.args)) :]
    given_as_key = (*(k.value for k in call.keywords if k.arg == "key"), *by_position)
    key = next(iter(given_as_key), None)
    if not isinstance(key, ast.Name | ast.Attribute | ast.Lambda):
        return None
    of_list = call.func.value if isinstance(call.func, ast.Attribute) and not call.args else None
    given = [of_list] if of_list is not None else call.args
    return ast.copy_location(ast.Call(key, given, []), call)


def waits_for_all(call: ast.Call) -> bool:
    """Whether a call of ``asyncio.wait`` returns when all that it is given is over."""
    return len(call.args) == 1 and not call.keywords


def keeps_all(
    around: ast.AST | None, load: ast.Name, is_waiting: Callable[[ast.expr], bool]
) -> bool:
    """Whether nothing is taken out of a collection of tasks by *load*, a mention of it.

    *around* is what it stands in; *is_waiting* tells functions that only wait for what they get.
    """
    if isinstance(around, ast.Attribute):
        return around.attr in _LEAVING_ALL
    if isinstance(around, ast.Subscript):
        return isinstance(around.ctx, ast.Load)
    if isinstance(around, ast.Call):
        return last_name(around.func) in _COUNTING or is_waiting(around.func)
    if isinstance(around, ast.For | ast.AsyncFor | ast.comprehension):
        return around.iter is load
    return isinstance(around, _ASKING)


def _mapped(taint: DataFlow, value: ast.expr) -> ast.Call | None:
    """Return the call that each element of *value*, a ``map``, is the result of."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return None
    builtin = value.func.id == "map" and not taint.scopes.of(value.func).binders
    return deferred_call(value) if builtin else None


def _calls(taint: DataFlow, value: ast.expr) -> Iterator[ast.Call]:
    """Yield the calls that *value* consists of, as far as they are in sight."""
    if isinstance(value, ast.Starred):
        value = value.value
        mapped = _mapped(taint, value)
        if mapped is not None:
            yield mapped
            return
    value = taint.followed(value)
    if isinstance(value, ast.Call):
        model = taint.foreign.model(value.func)
        if model is None or model.effect not in _RUNNING:
            yield value
    elif isinstance(value, _COMPREHENSIONS):
        yield from _calls(taint, value.elt)
    elif isinstance(value, _DISPLAYS):
        for element in value.elts:
            yield from _calls(taint, element)
