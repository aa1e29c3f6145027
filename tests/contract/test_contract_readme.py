"""The README's examples do what stands beside them, and its contents lead to its sections."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from source_tree import ROOT, committed_files

from tests.warm import run_text

if TYPE_CHECKING:
    from pathlib import Path

LINES = 300
REPORT = ["-c", "from tracker.cli.main import main; main()", "report", "--by", "job"]


def readme() -> str:
    """Return the text of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the code of the fences of *language* in a Markdown text."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [code for named, code in fences if named == language]


def slug(heading: str) -> str:
    """Return the anchor that a code host gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a Markdown file, code left out."""
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def lost_anchors(path: Path) -> list[str]:
    """Return the links of a Markdown file to a heading that is not there."""
    links = re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", path.read_text(encoding="utf-8"))
    targets = [(path.parent / name if name else path, anchor) for name, anchor in links]
    return [anchor for target, anchor in targets if anchor not in anchors(target)]


def test_migrate_writes_what_the_readme_shows(tmp_path: Path) -> None:
    """The first example becomes the second one, letter by letter."""
    before, after = blocks(readme(), "python")[:2]
    example = tmp_path / "receipts.py"
    example.write_text(before, encoding="utf-8")
    command = [sys.executable, "-m", "codemods.migrate", "--no-cache", example.name]
    run = run_text(command, tmp_path, os.environ)
    assert run.returncode == 0, run.stdout + run.stderr
    assert example.read_text(encoding="utf-8") == after


def test_the_example_to_try_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The program can be pasted and run without a key, and its report is the one that is shown."""
    text = readme()
    (program,) = (code for code in blocks(text, "python") if "loopback_server" in code)
    (shown,) = (code for code in blocks(text, "") if code.startswith("Stats("))
    (tmp_path / "try_it.py").write_text(program, encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    foreign = ("AI_USAGE_", "ENVIRONMENT", "OPENAI_", "COLUMNS", "USER_ID")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {"AI_USAGE_DATABASE": "try.db", "AI_USAGE_GATEWAYS": "127.0.0.1"}
    said = ""
    for arguments in (["try_it.py"], REPORT):
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**kept, **own, "ENVIRONMENT": "development", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, "")
        said += run.stdout
    assert said == shown


def test_the_contents_name_each_section_of_the_readme() -> None:
    """They follow the sections in their order, and the whole stays short enough to be read."""
    text = readme()
    contents = text[text.index("**Contents:**") :].partition("\n\n")[0]
    titles = [" ".join(title.split()) for title in re.findall(r"\[([^]]+)\]\(#", contents)]
    assert titles == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert len(text.splitlines()) <= LINES


def test_the_readme_names_each_page_of_the_documents() -> None:
    """A page that nothing leads to is found by nobody."""
    more = readme().partition("\n## More\n")[2]
    pages = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
    assert [page for page in pages if f"]({page})" not in more] == []


def test_links_to_headings_lead_to_one() -> None:
    """The anchor of a relative link is a heading of the page that it names."""
    pages = [path for path in committed_files() if path.suffix == ".md" and "docs" in path.parts]
    lost = {
        path.name: gone for path in [ROOT / "README.md", *pages] if (gone := lost_anchors(path))
    }
    assert lost == {}


def test_a_lost_anchor_is_seen(tmp_path: Path) -> None:
    """Headings in code are none, and punctuation counts for nothing."""
    page = tmp_path / "page.md"
    page.write_text(
        "# It's here\n[a](#its-here) [b](#code) [c](page.md#gone)\n```\n# code\n```\n",
        encoding="utf-8",
    )
    assert lost_anchors(page) == ["code", "gone"]
