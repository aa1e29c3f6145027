"""Places that end the process at once: no ``finally`` runs there, and no block is left.

A call stores its metric when it is made; in a block it is stored when the block
is left.  What ends the process in between loses it.  ``sys.exit`` is an exception
like others, and leaves the block.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.dataflow.deferred.callbacks import calls_unknown, handed_on, is_unknown
from codemods.analysis.dataflow.held_values import given_to, held_elsewhere, held_in
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import walk

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
