"""Which loop of a block is the batch: the one whose body makes the AI calls of the tracker.

A loop that prints choices, or prepares the input, sends nothing, and what it goes
through says nothing about a batch.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.dataflow.call_graph import reachable
from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.dataflow.library_models.table import by_path, keeps
from codemods.analysis.dataflow.tainted_values import TaintedValues
from codemods.analysis.syntax.calls import arguments_of, client_calls, last_name
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from codemods.analysis.dataflow.taint_records import Flow
    from codemods.analysis.syntax.definitions import DataFlow
    from codemods.analysis.syntax.scopes import Binding

_COUNTING = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_REPEATING = (*_COUNTING, ast.While)
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
# In some rounds of a loop what they hold is not reached.
_CONDITIONS = (ast.If, ast.IfExp, ast.BoolOp, ast.match_case, ast.ExceptHandler)
_CUTS = (ast.Break, ast.Continue, ast.Return)
_LOOKING = ("print", "id", "len", "repr", "str", "type", "isinstance")
_RECORDING = (*words.RECORDING_DECORATORS, words.STORE_CALL)
_SILENT = frozenset((*words.TRACKER_METHODS, *words.CLIENT_WRAPPERS)).difference(_RECORDING)


@dataclass(frozen=True)
class Batch:
    """The loop that sends: the statement of the block that it is (in), and what it goes through.

    ``items`` is None where their number is not the number of what is sent: another loop
    is around this one or sends too, items may be left out, or they are waited for.
    """

    statement: ast.stmt
    items: ast.expr | None


class Sending:
    """Finds AI calls of a tracker, followed as *flow*, in pieces of code.

    *ours*: a block captures calls of bare clients too.  ``also`` are names of methods
    that make such calls, ``trackers`` the variables that hold this or another tracker.
    """

    def __init__(
        self,
        taint: DataFlow,
        flow: Flow,
        *,
        ours: bool,
        also: Collection[str] = (),
        trackers: Collection[Binding] = (),
    ) -> None:
        self._taint = taint
        self._tainted_values = TaintedValues(taint, flow)
        self._ours = ours
        self._also = also
        self._trackers = trackers

    def batch(self, body: Sequence[ast.stmt]) -> Batch | None:
        """Return the loop of a block over *body* that makes the tracker's calls, if any does."""
        found: dict[ast.AST, tuple[ast.stmt, int]] = {}
        # Where another tracker is near, what a bare client is asked may be that one's.
        bare = self._ours and not any(self._holds_another(n) for s in body for n in walk(s))
        for statement in body:
            for node, around in _work(statement, ()):
                loops = [one for one in around if isinstance(one, _COUNTING)]
                if loops and loops[-1] not in found and self._sends(node, bare=bare):
                    found[loops[-1]] = statement, len(around) + self._calls_inner(node)
        if not found:
            return None
        loop, (statement, depth) = next(iter(found.items()))
        certain = loop is statement or not hasattr(statement, "body")
        cut = any(isinstance(node, _CUTS) for node in walk(loop))
        alone = len(found) == 1 and depth == 1 and certain and not cut
        return Batch(statement, _items(loop) if alone else None)

    def _calls_inner(self, node: ast.AST) -> bool:
        """Whether *node* calls a function of this function that loops itself."""
        definition = self._taint.definition(node.func) if isinstance(node, ast.Call) else None
        if definition is None:
            return False
        around = definition.taint.module.ancestors(definition.node)
        inner = any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) for one in around)
        return inner and any(isinstance(one, _REPEATING) for one in walk(definition.node))

    def _sends(self, node: ast.AST, *, bare: bool) -> bool:
        """Whether *node* is a call that the tracker or its block records, or leads to one.

        *bare*: those of bare clients, which no other tracker is near to record, do.
        """
        if isinstance(node, ast.Attribute):
            return node.attr in self._also
        if not isinstance(node, ast.Call) or last_name(node.func) in _SILENT:
            return False
        if self._only_holds(node.func):
            return False
        if any(self._tainted_values.mentions(value) for value in arguments_of(node)):
            return not isinstance(node.func, ast.Name) or node.func.id not in _LOOKING
        if self._tainted_values.mentions(node.func):
            return True
        if not bare:
            return False
        reached = [found.node for found in reachable(self._taint, [node.func])]
        own = [ast.Call(node.func, [], [])]
        return any(any(client_calls(piece)) for piece in (*own, *reached))

    def _holds_another(self, node: ast.AST) -> bool:
        """Whether *node* is a variable that holds another tracker."""
        scopes = self._taint.scopes
        if not isinstance(node, ast.Name) or node not in scopes.scope_of:
            return False
        return scopes.of(node) in self._trackers and not self._tainted_values.mentions(node)

    def _only_holds(self, function: ast.expr) -> bool:
        """Whether *function* puts what it is given away, or into what it gives back."""
        if keeps(last_name(function)):
            return True
        models = map(by_path, self._taint.names.meaning(function).paths)
        return any(m is not None and m.effect in (Effect.HOLD, Effect.COPY) for m in models)


def _work(
    node: ast.AST, around: tuple[ast.AST, ...]
) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Yield the calls and attributes in *node*, each with the loops that repeat it."""
    if isinstance(node, _LATER):
        return
    if isinstance(node, ast.Call | ast.Attribute):
        yield node, around
    once: list[ast.AST] = []
    if isinstance(node, ast.For | ast.AsyncFor):
        once = [node.iter, *node.orelse]
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        once = [node.generators[0].iter]
    matters = isinstance(node, _REPEATING) or (around and isinstance(node, _CONDITIONS))
    inside = (*around, node) if matters else around
    for child in children(node):
        if isinstance(child, ast.comprehension):
            for part in children(child):
                yield from _work(part, around if part in once else inside)
        else:
            yield from _work(child, around if child in once else inside)


def _items(loop: ast.AST) -> ast.expr | None:
    if isinstance(loop, ast.For):
        return loop.iter
    parts: list[ast.comprehension] = getattr(loop, "generators", [])
    if len(parts) != 1 or parts[0].ifs or parts[0].is_async:
        return None
    return parts[0].iter
