"""Places that end the process at once: no ``finally`` runs there, and no block is left.

A call stores its metric when it is made; in a block it is stored when the block
is left.  What ends the process in between loses it.  ``sys.exit`` is an exception
like others, and leaves the block.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods.analysis.calls import last_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codemods.analysis.resolved import Resolved
    from codemods.analysis.taint import Taint

# docs.python.org/3/library/os.html: these never return, and call no cleanup handlers.
_ENDS = frozenset(
    "os._exit os.abort os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp "
    "os.execvpe posix._exit posix.abort posix.execv posix.execve nt._exit nt.abort".split()
)
_KILLS = frozenset({"os.kill", "os.killpg"})
_RAISES = frozenset({"signal.raise_signal", "signal.pthread_kill"})
_OWN_IDS = frozenset({"os.getpid", "os.getpgid", "os.getpgrp"})
_PROCESS = frozenset({"psutil.Process", "multiprocessing.current_process"})
# Signals that become an exception, or only pause.
_MILD = frozenset("SIGINT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGWINCH SIGURG".split())
_UNSTOPPABLE = frozenset({"SIGKILL", "SIGABRT"})


def ending(taint: Taint, statements: Iterable[ast.AST]) -> ast.AST | None:
    """Return a node of *statements* that ends the process, or leads to what does."""
    for statement in statements:
        for node in ast.walk(statement):
            if _ends(taint, node):
                return node
            if isinstance(node, ast.Name | ast.Attribute) and _leads_there(taint, node):
                return node
    return None


def _leads_there(taint: Taint, name: ast.Name | ast.Attribute) -> bool:
    """Whether a function that *name* is, or one that it calls in turn, ends the process."""
    seen: set[ast.AST] = set()
    waiting = list(_named(taint, name))
    while waiting:
        one = waiting.pop()
        if one.node in seen or one.node in one.taint.harmless:
            continue
        seen.add(one.node)
        for statement in one.node.body:
            for node in ast.walk(statement):
                if _ends(one.taint, node):
                    return True
                if isinstance(node, ast.Name | ast.Attribute):
                    waiting.extend(_named(one.taint, node))
    # All that can be reached from here was looked at: none of it needs a second look.
    taint.harmless.update(seen)
    return False


def _named(taint: Taint, name: ast.Name | ast.Attribute) -> Iterator[Resolved]:
    definition = taint.definition(name)
    if definition is not None:
        yield definition
        return
    yield from taint.overrides(name)
    owner = taint.class_of(name)
    if owner is not None:
        yield from owner.methods()


def _ends(taint: Taint, node: ast.AST) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return taint.foreign.path(taint.followed(node)) in _ENDS
    return isinstance(node, ast.Call) and (_signals(taint, node) or _is_named(taint, node))


def _is_named(taint: Taint, call: ast.Call) -> bool:
    """Whether *call* is ``getattr(os, "_exit")``, or a command that kills this process."""
    texts = [n.value for n in ast.walk(call) if isinstance(n, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    if last_name(call.func) == "getattr" and len(call.args) > 1:
        return f"{taint.foreign.path(call.args[0])}.{words[0] if words else ''}" in _ENDS
    if (taint.foreign.path(call.func) or "").partition(".")[0] not in ("os", "subprocess"):
        return False
    kills = any("kill" in word for word in words)
    return kills and any(isinstance(n, ast.Call) and _is_own(taint, n) for n in ast.walk(call))


def _signals(taint: Taint, call: ast.Call) -> bool:
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


def _is_this_process(taint: Taint, made: ast.Call) -> bool:
    return not made.args or _is_own(taint, made.args[0])


def _is_own(taint: Taint, value: ast.expr) -> bool:
    """Whether *value* is the number of this process, or of its group."""
    value = taint.followed(value)
    if isinstance(value, ast.Constant):
        return value.value == 0
    return isinstance(value, ast.Call) and taint.foreign.path(value.func) in _OWN_IDS


def _is_fatal(taint: Taint, signal: ast.expr) -> bool:
    """Whether a signal ends a process that handles none but those that this module mentions."""
    value = taint.followed(signal)
    if isinstance(value, ast.Constant):
        return value.value not in (0, 2, 17, 18, 19)
    name = last_name(value)
    if name in _UNSTOPPABLE or not name.startswith("SIG"):
        return True
    return name not in _MILD and not _is_handled(taint)


def _is_handled(taint: Taint) -> bool:
    calls = taint.module.every(ast.Call)
    return any(taint.foreign.path(call.func) == "signal.signal" for call in calls)
