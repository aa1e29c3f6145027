"""What the page of a migration costs: to write, to send, to open and to scroll.

``python -m benchmarks.page [FILES]`` decides on so many legacy programs of the fixtures, and opens
the page of it in the browser that ``make browser`` installs.  A figure has its goal beside it.
"""

from __future__ import annotations

import gzip
import io
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from codemods import migrate

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "tests" / "fixtures" / "rows"
BROWSER = ROOT / "tests" / "browser" / "node_modules" / ".browser" / "chromium"
FILES = 1_000
#: Scrolls a window's height in each frame, and says how long each took.
SCROLL = """() => new Promise(done => {
    const took = []; let last = performance.now();
    function frame() {
        const now = performance.now();
        took.push(now - last); last = now; scrollBy(0, innerHeight);
        if (took.length < 120) requestAnimationFrame(frame); else done(took);
    }
    requestAnimationFrame(frame);
})"""


def main() -> None:
    """Print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for number, place in zip(range(count), _programs(count), strict=False):
            home = tree / f"part_{number % 20}"
            home.mkdir(exist_ok=True)
            shutil.copyfile(place, home / f"{place.parent.name}_{number}.py")
        page = tree / "report.html"
        with redirect_stdout(io.StringIO()):
            migrate.main(["--check", "--no-cache", "--report", f"html={page}", folder])
        content = page.read_bytes()
        print(f"{count} files: page of {len(content) / 1e6:.2f} MB")
        print(f"compressed {len(gzip.compress(content)) / 1e6:.2f} MB (goal: below 5)")
        _open(page)


def _programs(count: int) -> list[Path]:
    found = sorted(ROWS.glob("*/before.py"))
    return (found * (count // len(found) + 1))[:count]


def _open(page: Path) -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("No browser here: make browser installs one.")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(BROWSER), args=["--no-sandbox"], chromium_sandbox=False
        )
        tab: Any = browser.new_page()
        begun = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("[data-ready]", state="attached")
        print(f"interactive after {time.perf_counter() - begun:.2f} s (goal: below 2)")
        for said in ("closed", "open"):
            took = sorted(tab.evaluate(SCROLL))
            print(
                f"scrolled by a window a frame, {said}: median {statistics.median(took):.0f} ms, "
                f"one in twenty above {took[len(took) * 19 // 20]:.0f} ms"
            )
            tab.evaluate("scrollTo(0, 0)")
            tab.keyboard.press("E")
        browser.close()


if __name__ == "__main__":
    main()
