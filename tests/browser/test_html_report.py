"""The page of a run in a browser: opened, filtered, expanded, read and printed."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from samples import AFTER, BEFORE, EVIL, changed, finding, hostile, large, source

from codemods.model.outcome import Applied, Changed, Failed, Linted, Refused, RunReport
from codemods.model.refusal import Reason, Refusal
from codemods.model.source import Span
from codemods.report import display
from codemods.report.html.page import SCRIPTS

Opened = Callable[..., Any]

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "codemods" / "report" / "html" / "assets"
LONG = "".join(f"value_{number} = {number}\n" for number in range(60))
OLD = BEFORE + LONG + "def again():\n    tracker = AIUsageTracker()\n    ask()\n"
NEW = AFTER + LONG + "def again():\n    with ai_usage_context('again'):\n        ask()\n"


def migration(count: int = 30) -> RunReport:
    """Return a run over *count* files of three folders, in which something of everything is."""
    outcomes = []
    for number in range(count):
        path = f"app/{'abc'[number % 3]}/module_{number:04}.py"
        refusal = Refusal(
            finding(path), Reason.ESCAPES, "it is returned", "pass it in", Span(6, 5, 6, 9)
        )
        first = Applied(finding(path), "own", "nothing outlives the block")
        later = replace(first, finding=finding(path, Span(68, 15, 68, 31)), why="only here")
        if number % 5 == 4:
            outcomes.append(Refused(path, (refusal,)))
        elif number % 7 == 6:
            outcomes.append(Failed(path, "parse", "line 3 is no Python", "correct it"))
        else:
            second = replace(later, assumptions=("ask keeps nothing",)) if number % 2 else later
            outcomes.append(Changed(source(path, OLD), NEW.encode(), (first, second)))
    return RunReport(tuple(sorted(outcomes, key=lambda o: o.path)), count, written=False)


def paths(page: Any) -> list[str]:
    """Return the files that are shown."""
    # Not the inner texts: those of files that are not drawn yet are empty.
    return [text.strip() for text in page.locator(".file .path").all_text_contents()]


def count(page: Any) -> str:
    """Return what the page says is shown."""
    return str(page.locator("#count").inner_text())


def cells(page: Any, columns: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield sign, number and text of each line in the first open file, read from *columns*."""
    script = """([from, to]) => [...document.querySelectorAll('.is-open tr')].map(row =>
        [...row.cells].slice(Number(from), Number(to)).map(cell => cell.textContent))"""
    for row in page.evaluate(script, list(columns)):
        yield row[-2], row[-3] if len(row) == 3 else row[0] or row[1], row[-1]


def test_what_is_said_first(opened: Opened) -> None:
    """The title says how far the migration is, and each outcome has its number."""
    page = opened(migration())
    assert page.title() == "40 of 46 places can be rewritten - ai-usage"
    assert page.locator("#legend b").all_inner_texts() == ["30", "10", "6", "4"]
    assert count(page) == "30 files, 50 places"
    nothing = opened(RunReport((), 7, written=True))
    assert nothing.locator("h1").inner_text() == "Nothing is left to do"
    assert nothing.locator("#files").inner_text() == "Nothing is left to do."


def test_filters(opened: Opened) -> None:
    """Outcome, folder and words each leave what they name; together what all of them name."""
    page = opened(migration())
    page.get_by_label("need a person").check()
    assert count(page) == "6 files, 6 places, of 30 files"
    page.get_by_label("app/b/").check()
    assert all(path.startswith("app/b/") for path in paths(page))
    assert count(page) == "2 files, 2 places, of 30 files"
    page.get_by_label("app/a/").check()
    assert count(page) == "4 files, 4 places, of 30 files"
    page.get_by_label("Search").fill("IT IS returned module_0004")
    page.locator("#count", has_text="1 file,").wait_for()
    assert paths(page) == ["app/b/module_0004.py"]
    page.get_by_label("Search").fill("no such thing")
    page.get_by_text("Nothing is like that.").wait_for()
    page.get_by_role("button", name="Show everything").click()
    assert count(page) == "30 files, 50 places"
    assert page.get_by_label("need a person").is_checked() is False


def test_filters_leave_items_of_a_file(opened: Opened) -> None:
    """A file that is shown for one of its places shows that place, and its whole diff."""
    page = opened(migration())
    page.get_by_label("rest on an assumption").check()
    page.locator(".head").first.click()
    assert page.locator(".item .said").all_inner_texts() == [
        "to rewrite\nown\nlikely\nonly here\nassumes\nthat ask keeps nothing"
    ]
    assert page.locator(".lines").count() == 2


def test_reasons_stand_beside_what_they_are_of(opened: Opened) -> None:
    """Each edit has its reason right above its lines; a refusal has source, reason and advice."""
    page = opened(migration())
    page.get_by_role("button", name="module_0000.py").click()
    order = page.locator(".is-open .item, .is-open .lines").evaluate_all(
        "all => all.map(one => one.className + ' ' + one.innerText.includes('only here'))"
    )
    assert order == ["item false", "lines false", "item true", "lines false"]
    page.get_by_role("button", name="module_0000.py").click()
    assert page.locator(".is-open").count() == 0
    page.get_by_role("button", name="module_0004.py").click()
    shown = page.locator(".is-open .item").inner_text()
    assert "escapes at line 6: it is returned" in shown
    assert "pass it in" in shown
    assert page.locator(".is-open .is-place .text").inner_text() == "    tracker = AIUsageTracker()"
    page.get_by_role("link", name="blocked by line 6").click()
    assert page.locator("td.is-target.text").inner_text() == "    ask(text)"
    assert page.locator(".is-block .text").inner_text() == "    ask(text)"


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OLD, NEW),
        ("a\nb", "a\nc"),
        ("x = '''\n\tb\n'''\n", "y = '''\n\tb\n'''\n"),
        (LONG, LONG.replace("value_3 = 3\n", "").replace("59\n", "59\nmore\n")),
    ],
)
def test_diffs_say_what_changes(opened: Opened, before: str, after: str, beside: bool) -> None:
    """Side by side or unified, what is read from the lines are those that go and that come."""
    page = opened(RunReport((changed("a.py", before, after),), 1, written=False))
    if not beside:
        page.get_by_role("button", name="Side by side").click()
    page.locator(".head").click()
    halves = [("0", "3"), ("3", "6")] if beside else [("0", "4")]
    told = {cell for half in halves for cell in cells(page, half)}
    old, new = before.split("\n"), after.split("\n")
    for sign, number, text in told:
        if sign == "-" or (sign == "" and number and not beside):
            assert old[int(number) - 1] == text
        if sign == "+":
            assert new[int(number) - 1] == text
    gone = [text for sign, _, text in told if sign == "-"]
    come = [text for sign, _, text in told if sign == "+"]
    assert len(old) - len(gone) == len(new) - len(come)
    assert set(gone) >= set(old) - set(new)
    assert set(come) >= set(new) - set(old)


def test_keys(opened: Opened) -> None:
    """j, k, e, E, s, / and ? do what the list of keys says, and typing in the search does not."""
    page = opened(migration())
    for key in "jjk":
        page.keyboard.press(key)
    assert page.locator(".is-here .path").inner_text() == "app/a/module_0000.py"
    page.keyboard.press("e")
    assert page.locator(".is-open").count() == 1
    assert page.locator(".is-here tr").first.locator("td").count() == 6
    page.keyboard.press("s")
    assert page.locator(".is-here tr").first.locator("td").count() == 4
    page.keyboard.press("E")
    assert page.locator(".is-open").count() == 30
    page.keyboard.press("E")
    assert page.locator(".is-open").count() == 0
    page.keyboard.press("/")
    page.keyboard.type("jek?")
    assert page.get_by_label("Search").input_value() == "jek?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog", name="Keys").is_visible() is False


def test_lines_have_addresses(opened: Opened) -> None:
    """A number is a link to its line: opened elsewhere, its file is open and the line marked."""
    page = opened(migration())
    page.get_by_role("button", name="module_0009.py").click()
    page.get_by_role("button", name="module_0003.py").click()
    page.locator(".file", has_text="module_0003.py").get_by_label("line 5", exact=True).click()
    fragment = page.evaluate("location.hash")
    assert fragment == "#app/a/module_0003.py:R5"
    other = opened(migration(200), fragment)
    target = other.locator("td.is-target.text")
    assert target.inner_text() == "    with ai_usage_context('read'):"
    assert target.is_visible()
    assert other.locator(".is-open .path").inner_text() == "app/a/module_0003.py"
    other.get_by_label("need a person").check()
    other.evaluate("location.hash = '#app/b/module_0199.py'")
    other.locator(".is-here", has_text="module_0199.py").wait_for()
    assert opened(migration(), "#no/such/file.py:R1").locator(".is-open").count() == 0


def test_texts_do_nothing(opened: Opened) -> None:
    """T49: whatever is in the texts of a tree, they are shown, and nothing of them is run."""
    nasty = "</script><script>window.done=1</script><img src=x onerror=window.done=1>${1}@DATA@"
    text = BEFORE + f"# {nasty} {EVIL[:-2]}\n"
    outcome = replace(changed("a.py"), source=source(nasty, text))
    given = replace(hostile(), outcomes=(*hostile().outcomes, outcome))
    page = opened(given)
    page.get_by_role("button", name="Expand all").click()
    assert page.evaluate("window.done") is None
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe, object, embed, link").count() == 0
    assert nasty in paths(page)
    shown = page.locator("#files").text_content() or ""
    assert shown.count(display.line(EVIL)) > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("given", ["migration", "lint"])
def test_nobody_is_kept_out(opened: Opened, axe: str, scheme: str, given: str) -> None:
    """axe finds nothing: names, roles, order and contrast, in both colour schemes."""
    report = migration() if given == "migration" else large(40)
    page = opened(report, color_scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    page.evaluate(axe)
    script = "axe.run().then(found => found.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    for name in ("Expand all", "Keys"):
        page.get_by_role("button", name=name).click()
        assert page.evaluate(script) == []
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name={"light": "Dark", "dark": "Light"}[scheme], exact=True).click()
    assert page.evaluate("document.documentElement.dataset.theme") != scheme
    assert page.evaluate(script) == []


def test_thousands_of_files_are_made_as_they_are_seen(opened: Opened) -> None:
    """Of 5,000 files the first are there at once, and others when the list reaches them."""
    page = opened(
        RunReport(tuple(changed(f"m{n:04}.py") for n in range(5_000)), 5_000, written=True)
    )
    assert count(page) == "5,000 files, 5,000 places"
    first = page.locator(".file").count()
    assert first < 400
    page.locator(".file").last.scroll_into_view_if_needed()
    page.locator(".file").nth(first).wait_for(state="attached")
    page.get_by_label("Search").fill("m4999")
    page.locator("#count", has_text="1 file,").wait_for()
    assert paths(page) == ["m4999.py"]


def test_on_paper(opened: Opened) -> None:
    """A print has every file that is shown with its lines, unified, and no filters or buttons."""
    page = opened(migration(200))
    page.get_by_label("need a person").check()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".file.is-open").count() == 40
    assert page.locator(".side").is_visible() is False
    assert page.locator(".tools").is_visible() is False
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".file.is-open").count() == 0
    assert len(page.pdf()) > 10_000


def test_on_a_telephone(opened: Opened) -> None:
    """A narrow window has one column, and lines one below the other."""
    page = opened(migration(), viewport={"width": 390, "height": 800})
    page.locator(".head").first.click()
    assert page.locator(".is-open tr").first.locator("td").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_lint_findings(opened: Opened) -> None:
    """A lint run says how many findings there are, and shows each with its source."""
    page = opened(RunReport((Linted("a.py", (finding("a.py"),)),), 3, written=False))
    assert page.locator("h1").inner_text() == "1 finding"
    page.locator(".head").click()
    assert page.locator(".is-place .text").inner_text() == "    tracker = AIUsageTracker()"
    assert (
        page.locator(".code").get_attribute("title") == "built-by-hand: a tracker is built by hand"
    )


def texts_of(source_text: str) -> set[tuple[int, int]]:
    """Return line and column, from 0, of all signs in comments and texts, as Python reads them."""
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(source_text).readline):
        if token.type not in (tokenize.STRING, tokenize.COMMENT):
            continue
        lines = token.string.split("\n")
        for at, line in enumerate(lines):
            start = token.start[1] if at == 0 else 0
            found |= {(token.start[0] - 1 + at, start + column) for column in range(len(line))}
    return found


def test_colours_are_those_of_python(opened: Opened) -> None:
    """Comments and texts are coloured where Python has them."""
    page = opened(RunReport((), 0, written=True))
    program = (ASSETS / SCRIPTS[0]).read_text("utf-8")
    page.evaluate(f"() => {{ {program}; globalThis.paint = painted }}")
    script = """lines => { let open = ""; return lines.map(line => {
        const [pieces, rest] = paint(line, open); open = rest; return pieces; }) }"""
    samples = [ROOT / "codemods" / "report" / "diff.py", ROOT / "codemods" / "rules" / "engine.py"]
    texts = [
        "x = r'\\'' + rb\"\"\"a\\\"\"\" b\"\"\" # c 'd'\ny = '''e\n# f\n\"g\n''' if 1 else None\n"
    ]
    texts += [path.read_text("utf-8") for path in samples]
    for text in texts:
        lines = text.split("\n")
        pieces = page.evaluate(script, lines)
        assert ["".join(part for _, part in line) for line in pieces] == lines
        painted = set()
        for number, line in enumerate(pieces):
            column = 0
            for kind, part in line:
                if kind in ("c", "s"):
                    painted |= {(number, column + at) for at in range(len(part))}
                column += len(part)
        formatted = {
            line
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.JoinedStr)
            for line in range(node.lineno - 1, node.end_lineno or node.lineno)
        }
        both = [{p for p in one if p[0] not in formatted} for one in (painted, texts_of(text))]
        assert both[0] == both[1]
