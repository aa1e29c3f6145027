"""Pictures of the page of usage, for a person to look at: `make browser` says where they are.

What a machine can say of a picture is said here: something is on it, it is as bright as its theme
says, and what was chosen can be seen.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("bokeh", reason="extra html")

from PIL import Image, ImageChops, ImageStat

if TYPE_CHECKING:
    from pathlib import Path

Visited = Callable[..., Any]

SCHEMES = ("light", "dark")
#: A page with text, a chart and cards has hundreds: letters are smoothed.
FEW_COLOURS = 100
#: Of 255: a light page is brighter, a dark one darker.
MIDDLE = 128
#: What the first bars of the chart are in the light theme: --c0 to --c2 of page.css.
BARS = {(0x2F, 0x6F, 0x9F), (0xD0, 0x8A, 0x4E), (0x4D, 0x94, 0x68)}
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_INK = re.compile(rb"([\d.]+) ([\d.]+) ([\d.]+) rg\b")


@pytest.fixture
def taken(screenshots: Path) -> Callable[..., Image.Image]:
    """Return what takes a picture of a page, as a whole, under a name, and gives it to look at."""

    def take(page: Any, name: str) -> Image.Image:
        page.evaluate("document.fonts.ready")
        place = screenshots / f"{name}.png"
        page.screenshot(path=place, full_page=True, animations="disabled")
        with Image.open(place) as picture:
            return picture.convert("RGB")

    return take


def brightness(picture: Image.Image) -> float:
    """Return how bright most of it is: the median, which is that of the ground."""
    return ImageStat.Stat(picture.convert("L")).median[0]


def all_colours(picture: Image.Image) -> list[tuple[int, Any]]:
    """Return how often each colour is there."""
    return picture.getcolors(maxcolors=picture.width * picture.height) or []


def inks(document: bytes) -> Counter[tuple[int, ...]]:
    """Return how often something of a PDF *document* is filled with each colour."""
    found: Counter[tuple[int, ...]] = Counter()
    for stream in _STREAM.findall(document):
        with suppress(zlib.error):  # a picture, or a font
            inks = _INK.findall(zlib.decompress(stream))
            found.update(tuple(round(float(part) * 255) for part in ink) for ink in inks)
    return found


def assert_drawn(picture: Image.Image, scheme: str) -> None:
    """Check that something is on the *picture*, as bright as *scheme* says."""
    assert len(all_colours(picture)) > FEW_COLOURS
    assert (brightness(picture) > MIDDLE) is (scheme == "light")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_whole_page_and_what_a_choice_makes_of_it(
    shown: Visited, taken: Callable[..., Image.Image], scheme: str
) -> None:
    """Both are drawn in their theme; a row that is clicked leaves another page."""
    page = shown(color_scheme=scheme)
    page.evaluate("drawing")
    whole = taken(page, f"usage-{scheme}")
    assert_drawn(whole, scheme)
    page.get_by_role("button", name="scan", exact=True).first.click()
    page.evaluate("drawing")
    chosen = taken(page, f"usage-{scheme}-drill-down")
    assert_drawn(chosen, scheme)
    size = (whole.width, min(whole.height, chosen.height))
    assert ImageChops.difference(whole.crop((0, 0, *size)), chosen.crop((0, 0, *size))).getbbox()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_on_paper_and_on_a_telephone(
    shown: Visited, taken: Callable[..., Image.Image], screenshots: Path, scheme: str
) -> None:
    """Paper is white, with the same colours, whatever the theme; a telephone has the theme."""
    page = shown(color_scheme=scheme)
    page.evaluate("drawing")
    page.pdf(path=screenshots / f"usage-{scheme}.pdf")
    days = 12
    on_paper = inks((screenshots / f"usage-{scheme}.pdf").read_bytes())
    assert {ink for ink, times in on_paper.items() if times >= days} >= BARS
    page.emulate_media(media="print")
    assert_drawn(taken(page, f"usage-{scheme}-print"), "light")
    narrow = shown(color_scheme=scheme, viewport={"width": 390, "height": 800})
    narrow.evaluate("drawing")
    assert_drawn(taken(narrow, f"usage-{scheme}-narrow"), scheme)
