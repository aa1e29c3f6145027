"""Runs a program on either runtime and notes everything that can be observed."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import io
import re
import sys
import types
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

from tracker.records import recorder
from tracker.records.metric import Price
from tracker.testing import capture

from . import original
from .batches import MAIN, Batches
from .foreign import Died
from .imported import importable, lacks_contexts
from .program import Program
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tracker.testing import CapturedMetrics

Backend = Literal["tracker", "original"]
PACKAGE = "receipt_label.utils"
COLUMNS = ("service", "model", "input", "output", "job", "batch", "user", "pr", "price")
Row = tuple[object, ...]
_ADDRESS = re.compile(r"id='\d+'|0x[0-9a-f]+")


@dataclass(frozen=True)
class Observed:
    """What a run showed: printed text (calls included), its error, and its metrics.

    ``batches`` tells of the calls that were made inside a batch context.
    """

    output: str
    error: str
    metrics: tuple[Row, ...]
    batches: Batches


def run(program: Program | str, backend: Backend) -> Observed:
    """Execute *program* as a module, then its function ``run``, on *backend*."""
    given = Program(program) if isinstance(program, str) else program
    return contextvars.copy_context().run(_run, given, backend)


def _run(program: Program, backend: Backend) -> Observed:
    output, error = io.StringIO(), ""
    collected = _ours if backend == "tracker" else _original
    seen: list[tuple[str, list[Row]]] = []

    def die(*_: object) -> None:
        # What is not stored and printed by now is lost.
        seen.append((output.getvalue(), metrics.now()))
        raise Died

    with collected() as metrics, contextlib.redirect_stdout(output), warnings.catch_warnings():
        world = World(metrics.count)
        packages = _packages(backend, world, has_contexts=not lacks_contexts(program))
        warnings.simplefilter("ignore")
        with (
            _modules(packages, world),
            importable(program),
            _standing_in(program, world, die),
            world.batches.watching(program.text),
        ):
            try:
                _execute(program.text, world)
            except Died:
                error = "the program ended"
            except Exception as caught:  # noqa: BLE001 - the error is part of what is compared
                error = f"{type(caught).__name__}: {caught}"
            printed, rows = seen[0] if seen else (output.getvalue(), metrics.settled())
        world.close()
    return Observed(_ADDRESS.sub("...", printed), error, tuple(rows), world.batches)


def _standing_in(
    program: Program, world: World, die: Callable[..., None]
) -> contextlib.AbstractContextManager[None]:
    return world.foreign.standing_in(program.text, die)


def _execute(text: str, world: World) -> None:
    namespace: dict[str, Any] = {"__name__": "receipts"}
    # A program may be large and new each time; the cache of compiled code would only grow.
    exec(compile(text, MAIN, "exec", dont_inherit=True), namespace)
    driver = namespace.get("run")
    if driver is not None:
        driver()
    world.foreign.finish()


def _place(row: Row) -> tuple[int, str]:
    """Metrics are compared in the order of their calls, not in that of their storage."""
    return (row[2] if isinstance(row[2], int) else 0, repr(row))


def _quote(*_: object, batch: bool, **__: object) -> Price:
    return Price(None, None, "batch" if batch else "standard")


class _Ours:
    """The metrics that our runtime stores while a block is open."""

    def __init__(self, captured: CapturedMetrics) -> None:
        self._captured = captured

    def count(self) -> int:
        """Return how many there are."""
        return len(self._captured)

    def settled(self) -> list[Row]:
        """Return all of them, those too that are stored at the exit of the interpreter."""
        recorder.settle_all()
        return self.now()

    def now(self) -> list[Row]:
        """Return those that are stored, in the order of their calls."""
        rows = (
            (
                m.service,
                m.model,
                m.input_tokens,
                m.output_tokens,
                m.job_id,
                m.batch_id,
                m.user_id,
                m.github_pr,
                m.price_basis,
            )
            for m in self._captured
        )
        return sorted(rows, key=_place)


class _Theirs:
    """The metrics that the stand-in for the original stores."""

    def count(self) -> int:
        """Return how many there are."""
        return original.stored()

    def settled(self) -> list[Row]:
        """Return all of them: none is stored late."""
        return self.now()

    def now(self) -> list[Row]:
        """Return those that are stored, in the order of their calls."""
        rows = (
            (
                m.service,
                m.model,
                m.input_tokens,
                m.output_tokens,
                m.job_id,
                m.batch_id,
                m.user_id,
                m.github_pr,
                "batch" if m.batch else "standard",
            )
            for m in original.taken()
        )
        return sorted(rows, key=_place)


@contextlib.contextmanager
def _ours() -> Iterator[_Ours]:
    with capture() as captured, mock.patch("tracker.records.builder.quote", _quote):
        yield _Ours(captured)


@contextlib.contextmanager
def _original() -> Iterator[_Theirs]:
    original.taken()
    yield _Theirs()


class _BatchBlock:
    """A batch context that tells the world while it is open."""

    def __init__(self, inner: Any, world: World, batch_id: object, count: object) -> None:
        self._inner = inner
        self._batches = world.batches
        self._said = batch_id, count

    def __enter__(self) -> Any:
        entered = self._inner.__enter__()
        self._batches.enter(sys._getframe(1), *self._said)
        return entered

    def __exit__(self, *error: Any) -> Any:
        self._batches.leave(whole=error[0] is None)
        return self._inner.__exit__(*error)

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, *error: Any) -> Any:
        return self.__exit__(*error)


def _real(name: str) -> types.ModuleType:
    # The package shows functions under their modules' names: attributes would not do.
    return importlib.import_module(f"tracker.{name}")


def _packages(backend: Backend, world: World, *, has_contexts: bool) -> dict[str, types.ModuleType]:
    """Return the modules of the legacy package, backed by *backend*."""
    trackers: Any = _real("ai_usage_tracker") if backend == "tracker" else original
    contexts: Any = _real("ai_usage_context") if backend == "tracker" else original

    def batch_ai_usage_context(*args: Any, **kwargs: Any) -> _BatchBlock:
        inner = contexts.batch_ai_usage_context(*args, **kwargs)
        batch_id = args[0] if args else kwargs.get("batch_id")
        return _BatchBlock(inner, world, batch_id, kwargs.get("item_count"))

    shown = {
        "ai_usage_tracker": {"AIUsageTracker": trackers.AIUsageTracker},
        "ai_usage_context": {
            "ai_usage_context": contexts.ai_usage_context,
            "batch_ai_usage_context": batch_ai_usage_context,
        },
        "environment_config": dict(vars(_real("environment_config"))),
    }
    modules = {"receipt_label": types.ModuleType("receipt_label")}
    if backend == "tracker":
        for name, values in shown.items():
            modules[f"tracker.{name}"] = types.ModuleType(f"tracker.{name}")
            vars(modules[f"tracker.{name}"]).update(values)
    if not has_contexts:
        del shown["ai_usage_context"]
    package = modules[PACKAGE] = types.ModuleType(PACKAGE)
    for name, values in shown.items():
        module = modules[f"{PACKAGE}.{name}"] = types.ModuleType(f"{PACKAGE}.{name}")
        vars(module).update(values)
        setattr(package, name, module)
    for parent in ("receipt_label", PACKAGE):
        modules[parent].__path__ = []
    vars(modules["receipt_label"])["utils"] = package
    # As in the real package: the function shadows the submodule of its name.
    vars(package).update(shown["ai_usage_tracker"] | shown.get("ai_usage_context", {}))
    return modules


@contextlib.contextmanager
def _modules(modules: dict[str, types.ModuleType], world: World) -> Iterator[None]:
    modules = {**modules, "llm": world.module(), "jobs": world.foreign.jobs}
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
