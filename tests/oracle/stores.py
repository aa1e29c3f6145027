"""Units whose tracker writes to a store that the program reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arguments import set_arguments
from .calls import ai_call
from .source import Stmt, Suite, render
from .statements import work
from .unit import Unit, tame

if TYPE_CHECKING:
    from .pen import Pen, Scope


@dataclass(frozen=True)
class Store:
    """A store: what makes it, the tracker's arguments, how it is read, and what follows.

    ``value`` is an expression that reads it.
    """

    before: list[Stmt]
    arguments: str
    reads: tuple[str, ...]
    value: str
    after: tuple[str, ...] = ()
    tracker_class: str = ""


def read_back(pen: Pen) -> Unit:
    """A function that reads the store of its tracker: before, between and behind the calls."""
    name = pen.fresh("unit")
    # No event loop waits for a store: what a coroutine sees is certain behind a flush only.
    waits = not pen.chance(15)
    given = tame(pen, "tracker", kind="function" if waits else "async")
    scope = given.scope
    forms = [(30, _mock), (20, _own_class), (15, _foreign), (10, _replaced), (15, _default)]
    forms.append((12, _of_another_file))
    if not scope.is_async:
        # In an event loop nobody waits for a file.
        forms.append((10, _log_file))
    form = pen.weighted(forms)
    store = form(pen)
    shared = bool(store.before) and pen.chance(20)
    body: list[Stmt] = [] if shared else [*store.before]
    kind = store.tracker_class or pen.tracker_class
    body += [f"tracker = {kind}({store.arguments})", *store.after]
    body += [pen.pick(store.reads)] if pen.chance(20) and form is not _default else []
    body.append(f"tracker.set_tracking_context({set_arguments(pen, scope)})")
    body += _uses_and_reads(pen, scope, store, flushed=form is _default, waits=waits)
    if pen.chance(35) and form is not _default:
        flush = [] if waits else ["tracker.flush_metrics()"]
        body += [*ai_call(pen, scope, "tracker"), *flush, f"return {store.value}"]
    definition = Suite(given.header(name), body)
    return Unit([*(store.before if shared else []), definition], given.calls(name))


def _uses_and_reads(
    pen: Pen, scope: Scope, store: Store, *, flushed: bool, waits: bool
) -> list[Stmt]:
    """Return calls with reads in between; those of the *flushed* kind come after a flush.

    Where a recording does not wait for its store (*waits*), every read comes after one.
    """
    found: list[Stmt] = []
    for left in range(pen.number(1, 3), 0, -1):
        found += work(pen, scope, 1, 1) if pen.chance(20) else ai_call(pen, scope, "tracker")
        if pen.chance(60) or left == 1:
            flush = pen.chance(25) or not waits or (flushed and left > 1)
            found += ["tracker.flush_metrics()"] if flush else []
            found.append(_read(pen, store))
    return found


def _read(pen: Pen, store: Store) -> Stmt:
    read = pen.pick(store.reads)
    form = pen.weighted([(80, "plain"), (10, "loop"), (10, "if")])
    if form == "loop":
        return Suite(f"for {pen.fresh('time')} in range(2):", [read])
    if form == "if":
        return Suite("if True:", [read])
    return read


def _mock(pen: Pen) -> Store:
    pen.imports.add("from unittest.mock import MagicMock")
    name = pen.fresh("dynamo")
    put = f"{name}.put_ai_usage_metric"
    reads = (
        f"{put}.assert_called()",
        f"print({put}.call_count)",
        f"assert {put}.call_count == {pen.number(1, 2)}",
        f"print({put}.call_args.args[0].job_id)",
        f"print([call.args[0].model for call in {put}.call_args_list])",
    )
    value = pen.pick((f"{put}.call_count", f"{put}.called"))
    return Store([f"{name} = MagicMock()"], f"dynamo_client={name}", reads, value)


def _own_class(pen: Pen) -> Store:
    kind, name = pen.fresh("Table"), pen.fresh("table")
    init = Suite("def __init__(self):", ["self.rows = []"])
    method = pen.pick(("put_ai_usage_metric", "put_item"))
    if method == "put_item":
        put = Suite("def put_item(self, TableName, Item):", ["self.rows.append(len(self.rows))"])
    else:
        put = Suite("def put_ai_usage_metric(self, metric):", ["self.rows.append(metric.model)"])
    pen.helper(kind, [Suite(f"class {kind}:", [init, put])])
    seen = pen.fresh("seen")
    look = Suite(f"def {seen}(table):", ["print(table.rows)", "return table.rows"])
    pen.helper(seen, [look])
    reads = (f"print({name}.rows)", f"{seen}({name})", f"assert len({name}.rows) > 0")
    value = pen.pick((f"len({name}.rows)", f"{name}.rows[:]"))
    return Store([f"{name} = {kind}()"], f"dynamo_client={name}", reads, value)


def _foreign(pen: Pen) -> Store:
    name = pen.fresh("store")
    reads = (f"print({name}.models)", f"{name}.show()", f"print(len({name}.models))")
    made = f"{name} = {pen.use('Store')}()"
    return Store(
        [made],
        f"dynamo_client={name}",
        reads,
        pen.pick((f"list({name}.models)", f"{name}.models[:]")),
    )


def _of_another_file(pen: Pen) -> Store:
    """A store that another file makes, and counts."""
    module, table, count = pen.fresh("stores"), pen.fresh("TABLE"), pen.fresh("count")
    init = Suite("def __init__(self):", ["self.rows = []"])
    put = Suite("def put_ai_usage_metric(self, metric):", ["self.rows.append(metric.model)"])
    made: list[Stmt] = [Suite("class Table:", [init, put]), f"{table} = Table()"]
    counted = Suite(f"def {count}():", [f"return len({table}.rows)"])
    pen.files[f"{module}.py"] = render([*made, counted])
    pen.imports.add(f"from {module} import {count}, {table}")
    reads = (f"print({count}())", f"print({table}.rows)", f"assert {count}() > 0")
    return Store([], f"dynamo_client={table}", reads, f"{count}()")


def _log_file(pen: Pen) -> Store:
    name = pen.fresh("path")
    reads = (f"print(len(open({name}).readlines()))", f"{pen.use('show_file')}({name})")
    made = f"{name} = {pen.use('new_file')}()"
    value = f"len(open({name}).readlines())"
    return Store([made], f"track_to_file=True, log_file={name}", reads, value)


def _replaced(pen: Pen) -> Store:
    name = pen.fresh("kept")
    reads = (f"print({name})", f"print(len({name}))")
    value = pen.pick((f"list({name})", f"{name}[:]"))
    keep = f"{name}.append(metric.model)"
    form = pen.pick(("attribute", "subclass", "patch"))
    if form == "subclass":
        kind = pen.fresh("Keeping")
        method = Suite("def _store_metric(self, metric):", [keep])
        body = Suite(f"class {kind}({pen.tracker_class}):", [method])
        pen.helper(kind, [f"{name} = []", body])
        return Store([], "", reads, value, tracker_class=kind)
    keep = f"lambda metric: {keep}"
    if form == "patch":
        pen.imports.add("from unittest import mock")
        started = f'mock.patch.object(tracker, "_store_metric", {keep}).start()'
        return Store([f"{name} = []"], "", reads, value, (started,))
    replaced = (f"tracker._store_metric = {keep}",)
    return Store([f"{name} = []"], "", reads, value, replaced)


def _default(pen: Pen) -> Store:
    """The store of all trackers without one of their own."""
    value = f"{pen.use('stored')}()"
    return Store([], "", (f"print({value})",), value)
