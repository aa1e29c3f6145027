"""Runs the flows of an application and notes all that can be seen of each."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import io
import json
import os
import re
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

from tracker.records import recorder
from tracker.records.metric import Price
from tracker.testing import capture

from .server import telling_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.loopback import LoopbackServer
    from tracker.records.metric import Metric
    from tracker.testing import CapturedMetrics

    #: A flow gets the folder of the application and the server, and returns what it made.
    Flow = Callable[[Path, LoopbackServer], object]

_ADDRESS = re.compile(r"id='\d+'|0x[0-9a-f]+")
#: Settings of the machine that would change what a run records.
FOREIGN = ("OPENAI_", "ANTHROPIC_", "AI_USAGE_", "DYNAMODB_", "MERCHANTS_", "RECEIPTS_", "USER_ID")


@dataclass(frozen=True)
class Record:
    """What section 4 of the design keeps of a stored metric.

    ``job``, ``batch``, ``user`` and ``pr`` are the ids; ``at_batch_price`` may change where
    the guide asks for it.
    """

    service: str
    model: str
    tokens: tuple[int | None, int | None]
    job: str | None
    batch: str | None
    user: str
    pr: int | None
    error: str | None
    at_batch_price: bool

    @classmethod
    def of(cls, metric: Metric) -> Record:
        """Return what is kept of *metric*."""
        return cls(
            metric.service,
            metric.model,
            (metric.input_tokens, metric.output_tokens),
            metric.job_id,
            metric.batch_id,
            metric.user_id,
            metric.github_pr,
            metric.error,
            metric.price_basis == "batch",
        )


@dataclass(frozen=True)
class Observed:
    """What a flow showed: what it returned or raised, what it printed, calls and records.

    Calls are (path, body as JSON). Both are in no order: threads and tasks have none.
    """

    result: str
    output: str
    calls: tuple[tuple[str, str], ...]
    records: tuple[Record, ...]


def observe(folder: Path, flows: Mapping[str, Flow]) -> dict[str, Observed]:
    """Run *flows*, in their order and in one process, with the application in *folder*."""
    with (
        telling_server() as server,
        _environment(server),
        _modules_of(folder),
        capture() as metrics,
        mock.patch("tracker.records.builder.quote", _quote),
        mock.patch.object(sys, "dont_write_bytecode", True),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        run = contextvars.copy_context().run
        return {name: run(_observe, flow, folder, server, metrics) for name, flow in flows.items()}


def _observe(
    flow: Flow, folder: Path, server: LoopbackServer, metrics: CapturedMetrics
) -> Observed:
    server.behave()
    seen, output = len(metrics), io.StringIO()
    # What is logged has places in it, and lines move.
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        try:
            result = repr(flow(folder, server))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it is a part of what is compared
            result = f"{type(error).__name__}: {error}"
    recorder.settle_all()
    return Observed(
        _told(result, folder),
        _told(output.getvalue(), folder),
        tuple(sorted((path, json.dumps(body)) for path, body in server.requests)),
        tuple(sorted((Record.of(m) for m in metrics.since(seen)), key=repr)),
    )


def _told(text: str, folder: Path) -> str:
    """Return *text* without what differs between two runs of the same program."""
    return _ADDRESS.sub("...", text.replace(str(folder), "APPLICATION"))


def _quote(*_: object, batch: bool, **__: object) -> Price:
    return Price(None, None, "batch" if batch else "standard")


@contextlib.contextmanager
def _environment(server: LoopbackServer) -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    given = {
        "ANTHROPIC_BASE_URL": server.root_url,
        "ENVIRONMENT": "development",
        "NO_PROXY": "127.0.0.1",
        "OPENAI_BASE_URL": server.base_url,
    }
    with mock.patch.dict(os.environ, {**kept, **given}, clear=True):
        yield


@contextlib.contextmanager
def _modules_of(folder: Path) -> Iterator[None]:
    """Let the block import what lies in *folder*, anew; afterwards it is as if it never had."""
    tops = {path.name for path in folder.iterdir() if path.is_dir()}

    def is_theirs(name: str, module: Any) -> bool:
        file = getattr(module, "__file__", None) or ""
        return name.partition(".")[0] in tops - {"tests"} or file.startswith(str(folder))

    before, path = dict(sys.modules), list(sys.path)
    for name in [name for name, module in before.items() if is_theirs(name, module)]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        for name in [name for name, module in sys.modules.items() if is_theirs(name, module)]:
            del sys.modules[name]
        sys.modules.update(before)
