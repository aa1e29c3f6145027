"""Headless Chromium, driven as a person would; skipped where no browser was installed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
sys.path[:0] = [str(HERE), str(HERE.parent / "codemods" / "report")]

from samples import Known  # noqa: E402 - its folder is put on the path here
from usage_calls import calls  # noqa: E402

from codemods.report.formats import Look, rendered  # noqa: E402
from tracker.cli.reports.rows import EVERYTHING  # noqa: E402
from tracker.cli.reports.sources.source import SqliteSource  # noqa: E402
from tracker.sinks.sqlite.sink import SqliteSink  # noqa: E402

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from tracker import Metric

BROWSER = Path(os.environ.get("AI_USAGE_TEST_BROWSER", MODULES / ".browser" / "chromium"))
if not BROWSER.exists():  # npm has one for Linux on x86-64 alone
    BROWSER = Path(shutil.which("chromium") or shutil.which("google-chrome") or BROWSER)

#: Milliseconds, of a machine that does much else: nothing is waited for so long that is not wrong.
_PATIENCE = 180_000
#: Opens the page of a report, with options of the browser's context; nothing may go wrong in it.
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a browser for the tests of a module.

    No longer: as long as it is there an event loop runs, in which other tests can start none.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="make browser installs it")
    if not BROWSER.exists():
        pytest.skip("no browser: make browser installs one")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=str(BROWSER),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            chromium_sandbox=False,
            timeout=_PATIENCE,
        )
        yield launched
        launched.close()


@pytest.fixture
def visited(browser: Any) -> Iterator[Opened]:
    """Return what opens an address, with options of the browser's context.

    A message in the console, an error, a dialog, or a request for anything but the page itself
    (and what begins with *also*) fails the test.
    """
    wrong: list[str] = []
    contexts = []

    def shown(address: str, also: str | None = None, **options: Any) -> Any:
        def look(asked: Any) -> None:
            is_meant = also is not None and asked.url.startswith(also)
            if asked.url != address.partition("#")[0] and not is_meant:
                wrong.append(asked.url)

        context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        context.set_default_timeout(_PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("request", look)
        page.goto(address)
        page.wait_for_selector("[data-ready]", state="attached")
        return page

    yield shown
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def opened(visited: Opened, tmp_path: Path) -> Opened:
    """Return what opens the page of a report, as ``visited`` does."""

    def shown(report: RunReport, fragment: str = "", **options: Any) -> Any:
        place = tmp_path / "report.html"
        place.write_text(rendered(report, "html", Look(around=Known())), encoding="utf-8")
        return visited(f"{place.as_uri()}{fragment}", **options)

    return shown


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the program that looks for what keeps people out of a page."""
    place = MODULES / "axe-core" / "axe.min.js"
    if not place.exists():
        pytest.skip("no axe-core: make browser installs it")
    return place.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Metric]], str]:
    """Return what makes a page of calls, and gives its address; of the same calls once."""
    pytest.importorskip("bokeh", reason="extra html")
    from tracker.cli.reports.html.data import data_of
    from tracker.cli.reports.html.page import page as page_of

    known: dict[int, str] = {}

    def make(metrics: list[Metric]) -> str:
        key = hash(repr(metrics))
        if key not in known:
            folder = tmp_path_factory.mktemp("usage")
            with closing(SqliteSink(folder / "usage.db")) as sink:
                sink.write(metrics)
            source = SqliteSource(folder / "usage.db")
            packed = source.ask(lambda file: data_of(file, EVERYTHING, "usage.db"), EVERYTHING)
            place = folder / "usage.html"
            place.write_text(page_of(packed.found[0]), encoding="utf-8")
            known[key] = place.as_uri()
        return known[key]

    return make


@pytest.fixture
def shown(visited: Opened, made: Callable[[list[Metric]], str]) -> Opened:
    """Return what opens the page of calls."""

    def open_page(metrics: list[Metric] | None = None, fragment: str = "", **options: Any) -> Any:
        return visited(made(calls() if metrics is None else metrics) + fragment, **options)

    return open_page


@pytest.fixture
def screenshots(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder for pictures: the one that ``--screenshots`` names, or the test's own."""
    named = request.config.getoption("--screenshots")
    folder = tmp_path if named is None else Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
