"""The page of a run as text: its policy, its data, and what it is told of lines."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sys
import tokenize
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from samples import AFTER, BEFORE, Known, changed, finding, hostile, large, source

from codemods.model.outcome import Linted, Refused, RunReport
from codemods.model.refusal import Reason, Refusal
from codemods.model.source import Span
from codemods.report.formats import Look, rendered
from codemods.report.html import hunks
from codemods.report.html.data import data_of

ROOT = Path(__file__).resolve().parents[3]
LINES = st.lists(st.sampled_from(["a", "b", "  c", "", "d\r", "\x0ce", "é"]), max_size=25)
ENDS = st.sampled_from(["", "\n"])


def page(report: RunReport) -> str:
    """Return the page of *report*."""
    return rendered(report, "html", Look(around=Known()))


def parts(text: str) -> dict[str, str]:
    """Return what is in the elements that matter: policy, style, data and script."""
    found = re.search(
        r'content="(?P<policy>default-src[^"]*)".*?<style>(?P<style>.*?)</style>.*?'
        r'<script type="application/json" id="data">(?P<data>.*?)</script>\n'
        r"<script>(?P<script>.*?)</script>\n</body>\n</html>\n\Z",
        text,
        re.DOTALL,
    )
    assert found is not None
    return found.groupdict()


@pytest.mark.parametrize("report", [hostile(), large(50)], ids=["hostile", "large"])
def test_the_policy_allows_what_is_there(report: RunReport) -> None:
    """Script and style are named by their digests, and nothing else may be loaded or run."""
    found = parts(page(report))
    rules = dict(rule.strip().split(" ", 1) for rule in found["policy"].split(";"))
    digests = {
        name: base64.b64encode(hashlib.sha256(found[name].encode()).digest()).decode()
        for name in ("script", "style")
    }
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digests['script']}'",
        "style-src": f"'sha256-{digests['style']}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_page_names_nothing_to_load() -> None:
    """There is no address in what is not data, and no attribute that would be one."""
    text = page(hostile()).replace(parts(page(hostile()))["data"], "")
    assert not re.search(r"https?:|//[a-z]|@import|url\(|\bsrc=|<link|<img|innerHTML|eval\(", text)


def test_data_is_data() -> None:
    """Nothing in it ends its element or begins another, and it is what was given."""
    data = parts(page(hostile()))["data"]
    assert not re.search("[<>&\u2028\u2029\x00-\x1f\x7f-\uffff]", data)
    assert json.loads(data) == data_of(hostile(), Known())


def test_a_page_is_the_same_for_the_same_run() -> None:
    """Nothing in it is of the time or the machine."""
    assert page(large(50)) == page(large(50))


def rebuilt(pieces: list[Any], before: str) -> tuple[str, str]:
    """Return the texts before and behind that *pieces* tell, with what lies between them."""
    old = before.split("\n")
    was, now, at = [], [], 1
    for first, first_new, _, _, lines in pieces:
        between = old[at - 1 : first - 1]
        was += between
        now += between
        at = first
        assert first_new == len(now) + 1
        for line in lines:
            if line[0] in " -":
                was.append(line[1:])
                at += 1
            if line[0] in " +":
                now.append(line[1:])
    rest = old[at - 1 :]
    return "\n".join([*was, *rest]), "\n".join([*now, *rest])


@given(LINES, LINES, ENDS, ENDS)
def test_hunks_tell_both_texts(old: list[str], new: list[str], end: str, new_end: str) -> None:
    """From the lines of a diff, and those between them, both texts can be made again."""
    before, after = "\n".join(old) + end, "\n".join(new) + new_end
    was, now = rebuilt(hunks.hunks(before, after), before)
    for told, text in ((was, before), (now, after)):
        shown = [line.rstrip("\r").replace("\x0c", r"\x0c") for line in text.split("\n")]
        said = [line.rstrip("\r").replace("\x0c", r"\x0c") for line in told.split("\n")]
        assert [one for one in said if one] == [one for one in shown if one]


def test_long_lines_are_cut() -> None:
    """A line without an end is told in part."""
    (piece,) = hunks.hunks("x\n" * 3, "x\n" * 3 + "y" * 100_000)
    assert max(map(len, piece[4])) < 500


def open_texts(text: str) -> dict[int, str]:
    """Return the lines that begin inside of a text, with its quotes, as Python reads them."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING and token.start[0] != token.end[0]:
            quotes = re.sub(r"^[a-zA-Z]*", "", token.string)[:3]
            for line in range(token.start[0] + 1, token.end[0] + 1):
                found[line] = quotes
    return found


@each_of(
    "path",
    ["codemods/report/diff.py", "codemods/migrate.py", "codemods/rules/patterns/direct.py"],
)
def test_lines_inside_of_texts_are_known(path: str) -> None:
    """What is said of each line of a file is what Python's own tokenizer says."""
    text = (ROOT / path).read_text("utf-8")
    quotes = hunks.Quotes(text)
    expected = open_texts(text)
    count = text.count("\n")
    assert {n: q for n in range(1, count + 1) if (q := quotes.at(n))} == expected
    assert expected


def test_quotes_within_others_open_nothing() -> None:
    """Quotes in comments, in other texts, and behind a backslash are no beginning."""
    text = "# '''\nx = \"'''\"\ny = '\\'''' + 'a'\nz = '''\n\"\"\"\n''' + 1\n"
    quotes = hunks.Quotes(text)
    assert [quotes.at(line) for line in range(1, 7)] == ["", "", "", "", "'''", "'''"]


def test_items_are_told_with_their_source() -> None:
    """A finding has the lines around it; a rewrite whose diff is told has none of its own."""
    report = RunReport((Linted("b.py", (finding("b.py"),)), changed("a.py")), 2, written=False)
    linted, rewritten = data_of(report, Known())["files"]
    (item,) = linted["t"]
    assert item["x"][0] == 4
    assert item["x"][4][1] == " " + BEFORE.split("\n")[4]
    assert item["n"] == [5, 15]
    (rewrite,) = rewritten["t"]
    assert (rewrite["k"], "x" in rewrite, len(rewritten["h"])) == ("proven", False, 1)


@pytest.mark.parametrize(
    ("block", "first", "more"), [(6, [4, 5, 6], None), (40, [4, 5, 6], [38, 39, 40, 41, 42])]
)
def test_what_blocks_is_shown(block: int, first: list[int], more: list[int] | None) -> None:
    """The place that blocks is among the lines if it is near, else it has lines of its own."""
    refusal = Refusal(finding("b.py"), Reason.ESCAPES, "it is", "pass it", Span(block, 1, block, 2))
    text = BEFORE + "".join(f"x{number} = 1\n" for number in range(7, 50))
    report = RunReport((Refused("b.py", (refusal,)),), 1, written=False)
    (file,) = data_of(report, Known(text))["files"]
    (item,) = file["t"]
    assert item["b"] == block
    shown = [
        list(range(item[key][0], item[key][0] + len(item[key][4]))) for key in "xy" if key in item
    ]
    assert [lines[: len(first)] for lines in shown[:1]] == [first]
    assert shown[1:] == ([more] if more else [])


def test_places_that_are_not_there() -> None:
    """A place behind the end of a text has no lines: it is one of another text."""
    far = Linted("b.py", (finding("b.py", Span(99, 1, 99, 2)),))
    (file,) = data_of(RunReport((far,), 1, written=False), Known())["files"]
    assert "x" not in file["t"][0]


def test_the_size_of_a_large_migration() -> None:
    """A page about a thousand files is no larger than their differences."""
    outcomes = tuple(changed(f"m{n}.py", BEFORE, AFTER) for n in range(1_000))
    assert len(page(RunReport(outcomes, 1_000, written=True))) < 1_200_000


def test_other_languages_are_not_coloured() -> None:
    """Files of Python are told as such, documents and notebooks are not."""
    names = ("a.py", "script", "a.md", "n.ipynb")
    outcomes = tuple(changed(name) for name in names)
    files = data_of(RunReport(outcomes, 4, written=True), Known())["files"]
    assert [file.get("l") for file in files] == ["python", "python", None, None]
    assert source("a.py").display == "a.py"
