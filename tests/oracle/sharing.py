"""Units whose trackers are one object where several seem to be built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import keyword
from .calls import ai_call
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen


def shared_instance(pen: Pen) -> Unit:
    """Two functions build a tracker of a subclass that hands out one object, or one state."""
    kind = pen.fresh("Shared")
    form = pen.weighted(
        [(35, _new), (25, _metaclass), (20, _state), (10, _inherited), (10, _elsewhere)]
    )
    setup = form(pen, kind)
    definitions, calls = list(setup), []
    for index in range(2):
        name = pen.fresh("unit")
        given = tame(pen, "tracker")
        body: list[Stmt] = [f"tracker = {kind}()"]
        which = pen.pick(("job", "batch", "pr")) if index else "job"
        if not index or pen.chance(70):
            ids = keyword(pen, given.scope, which)
            body.append(f"tracker.set_tracking_context({ids})")
        body += ai_call(pen, given.scope, "tracker")
        definitions.append(Suite(given.header(name), body))
        calls += given.calls(name)
    return Unit(definitions, calls)


def _new(pen: Pen, kind: str) -> list[Stmt]:
    first = Suite(
        "if cls.only is None:", ["cls.only = super().__new__(cls)", "cls.only.ready = False"]
    )
    new = Suite("def __new__(cls):", [first, "return cls.only"])
    once = Suite("if not self.ready:", ["super().__init__()", "self.ready = True"])
    init = Suite("def __init__(self):", [once])
    return [Suite(f"class {kind}({pen.tracker_class}):", ["only = None", new, init])]


def _metaclass(pen: Pen, kind: str) -> list[Stmt]:
    meta = pen.fresh("Single")
    first = Suite("if cls not in cls.made:", ["cls.made[cls] = super().__call__()"])
    call = Suite("def __call__(cls):", [first, "return cls.made[cls]"])
    setup: list[Stmt] = [Suite(f"class {meta}(type):", ["made = {}", call])]
    return [*setup, Suite(f"class {kind}({pen.tracker_class}, metaclass={meta}):", ["pass"])]


def _state(pen: Pen, kind: str) -> list[Stmt]:
    once = Suite("if not self.state:", ["super().__init__()"])
    init = Suite("def __init__(self):", ["self.__dict__ = self.state", once])
    return [Suite(f"class {kind}({pen.tracker_class}):", ["state = {}", init])]


def _inherited(pen: Pen, kind: str) -> list[Stmt]:
    """The class that shares is a base, and not the one that is built."""
    base = pen.fresh("Base")
    return [*_new(pen, base), Suite(f"class {kind}({base}):", ["pass"])]


def _elsewhere(pen: Pen, kind: str) -> list[Stmt]:
    """A foreign class beside the tracker's decides what is made."""
    pen.use("Singleton")
    return [Suite(f"class {kind}(Singleton, {pen.tracker_class}):", ["pass"])]
