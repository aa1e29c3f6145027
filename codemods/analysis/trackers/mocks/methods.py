"""Where a program puts something else in the place of the tracker's methods, or looks at it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import calls_named, last_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from codemods.analysis.syntax.names import Names
    from codemods.analysis.syntax.parsed_module import ParsedModule

# What a rewrite calls more often, less often, or at another time.
_TOUCHED = frozenset(
    (
        words.SET_CALL,
        words.OLDER_SET_CALL,
        words.FLUSH_CALL,
        words.STORE_CALL,
        words.BATCH_MODE_CALL,
    )
)
_NAMES = tuple(_TOUCHED)
_LOOKUPS = ("hasattr", "getattr")
_PUTTING = ("setattr", "object")
_MULTIPLE = "multiple"
_EVERY = ("mock_calls", "method_calls", "assert_has_calls", "assert_any_call")
_NEVER = ("assert_not_called", "assert_not_awaited")
_ANSWERS = ("side_effect", "wraps")
_LOOKS = ("assert_", "call", "called", "mock_calls", "method_calls", "await_", "awaited")


def replaced_method(module: ParsedModule, names: Names) -> ast.AST | None:
    """Return the place where the module replaces, by name or by assignment, such a method.

    A dotted text counts where it names the class (``patch("package.Class.method")``), a
    plain one beside the class or a variable (``patch.object(tracker, "method")``), and
    wherever the module replaces what it computes the name of.
    """
    found: set[ast.AST] = {
        node
        for node in module.every(ast.Attribute)
        if node.attr in _TOUCHED and isinstance(node.ctx, ast.Store) and _is_class(names, node)
    }
    texts = [n for n in module.every(ast.Constant) if _says_method(n.value)]
    computes = bool(texts) and any(map(_computes_name, calls_named(module.tree, _PUTTING)))
    found.update(n for n in texts if _names_method(module, n, computes=computes))
    multiple = calls_named(module.tree, (_MULTIPLE,))
    found.update(n for n in multiple if any(k.arg in _TOUCHED for k in n.keywords))
    return next((node for node in module.nodes if node in found), None) if found else None


def _is_class(names: Names, method: ast.Attribute) -> bool:
    """Whether *method* is one of the class, by whatever module that is found."""
    named = last_name(method.value) == words.TRACKER_CLASS
    return named or names.tracker_class(method.value) is not None


def _computes_name(call: ast.Call) -> bool:
    """Whether *call*, which replaces an attribute, does not spell its name."""
    return len(call.args) > 1 and not isinstance(call.args[1], ast.Constant)


def _says_method(value: object) -> bool:
    """Whether *value* is a text that ends in the name of such a method."""
    return isinstance(value, str) and value.endswith(_NAMES) and _last(value) in _TOUCHED


def _last(text: str) -> str:
    return text.rpartition(".")[2]


def _names_method(module: ParsedModule, text: ast.Constant, *, computes: bool) -> bool:
    """Whether *text* names such a method: of the class, or of an object beside it."""
    owner, dot, method = str(text.value).rpartition(".")
    if not dot:
        own = method != words.OLDER_SET_CALL  # which is a name of others, too
        return _beside(module, text) or (computes and own and not _is_looked_up(module, text))
    return _last(owner) == words.TRACKER_CLASS


def _is_looked_up(module: ParsedModule, text: ast.Constant) -> bool:
    call = module.parents[text]
    return isinstance(call, ast.Call) and last_name(call.func) in _LOOKUPS


def _beside(module: ParsedModule, text: ast.Constant) -> bool:
    """Whether *text* is the second argument of a call that is given an object first."""
    call = module.parents[text]
    if not isinstance(call, ast.Call) or text not in call.args[1:2]:
        return False
    if isinstance(call.func, ast.Name) and call.func.id in _LOOKUPS:
        return False
    return isinstance(call.args[0], (ast.Name, ast.Attribute))


def inspected_set_calls(module: ParsedModule) -> list[ast.Attribute]:
    """Return every look at what a double was asked, as ``double.set_call.assert_called_once``."""
    return [
        node
        for node in module.every(ast.Attribute)
        if node.attr.startswith(_LOOKS)
        and isinstance(node.value, ast.Attribute)
        and (
            node.value.attr == words.SET_CALL
            or (node.value.attr == words.OLDER_SET_CALL and _names_ids(module, node))
        )
    ]


def _names_ids(module: ParsedModule, look: ast.Attribute) -> bool:
    """Whether a look at the older name is about ids by keyword; with a dict it is today's."""
    around = module.parents[look]
    keywords = around.keywords if isinstance(around, ast.Call) else []
    if isinstance(around, ast.Attribute):
        around = module.parents[around]  # call_args.kwargs["job_id"]
    keys = [around.slice] if isinstance(around, ast.Subscript) else []
    named = {k.arg for k in keywords} | {k.value for k in keys if isinstance(k, ast.Constant)}
    return not named.isdisjoint(words.SET_PARAMETERS)


def asked_methods(module: ParsedModule, methods: Collection[str]) -> Iterator[ast.AST]:
    """Yield where the module asks a double how *methods* were called, or has one answer for them.

    All that it was asked is asked for together, too; a text names what a mock has, or is given.
    """
    for node in module.every(ast.Attribute):
        around = module.parents[node]
        if node.attr in methods:
            is_put = isinstance(node.ctx, ast.Store)
            if is_put or (isinstance(around, ast.Attribute) and _is_asked(around)):
                yield node
        elif node.attr in _EVERY:
            yield node
    for text in module.every(ast.Constant):
        if isinstance(text.value, str) and text.value.partition(".")[0] in methods:
            yield text


def _is_asked(look: ast.Attribute) -> bool:
    if look.attr in _NEVER:
        return False  # what is no longer called, was not
    return look.attr.startswith(_LOOKS) or (
        look.attr in _ANSWERS and isinstance(look.ctx, ast.Store)
    )
