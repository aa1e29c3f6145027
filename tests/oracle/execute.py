"""Runs a program on either runtime and notes everything that can be observed."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import io
import sys
import types
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from unittest import mock

from tracker import ledger
from tracker.metric import Price
from tracker.testing import capture

from . import original
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Backend = Literal["tracker", "original"]
PACKAGE = "receipt_label.utils"
COLUMNS = ("service", "model", "input", "output", "job", "batch", "user", "pr", "price")
Row = tuple[object, ...]


@dataclass(frozen=True)
class Observed:
    """What a run showed: printed text (calls included), its error, and its metrics.

    ``in_batch`` are the numbers of the calls made inside a batch context.
    """

    output: str
    error: str
    metrics: tuple[Row, ...]
    in_batch: frozenset[int]


def run(text: str, backend: Backend) -> Observed:
    """Execute *text* as a module, then its function ``run``, on *backend*."""
    return contextvars.copy_context().run(_run, text, backend)


def _run(text: str, backend: Backend) -> Observed:
    world = World()
    output, error = io.StringIO(), ""
    collected = _ours if backend == "tracker" else _original
    with (
        collected() as metrics,
        _modules(_packages(backend, world), world),
        contextlib.redirect_stdout(output),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            _execute(text)
        except Exception as caught:  # noqa: BLE001 - the error is part of what is compared
            error = f"{type(caught).__name__}: {caught}"
        rows = metrics()
    return Observed(output.getvalue(), error, tuple(rows), frozenset(world.in_batch))


def _execute(text: str) -> None:
    namespace: dict[str, Any] = {"__name__": "receipts"}
    # A program may be large and new each time; the cache of compiled code would only grow.
    exec(compile(text, "receipts.py", "exec", dont_inherit=True), namespace)
    driver = namespace.get("run")
    if driver is not None:
        driver()


def _place(row: Row) -> tuple[int, str]:
    """Metrics are compared in the order of their calls, not in that of their storage."""
    return (row[2] if isinstance(row[2], int) else 0, repr(row))


def _quote(*_: object, batch: bool) -> Price:
    return Price(None, None, "batch" if batch else "standard")


@contextlib.contextmanager
def _ours() -> Iterator[Callable[[], list[Row]]]:
    with capture() as captured, mock.patch("tracker.statement.quote", _quote):

        def rows() -> list[Row]:
            ledger.settle_all()
            return sorted(
                (
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
                    for m in captured
                ),
                key=_place,
            )

        yield rows


@contextlib.contextmanager
def _original() -> Iterator[Callable[[], list[Row]]]:
    def rows() -> list[Row]:
        return sorted(
            (
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
            ),
            key=_place,
        )

    original.taken()
    yield rows


class _BatchBlock:
    """A batch context that tells the world while it is open."""

    def __init__(self, inner: Any, world: World) -> None:
        self._inner = inner
        self._world = world

    def __enter__(self) -> Any:
        entered = self._inner.__enter__()
        self._world.batch_blocks += 1
        return entered

    def __exit__(self, *error: Any) -> Any:
        self._world.batch_blocks -= 1
        return self._inner.__exit__(*error)

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, *error: Any) -> Any:
        return self.__exit__(*error)


def _real(name: str) -> types.ModuleType:
    # The package shows functions under their modules' names: attributes would not do.
    return importlib.import_module(f"tracker.{name}")


def _packages(backend: Backend, world: World) -> dict[str, types.ModuleType]:
    """Return the modules of the legacy package, backed by *backend*."""
    trackers: Any = _real("ai_usage_tracker") if backend == "tracker" else original
    contexts: Any = _real("ai_usage_context") if backend == "tracker" else original

    def batch_ai_usage_context(*args: Any, **kwargs: Any) -> _BatchBlock:
        return _BatchBlock(contexts.batch_ai_usage_context(*args, **kwargs), world)

    shown = {
        "ai_usage_tracker": {"AIUsageTracker": trackers.AIUsageTracker},
        "ai_usage_context": {
            "ai_usage_context": contexts.ai_usage_context,
            "batch_ai_usage_context": batch_ai_usage_context,
        },
        "environment_config": dict(vars(_real("environment_config"))),
    }
    modules = {"receipt_label": types.ModuleType("receipt_label")}
    package = modules[PACKAGE] = types.ModuleType(PACKAGE)
    for name, values in shown.items():
        module = modules[f"{PACKAGE}.{name}"] = types.ModuleType(f"{PACKAGE}.{name}")
        vars(module).update(values)
        setattr(package, name, module)
        if backend == "tracker":
            modules[f"tracker.{name}"] = module
    for parent in ("receipt_label", PACKAGE):
        modules[parent].__path__ = []
    vars(modules["receipt_label"])["utils"] = package
    # As in the real package: the function shadows the submodule of its name.
    vars(package).update(shown["ai_usage_tracker"] | shown["ai_usage_context"])
    return modules


@contextlib.contextmanager
def _modules(modules: dict[str, types.ModuleType], world: World) -> Iterator[None]:
    modules = {**modules, "llm": world.module()}
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
