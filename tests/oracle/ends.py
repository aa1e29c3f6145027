"""Units in which the program ends, or its tracker is left, in a way of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import plain_set, set_arguments
from .calls import ai_call
from .source import Stmt, Suite
from .statements import work
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen


def end_in_sight(pen: Pen) -> Unit:
    """A function that ends the program, at its end or on a condition, without leaving a block."""
    pen.imports.add("import os")
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    scope = given.scope
    end = pen.pick(
        (
            "os._exit(0)",
            "os._exit(os.EX_SOFTWARE)",
            'os.execv("/bin/true", ["true"])',
            'os.execvp("true", ["true"])',
            "os.abort()",
        )
    )
    if end.startswith("os._") and pen.chance(50):
        table = pen.fresh("ENDS")
        pen.helper(table, [f'{table} = {{"now": os._exit, "later": print}}'])
        end = pen.pick((f'{table}["now"](0)', f'{table}.get("now")(0)', 'getattr(os, "_exit")(0)'))
    leaves = pen.chance(30)
    if leaves:
        stops = pen.fresh("stops")
        pen.helper(stops, [Suite(f"def {stops}():", [end])])
        end = f"{stops}()"
    body: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    body.append(f"tracker.set_tracking_context({set_arguments(pen, scope)})")
    body += ai_call(pen, scope, "tracker")
    body += work(pen, scope, 0, 1)
    flush: list[Stmt] = ["tracker.flush_metrics()"] if pen.chance(25) else []
    form = pen.pick(("last", "last", "if", "middle", "except"))
    if form == "if":
        body += [Suite(f"if {pen.pick([*scope.flags, 'True', 'not True'])}:", [*flush, end])]
        body += ai_call(pen, scope, "tracker")
    elif form == "except":
        risky: list[Stmt] = [*ai_call(pen, scope, "tracker"), f'{pen.use("boom")}("stop")']
        body += [Suite("try:", risky), Suite("except ValueError:", [*flush, end])]
    elif form == "middle":
        body += [*flush, end, *ai_call(pen, scope, "tracker")]
    else:
        body += [*flush, end]
    return Unit([Suite(given.header(name), body)], given.calls(name))


def match_arms(pen: Pen) -> Unit:
    """A function that sets ids in one arm of a match, and uses the tracker in others."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    scope = given.scope
    inner = scope.inner().inner()
    arms: list[Stmt] = []
    for case in ('"d1"', '"d2" | "d3"', "_"):
        body: list[Stmt] = [plain_set(pen, inner, "tracker")] if pen.chance(50) else []
        body += ai_call(pen, inner, "tracker") if pen.chance(70) else [pen.note()]
        arms.append(Suite(f"case {case}:", body))
    found: list[Stmt] = [f"tracker = {pen.tracker_class}()"]
    found += [plain_set(pen, scope, "tracker")] if pen.chance(40) else []
    found.append(Suite(f"match {pen.pick([*scope.names, '1'])}:", arms))
    found += ai_call(pen, scope, "tracker") if pen.chance(40) else []
    return Unit([Suite(given.header(name), found)], given.calls(name))
