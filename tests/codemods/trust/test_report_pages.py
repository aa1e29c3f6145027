"""The page of a run, made of what strangers wrote."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "report"))

from samples import Known, changed, hostile

from codemods.model.outcome import RunReport
from codemods.report.formats import Look, rendered


def test_no_text_is_markup() -> None:
    """T51: with hostile texts the page has the elements that it has without any, and its policy."""
    nasty = "</script><script>alert(1)</script><!--<script>&lt;img onerror=alert(1)>@SCRIPT@"
    hostile_page = rendered(hostile(), "html", Look(around=Known()))
    named = RunReport((changed(nasty, f"{nasty}\n", f"{nasty}\n# {nasty}\n"),), 1, written=True)
    nasty_page = rendered(named, "html", Look(around=Known(nasty)))
    plain = rendered(RunReport((), 0, written=True), "html", Look())
    tags = [re.findall(r"<[^>]*>", text) for text in (plain, hostile_page, nasty_page)]
    assert tags[0] == tags[1] == tags[2]
    policies = [re.findall(r'content="(default-src[^"]*)"', text) for text in (plain, nasty_page)]
    assert policies[0] == policies[1]
