"""Units that call a handler of another file by what a third file has with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import keyword
from .calls import ai_call
from .pen import Scope
from .projects import write
from .source import Stmt, Suite
from .unit import Unit

if TYPE_CHECKING:
    from .pen import Pen

#: What the third file has, with ``{0}`` for the handler, and how it is called.
WAYS = (
    ("TABLE = {{'one': {0}}}", "steps.TABLE['one']()"),
    ("TABLE = []\nTABLE.append({0})", "[one() for one in steps.TABLE]"),
    ("from functools import partial\ngo = partial({0}, 1)", "steps.go()"),
    ("go = {0}", "steps.go()"),
    ("go = lambda: {0}()", "steps.go()"),
    ("class Steps:\n    go = staticmethod({0})", "steps.Steps.go()"),
    (
        "class Steps:\n    def go(self):\n        return {0}()\nsteps = Steps()",
        "steps.steps.go()",
    ),
    (
        "class Steps:\n    def __init__(self, one):\n        self.one = one\nheld = Steps({0})",
        "steps.held.one()",
    ),
    ("def go(one={0}):\n    return one()", "steps.go()"),
    (
        "def also(f):\n    def inner():\n        {0}()\n        return f()\n    return inner\n"
        "@also\ndef go():\n    return 1",
        "steps.go()",
    ),
    (
        "try:\n    from nowhere_at_all import go\nexcept ImportError:\n    go = {0}",
        "steps.go()",
    ),
    (
        "def __getattr__(name):\n    if name == 'go':\n        return {0}\n"
        "    raise AttributeError(name)",
        "steps.go()",
    ),
)


def held(pen: Pen) -> Unit:
    """A function with a tracker, in whose extent a handler with another one runs."""
    page = pen.page()
    handler, use = pen.fresh("greet"), pen.fresh("uses")
    own = Scope(trackers=("own",))
    body: list[Stmt] = ["own = AIUsageTracker()"]
    body += [f"own.set_tracking_context({keyword(page, own, pen.pick(('job', 'batch')))})"]
    body += ai_call(page, own, "own")
    write(pen, page, [Suite(f"def {handler}(*given):", [*body, "return 1"])], handler)
    has, call = pen.pick(WAYS)
    name = pen.fresh("steps")
    pen.files[f"{name}.py"] = f"from pkg.state import {handler}\n{has.format(handler)}\n"
    pen.imports.add(f"import {name}")
    scope = Scope(trackers=("tracker",))
    uses: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    uses += [f"tracker.set_tracking_context({keyword(pen, scope, 'job')})"]
    reached = name + call.removeprefix("steps") if call[0] != "[" else call.replace("steps", name)
    uses += [*ai_call(pen, scope, "tracker"), reached, *ai_call(pen, scope, "tracker")]
    return Unit([Suite(f"def {use}():", uses)], [f"{use}()"])
