"""A quiet environment, a store in memory, and the real clients against the loopback server."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import openai
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loopback import LoopbackServer, loopback_server

from tests.patience import PATIENCE
from tracker import error_boundary
from tracker.context import unattributed
from tracker.delivery import fork_pause, sender, writer
from tracker.environment_config import (
    AWS_VARIABLES,
    BRANCH_VARIABLES,
    CI_VARIABLES,
    DEPLOYMENT_VARIABLES,
    RUN_VARIABLES,
    STACK_VARIABLES,
)
from tracker.sinks.sqlite import shared_file
from tracker.testing import CapturedMetrics, capture

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_TRACKER = unattributed._make_tracker
SETTINGS = (
    "ENVIRONMENT",
    "USER_ID",
    "DYNAMODB_TABLE_NAME",
    "SERVICE_NAME",
    "APP_VERSION",
    *AWS_VARIABLES,
    *BRANCH_VARIABLES,
    *CI_VARIABLES,
    *DEPLOYMENT_VARIABLES,
    *RUN_VARIABLES,
    *STACK_VARIABLES,
)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Hide the machine's settings, make our own mistakes loud; give the database's path."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    database = tmp_path / "usage.db"
    monkeypatch.setenv("AI_USAGE_DATABASE", str(database))
    monkeypatch.setenv("AI_USAGE_SPOOL", str(tmp_path / "spool.db"))
    monkeypatch.setenv("AI_USAGE_STRICT", "1")
    _be_patient(monkeypatch)
    error_boundary.reset()
    writer.restart()  # tests of other folders may have begun with the machine's settings
    yield database
    # What the test dropped is recorded now, and not in the midst of the next one.  What it did
    # not drop is nobody's garbage any more: looking through it each time would take long.
    gc.collect()
    gc.freeze()
    writer.restart()
    unattributed.made_by(OWN_TRACKER)  # the original's module, once imported, has its own made


def _be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the product wait for itself as long as it takes; who tests a limit sets it."""
    monkeypatch.setenv("AI_USAGE_FLUSH_TIMEOUT", "60")
    monkeypatch.setattr(writer, "EXIT_SECONDS", PATIENCE)
    monkeypatch.setattr(sender, "SLOW_SECONDS", PATIENCE)
    monkeypatch.setattr(shared_file, "BUSY_TIMEOUT_SECONDS", 60.0)
    monkeypatch.setitem(fork_pause.PATIENCE_SECONDS, "writer", PATIENCE)


@pytest.fixture
def metrics() -> Iterator[CapturedMetrics]:
    """What was stored during the test."""
    with capture() as captured:
        yield captured


@pytest.fixture(scope="session")
def shared_server() -> Iterator[LoopbackServer]:
    """One server for the whole run."""
    with loopback_server() as server:
        yield server


@pytest.fixture
def server(shared_server: LoopbackServer) -> LoopbackServer:
    """The server, well-behaved and with nothing asked yet."""
    shared_server.behave()
    return shared_server


@pytest.fixture
def client(server: LoopbackServer) -> Iterator[openai.OpenAI]:
    """The real client."""
    with openai.OpenAI(base_url=server.base_url, api_key="sk-not-a-key", max_retries=2) as client:
        yield client
