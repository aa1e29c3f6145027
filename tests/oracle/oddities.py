"""Units with pragmas, comments in every place, and rare syntax beside a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import set_arguments
from .calls import ai_call
from .source import Stmt, Suite
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen

PRAGMAS = (
    "# pragma: no cover",
    "# pragma: no cover (the service is not there in tests)",
    "# noqa: E501",
    "# type: ignore[arg-type]",
    "# nosec",
    "# pylint: disable=no-member",
    "# pylint: disable=no-member,not-callable",
)


def oddity(pen: Pen) -> Unit:
    """A function with a site, and something beside it that edits get wrong."""
    name = pen.fresh("unit")
    given = tame(pen, "tracker")
    scope = given.scope
    made = f"tracker = {pen.tracker_class}()"
    call = f"tracker.set_tracking_context({set_arguments(pen, scope)})"
    uses = ai_call(pen, scope, "tracker")
    odd = pen.weighted(
        [
            (35, _pragma),
            (20, _nested_comments),
            (20, _debug_field),
            (20, _same_name),
            (10, _annotated),
            (10, _unused_beside),
            (15, _cells),
        ]
    )
    definitions: list[Stmt] = []
    if odd is _pragma:
        call, made = _pragma(pen, call, made)
        body: list[Stmt] = [made, call, *uses]
    elif odd is _cells:
        marker = pen.pick(("# COMMAND ----------", "# <codecell>", "# In[1]:", "# +"))
        statements: list[Stmt] = ['data = "d1"', "flag = True", "items = []", "job = None"]
        statements += [made, call, *(pen.pick(([], [marker]))), *uses]
        return Unit([*statements, marker, *ai_call(pen, scope, "tracker"), marker])
    else:
        extra = odd(pen)
        at = pen.pick((0, 0, 1))
        body = [made, call, *uses]
        body[2 + at * len(uses) : 2 + at * len(uses)] = extra
    body += ai_call(pen, scope, "tracker") if pen.chance(50) else []
    return Unit([*definitions, Suite(given.header(name), body)], given.calls(name))


def _pragma(pen: Pen, call: str = "", made: str = "") -> tuple[str, str]:
    text = pen.pick(PRAGMAS)
    return (f"{call}  {text}", made) if pen.chance(70) else (call, f"{made}  {text}")


def _nested_comments(pen: Pen) -> list[Stmt]:
    """Comments at the ends of nested suites, and behind the last of them."""
    inner = Suite("if True:", [pen.note(), f"# {pen.fresh('last')} of the inner suite"])
    outer: list[Stmt] = [inner]
    outer += [f"# {pen.fresh('last')} of the outer suite"] if pen.chance(60) else []
    header = pen.pick(("if True:", "for _ in range(1):", f'with {pen.use("span")}("s"):'))
    return [Suite(header, outer), f"# {pen.fresh('behind')} both", pen.note()]


def _debug_field(pen: Pen) -> list[Stmt]:
    value = pen.fresh("v")
    depth = pen.pick(("    ", "    ", ""))
    return [f"{value} = 1", f'print(f"""{{\n{depth}{value} = \n{depth}}} of""")']


def _same_name(pen: Pen) -> list[Stmt]:
    name = pen.pick(("ai_usage_context", "ai_usage_context", "tracker", "batch_ai_usage_context"))
    return [f"print([{name} for {name} in (1, 2)])"]


def _annotated(pen: Pen) -> list[Stmt]:
    return [f"({pen.fresh('n')}): int = 3"]


def _unused_beside(pen: Pen) -> list[Stmt]:
    """Another tracker that nothing is asked with, built in a way of its own and flushed."""
    name = pen.fresh("idle")
    flush = Suite("finally:", [f"{name}.flush_metrics()"])
    return [f"{name} = {pen.tracker_class}()", Suite("try:", [pen.note()]), flush]


def _cells(pen: Pen) -> list[Stmt]:
    return []
