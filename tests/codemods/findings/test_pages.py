"""What lint says of its rules: lists, and pages that are made from docstrings."""

import subprocess
import sys
from pathlib import Path

import pytest

from codemods import lint
from codemods.findings.pages import Form, Page, page_of, pages
from codemods.model.rules import RULES, UnknownRuleError, rule_named

ROOT = Path(__file__).resolve().parents[3]
DOCSTRING = """\
Short title: what it means,
told in two lines.

What it does    Reports it,
                everywhere.
Before          if x:
                    old()
After           (left alone)
Leaves alone    what is new
"""


def test_a_docstring_becomes_a_page() -> None:
    """Programs keep their indentation and stand in fences, texts do not; a result may be none."""
    page = Page("AIU900", (Form.of(DOCSTRING),))
    assert (page.name, page.summary) == ("short-title", "what it means, told in two lines")
    assert page.markdown.splitlines()[4:] == [
        "**What it does.** Reports it,",
        "everywhere.",
        "",
        "Before:",
        "",
        "```python",
        "if x:",
        "    old()",
        "```",
        "",
        "**After.** (left alone)",
        "",
        "**Leaves alone.** what is new",
    ]


def test_what_shares_a_code_is_a_form_of_it() -> None:
    """The page has its name from what lint reports, and a section for each that rewrites."""
    page = page_of("AIU007")
    assert page.name == "nested-context"
    assert "\n### Nested contexts\n" in page.markdown
    assert page.markdown.index("## Forms of it") < page.markdown.index("### Nested contexts")


def test_every_rule_has_a_name_of_its_own() -> None:
    """A name is as good as a code, so no two rules share one."""
    names = [page.name for page in pages()]
    assert len(set(names)) == len(names) > 12


@pytest.mark.parametrize("given", ["AIU003", "aiu003", "legacy-import", "Legacy-Import"])
def test_a_rule_is_explained(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--explain prints the page by code or name, without a PATH."""
    assert lint.main(["--explain", given]) == 0
    assert capsys.readouterr().out == page_of("AIU003").markdown


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("AIU0O3", "'AIU003'"),
        ("legacy_imports", "'legacy-import'"),
        ("nested", "'nested-context'"),
        ("??", None),
    ],
)
def test_an_unknown_rule_is_named_with_the_nearest_one(
    given: str, near: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is wrong usage; what is near nothing gets no guess."""
    assert lint.main(["--explain", given]) == 2
    told = capsys.readouterr().err
    assert f"no rule is called '{given}'" in told
    assert (f"Did you mean {near}?" in told) if near else ("Did you" not in told)
    with pytest.raises(UnknownRuleError):
        rule_named(given)


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """--list-rules prints a line for each: code, name, and what it reports."""
    assert lint.main(["--list-rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[r.code, r.name] for r in RULES.values()]
    assert all(line.endswith(r.summary) for line, r in zip(lines, RULES.values(), strict=True))


def test_the_list_loads_no_rule() -> None:
    """Codes and names are known from a table: a clean tree pays for none of the rules."""
    program = (
        "import sys; from codemods import lint; lint.main(['--list-rules']);"
        "print([m for m in sys.modules if m.startswith('codemods.rules')])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
