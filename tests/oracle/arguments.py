"""Arguments of set calls and constructors, in all their forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .source import Suite

if TYPE_CHECKING:
    from .pen import Pen, Scope

Field = tuple[str, str]


def text(pen: Pen, scope: Scope, kind: str) -> str:
    """Return an expression for an id; *kind* names it."""
    form = pen.weighted(
        [
            (46, "literal"),
            (16, "name"),
            (8, "f-string"),
            (10, "effect"),
            (5, "doubtful"),
            (3, "conditional"),
            (3, "call"),
            (2, "none"),
            (2, "raises"),
            (2, "lookup"),
        ]
    )
    if form == "name" and scope.names:
        return pen.pick(scope.names)
    if form == "f-string" and scope.names:
        return f'f"{kind}-{{{pen.pick(scope.names)}}}"'
    if form == "effect":
        return pen.note()
    if form == "doubtful" and scope.doubtful:
        return pen.pick(scope.doubtful)
    if form == "conditional" and scope.flags:
        return f'"{kind}-c" if {pen.pick(scope.flags)} else None'
    if form == "call":
        return f"{pen.use('make_id')}()"
    if form == "none":
        return "None"
    if form == "raises":
        return f'{pen.use("flaky")}("{pen.fresh("f")}")'
    if form == "lookup":
        return f'{pen.use("settings")}.get("{pen.pick(("job", "missing"))}")'
    return f'"{pen.fresh(kind)}"'


def pull_request(pen: Pen, scope: Scope) -> str:
    """Return an expression for a pull request's number."""
    number = pen.number(1, 9)
    return f"{pen.use('note')}({number})" if pen.chance(20) else str(number)


def set_arguments(pen: Pen, scope: Scope) -> str:
    """Return the arguments of a set call."""
    shape = pen.weighted(
        [
            (54, ("job",)),
            (8, ("batch",)),
            (12, ("job", "batch")),
            (4, ("batch", "job")),
            (6, ("job", "pr")),
            (4, ("job", "user")),
            (2, ("user",)),
            (1, ("job", "batch", "pr", "user")),
            (1, ("user", "job")),
            (5, ("positional",)),
            (2, ("stars",)),
            (1, ("unknown",)),
            (1, ("empty",)),
        ]
    )
    if shape == ("positional",):
        values = [text(pen, scope, "job"), text(pen, scope, "batch"), pull_request(pen, scope)]
        count = pen.number(1, 3)
        rest = [f"user_id={text(pen, scope, 'user')}"] if pen.chance(10) else []
        return ", ".join(values[:count] + rest)
    if shape == ("stars",):
        pairs = f'{{"job_id": {text(pen, scope, "job")}}}'
        return pen.pick((f"**{pairs}", f"**{pairs}, batch_id={text(pen, scope, 'batch')}"))
    if shape == ("unknown",):
        return f"job_id={text(pen, scope, 'job')}, workflow={pen.note()}"
    if shape == ("empty",):
        return ""
    return ", ".join(keyword(pen, scope, kind) for kind in shape)


def keyword(pen: Pen, scope: Scope, kind: str) -> str:
    """Return one keyword argument."""
    if kind == "pr":
        return f"github_pr={pull_request(pen, scope)}"
    return f"{kind}_id={text(pen, scope, kind)}"


def plain_set(pen: Pen, scope: Scope, tracker: str) -> str:
    """Return a statement that sets ids of *tracker*."""
    form = pen.weighted([(92, "set"), (4, "older"), (2, "dict"), (1, "used"), (1, "semicolon")])
    if form == "older":
        return older_set(pen, scope, tracker)
    if form == "dict":
        return f'{tracker}.set_context({{"job_id": {text(pen, scope, "job")}}})'
    call = f"{tracker}.set_tracking_context({set_arguments(pen, scope)})"
    if form == "used":
        return f"{pen.fresh('unused')} = {call}"
    if form == "semicolon":
        return f"{pen.note()}; {call}"
    return call


def older_set(pen: Pen, scope: Scope, tracker: str) -> str:
    """Return a statement that sets ids by the older spelling, by keywords."""
    pen.kinds.add("older")
    kinds = pen.pick((("job",), ("job", "user"), ("user",), ("batch", "user"), ("job", "pr")))
    return f"{tracker}.set_context({', '.join(keyword(pen, scope, kind) for kind in kinds)})"


def construction(pen: Pen, scope: Scope) -> str:
    """Return an expression that builds a tracker."""
    name = pen.tracker_class
    form = pen.weighted(
        [
            (84, "plain"),
            (3, "user"),
            (2, "effect"),
            (2, "file"),
            (3, "environment"),
            (1, "made"),
            (2, "subclass"),
            (2, "factory"),
        ]
    )
    if form == "user":
        return f'{name}(user_id="{pen.fresh("user")}")'
    if form == "effect":
        return f"{name}(user_id={pen.note()})"
    if form == "file":
        return f"{name}(track_to_file=False)"
    if form == "environment":
        return f"{name}.create_for_environment()"
    if form == "made":
        made = Suite("def make_tracker():", [f"return {name}()"])
        return f"{pen.helper('make_tracker', [made])}()"
    if form == "subclass":
        return f"{pen.helper('Recorder', [Suite(f'class Recorder({name}):', ['pass'])])}()"
    if form == "factory":
        return f'{name}.create_for_environment(user_id="{pen.fresh("user")}")'
    return f"{name}()"
