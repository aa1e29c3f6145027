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
    name = pen.fresh("unit")
    scope = Scope(trackers=("outer",))
    ids = "".join(f", {keyword(pen, scope, kind)}" for kind in IDS if pen.chance(45))
    pen.contexts.add("ai_usage_context")
    made = f"tracker={pen.tracker_class}()"
    opened = Suite(f"with ai_usage_context('by_hand', {made}{ids}) as outer:")
    opened.body = ai_call(pen, scope, "outer") if pen.chance(50) else []
    form = pen.weighted([(40, _own), (30, _optional), (20, _only_with), (20, _caught)])
    opened.body += form(pen)
    opened.body += ai_call(pen, scope, "outer") if pen.chance(30) else []
    return Unit([Suite(f"def {name}():", [opened])], [f"{name}()"])


def _own(pen: Pen) -> list[Stmt]:
    """A function with a tracker of its own, which is set few ids or none."""
    name, scope = pen.fresh("greet"), Scope(trackers=("own",))
    body: list[Stmt] = [f"own = {pen.tracker_class}()", *_sets(pen, "own")]
    body += ai_call(pen, scope, "own")
    pen.helper(name, [Suite(f"def {name}():", body)])
    return [f"{name}()"]


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
