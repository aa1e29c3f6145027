"""Units that set ids under conditions, twice, out of dictionaries, or later in a branch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .arguments import construction, set_arguments, text
from .calls import ai_call
from .lives import birth, ended
from .source import Stmt, Suite
from .statements import gap, work
from .unit import Unit, signature

if TYPE_CHECKING:
    from .pen import Pen, Scope


def chosen(pen: Pen) -> Unit:
    """A function whose tracker has ids by a run of set calls, and perhaps by later ones."""
    name = pen.fresh("unit")
    given = signature(pen, "async" if pen.chance(15) else "function")
    # Data and flag are there, so that something can be asked.
    scope = replace(given.scope, trackers=("tracker",), wild=0)
    body: list[Stmt] = ["results = []"] if scope.collects else []
    body += _birth(pen, scope)
    body += ai_call(pen, scope, "tracker") if pen.chance(8) else []
    for _ in range(pen.number(1, 3)):
        body += _configured(pen, scope)
        body += gap(pen, scope) if pen.chance(10) else []
    body += work(pen, scope, 1, 2)
    if pen.chance(40):
        body += _later(pen, scope)
        body += work(pen, scope, 1, 2)
    body += ended(pen, scope, "tracker")
    return Unit([Suite(given.header(name), body)], given.calls(name))


def _birth(pen: Pen, scope: Scope) -> list[Stmt]:
    if pen.chance(75):
        return birth(pen, scope, "tracker")
    plain = f"{pen.tracker_class}()"
    other = construction(pen, scope)
    one, two = (plain, other) if pen.chance(50) else (other, plain)
    test = _test(pen, scope)
    if pen.chance(60):
        two = "None" if pen.chance(5) else two
        return [f"tracker = {one} if {test} else {two}"]
    return [Suite(f"if {test}:", [f"tracker = {one}"]), Suite("else:", [f"tracker = {two}"])]


def _test(pen: Pen, scope: Scope) -> str:
    """Return a test: of a variable, of several, or one that does something."""
    names = [*scope.flags, *scope.names, *scope.doubtful]
    if not names:
        return pen.weighted([(3, "True"), (1, "False"), (1, f"{pen.note()} is None")])
    name = pen.pick(names)
    return pen.weighted(
        [
            (8, name),
            (3, f"not {name}"),
            (3, f"{name} is not None"),
            (2, f'{name} == "d1"'),
            (2, f"{name} and {pen.pick(names)}"),
            (2, f"{pen.note()} is None"),
            (1, f'{pen.use("settings")}.get("missing")'),
        ]
    )


def _configured(pen: Pen, scope: Scope) -> list[Stmt]:
    form = pen.weighted([(8, _plain), (8, _branch), (3, _match), (4, _spread), (2, _own)])
    return form(pen, scope)


def _set(pen: Pen, scope: Scope) -> str:
    """Return a set call of few ids, so that one is often given twice."""
    values = [*scope.names, *scope.doubtful, f'"{pen.fresh("id")}"', "None"]
    if pen.chance(70):
        key = pen.pick(("job_id", "user_id", "batch_id"))
        return f"tracker.set_tracking_context({key}={pen.pick(values)})"
    return f"tracker.set_tracking_context({set_arguments(pen, scope)})"


def _plain(pen: Pen, scope: Scope) -> list[Stmt]:
    return [_set(pen, scope)]


def _branch(pen: Pen, scope: Scope) -> list[Stmt]:
    found: list[Stmt] = [Suite(f"if {_test(pen, scope)}:", _body(pen, scope))]
    if pen.chance(20):
        found.append(Suite(f"elif {_test(pen, scope)}:", _body(pen, scope)))
    if pen.chance(50):
        found.append(Suite("else:", _body(pen, scope)))
    return found


def _body(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return what a branch does: it sets ids, or also something else."""
    found: list[Stmt] = [_set(pen, scope)]
    if pen.chance(15):
        found.append(_set(pen, scope))
    if pen.chance(15):
        found.append(Suite(f"if {_test(pen, scope)}:", [_set(pen, scope)]))
    other = pen.weighted([(85, ""), (5, pen.note()), (5, "pass"), (5, 'data = "changed"')])
    if other:
        found.insert(pen.number(0, 1), other)
    return found


def _match(pen: Pen, scope: Scope) -> list[Stmt]:
    subject = pen.pick([*scope.names, *scope.doubtful, '"d1"'])
    pattern = pen.pick(
        ('"d1"', '"d1" | "d2"', "None", "str() as found", f'"d2" if {_test(pen, scope)}')
    )
    cases: list[Stmt] = [Suite(f"case {pattern}:", _body(pen, scope))]
    if pen.chance(60):
        cases.append(Suite("case _:", _body(pen, scope)))
    return [Suite(f"match {subject}:", cases)]


def _spread(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return a set call that unpacks a dictionary, which something may have changed."""
    ids = pen.fresh("ids")
    keys = pen.pick((("job_id",), ("job_id", "batch_id"), ("batch_id", "user_id"), ("workflow",)))
    pairs = ", ".join(f'"{key}": {text(pen, scope, "v")}' for key in keys)
    found: list[Stmt] = [f"{ids} = {{{pairs}}}"]
    changed = pen.weighted(
        [
            (60, ""),
            (10, f"print(sorted({ids}))"),
            (10, f'{ids}["job_id"] = "changed"'),
            (5, f'{ids}.update(job_id="changed")'),
            (5, f"other = {ids}"),
            (5, f"{ids} = dict({ids})"),
        ]
    )
    found += [changed] if changed else []
    if changed.startswith("other"):
        found.append('other["job_id"] = "changed"')
    return [*found, f"tracker.set_tracking_context(**{ids})"]


def _own(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return a call that asks the tracker itself."""
    ask = pen.pick(("tracker", "tracker.current_job_id", "tracker.user_id"))
    return [Suite(f"if {ask}:", [_set(pen, scope)])]


def _later(pen: Pen, scope: Scope) -> list[Stmt]:
    """Return a set call behind the first uses, with an answer from before it perhaps."""
    inner = scope.inner()
    header = pen.weighted(
        [(6, f"if {_test(pen, scope)}:"), (1, "for turn in range(2):"), (1, "try:")]
    )
    body: list[Stmt] = [_set(pen, scope)]
    body += ai_call(pen, inner, "tracker") if pen.chance(30) else []
    found: list[Stmt] = [Suite(header, body)]
    if header == "try:":
        found.append(Suite("finally:", [pen.note()]))
    if pen.chance(25):
        pen.use("client")
        asked = f"early = client.chat.completions.create(model={pen.model()})"
        record: list[Stmt] = ["tracker.track_openai_completion(lambda: answer)()"]
        told = pen.helper("record", [Suite("def record(tracker, answer):", record)])
        late = f"{told}(tracker, early)"
        direct = "tracker.track_openai_completion(lambda: early)()"
        found = [asked, *found, late if pen.chance(50) else direct]
    return found
