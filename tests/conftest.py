"""How the tests of all parts run: the same cases each time, in an order that can be repeated.

A build must not fail by chance.  ``HYPOTHESIS_SEARCH=1 make test`` looks for new cases, as do
``make oracle`` and ``make interleave``; ``--shuffle`` looks for tests that lean on others, as
``make busy`` does beside programs that keep the machine busy.
"""

from __future__ import annotations

import gc
import os
import random
import tempfile
from typing import TYPE_CHECKING

import pytest
from garbage import freeze, keep_frozen
from hypothesis import HealthCheck, settings
from ordering import shuffled
from same_examples import forget_what_was_imported
from scratch import share_certificates, use_memory

if TYPE_CHECKING:
    from collections.abc import Generator

settings.register_profile(
    "steady",
    deadline=None,
    derandomize=not os.environ.get("HYPOTHESIS_SEARCH"),
    suppress_health_check=[HealthCheck.too_slow],  # the machine may be busy
)
settings.load_profile("steady")
if not os.environ.get("HYPOTHESIS_SEARCH"):
    forget_what_was_imported()

# Not every few hundred objects: what is imported lives to the end, and the trees of a migration are
# many, and live as long as it.
gc.set_threshold(50_000, 10, 10)
use_memory()
share_certificates()
# What a test forgets to redirect goes here, and not to the data of who runs the tests.
_data = tempfile.TemporaryDirectory(prefix="tests-data-")
os.environ["XDG_DATA_HOME"] = _data.name
# The servers of tests stand for the providers, with their prices.
os.environ["AI_USAGE_GATEWAYS"] = "127.0.0.1,localhost"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the order of the tests."""
    parser.addoption(
        "--shuffle",
        metavar="SEED",
        help="run modules, and the tests in each, in the order that SEED gives ('new': any)",
    )
    parser.addoption(
        "--mischief",
        metavar="SEED",
        help="have sockets deliver pieces and threads be late, as SEED says (tests/mischief)",
    )
    parser.addoption(
        "--screenshots", metavar="FOLDER", help="put the pictures of the tests of pages there"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed before other processes are started, which must have the same order."""
    config.addinivalue_line("markers", "lengthy: takes long, or forks often, and is begun first")
    if config.option.shuffle == "new":
        config.option.shuffle = str(random.SystemRandom().randrange(10**6))
    if config.option.mischief is not None:
        from tests.mischief import begin

        begin(config.option.mischief)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say how the order is repeated."""
    seed = config.option.shuffle
    return None if seed is None else f"shuffled: --shuffle={seed} repeats this order"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle, or begin with what takes long, so that no process waits for another at the end."""
    seed = config.option.shuffle
    if seed is not None:
        items[:] = shuffled(items, seed)
    else:
        items.sort(key=lambda item: item.get_closest_marker("lengthy") is None)


def pytest_collection_finish() -> None:
    """What has been imported by now lives to the end: nobody need look for garbage there."""
    keep_frozen()
    freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """What a module's tests leave lives on, too: a search for garbage would look at all of it."""
    yield
    if nextitem is None or nextitem.path != item.path:
        freeze()
