"""Work that an ``await`` waits for, and what may have it go on behind that ``await``.

``asyncio.gather`` lets the others go on when one of its calls fails, and a thread or a
shielded call goes on when its ``await`` is cancelled.  What cancels in sight, such as a time
limit, is an escape; that nothing else does is assumed, and said.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.results import gives_out, waits_for_all
from codemods.analysis.dataflow.taint_records import Assumed, Escape
from codemods.analysis.syntax.calls import arguments_of, last_name, spelled_name

if TYPE_CHECKING:
    from codemods.analysis.dataflow.protocols import Pass

_GATHER = "asyncio.gather"
# Cancelling an ``await`` of these ends the wait, and not what it waits for.
_EXECUTOR = "asyncio.AbstractEventLoop.run_in_executor"
_WAIT = "asyncio.wait"
_GO_ON = ("asyncio.to_thread", "asyncio.shield", _EXECUTOR, _WAIT)
# What these are given begins with the call, and not with the ``await``.
_EAGER = (_GATHER, "asyncio.shield", _EXECUTOR)
_LIMIT = "asyncio.wait_for"
_DRIVERS = ("run_until_complete",)
_TIMEOUTS = frozenset(
    "asyncio.timeout asyncio.timeout_at asyncio.timeouts.timeout asyncio.timeouts.timeout_at "
    "async_timeout.timeout async_timeout.timeout_at anyio.fail_after anyio.move_on_after "
    "anyio.CancelScope".split()
)


class Awaiting:
    """Takes in the calls of one pass whose work is over when they have been awaited."""

    def __init__(self, run: Pass) -> None:
        self._run = run
        self._parents = run.module.parents

    def _path(self, function: ast.expr) -> str | None:
        known = self._run.taint.foreign.path(function)
        named = last_name(function) == _EXECUTOR.rpartition(".")[2]
        return _EXECUTOR if known is None and named else known

    def call(self, call: ast.Call) -> None:
        """Take in a call that was given the tracker, and is one of those that are awaited."""
        self._results(call)
        path = self._path(call.func)
        if path in _EAGER and not (self._is_awaited(call) or self._is_awaited_later(call)):
            self._escape(call, f"handed to {path}, which is not awaited here")
        elif path == _WAIT and not waits_for_all(call):
            self._escape(call, f"handed to {path}, which may return before all is over")
        elif path in _GO_ON or _abandons(call):
            if self._is_limited(call):
                self._escape(call, f"handed to {path}, which goes on behind its time limit")
            else:
                self._assume(f"nothing cancels {path} while its call goes on", call)
        elif path == _GATHER and _has_several(call) and not _collects(call):
            text = "none of the gathered calls fails while another goes on"
            self._assume(text, call)

    def begun(self, call: ast.Call) -> None:
        """Take in what *call* set going, which is over when the statements are."""
        self.task(call)
        self._results(call)

    def _results(self, call: ast.Call) -> None:
        if gives_out(self._run.taint, self._run.tainted_values, call):
            self._escape(call, f"handed to {spelled_name(call.func)}, whose result may hold it")

    def task(self, call: ast.Call) -> None:
        """Take in a task that is awaited further down: until then it must not be left alone."""
        if self._run.closings.is_left_alone(call):
            self._assume(
                f"nothing fails before what {self._path(call.func)} began is awaited", call
            )

    def _is_awaited(self, call: ast.AST) -> bool:
        """Whether *call* is awaited where it stands, perhaps by another call that waits for it."""
        parent = self._parents.get(call)
        if isinstance(parent, ast.Await):
            return True
        if not isinstance(parent, ast.Call) or call not in arguments_of(parent):
            return False
        if getattr(parent.func, "attr", "") in _DRIVERS:
            return True
        path = self._path(parent.func)
        return path in (_GATHER, _LIMIT, "asyncio.shield") and self._is_awaited(parent)

    def _is_awaited_later(self, call: ast.Call) -> bool:
        """Whether *call* has a variable that its suite awaits; until then it may be left alone."""
        awaited = self._run.closings.awaits(call)
        if awaited:
            self.task(call)
        return awaited

    def _is_limited(self, call: ast.AST) -> bool:
        """Whether a time limit in sight may end the wait for *call*, and not its work."""
        for around in self._run.module.ancestors(call):
            if isinstance(around, ast.Call) and self._path(around.func) == _LIMIT:
                return not _is_unlimited(around)
            items = around.items if isinstance(around, ast.With | ast.AsyncWith) else []
            entered = (item.context_expr for item in items)
            if any(isinstance(c, ast.Call) and self._path(c.func) in _TIMEOUTS for c in entered):
                return True
        return False

    def _assume(self, text: str, call: ast.Call) -> None:
        self._run.flow.assumed.append(Assumed(text, call))

    def _escape(self, call: ast.Call, how: str) -> None:
        self._run.flow.escapes.append(Escape(call, how))


def _abandons(call: ast.Call) -> bool:
    """Whether a thread of anyio or trio is left to itself when its ``await`` is cancelled."""
    names = ("abandon_on_cancel", "cancellable")
    given = [k.value for k in call.keywords if k.arg in names]
    return any(not isinstance(v, ast.Constant) or v.value is not False for v in given)


def _has_several(call: ast.Call) -> bool:
    return len(call.args) > 1 or any(isinstance(value, ast.Starred) for value in call.args)


def _collects(call: ast.Call) -> bool:
    """Whether exceptions are results like others, so that all calls come to their end."""
    values = [k.value for k in call.keywords if k.arg == "return_exceptions"]
    return any(isinstance(value, ast.Constant) and value.value is True for value in values)


def _is_unlimited(call: ast.Call) -> bool:
    limits = call.args[1:] or [k.value for k in call.keywords if k.arg == "timeout"]
    return bool(limits) and isinstance(limits[0], ast.Constant) and limits[0].value is None
