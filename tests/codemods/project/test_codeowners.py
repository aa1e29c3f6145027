"""Who owns a file, as CODEOWNERS says: GitHub's rules, and GitLab's sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from many_cases import each_of

from codemods.project.owners.codeowners import LARGEST, Owners, owners_in

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = """\
# all that nobody else owns
*           @acme/all    # a comment
*.js        @acme/js
/build/logs/ @ops
docs/*      docs@example.com
apps/       @octocat
/scripts/   @doctocat @octocat
**/logs     @logger
/apps/github
with\\ space.py @blank
!no.py      @nobody
"""


@each_of(
    ("path", "owners"),
    [
        ("a.py", ["@acme/all"]),
        ("deep/in/a.js", ["@acme/js"]),
        ("build/logs/x/y.py", ["@logger"]),
        ("docs/a.md", ["docs@example.com"]),
        ("docs/more/a.md", ["@acme/all"]),
        ("deep/apps/x.py", ["@octocat"]),
        ("scripts/x.py", ["@doctocat", "@octocat"]),
        ("deep/scripts/x.py", ["@acme/all"]),
        ("apps/github/x.py", []),
        ("apps/githubs/x.py", ["@octocat"]),
        ("with space.py", ["@blank"]),
        ("no.py", ["@acme/all"]),
    ],
)
def test_the_last_line_decides(path: str, owners: list[str]) -> None:
    """The examples of GitHub's documentation."""
    assert list(Owners(GITHUB).of(path)) == owners


def test_sections() -> None:
    """Each section of GitLab names owners of its own, or those of its head."""
    text = "* @all\n[Backend][2] @back\n*.py\n/x/ @x\n^[Docs] @docs @text\n*.md\n"
    owners = Owners(text)
    assert list(owners.of("a.py")) == ["@all", "@back"]
    assert list(owners.of("x/a.py")) == ["@all", "@x"]
    assert list(owners.of("a.md")) == ["@all", "@docs", "@text"]


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    """The first of its places counts; none, or one that is too large, names nobody."""
    assert owners_in(tmp_path).of("a.py") == ()
    (tmp_path / "CODEOWNERS").write_text("* @root\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "CODEOWNERS").write_text("* @docs\n")
    assert owners_in(tmp_path).of("a.py") == ("@root",)
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "CODEOWNERS").write_text("* @hub\n")
    assert owners_in(tmp_path).of("a.py") == ("@hub",)
    (tmp_path / ".github" / "CODEOWNERS").write_text("#" * (LARGEST + 1))
    assert owners_in(tmp_path).of("a.py") == ("@root",)
