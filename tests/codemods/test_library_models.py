"""The table of what well-known functions do with an argument, against the functions themselves."""

from __future__ import annotations

import asyncio
import atexit
import collections
import concurrent.futures
import contextlib
import contextvars
import copy
import functools
import gc
import importlib
import itertools
import queue
import sched
import threading
import timeit
import types
import weakref
from typing import TYPE_CHECKING, Any

from many_cases import each_of

from codemods.analysis.dataflow.deferred import telling_names
from codemods.analysis.dataflow.library_models import foreign, standard
from codemods.analysis.dataflow.library_models import table as library
from codemods.analysis.dataflow.library_models.rows import Effect

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD = sorted({n for row in standard.ROWS for n in row.names.split() if n[0] != "."})
ROWS = (*standard.ROWS, *foreign.ROWS)
# Packages that a row speaks of although the interpreter does not have them.
OTHERS = {"typing_extensions", "tkinter"}


class Probe:
    """Something to give away: it can be called, awaited for, and seen to be let go."""

    calls = 0

    def __call__(self, *_: object) -> int:
        """Count the call."""
        type(self).calls += 1
        return 0


def resolved(path: str) -> object:
    """Return what *path* names."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise AssertionError(path)


@each_of("path", [p for p in STANDARD if p.partition(".")[0] not in OTHERS])
def test_names_of_the_standard_library_exist(path: str) -> None:
    """Each qualified name is one that the interpreter has on some version, or a whole module."""
    if path.endswith(".*"):
        importlib.import_module(path[:-2])
        return
    later_versions = {"copy.replace", "warnings.deprecated", "typing.override"}
    if path in later_versions:
        return
    assert callable(resolved(path)) or path.endswith("sentinel")


def test_each_row_has_a_source_and_new_names() -> None:
    """A row says where it is written, and no name stands in two rows with two effects."""
    seen: dict[str, Effect] = {}
    for row in ROWS:
        assert row.source
        for name in row.names.split():
            assert seen.setdefault(name, row.effect) is row.effect, name


@each_of(
    "package",
    "fastapi starlette celery apscheduler schedule rq threading concurrent asyncio anyio "
    "multiprocessing functools contextlib atexit signal weakref queue logging pytest unittest "
    "builtins itertools trio tenacity dramatiq huey dask pandas django flask".split(),
)
def test_well_known_packages_are_there(package: str) -> None:
    """The table knows something of each of them."""
    assert any(name.partition(".")[0] == package for name in library.names())


def _with_pool(probe: Probe) -> object:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(probe).result()


def _awaited(make: Callable[[Any], Any]) -> Callable[[Probe], object]:
    async def work(probe: Probe) -> object:
        return probe()

    async def main(probe: Probe) -> object:
        return await make(work(probe))

    return lambda probe: asyncio.run(main(probe))


async def _to_thread(probe: Probe) -> object:
    return await asyncio.to_thread(probe)


NOW: dict[str, Callable[[Probe], object]] = {
    "functools.reduce": lambda p: functools.reduce(p, [1, 2]),
    "builtins.sorted key": lambda p: sorted([2, 1], key=p),
    "builtins.min key": lambda p: min([2, 1], key=p),
    "builtins.max key": lambda p: max([2, 1], key=p),
    "list.sort": lambda p: [2, 1].sort(key=p),
    "contextvars.Context.run": lambda p: contextvars.copy_context().run(p),
    "timeit.timeit": lambda p: timeit.timeit(p, number=1),
    "asyncio.to_thread": lambda p: asyncio.run(_to_thread(p)),
    "asyncio.gather": _awaited(asyncio.gather),
    "asyncio.shield": _awaited(asyncio.shield),
    "asyncio.wait_for": _awaited(lambda c: asyncio.wait_for(c, 10)),
    "with a pool": _with_pool,
}


@each_of("name", NOW)
def test_called_at_once_and_let_go(name: str) -> None:
    """The argument has been called when the call returns, and nothing refers to it any more."""
    before = Probe.calls
    probe = Probe()
    gone = weakref.ref(probe)
    NOW[name](probe)
    assert Probe.calls > before
    del probe
    gc.collect()
    assert gone() is None


HOLD: dict[str, Callable[[Probe], object]] = {
    "functools.partial": lambda p: functools.partial(p, 1),
    "functools.lru_cache": functools.lru_cache,
    "functools.cmp_to_key": functools.cmp_to_key,
    "builtins.map": lambda p: map(p, [1]),
    "builtins.filter": lambda p: filter(p, [1]),
    "builtins.zip": lambda p: zip([p], strict=False),
    "builtins.enumerate": lambda p: enumerate([p]),
    "builtins.reversed": lambda p: reversed([p]),
    "builtins.iter": lambda p: iter([p]),
    "itertools.chain": lambda p: itertools.chain([p]),
    "itertools.repeat": itertools.repeat,
    "itertools.cycle": lambda p: itertools.cycle([p]),
    "itertools.starmap": lambda p: itertools.starmap(p, [(1,)]),
    "collections.deque": lambda p: collections.deque([p]),
    "collections.defaultdict": collections.defaultdict,
    "contextlib.nullcontext": contextlib.nullcontext,
    "contextlib.closing": lambda p: contextlib.closing(p),  # type: ignore[type-var]
    "types.SimpleNamespace": lambda p: types.SimpleNamespace(p=p),
    "types.MethodType": lambda p: types.MethodType(p, 1),
    "copy.copy": lambda p: copy.copy([p]),
    "threading.Thread": lambda p: threading.Thread(target=p),
    "threading.Timer": lambda p: threading.Timer(1, p),
}


@each_of("name", HOLD)
def test_held_by_the_result_and_not_called(name: str) -> None:
    """What the call returns keeps the argument, which nobody has called yet, and lets it go."""
    before = Probe.calls
    probe = Probe()
    gone = weakref.ref(probe)
    made = HOLD[name](probe)
    del probe
    gc.collect()
    assert gone() is not None
    assert Probe.calls == before
    del made
    gc.collect()
    assert gone() is None
    assert library.by_path(name) is not None
    assert library.by_path(name).effect in library.HOLDING  # type: ignore[union-attr]


def _put(probe: Probe) -> object:
    waiting: queue.Queue[object] = queue.Queue()
    waiting.put(probe)
    return waiting


def _entered(probe: Probe) -> object:
    agenda = sched.scheduler()
    agenda.enter(0, 1, probe)
    return agenda


def _pushed(probe: Probe) -> object:
    stack = contextlib.ExitStack()
    stack.callback(probe)
    return stack


def _future(probe: Probe) -> object:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    future.add_done_callback(probe)
    return future


class _Owner:
    pass


def _finalized(probe: Probe) -> object:
    owner = _Owner()
    weakref.finalize(owner, probe)
    return owner


KEPT = {
    "queue.Queue.put": _put,
    "sched.scheduler.enter": _entered,
    "contextlib.ExitStack.callback": _pushed,
    "concurrent.futures.Future.add_done_callback": _future,
    "weakref.finalize": _finalized,
}


@each_of("name", KEPT)
def test_kept_by_another_object(name: str) -> None:
    """The argument lives on in an object that the call was made on, or given."""
    probe = Probe()
    gone = weakref.ref(probe)
    keeper = KEPT[name](probe)
    del probe
    gc.collect()
    assert gone() is not None
    assert keeper is not None
    assert library.by_path(name).effect in (Effect.KEEP, Effect.LATER)  # type: ignore[union-attr]


def test_exit_hooks_keep_their_function() -> None:
    """``atexit.register`` holds the function until it is taken back."""
    probe = Probe()
    gone = weakref.ref(probe)
    atexit.register(probe)
    atexit.unregister(probe)
    del probe
    gc.collect()
    assert gone() is None
    assert library.by_path("atexit.register").effect is Effect.LATER  # type: ignore[union-attr]


@each_of(
    "name",
    "add_task addJob register_handler submit submit_all on_message defer schedule_job subscribe "
    "enqueue delay send spawn run_later call_soon every do connect emit publish".split(),
)
def test_names_that_tell_of_later(name: str) -> None:
    """The words of a name count, in either spelling."""
    assert telling_names.speaks_of_later(name)


@each_of(
    "name",
    "ask read process analyze start_scan sender address online delayed_total sent "
    "additional watch_price doing registers scheduled".split(),
)
def test_names_that_tell_nothing(name: str) -> None:
    """A word that only looks alike, or that names something else, tells nothing."""
    assert not telling_names.speaks_of_later(name)


def test_every_effect_is_used() -> None:
    """No effect stands in the list for nothing."""
    assert {row.effect for row in ROWS} == set(Effect)


@each_of("name", "start begin submit spawn_all run_later schedule".split())
def test_methods_that_set_an_object_going(name: str) -> None:
    """An object that holds the tracker works by itself from such a call on."""
    assert telling_names.starts(name)


@each_of("name", "add_step register on_error subscribe read started".split())
def test_methods_that_only_fill_an_object(name: str) -> None:
    """What is put into an object that holds the tracker sets nothing going."""
    assert not telling_names.starts(name)
