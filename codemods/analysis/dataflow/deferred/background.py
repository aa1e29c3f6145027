"""Work that goes on by itself, and whether it is over before the statements around it are.

A thread must be joined on every path: it knows nothing of the block that it was
started in.  A task carries its block with it, so it is enough that it is awaited.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.deferred.results import keeps_all, waits_for_all
from codemods.analysis.syntax.effects import is_plain
from codemods.analysis.syntax.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codemods.analysis.syntax.names import Names
    from codemods.analysis.syntax.parsed_module import ParsedModule
    from codemods.analysis.syntax.scopes import Binding, Scopes

_THREAD = "threading.Thread"
_GATHER = "asyncio.gather"
_WAIT = "asyncio.wait"
_TASKS = ("asyncio.create_task", "asyncio.ensure_future")
_POOLS = ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor")
_SETTERS = (words.SET_CALL, words.OLDER_SET_CALL, words.BATCH_MODE_CALL)
#: Methods of a stack that take out what it would do when its ``with`` ends.
_LEFT_TO_OTHERS = ("pop_all",)
#: What a task or thread is put into, and where in the comprehension it stands.
_FILLED = (ast.ListComp, ast.SetComp, ast.DictComp)
_EACH = ("elt", "key")
_PUTTING = ("append", "add")
_LEAVING = (ast.Return, ast.Raise, ast.Yield, ast.YieldFrom)
_ENDING = (*_LEAVING, ast.Break)
_FIELDS = ("daemon", "name")


class Closings:
    """Answers for hand-offs among *statements*."""

    def __init__(
        self,
        module: ParsedModule,
        scopes: Scopes,
        names: Names,
        statements: list[ast.stmt],
        makes_thread: Callable[[ast.expr], bool] = lambda _: False,
    ) -> None:
        self._module = module
        self._scopes = scopes
        self._names = names
        self._statements = statements
        self._makes_thread = makes_thread

    def closes(self, call: ast.Call) -> bool:
        """Whether what the hand-off *call* sets going is over when the statements are."""
        if self._by_with(call.func) or self._by_shutdown(call):
            return True
        if self._is(call.func, _THREAD) or self._makes_thread(call.func):
            return self._joined(call)
        return self._is(call.func, *_TASKS) and self.awaits(call)

    def is_left_alone(self, call: ast.Call) -> bool:
        """Whether something may fail between the task *call*, or its like, and its ``await``."""
        holder = self._task_holder(call) if self._is(call.func, *_TASKS, _GATHER) else None
        if holder is None:
            return False
        made, binding = holder
        if not isinstance(made, ast.Assign):
            return True
        beside = self._module.statements_around(made)
        later = beside[beside.index(made) + 1 :]
        for number, statement in enumerate(later):
            values = [v for v in _values(statement) if self._awaits(v, binding)]
            if values:
                one = not isinstance(made.value, _FILLED) and number == 0
                return not (one or self._is_gathered(values[0]))
            if not self._makes_task(statement):
                return True
        return True

    def receivers(self, call: ast.Call) -> list[Binding]:
        """Return the variable that the pool or group of *call* is in: it works with the tracker."""
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(owner, ast.Name) or self._names.meaning(owner).paths:
            return []
        return [self._scopes.of(owner)]

    def _is(self, function: ast.expr, *paths: str) -> bool:
        meaning = self._names.meaning(function)
        return meaning.certain and meaning.paths[0] in paths

    def _is_inside(self, node: ast.AST) -> bool:
        return any(ancestor in self._statements for ancestor in self._module.ancestors(node))

    # -- pools and groups -----------------------------------------------------

    def _by_with(self, function: ast.expr) -> bool:
        """Whether the receiver is bound by a ``with`` inside the statements."""
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return False
        binding = self._scopes.of(function.value)
        if any(self._goes_on(load) for load in binding.loads):
            return False
        items = [self._module.parents.get(binder) for binder in binding.binders]
        return bool(items) and all(
            isinstance(item, ast.withitem) and self._is_inside(item) for item in items
        )

    def _goes_on(self, load: ast.Name) -> bool:
        """Whether what *load*, a stack, would do at its end is left to somebody else."""
        around = self._module.parents.get(load)
        return isinstance(around, ast.Attribute) and around.attr in _LEFT_TO_OTHERS

    def _by_shutdown(self, call: ast.Call) -> bool:
        """Whether a ``finally`` around the hand-off begins with the shutdown of its pool."""
        pool = call.func.value if isinstance(call.func, ast.Attribute) else None
        if not isinstance(pool, ast.Name) or pool not in self._scopes.scope_of:
            return False
        binding = self._scopes.of(pool)
        made = self._module.parents.get(binding.binders[0]) if len(binding.binders) == 1 else None
        value = made.value if isinstance(made, ast.Assign) else None
        if not isinstance(value, ast.Call) or not self._is(value.func, *_POOLS):
            return False
        inner: ast.AST = call
        for around in self._module.ancestors(call):
            if around is binding.scope.node:
                return False
            if isinstance(around, ast.Try) and inner not in around.finalbody:
                if self._shuts_down(around.finalbody, binding):
                    return self._is_inside(call)
            inner = around
        return False

    def _shuts_down(self, finalbody: list[ast.stmt], pool: Binding) -> bool:
        for statement in finalbody[:1]:
            call = _method_call(statement, "shutdown")
            if call is None or self._scopes.of(_owner(call)) is not pool or call.args:
                return False
            return all(
                k.arg == "cancel_futures"
                or (k.arg == "wait" and isinstance(k.value, ast.Constant) and k.value.value is True)
                for k in call.keywords
            )
        return False

    # -- threads --------------------------------------------------------------

    def _joined(self, call: ast.Call) -> bool:
        """Whether the thread, or each of a list of them, is started and joined in one suite."""
        holder = self._holder(call)
        if holder is None:
            return False
        made, binding = holder
        beside = self._module.statements_around(made)
        later = beside[beside.index(made) + 1 :]
        if any(self._strays(load, binding) for load in self._before_join(binding, later)):
            return False
        start = next((i for i, s in enumerate(later) if self._does(s, binding, "start")), None)
        return start is not None and self._joins(later[start + 1 :], binding)

    def _holder(self, call: ast.Call) -> tuple[ast.Assign, Binding] | None:
        """Return the statement and variable that have the result of *call*, alone or among others.

        Those are a list, a set, or a dictionary that has them as its keys.
        """
        value: ast.AST = call
        parent = self._module.parents[value]
        if isinstance(parent, _FILLED) and call in (getattr(parent, n, None) for n in _EACH):
            value, parent = parent, self._module.parents[parent]
        if not isinstance(parent, ast.Assign) or parent.value is not value:
            return None
        target = parent.targets[0]
        if len(parent.targets) != 1 or not isinstance(target, ast.Name):
            return None
        binding = self._scopes.of(target)
        one = len(binding.binders) == 1 and not binding.declared
        return (parent, binding) if one and self._is_inside(call) else None

    def _before_join(self, binding: Binding, later: list[ast.stmt]) -> list[ast.Name]:
        """Return the uses of the thread up to its join: behind that it is an object like others."""
        joins = (i for i, s in enumerate(later) if self._does(s, binding, "join"))
        behind = later[next(joins, len(later)) + 1 :]
        return [
            load
            for load in binding.loads
            if not any(around in behind for around in self._module.ancestors(load))
            or getattr(self._module.parents[load], "attr", "") in ("start", "run")
        ]

    def _strays(self, load: ast.Name, binding: Binding) -> bool:
        """Whether *load* does anything with a thread but to start it, join it or name it."""
        parent = self._module.parents[load]
        if isinstance(parent, ast.Attribute) and parent.attr in _FIELDS:
            return False
        statement = self._module.statement(load)
        return not any(self._does(statement, binding, what) for what in ("start", "join"))

    def _does(self, statement: ast.stmt, binding: Binding, method: str) -> bool:
        """Whether *statement* calls *method* on the thread, or on each one of the list."""
        if isinstance(statement, ast.For) and len(statement.body) == 1 and not statement.orelse:
            call = _method_call(statement.body[0], method)
            each = statement.target
            if call is None or not isinstance(each, ast.Name) or _owner(call).id != each.id:
                return False
            named = isinstance(statement.iter, ast.Name)
            return named and not _given(call) and self._scopes.of(statement.iter) is binding  # type: ignore[arg-type]
        call = _method_call(statement, method)
        return call is not None and not _given(call) and self._scopes.of(_owner(call)) is binding

    def _joins(self, statements: list[ast.stmt], binding: Binding) -> bool:
        """Whether nothing can come between *statements* and the join of the thread."""
        for statement in statements:
            if self._does(statement, binding, "join"):
                return True
            if isinstance(statement, ast.Try) and self._joins(statement.finalbody, binding):
                return True
            if not self._is_quiet(statement):
                return False
        return False

    def _is_quiet(self, statement: ast.stmt) -> bool:
        """Whether *statement* only starts, joins or makes threads, or binds something plain."""
        if isinstance(statement, ast.For) and len(statement.body) == 1:
            plain = isinstance(statement.iter, ast.Name)
            return plain and self._is_quiet(statement.body[0])
        for method in ("start", "join"):
            call = _method_call(statement, method)
            if call is not None:
                return not _given(call)
        if not isinstance(statement, ast.Assign):
            return isinstance(statement, ast.Pass)
        if not all(isinstance(target, ast.Name) for target in statement.targets):
            return False
        value = statement.value
        if isinstance(value, ast.Call) and (
            self._is(value.func, _THREAD) or self._makes_thread(value.func)
        ):
            given = [*value.args, *(keyword.value for keyword in value.keywords)]
            return all(_is_plain_or_tuple(argument) for argument in given)
        return _is_plain_or_tuple(value)

    # -- tasks ----------------------------------------------------------------

    def awaits(self, call: ast.Call) -> bool:
        """Whether the task, or each of a list of them, is awaited in the suite it is made in."""
        parent = self._module.parents[call]
        if isinstance(parent, ast.Call) and self._is(parent.func, _GATHER):
            parent = self._module.parents[parent]
        if isinstance(parent, ast.Await):
            return True
        holder = self._task_holder(call)
        if holder is None:
            return False
        made, binding = holder
        beside = self._module.statements_around(made)
        later = beside[beside.index(made) + 1 :]
        for number, statement in enumerate(later):
            if any(self._awaits(value, binding) for value in _values(statement)):
                several = isinstance(made, ast.For) or isinstance(made.value, _FILLED)
                return not several or self._are_all_there(binding, later[: number + 1])
            if _sets(statement):
                return False  # the task would still have the ids of before
        return False

    def _are_all_there(self, binding: Binding, statements: list[ast.stmt]) -> bool:
        """Whether *statements*, which end with the ``await``, take no task out of the variable."""
        parents, ancestors = self._module.parents, self._module.ancestors
        return all(
            keeps_all(parents[load], load, lambda function: self._is(function, _GATHER, _WAIT))
            for load in binding.loads
            if any(around in statements for around in ancestors(load))
        )

    def _task_holder(self, call: ast.Call) -> tuple[ast.Assign | ast.For, Binding] | None:
        return self._holder(call) or self._collected(call)

    def _collected(self, call: ast.Call) -> tuple[ast.For, Binding] | None:
        """Return the loop that puts each result of *call* into a new list or set, and that."""
        put = self._module.parents[call]
        into = put.func if isinstance(put, ast.Call) and put.args == [call] else None
        if not isinstance(into, ast.Attribute) or into.attr not in _PUTTING:
            return None
        statement = self._module.statement(call)
        loop = self._module.parents[statement]
        alone = isinstance(statement, ast.Expr) and statement.value is put
        if not alone or not isinstance(loop, ast.For) or not isinstance(into.value, ast.Name):
            return None
        binding = self._scopes.of(into.value)
        made = self._module.parents.get(binding.binders[0]) if len(binding.binders) == 1 else None
        beside = self._module.statements_around(loop)
        if not isinstance(made, ast.Assign) or made not in beside or not _is_empty(made.value):
            return None
        around = map(self._module.parents.get, binding.loads)
        changed = any(isinstance(n, ast.Attribute) and n.attr not in _PUTTING for n in around)
        whole = beside.index(made) < beside.index(loop) and not binding.declared and not changed
        leaves = any(isinstance(n, _LEAVING) for n in walk(loop)) or _sets(loop)
        return (loop, binding) if whole and not leaves and self._is_inside(call) else None

    def _awaits(self, value: ast.expr | None, binding: Binding) -> bool:
        if isinstance(value, ast.ListComp):
            return self._awaits_each(value, binding)
        if not isinstance(value, ast.Await):
            return False
        waited: Iterable[ast.expr] = [value.value]
        if isinstance(value.value, ast.Call) and self._is(value.value.func, _GATHER):
            waited = value.value.args
        elif isinstance(value.value, ast.Call) and self._is(value.value.func, _WAIT):
            waited = value.value.args if waits_for_all(value.value) else []
        names = [w.value if isinstance(w, ast.Starred) else w for w in waited]
        return any(isinstance(n, ast.Name) and self._scopes.of(n) is binding for n in names)

    def _awaits_each(self, value: ast.ListComp, binding: Binding) -> bool:
        """Whether *value* is ``[await task for task in tasks]``."""
        part = value.generators[0]
        each, items = part.target, part.iter
        if len(value.generators) != 1 or part.ifs or part.is_async:
            return False
        if not isinstance(value.elt, ast.Await) or not isinstance(items, ast.Name):
            return False
        same = isinstance(each, ast.Name) and isinstance(value.elt.value, ast.Name)
        named = same and value.elt.value.id == each.id  # type: ignore[attr-defined]
        return named and self._scopes.of(items) is binding

    def _is_gathered(self, value: ast.expr) -> bool:
        call = value.value if isinstance(value, ast.Await) else None
        return isinstance(call, ast.Call) and self._is(call.func, _GATHER, _WAIT)

    def _makes_task(self, statement: ast.stmt) -> bool:
        """Whether *statement* only makes tasks of calls with plain arguments: none of it fails."""
        value = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(value, ast.ListComp):
            value = value.elt
        if not isinstance(value, ast.Call) or not self._is(value.func, *_TASKS):
            return False
        inner = value.args[0] if value.args else None
        given = (
            [*inner.args, *(k.value for k in inner.keywords)] if isinstance(inner, ast.Call) else []
        )
        return isinstance(inner, ast.Call) and all(map(_is_plain_or_tuple, given))


def _sets(statement: ast.stmt) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr in _SETTERS for n in walk(statement))


def _is_empty(value: ast.expr) -> bool:
    """Whether *value* is a new list or set with nothing in it."""
    if isinstance(value, ast.Call):
        return getattr(value.func, "id", "") in ("list", "set") and not _given(value)
    return isinstance(value, ast.List) and not value.elts


def _values(statement: ast.stmt) -> list[ast.expr]:
    """Return what *statement* evaluates in any case, as far as it may await a task."""
    if isinstance(statement, ast.For) and isinstance(statement.iter, ast.Name):
        if any(isinstance(n, _ENDING) for n in walk(statement)):
            return []
        each = getattr(statement.body[0], "value", None)
        given = each.args if isinstance(each, ast.Call) else []
        name = getattr(statement.target, "id", "")
        awaited = (v.value for v in (each, *given) if isinstance(v, ast.Await))
        waits = any(isinstance(v, ast.Name) and v.id == name for v in awaited)
        return [ast.Await(statement.iter)] if waits else []
    value = getattr(statement, "value", None)
    return list(value.elts) if isinstance(value, ast.Tuple) else [value] if value else []


def _method_call(statement: ast.stmt, method: str) -> ast.Call | None:
    """Return the call if *statement* is ``name.method(...)``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    named = call.func.attr == method and isinstance(call.func.value, ast.Name)
    return call if named else None


def _owner(call: ast.Call) -> ast.Name:
    owner: ast.Name = call.func.value  # type: ignore[attr-defined]
    return owner


def _given(call: ast.Call) -> bool:
    return bool(call.args or call.keywords)


def _is_plain_or_tuple(value: ast.expr) -> bool:
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    return all(is_plain(part) for part in parts)
