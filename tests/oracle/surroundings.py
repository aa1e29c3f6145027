"""Units that call, in a context written by hand, what may have a tracker of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import keyword
from .calls import ai_call
from .pen import Scope
from .source import Stmt, Suite
from .unit import Unit

if TYPE_CHECKING:
    from .pen import Pen

IDS = ("job", "batch", "pr")


def surrounded(pen: Pen) -> Unit:
    """A context written by hand, and in it a call that does not get the context's tracker."""
    if pen.chance(12):
        return _in_a_decorator(pen)
    name = pen.fresh("unit")
    scope = Scope(trackers=("outer",))
    opened = Suite(_opening(pen, scope))
    opened.body = ai_call(pen, scope, "outer") if pen.chance(50) else []
    form = pen.weighted(
        [(40, _own), (30, _optional), (20, _only_with), (20, _caught), (15, _registered)]
    )
    opened.body += form(pen)
    opened.body += ai_call(pen, scope, "outer") if pen.chance(30) else []
    return Unit([Suite(f"def {name}():", [opened])], [f"{name}()"])


def _opening(pen: Pen, scope: Scope) -> str:
    """Return the head of a block in a context: one by name, or by a manager of the program's."""
    ids = "".join(f", {keyword(pen, scope, kind)}" for kind in IDS if pen.chance(45))
    pen.contexts.add("ai_usage_context")
    made = f"tracker={pen.tracker_class}()"
    opening = f"with ai_usage_context('by_hand', {made}{ids}) as outer:"
    if not pen.chance(25):
        return opening
    pen.imports.add("import contextlib")
    manager = pen.fresh("managed")
    body: list[Stmt] = [Suite(opening, ["yield outer"])]
    pen.helper(manager, ["@contextlib.contextmanager", Suite(f"def {manager}():", body)])
    return f"with {manager}() as outer:"


def _in_a_decorator(pen: Pen) -> Unit:
    """A decorator that runs its function in a context; the function has its own tracker."""
    served = pen.fresh("served")
    opened = Suite(_opening(pen, Scope()), ["return function()"])
    inside = Suite("def inside():", [opened])
    pen.helper(served, [Suite(f"def {served}(function):", [inside, "return inside"])])
    name = pen.fresh("greet")
    return Unit([f"@{served}", _greeting(pen, name)], [f"{name}()"])


def _own(pen: Pen) -> list[Stmt]:
    """A function with a tracker of its own, which is set few ids or none."""
    name = pen.fresh("greet")
    pen.helper(name, [_greeting(pen, name)])
    return [f"{name}()"]


def _registered(pen: Pen) -> list[Stmt]:
    """The same, found in a table into which a decorator has put it."""
    name = pen.fresh("greet")
    put: list[Stmt] = ["HANDLERS[handler.__name__] = handler", "return handler"]
    pen.helper("HANDLERS", ["HANDLERS = {}", Suite("def register_in(handler):", put)])
    pen.helper(name, ["@register_in", _greeting(pen, name)])
    return [f'HANDLERS["{name}"]()']


def _greeting(pen: Pen, name: str) -> Suite:
    scope = Scope(trackers=("own",))
    body: list[Stmt] = [f"own = {pen.tracker_class}()", *_sets(pen, "own")]
    return Suite(f"def {name}():", [*body, *ai_call(pen, scope, "own")])


def _optional(pen: Pen) -> list[Stmt]:
    """A function that builds a tracker where it is given none."""
    name, scope = pen.fresh("step"), Scope(trackers=("tracker",))
    build: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    build += _sets(pen, "tracker")
    body: list[Stmt] = [Suite("if tracker is None:", build), *ai_call(pen, scope, "tracker")]
    pen.helper(name, [Suite(f"def {name}(tracker=None):", body)])
    return [f"{name}()"]


def _only_with(pen: Pen) -> list[Stmt]:
    """A function that does something else, or the same, where it has a tracker."""
    name, scope = pen.fresh("step"), Scope(trackers=("tracker",))
    other = pen.pick(([], [pen.note()], ["print('with a tracker')"]))
    body: list[Stmt] = [Suite("if tracker is not None:", [*ai_call(pen, scope, "tracker"), *other])]
    body += [pen.note()] if pen.chance(50) else []
    pen.helper(name, [Suite(f"def {name}(tracker=None):", body)])
    return [f"{name}()"]


def _caught(pen: Pen) -> list[Stmt]:
    """A function that uses the tracker which it is not given, and catches what comes of it."""
    name, scope = pen.fresh("step"), Scope(trackers=("tracker",))
    caught = Suite("except AttributeError:", ["print('no tracker')"])
    body: list[Stmt] = [Suite("try:", ai_call(pen, scope, "tracker")), caught]
    pen.helper(name, [Suite(f"def {name}(tracker=None):", body)])
    return [f"{name}()"]


def _sets(pen: Pen, tracker: str) -> list[Stmt]:
    ids = ", ".join(keyword(pen, Scope(), kind) for kind in IDS if pen.chance(35))
    return [f"{tracker}.set_tracking_context({ids})"] if ids else []
