"""Lazy values that are gone through at once: what is left of them are their elements.

``list(each(texts, tracker))`` calls the tracker until it returns, and what it returns are
the answers.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from codemods.analysis.dataflow.library_models.rows import Effect
from codemods.analysis.syntax.calls import arguments_of, last_name
from codemods.analysis.syntax.effects import first_yield

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codemods.analysis.syntax.definitions import DataFlow

#: These go through all that they are given before they return.
_DRAINS = frozenset(
    f"builtins.{name}" for name in "list tuple set frozenset dict sorted min max".split()
) | {"heapq.nlargest", "heapq.nsmallest", "collections.deque", "collections.Counter"}
#: Methods of collections that do so, and what collections they are of.
_TAKING = frozenset({"extend", "extendleft", "update"})
_COLLECTIONS = ("builtins.", "collections.")
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_SAME_ELEMENTS = frozenset(
    f"builtins.{name}" for name in "enumerate zip reversed iter list tuple set sorted".split()
)
_MAPS = ("map", "builtins.map")
_LETTING = (Effect.COMPARE, Effect.HOLD, Effect.NOW)
_READING = frozenset({"get", "keys", "values", "items"})


class _Values(Protocol):
    """What is asked of the values themselves."""

    def tainted(self, node: ast.expr) -> bool: ...

    def calling(self, value: ast.expr) -> bool: ...

    def mentions(self, node: ast.AST) -> bool: ...


class Drained:
    """Answers for elements, where *values* answers for values as a whole."""

    def __init__(self, taint: DataFlow, values: _Values, asked: set[ast.AST]) -> None:
        self._taint = taint
        self._values = values
        #: What is being looked at: on the way through a circle no answer is kept.
        self._asked = asked

    def drains(self, function: ast.expr) -> bool:
        """Whether a call of *function* keeps nothing of a lazy argument but its elements."""
        return self._taint.foreign.path(function) in _DRAINS

    def takes_first(self, call: ast.Call, given: Sequence[ast.expr]) -> bool:
        """Whether *call* keeps an element of what it is *given*, a generator that ends with it.

        What the generator goes through holds nothing of the tracker, so it has nothing to close.
        """
        if self._taint.foreign.path(call.func) != "builtins.next" or len(given) != 1:
            return False
        made = given[0]
        if not isinstance(made, ast.GeneratorExp) or made is not call.args[0]:
            return False
        return not any(self._values.mentions(each.iter) for each in made.generators)

    def takes_elements(self, call: ast.Call) -> bool:
        """Whether *call* puts elements into a collection one by one, none of them tainted."""
        method = call.func
        if not isinstance(method, ast.Attribute) or method.attr not in _TAKING or call.keywords:
            return False
        path = self._taint.foreign.class_path(method.value) or ""
        shown = isinstance(self._taint.followed(method.value), _DISPLAYS)
        if not shown and not path.startswith(_COLLECTIONS):
            return False
        return not any(map(self.element_tainted, call.args))

    def element_tainted(self, value: ast.expr) -> bool:
        """Whether what *value* gives, when it is gone through, may hold the tracker."""
        made = self._taint.followed(value)
        if isinstance(made, ast.GeneratorExp):
            return self._values.tainted(made.elt)
        if not isinstance(made, ast.Call):
            return self._values.tainted(value)
        path = self._taint.foreign.path(made.func)
        if path in _SAME_ELEMENTS:
            return any(self.element_tainted(v) for v in arguments_of(made) if self._holds(v))
        if path in _MAPS or self._maps_in_pool(made):
            first, *others = [*made.args, *(k.value for k in made.keywords)] or [made]
            return any(map(self._holds, others)) or self._values.calling(first)
        definition = self._taint.known(made.func)
        if definition is not None and isinstance(definition.node, ast.FunctionDef):
            # What it would yield of the tracker is taken in where it is called.
            return first_yield(definition.node.body) is None and self._values.tainted(value)
        return self._values.tainted(value)

    def _holds(self, value: ast.expr) -> bool:
        return self._values.tainted(value)

    def _maps_in_pool(self, call: ast.Call) -> bool:
        path = self._taint.foreign.path(call.func) or ""
        return last_name(call.func) == "map" and path.startswith("concurrent.futures.")

    def looks_up_plain(self, node: ast.Subscript) -> bool:
        """Whether *node* gives a value of a dictionary whose keys alone hold the tracker."""
        made = self._taint.followed(node.value)
        if made in self._asked:
            return True  # what its own values take out of it adds nothing to them
        _, values = self._entries(node.value)
        if not values:
            return False
        self._asked.add(made)
        try:
            return not any(map(self._holds, values))
        finally:
            self._asked.discard(made)

    def parts(self, items: ast.expr) -> list[bool] | None:
        """Return which parts of each pair that *items* gives may hold the tracker.

        None where it is not known to give pairs, or tuples, of separate things.
        """
        if not isinstance(items, ast.Call) or any(isinstance(a, ast.Starred) for a in items.args):
            return None
        path = self._taint.foreign.path(items.func)
        if path == "builtins.zip":
            return [self._holds(one) and self.element_tainted(one) for one in items.args]
        if path == "builtins.enumerate" and items.args:
            return [False, self._holds(items.args[0]) and self.element_tainted(items.args[0])]
        if isinstance(items.func, ast.Attribute) and items.func.attr == "items":
            keys, values = self._entries(items.func.value)
            return [any(map(self._holds, keys)), any(map(self._holds, values))] if keys else None
        return None

    def _entries(self, name: ast.expr) -> tuple[list[ast.expr], list[ast.expr]]:
        """Return the keys and values of the dictionary that *name* is, if it stays so."""
        made = self._taint.followed(name)
        if not isinstance(name, ast.Name) or made is name:
            return [], []
        keys, values = list[ast.expr](), list[ast.expr]()
        if isinstance(made, ast.DictComp):
            keys, values = [made.key], [made.value]
        elif isinstance(made, ast.Dict):
            keys, values = [key for key in made.keys if key is not None], made.values
        whole = len(keys) == len(values) and isinstance(made, ast.Dict | ast.DictComp)
        for load in self._taint.scopes.of(name).loads:
            stored = self._stored(load)
            if stored is not None:
                keys, values = [*keys, stored[0]], [*values, stored[1]]
            elif not self._only_reads(load):
                return [], []
        return (keys, values) if whole else ([], [])

    def _stored(self, load: ast.Name) -> tuple[ast.expr, ast.expr] | None:
        """Return key and value of ``name[key] = value``, if *load* is the name."""
        target = self._taint.module.parents[load]
        made = self._taint.module.parents[target]
        alone = isinstance(made, ast.Assign) and made.targets == [target]
        if not alone or not isinstance(target, ast.Subscript) or target.value is not load:
            return None
        return target.slice, made.value  # type: ignore[attr-defined]

    def _only_reads(self, load: ast.Name) -> bool:
        parent = self._taint.module.parents[load]
        if isinstance(parent, ast.Subscript):
            return isinstance(parent.ctx, ast.Load)
        if isinstance(parent, ast.Attribute):
            return parent.attr in _READING
        if isinstance(parent, ast.Call):
            # Functions that are not known may put something in.
            model = self._taint.foreign.model(parent.func)
            return model is not None and not model.by_name and model.effect in _LETTING
        return isinstance(parent, ast.For | ast.comprehension) and parent.iter is load
