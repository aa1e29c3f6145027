"""Places where a block is not left: what ends the process at once, and loops without an end.

A call stores its metric when it is made; in a block it is stored when the block
is left.  What ends the process in between loses it: no ``finally`` runs there.
``sys.exit`` is an exception like others, and leaves the block.  A service that loops
until somebody ends it would store nothing all its life.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.callees.heirs import in_place_of_none, of_heirs
from codemods.analysis.dataflow.deferred.callbacks import calls_unknown, handed_on, is_unknown
from codemods.analysis.dataflow.held_values import given_to, held_elsewhere, held_in
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.syntax.definitions import DataFlow, Resolved
    from codemods.analysis.syntax.scopes import Binding

# docs.python.org/3/library/os.html: these never return, and call no cleanup handlers.
_ENDS = frozenset(
    "os._exit os.abort os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp "
    "os.execvpe posix._exit posix.abort posix.execv posix.execve nt._exit nt.abort".split()
)
_MODULES = frozenset({"os", "posix", "nt"})
# These names are nobody else's.
_TELLING = frozenset(path.partition(".")[2] for path in _ENDS if not path.endswith(".abort"))
_WHOLE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_KILLS = frozenset({"os.kill", "os.killpg"})
_RAISES = frozenset({"signal.raise_signal", "signal.pthread_kill"})
_OWN_IDS = frozenset({"os.getpid", "os.getpgid", "os.getpgrp"})
_PROCESS = frozenset({"psutil.Process", "multiprocessing.current_process"})
# Signals that become an exception, or only pause.
_MILD = frozenset("SIGINT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGWINCH SIGURG".split())
_UNSTOPPABLE = frozenset({"SIGKILL", "SIGABRT"})
_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit"})
_WITHOUT_END = frozenset({"itertools.count", "itertools.cycle"})
# Handlers that are there for who ends the program, and foresee no end of the loop's own.
_BY_SIGNAL = frozenset({"KeyboardInterrupt", "SystemExit", "CancelledError", "GeneratorExit"})
_LOOPS = (ast.While, ast.For, ast.AsyncFor)
_LEAVES = (ast.Return, ast.Yield, ast.YieldFrom)


def ending(taint: DataFlow, statements: Iterable[ast.AST]) -> ast.AST | None:
    """Return a node of *statements* that ends the process, or leads to what does."""
    listed = list(statements)
    for statement in listed:
        for node in walk(statement):
            if _ends(taint, node) or _leads_there(taint, node):
                return node
    if taint.once(ends_handed_on) and calls_unknown(taint, listed):
        calls = [n for one in listed for n in walk(one) if isinstance(n, ast.Call)]
        return next((call for call in calls if is_unknown(taint, call)), calls[0])
    return None


def endless(taint: DataFlow, statements: Iterable[ast.AST]) -> ast.AST | None:
    """Return what in *statements* never comes to its end: a loop, or the call of a function."""
    for statement in statements:
        for node in _own(statement):
            if isinstance(node, _LOOPS):
                if node in taint.once(_endless_loops):
                    return node
            elif isinstance(node, ast.Call) and _never_returns(taint, node):
                return node
    return None


def _never_returns(taint: DataFlow, call: ast.Call) -> bool:
    """Whether *call* waits for a function in sight that loops without an end."""
    found = taint.definition(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else None
    if found is None or not found.taint.once(_endless_loops):
        return False
    if isinstance(found.node, ast.AsyncFunctionDef):
        parent = taint.module.parents.get(call)
        run = isinstance(parent, ast.Call) and taint.foreign.path(parent.func) == "asyncio.run"
        if not run and not isinstance(parent, ast.Await):
            return False  # a task, which somebody may cancel
    return found.node in found.taint.once(_endless_functions)


def _endless_loops(taint: DataFlow) -> frozenset[ast.AST]:
    """Return the loops of the module that nothing of their own ends, but those of generators."""
    loops: list[ast.AST] = [
        loop
        for loop in taint.module.every(ast.While)
        if isinstance(loop.test, ast.Constant) and loop.test.value
    ]
    loops += [loop for loop in taint.module.every(ast.For) if _has_no_end(taint, loop.iter)]
    return frozenset(loop for loop in loops if not _is_left(taint, loop))


def _has_no_end(taint: DataFlow, items: ast.expr) -> bool:
    return isinstance(items, ast.Call) and taint.foreign.path(items.func) in _WITHOUT_END


def _is_left(taint: DataFlow, loop: ast.AST) -> bool:
    """Whether the program foresees that *loop* is left, or goes on step by step."""
    for node in _own(loop):
        if isinstance(node, _LEAVES):
            return True
        if isinstance(node, ast.Break):
            if taint.module.enclosing_loop(node) is loop:
                return True
        elif isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if raised is not None and last_name(raised) == "SystemExit":
                return True
        elif isinstance(node, ast.Call) and taint.foreign.path(node.func) in _EXITS:
            return True
    return _is_caught(taint, loop)


def _is_caught(taint: DataFlow, loop: ast.AST) -> bool:
    """Whether an exception that ends *loop* is foreseen around it, in its function."""
    inside: ast.AST = loop
    for outer in taint.module.ancestors(loop):
        if isinstance(outer, _WHOLE):
            return False
        if isinstance(outer, ast.Try | ast.TryStar) and inside in outer.body:
            if not all(_is_of_a_signal(handler) for handler in outer.handlers):
                return True
        elif isinstance(outer, ast.With | ast.AsyncWith):
            paths = (
                taint.foreign.path(i.context_expr.func)
                for i in outer.items
                if isinstance(i.context_expr, ast.Call)
            )
            if "contextlib.suppress" in paths:
                return True
        inside = outer
    return False


def _is_of_a_signal(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(kind is not None and last_name(kind) in _BY_SIGNAL for kind in kinds)


def _endless_functions(taint: DataFlow) -> frozenset[ast.AST]:
    """Return the functions of the module that have such a loop, and those that wait for one."""
    loops = taint.once(_endless_loops)
    around = (taint.module.function_around(loop) for loop in loops)
    found: set[ast.AST] = {function for function in around if function is not None}
    waiting = list(found)
    while waiting:
        function = waiting.pop()
        for name in taint.module.called(getattr(function, "name", "")):
            caller = taint.module.function_around(name)
            definition = taint.definition(name)
            if caller is None or caller in found or definition is None:
                continue
            call = taint.module.parents.get(name)
            statement = taint.module.parents.get(call) if call is not None else None
            plain = isinstance(statement, ast.Expr) and statement in caller.body
            if plain and definition.node is function and isinstance(function, ast.FunctionDef):
                found.add(caller)
                waiting.append(caller)
    return frozenset(found)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield *node* and what is inside of it, without the functions that are made there."""
    waiting = [] if isinstance(node, _WHOLE) else [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(part for part in children(one) if not isinstance(part, _WHOLE))


def _leads_there(taint: DataFlow, name: ast.AST) -> bool:
    """Whether what *name* is, or what that names in turn, ends the process."""
    # What was reached, with whose it is and what led there.
    seen: dict[ast.AST, tuple[DataFlow, ast.AST | None]] = {}
    variables: dict[Binding, DataFlow] = {}
    waiting: list[tuple[DataFlow, ast.AST, ast.AST | None]]
    waiting = [(home, root, None) for home, root in _behind(taint, name, variables)]
    while waiting:
        home, root, source = waiting.pop()
        if root in seen or root in home.harmless:
            continue
        seen[root] = home, source
        if root in home.deadly:
            _note_deadly(seen, root)
            return True
        for node in walk(root) if isinstance(root, _WHOLE) else held_in(root):
            if _ends(home, node):
                _note_deadly(seen, root)
                return True
            waiting.extend((there, one, root) for there, one in _behind(home, node, variables))
    # All that can be reached from here was looked at: none of it needs a second look.
    for root, (home, _) in seen.items():
        home.harmless.add(root)
    for variable, home in variables.items():
        home.harmless.add(variable)
    return False


def _note_deadly(
    seen: dict[ast.AST, tuple[DataFlow, ast.AST | None]], last: ast.AST | None
) -> None:
    """Note that *last*, and all that led there, leads to an end of the process."""
    while last is not None:
        home, source = seen[last]
        home.deadly.add(last)
        last = source


def _behind(
    taint: DataFlow, name: ast.AST, variables: dict[Binding, DataFlow]
) -> Iterator[tuple[DataFlow, ast.AST]]:
    """Yield the functions and the values that *name* may stand for.

    *variables* are those whose values were yielded, each with the module that it is in: these, and
    harmless ones, have none to look at.
    """
    if not isinstance(name, ast.Name | ast.Attribute) or isinstance(name.ctx, ast.Store):
        return
    found = list(_named(taint, name))
    yield from ((one.taint, one.node) for one in found)
    if found:
        return
    yield from held_elsewhere(taint, name)
    variable = taint.scopes.of(name) if name in taint.scopes.scope_of else None  # type: ignore[arg-type]
    if variable is None or variable in taint.harmless or variable in variables:
        return
    variables[variable] = taint
    yield from given_to(taint, variable)


def _named(taint: DataFlow, name: ast.Name | ast.Attribute) -> Iterator[Resolved]:
    around = taint.module.parents[name]
    if isinstance(around, ast.Call) and around.func is name:
        yield from of_heirs(taint, name)
        yield from in_place_of_none(taint, name)
    definition = taint.definition(name)
    if definition is not None:
        yield definition
        return
    yield from taint.overrides(name)
    owner = taint.class_of(name)
    if owner is not None:
        yield from owner.methods()


def ends_handed_on(taint: DataFlow) -> set[ast.AST]:
    """Return what the module hands on as a value, and ends the process when it is called."""
    if not any(word in taint.module.source.text for word in ("_exit", "exec", "abort", "kill")):
        return set()
    handed = {one for one in handed_on(taint) if one in taint.scopes.inner}
    found = {one for one in handed if any(_ends(taint, node) for node in walk(one))}
    mentions = (*taint.module.every(ast.Name), *taint.module.every(ast.Attribute))
    for node in mentions:
        parent = taint.module.parents.get(node)
        called = isinstance(parent, ast.Call) and parent.func is node
        if not called and _ends(taint, node):
            found.add(node)
    return found


def _ends(taint: DataFlow, node: ast.AST) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        path = taint.foreign.path(taint.followed(node))
        return path in _ENDS or _is_telling(taint, node)
    if isinstance(node, ast.Subscript):  # vars(os)["_exit"]
        key = taint.followed(node.slice)
        if isinstance(key, ast.Constant):
            return key.value in _TELLING
        return _is_namespace(taint, node.value)
    return isinstance(node, ast.Call) and (_signals(taint, node) or _is_named(taint, node))


def _is_telling(taint: DataFlow, node: ast.Name | ast.Attribute) -> bool:
    """Whether *node* has the name of such a function, of a module that is found at run time."""
    if not isinstance(node, ast.Attribute) or node.attr not in _TELLING:
        return False
    found = isinstance(node.value, ast.Call | ast.Subscript)
    return found and taint.definition(node) is None


def _is_namespace(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* is ``vars(os)`` or ``os.__dict__``."""
    value = taint.followed(value)
    if isinstance(value, ast.Call) and last_name(value.func) == "vars" and value.args:
        return taint.foreign.path(value.args[0]) in _MODULES
    if isinstance(value, ast.Attribute) and value.attr == "__dict__":
        return taint.foreign.path(value.value) in _MODULES
    return False


def _is_named(taint: DataFlow, call: ast.Call) -> bool:
    """Whether *call* is ``getattr(os, "_exit")``, or a command that kills this process."""
    if last_name(call.func) == "getattr" and len(call.args) > 1:
        name = taint.followed(call.args[1])
        module = taint.foreign.path(call.args[0])
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            return f"{module}.{name.value}" in _ENDS
        return module in _MODULES
    if (taint.foreign.path(call.func) or "").partition(".")[0] not in ("os", "subprocess"):
        return False
    texts = [n.value for n in walk(call) if isinstance(n, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    kills = any("kill" in word for word in words)
    return kills and any(isinstance(n, ast.Call) and _is_own(taint, n) for n in walk(call))


def _signals(taint: DataFlow, call: ast.Call) -> bool:
    """Whether *call* sends this process a signal that ends it."""
    path = taint.foreign.path(taint.followed(call.func))
    if path in _KILLS and len(call.args) == 2:
        return _is_own(taint, call.args[0]) and _is_fatal(taint, call.args[1])
    if path in _RAISES and call.args:
        return _is_fatal(taint, call.args[-1])
    if last_name(call.func) not in ("kill", "terminate", "send_signal"):
        return False
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    made = owner is not None and taint.foreign.class_path(owner) in _PROCESS
    return made and isinstance(owner, ast.Call) and _is_this_process(taint, owner)


def _is_this_process(taint: DataFlow, made: ast.Call) -> bool:
    return not made.args or _is_own(taint, made.args[0])


def _is_own(taint: DataFlow, value: ast.expr) -> bool:
    """Whether *value* is the number of this process, or of its group."""
    value = taint.followed(value)
    if isinstance(value, ast.Constant):
        return value.value == 0
    return isinstance(value, ast.Call) and taint.foreign.path(value.func) in _OWN_IDS


def _is_fatal(taint: DataFlow, signal: ast.expr) -> bool:
    """Whether a signal ends a process that handles none but those that this module mentions."""
    value = taint.followed(signal)
    if isinstance(value, ast.Constant):
        return value.value not in (0, 2, 17, 18, 19)
    name = last_name(value)
    if name in _UNSTOPPABLE or not name.startswith("SIG"):
        return True
    return name not in _MILD and not _is_handled(taint)


def _is_handled(taint: DataFlow) -> bool:
    calls = taint.module.every(ast.Call)
    return any(taint.foreign.path(call.func) == "signal.signal" for call in calls)
