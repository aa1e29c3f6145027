"""What the validator recognises in plain trees: constructions, set calls, headers, removable calls.

Written apart from the rules on purpose: it must notice their mistakes.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.scopes import visible
from codemods.validator.walk import children, every

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


#: Ends what stands for a call that gives a tracker.
CALLED = "()"


class Difference(Exception):
    """The two programs differ: at ``line`` of the rewritten file, or of the original one."""

    def __init__(self, message: str, node: ast.AST | None = None) -> None:
        super().__init__(message)
        self.line = getattr(node, "lineno", 0)


@dataclass(frozen=True)
class Managed:
    """Local names of the API objects in one file."""

    classes: frozenset[str]
    managers: dict[str, str]


@dataclass(frozen=True)
class NewBlock:
    """The header of a context manager, taken apart in the order of evaluation."""

    manager: str
    tracker: ast.expr | None
    target: str | None
    fields: tuple[tuple[str, ast.expr], ...]
    count: ast.expr | None
    plain_before_tracker: bool


def same_context(old: NewBlock | None, new: NewBlock) -> bool:
    """Whether *new* is the context *old* of the original, and none that the rewrite put around."""
    return old is not None and (old.manager, old.target) == (new.manager, new.target)


# Asked of both trees of a file, of what differs in them and of all of it.
@lru_cache(maxsize=4)
def managed(tree: ast.Module) -> Managed:
    """Return the names under which *tree* imports, or could star-import, the API."""
    classes = {words.TRACKER_CLASS}
    managers = {name: name for name in words.CONTEXT_MANAGERS}
    for node in every(tree, ast.ImportFrom):
        for alias in node.names:
            if alias.name == words.TRACKER_CLASS:
                classes.add(alias.asname or alias.name)
            if alias.name in words.CONTEXT_MANAGERS:
                managers[alias.asname or alias.name] = alias.name
    return Managed(frozenset(classes), managers)


def last_name(expression: ast.expr) -> str:
    """Return the last name of a dotted expression."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def imported_names(tree: ast.AST, names: Collection[str]) -> frozenset[str]:
    """Return *names*, and the other ones under which *tree* imports them."""
    aliases = (n for n in ast.walk(tree) if isinstance(n, ast.alias))
    return frozenset(names).union(a.asname for a in aliases if a.asname and a.name in names)


def construction(statement: ast.AST, names: Managed) -> tuple[str, ast.Call] | None:
    """Return (variable, call) if *statement* builds a tracker without arguments."""
    target: ast.expr | None = None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    value = getattr(statement, "value", None)
    if not isinstance(target, ast.Name) or not isinstance(value, ast.Call):
        return None
    if value.args or value.keywords or last_name(value.func) not in names.classes:
        return None
    return target.id, value


def set_call(statement: ast.AST) -> tuple[str, tuple[tuple[str, ast.expr], ...]] | None:
    """Return (variable, fields) if *statement* sets ids on a variable; literal None is left out."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    call = statement.value
    if not isinstance(call.func, ast.Attribute) or not dotted(call.func.value):
        return None
    if call.func.attr not in (words.SET_CALL, words.OLDER_SET_CALL):
        return None
    named = all(keyword.arg in words.SET_PARAMETERS for keyword in call.keywords)
    if call.func.attr == words.OLDER_SET_CALL and (call.args or not named):
        return None
    fields = [*zip(words.SET_PARAMETERS, call.args, strict=False)]
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        fields.append((keyword.arg, keyword.value))
    certain = tuple(
        (k, v) for k, v in fields if not (isinstance(v, ast.Constant) and v.value is None)
    )
    return dotted(call.func.value), certain


def is_todays(statement: ast.AST) -> bool:
    """Whether a set call is written as runtimes that have contexts take it."""
    call = getattr(statement, "value", None)
    return isinstance(call, ast.Call) and last_name(call.func) == words.SET_CALL


def dotted(expression: ast.AST | None) -> str:
    """Return a variable, or a field of one, as it is written; an empty text for anything else.

    What is called without arguments may give a tracker, too: then its call stands for that.
    """
    if isinstance(expression, ast.Call):
        name = last_name(expression.func)
        builds = name[:1].isupper() or name == words.FACTORY
        if builds or expression.args or expression.keywords:
            return ""
        return f"{dotted(expression.func)}{CALLED}" if dotted(expression.func) else ""
    if isinstance(expression, (ast.Attribute, ast.Subscript)) and isinstance(
        expression.value, ast.Name | ast.Attribute | ast.Subscript
    ):
        around = dotted(expression.value)
        if isinstance(expression, ast.Attribute):
            return f"{around}.{expression.attr}" if around else ""
        key = expression.slice
        return f"{around}[{key.value!r}]" if around and isinstance(key, ast.Constant) else ""
    return expression.id if isinstance(expression, ast.Name) else ""


def context_header(statement: ast.AST, names: Managed) -> NewBlock | None:
    """Return the header of *statement* if it is a ``with`` of one context manager."""
    if not isinstance(statement, (ast.With, ast.AsyncWith)) or len(statement.items) != 1:
        return None
    item = statement.items[0]
    call = item.context_expr
    if not isinstance(call, ast.Call):
        return None
    manager = names.managers.get(last_name(call.func))
    if manager is None:
        return None
    target = item.optional_vars
    if target is not None and not isinstance(target, ast.Name):
        return None
    return _taken_apart(manager, call, target.id if target else None)


def _taken_apart(manager: str, call: ast.Call, target: str | None) -> NewBlock | None:
    fields: list[tuple[str, ast.expr]] = []
    first = words.BATCH if manager == words.BATCH_CONTEXT else words.OPERATION_ARGUMENT
    if len(call.args) > 1 or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    pairs = [(first, value) for value in call.args]
    pairs += [(k.arg, k.value) for k in call.keywords if k.arg is not None]
    if len(pairs) < len(call.args) + len(call.keywords):
        return None
    tracker = count = None
    plain = True
    for name, value in pairs:
        if name == words.TRACKER_ARGUMENT:
            tracker = value
            plain = all(is_plain(v) for _, v in fields)
        elif name == words.COUNT_ARGUMENT:
            count = value
        elif name != words.OPERATION_ARGUMENT:
            fields.append((name, value))
        elif not isinstance(value, ast.Constant):
            return None
    return NewBlock(manager, tracker, target, tuple(fields), count, plain)


def is_plain(value: ast.expr) -> bool:
    """Whether *value* is a constant, a name, or a text made of those."""
    if isinstance(value, ast.JoinedStr):
        return all(is_plain(part) for part in value.values)
    if isinstance(value, ast.FormattedValue):
        return value.format_spec is None and is_plain(value.value)
    return isinstance(value, ast.Constant | ast.Name)


def flush_of(statement: ast.AST) -> str | None:
    """Return the variable whose metrics *statement* flushes, if that is all it does."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    call = statement.value
    if call.args or call.keywords or not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr != words.FLUSH_CALL or not isinstance(call.func.value, ast.Name):
        return None
    return call.func.value.id


def replay_of(statement: ast.AST) -> tuple[str, str] | None:
    """Return (tracker, result) if *statement* is ``tracker.track_x(lambda: result)()``."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    inner = statement.value.func
    if statement.value.args or statement.value.keywords or not isinstance(inner, ast.Call):
        return None
    function = inner.func
    if not isinstance(function, ast.Attribute) or function.attr not in words.REPLAYS:
        return None
    if not dotted(function.value) or len(inner.args) != 1 or inner.keywords:
        return None
    given = inner.args[0]
    if isinstance(given, ast.Lambda) and isinstance(given.body, ast.Name) and not given.args.args:
        return dotted(function.value), given.body.id
    return None


def made_by_client(name: str, statements: list[ast.stmt]) -> bool:
    """Whether *name* is bound once in *statements*, by a call that looks like a client's."""
    bound = [
        node
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]
    for statement in statements:
        if isinstance(statement, ast.Assign) and len(bound) == 1 and statement.targets == bound:
            value = statement.value
            value = value.value if isinstance(value, ast.Await) else value
            return isinstance(value, ast.Call) and last_name(value.func) in ("create", "parse")
    return False


def mentions(node: ast.AST, name: str) -> bool:
    """Whether *node* uses the variable or field *name* anywhere."""
    root = name.removesuffix(CALLED).partition(".")[0].partition("[")[0]
    return any(dotted(n) == name for n in visible(node, root))


def bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the statement lists directly below *node*."""
    for field in ("body", "orelse", "finalbody"):
        value = getattr(node, field, None)
        if isinstance(value, list):
            yield value
    for field in ("handlers", "cases"):
        for clause in getattr(node, field, ()):
            yield clause.body


_OWN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def yields(statements: list[ast.stmt]) -> bool:
    """Whether *statements* hand control away, inner functions left out."""
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, _OWN):
            waiting.extend(children(node))
    return False


def last_tracker(header: NewBlock) -> str:
    """Return the variable that a header takes as its tracker, or an empty text."""
    return dotted(header.tracker)


def block_trackers(tree: ast.Module, names: Managed) -> set[str]:
    """Return the variables that some context of *tree* gives or takes as its tracker."""
    blocks = [*every(tree, ast.With), *every(tree, ast.AsyncWith)]
    headers = (context_header(block, names) for block in blocks)
    pairs = ((h.target, last_tracker(h)) for h in headers if h is not None)
    return {name for pair in pairs for name in pair if name}


def is_step(block: ast.With, header: NewBlock) -> bool:
    """Whether *block* holds one statement, sets no ids, and leaves the outer tracker alone."""
    if header.fields or header.count or len(block.body) != 1:
        return False
    return not mentions(block.body[0], last_tracker(header))


def shell(node: ast.AST) -> list[object]:
    """Return the parts of *node* outside of its suites."""
    inner = ("body", "orelse", "finalbody") if isinstance(node, ast.stmt) else ("body",)
    parts: list[object] = []
    for field in node._fields:
        value = getattr(node, field, None)
        if field in ("handlers", "cases"):
            parts.extend(shell(clause) for clause in value or [])
        elif not (field in inner and isinstance(value, list)):
            parts.append(value)
    return parts


def imports_api(statement: ast.stmt) -> bool:
    """Whether *statement* imports the legacy class, its module or a context manager."""
    if not isinstance(statement, ast.ImportFrom):
        return False
    return any(_is_managed(alias) for alias in statement.names)


def _is_managed(alias: ast.alias) -> bool:
    return alias.name in (words.TRACKER_CLASS, words.TRACKER_MODULE, *words.CONTEXT_MANAGERS)


def other_names(statement: ast.stmt) -> list[str]:
    """Return what a managed import imports beside the API."""
    if not isinstance(statement, ast.ImportFrom):
        return []
    others = [_named(alias) for alias in statement.names if not _is_managed(alias)]
    where = f"{statement.level}:{statement.module}"
    return [where, *others] if others else []


def takes_place(before: ast.stmt, after: ast.stmt) -> bool:
    """Whether the import *after* stands where *before* imported the API, other names the same."""
    if not imports_api(before) or not isinstance(after, ast.ImportFrom):
        return False
    others = other_names(before)
    if not others:
        return imports_api(after) and not other_names(after)
    if others != other_names(after):
        raise Difference("an import of something else changed", after)
    return True


def _named(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}"


def is_extended(before: ast.stmt, after: ast.stmt) -> bool:
    """Whether *after* is the import *before* with nothing but names of the API added."""
    if not isinstance(before, ast.ImportFrom) or imports_api(before):
        return False
    where = f"{before.level}:{before.module}"
    return other_names(after) == [where, *map(_named, before.names)]


_EVALUATED = (ast.Call, ast.keyword, ast.Tuple, ast.List, ast.UnaryOp, ast.BinOp, ast.Attribute)


def bound_anew(statement: ast.stmt) -> list[str]:
    """Return the variables that *statement* gives a value that has nothing to do with them."""
    if isinstance(statement, ast.Expr):
        return _bound_in_passing(statement.value)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    unpacked = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    bound = [t.id for t in unpacked if isinstance(t, ast.Name)]
    return [name for name in bound if not mentions(statement.value, name)]


def _bound_in_passing(value: ast.expr) -> list[str]:
    """Return what ``:=`` surely binds where *value* is evaluated, and nothing else in it names."""
    found: list[ast.NamedExpr] = []
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.NamedExpr):
            found.append(node)
        elif isinstance(node, _EVALUATED) or (isinstance(node, ast.Compare) and len(node.ops) == 1):
            waiting.extend(ast.iter_child_nodes(node))
    names = [node.id for node in ast.walk(value) if isinstance(node, ast.Name)]
    return [node.target.id for node in found if names.count(node.target.id) == 1]


def is_end(left: Sequence[ast.stmt]) -> bool:
    """Whether nothing is *left* of a block but a return that calls nothing."""
    if not left:
        return True
    quiet = not any(isinstance(n, ast.Call | ast.Await) for n in ast.walk(left[0]))
    return len(left) == 1 and isinstance(left[0], ast.Return) and quiet
