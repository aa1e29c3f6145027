"""The page of usage in a browser: opened, sorted, drilled into, read by keyboard and printed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from usage_calls import BASE, calls

from tracker.cli.reports.html.server import Live, server_of
from tracker.cli.reports.rows import EVERYTHING
from tracker.cli.reports.sources.source import SqliteSource
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from pathlib import Path

Visited = Callable[..., Any]

pytest.importorskip("bokeh", reason="extra html")

EVIL = "</script><script>window.done=1</script><img src=x onerror=window.done=1>${1}@DATA@"


def names(page: Any) -> list[str]:
    """Return the names in the table that is shown, in their order."""
    return list(page.locator(".panel:not([hidden]) .name").all_inner_texts())


def cell(page: Any, name: str, column: int) -> str:
    """Return what stands in a column of the row of *name*."""
    row = page.locator(".panel:not([hidden]) tbody tr").filter(has_text=name)
    return str(row.locator("td").nth(column).inner_text())


def figure(page: Any, title: str) -> str:
    """Return a figure of the head of the page."""
    found = page.locator("#figures > div", has=page.get_by_text(title, exact=True))
    return str(found.locator(".value").inner_text())


def test_what_is_said_first(shown: Visited) -> None:
    """What all of it cost, and each figure; what needs a look stands below, with its place."""
    page = shown()
    assert page.title() == "$69.00 for 360 calls - ai-usage"
    assert "2026-11-09 to 2026-11-20 (UTC), from usage.db" in page.locator("#lead").inner_text()
    assert figure(page, "Failed") == "1.7%"
    assert figure(page, "Without a price") == "10"
    assert figure(page, "Outside of contexts") == "72"
    assert figure(page, "From the cache") == "12.5%"
    cards = page.locator(".card").all_inner_texts()
    assert ["jobs/run.py:7" in cards[1], "RateLimitError: 429" in cards[2]] == [True, True]


def test_rows_lead_from_one_table_to_the_next(shown: Visited) -> None:
    """A row leaves its calls and shows the next dimension; the browser's back takes it back."""
    page = shown()
    assert names(page) == ["(none)", "embed", "label", "scan", "tidy"]
    page.get_by_role("button", name="scan", exact=True).first.click()
    assert page.get_by_role("tab", selected=True).inner_text().startswith("Model")
    expected = [one for one in calls() if one.operation_type == "scan"]
    cost = sum(one.cost_usd or 0 for one in expected)
    assert page.locator("#count").inner_text() == f"3 models, {len(expected)} calls, ${cost:.2f}"
    assert names(page) == ["claude-sonnet-4-5", "gpt-4o-mini", "gpt-4o"]
    page.locator(".name", has_text="gpt-4o-mini").first.click()
    assert page.get_by_role("tab", selected=True).inner_text().startswith("Job")
    few = [one for one in expected if one.model == "gpt-4o-mini"]
    assert figure(page, "Calls") == str(len(few))
    ranked = sorted(one.latency_ms or 0 for one in few)
    told = float(figure(page, "Latency, half of calls").removesuffix(" ms"))
    assert abs(told / ranked[len(ranked) // 2 - 1] - 1) < 0.05
    page.get_by_role("tab", name="Model").click()
    assert len(names(page)) == 3
    assert page.locator("tr.is-chosen .name:visible").inner_text() == "gpt-4o-mini"
    page.go_back()
    page.go_back()
    assert page.locator("#chips button").count() == 1
    page.get_by_role("button", name="operation scan remove").click()
    assert figure(page, "Calls") == "360"


def test_what_is_chosen_is_in_the_address(shown: Visited) -> None:
    """Opened elsewhere, the page shows the same; what no call has shows no calls."""
    page = shown(fragment="#operation=%28none%29&by=user&measure=calls")
    assert figure(page, "Calls") == "72"
    assert page.get_by_role("button", name="Calls", pressed=True).count() == 1
    assert names(page) == ["anna", "ben"]
    page.evaluate("location.hash = '#model=nobody'")
    page.locator("h2", has_text="Cost by day and operation").wait_for()
    assert page.locator(".panel:not([hidden]) .empty").inner_text() == "No calls."


def test_tables_are_sorted_searched_and_longer(shown: Visited) -> None:
    """A head sorts, once more the other way; a search leaves names; the rest is a click away."""
    page = shown(fragment="#by=job")
    assert len(names(page)) == 15
    page.get_by_role("button", name="Show all of 40").click()
    assert len(names(page)) == 40
    head = page.locator(".panel:not([hidden]) thead")
    head.get_by_role("button", name="Job").click()
    assert names(page)[:2] == ["job-00", "job-01"]
    head.get_by_role("button", name="Job").click()
    assert names(page)[0] == "job-39"
    assert head.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    head.get_by_role("button", name="p95").click()
    assert cell(page, names(page)[0], 8) == "455 ms"
    page.get_by_label("Search names").fill("JOB-1")
    assert sorted(names(page)) == [f"job-{n}" for n in range(10, 20)]
    page.get_by_label("Search names").fill("nothing like it")
    assert page.locator(".panel:not([hidden]) .empty").inner_text() == "No name is like that."


def test_the_chart_is_of_what_is_chosen(shown: Visited) -> None:
    """Its columns add up; a bar and an entry of the legend leave their calls; a day too."""
    page = shown(fragment="#by=model")
    sums = page.evaluate("bars.columns.map(column => column.reduce((a, b) => a + b, 0))")
    by_day: dict[str, Decimal] = {}
    for one in calls():
        day = str(one.timestamp.date())
        by_day[day] = by_day.get(day, Decimal()) + (one.cost_usd or 0)
    assert sums == [round(by_day[day] * 10**9) for day in sorted(by_day)]
    assert page.locator("#legend button").all_inner_texts() == [
        "claude-sonnet-4-5",
        "gpt-4o-mini",
        "gpt-4o",
    ]
    assert page.locator("#chart svg").count() >= 1
    middle = """name => { const at = bars.names.indexOf(name); const column = bars.columns.at(-1);
        const low = column.slice(0, at).reduce((a, b) => a + b, 0);
        const box = document.getElementById("chart").getBoundingClientRect();
        return [box.left + drawn.frame.x_scale.compute(bars.times.at(-1) + LENGTHS.day / 2),
                box.top + drawn.frame.y_scale.compute(low + column[at] / 2)] }"""
    present = page.evaluate("bars.names[bars.columns.at(-1).findIndex(value => value)]")
    spot = page.evaluate(middle, present)
    page.mouse.move(*spot)
    assert page.locator("#tip").inner_text().startswith("Nov 20, 2026: $")
    page.mouse.click(*spot)
    assert page.locator("#chips").inner_text().split()[:2] == ["model", present]
    page.get_by_role("tab", name="Day").click()
    page.locator("#measures").get_by_role("button", name="Tokens").click()
    page.evaluate("drawing")
    assert page.locator("#chart-title").inner_text() == "Tokens by day"
    page.mouse.click(*page.evaluate(middle.replace("bars.names.indexOf(name)", "0"), ""))
    assert "2026-11-20" in page.locator("#chips").inner_text()


def test_by_keyboard_alone(shown: Visited) -> None:
    """Rows, tabs, filters, the measure, the search and the list of keys; the focus stays."""
    page = shown()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "embed"
    page.keyboard.press("Enter")
    assert page.locator("#chips .what").all_inner_texts() == ["embed"]
    assert page.evaluate("document.activeElement.className") == "name"
    page.keyboard.press("m")
    assert page.locator("#chart-title").inner_text() == "Calls by day and model"
    page.keyboard.press("Backspace")
    assert page.locator("#chips button").count() == 0
    page.keyboard.press("3")
    page.keyboard.press("/")
    page.keyboard.type("job-07")
    assert names(page) == ["job-07"]
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", selected=True).focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "User 2"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "ben":
            break
    page.keyboard.press("Space")
    assert page.locator("#chips .what").all_inner_texts() == ["ben"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_out(shown: Visited, axe: str, scheme: str) -> None:
    """axe finds nothing, in both colour schemes, with filters and the list of keys."""
    page = shown(color_scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.evaluate(axe)
    script = "axe.run().then(found => found.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    assert page.evaluate(script) == []
    page.get_by_role("button", name="scan", exact=True).first.click()
    page.get_by_role("tab", name="Operation").click()
    assert page.evaluate(script) == []
    page.get_by_role("button", name="Keys").click()
    assert page.evaluate(script) == []
    page.get_by_role("button", name="Close").click()
    other = {"light": "Dark", "dark": "Light"}[scheme]
    page.get_by_role("button", name=other, exact=True).click()
    page.evaluate("drawing")
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    assert page.evaluate(script) == []


def test_names_do_nothing(shown: Visited) -> None:
    """T52: whatever a program called its jobs, it is shown, and nothing of it is run."""
    odd = (EVIL, "", "(none)", "\\(x", "<b>", "__proto__", "constructor")
    page = shown([replace(BASE, id=str(n), job_id=name, error=EVIL) for n, name in enumerate(odd)])
    page.get_by_role("tab", name="Job").click()
    assert sorted(names(page)) == sorted(name or "(empty)" for name in odd)
    for name in odd:
        page.locator(f"[data-key={_quoted('row job ' + name)}]").click()
        assert figure(page, "Calls") == "1", name
        # What the address has of it is read again as it was meant.
        page.evaluate("fromAddress(); show()")
        assert figure(page, "Calls") == "1", name
        page.keyboard.press("Backspace")
        page.get_by_role("tab", name="Job").click()
    assert page.evaluate("window.done") is None
    assert page.locator("img, iframe, object, embed, link").count() == 0
    assert page.locator("#panels, #cards").locator("b, script").count() == 0


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_on_paper_and_on_a_telephone(shown: Visited) -> None:
    """A print has all tables and no controls; a narrow window is not wider than it is."""
    page = shown()
    page.emulate_media(media="print")
    assert page.locator(".panel:visible").count() == 6
    assert page.locator(".tools:visible, .tabs:visible, .search:visible").count() == 0
    assert len(page.pdf()) > 10_000
    narrow = shown(viewport={"width": 390, "height": 800})
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


def test_nothing_was_recorded(shown: Visited) -> None:
    """An empty store has a page that says so."""
    page = shown([])
    assert page.locator("h1").inner_text() == "Nothing was recorded"
    assert page.locator(".card h3").all_inner_texts()[0] == "Every call has a price."


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A database with calls, and the address where it is shown."""
    database = tmp_path / "usage.db"
    with closing(SqliteSink(database)) as sink:
        sink.write(calls())
    with server_of(Live(SqliteSource(database), EVERYTHING), 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield database, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_served_page_follows(visited: Visited, served: tuple[Path, str]) -> None:
    """What is stored while it is open is shown, with the filter and the focus as they were."""
    database, address = served
    page = visited(address, also=address)
    page.get_by_role("button", name="scan", exact=True).first.click()
    page.locator(".name:visible", has_text="gpt-4o-mini").focus()
    before = int(figure(page, "Calls"))
    with closing(SqliteSink(database)) as sink:
        sink.write([replace(BASE, id="new", operation_type="scan")])
    page.locator("#figures .value", has_text=f"{before + 1}").wait_for()
    assert page.locator("#chips .what").all_inner_texts() == ["scan"]
    assert page.evaluate("document.activeElement.textContent") == "gpt-4o-mini"
    assert page.locator("#live").inner_text() == "live"
