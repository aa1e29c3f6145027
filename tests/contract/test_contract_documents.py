"""The documents say what the tests hold, and nothing of the machine they were written on."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from many_cases import each_of
from source_tree import ROOT, Module, committed_files, functions_of

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = ("Status", "Context", "Decision", "Consequences")
PAGE_LINES = 70
INVARIANT = re.compile(r"^(?:[-*] )?\*\*Invariant ([A-Z]\d+):\*\*", re.MULTILINE)
LOOSE_INVARIANT = re.compile(r"\bInvariant\b[^\n]*?:", re.MULTILINE)
REFERENCE = re.compile(r"(?:^|(?<=\s))([A-Z]\d+)(?=[ :])")

#: Folders of one machine.  Put together here so that this file does not hold them itself.
MACHINE_FOLDERS = tuple("/" + name + "/" for name in ("work", "root", "tmp", "home", "Users"))
#: The default of a legacy constructor argument; old programs rely on it.
KNOWN_PATHS = ("/" + "tmp/ai_usage.jsonl",)
#: Folders whose files are data: what programs of others look like.
DATA = ("tests/fixtures/",)


def invariants(text: str) -> list[str]:
    """Return the ids of the Invariant lines of a document."""
    return INVARIANT.findall(text)


def referenced(modules: list[Module]) -> set[str]:
    """Return the invariant ids that the docstrings of tests begin with."""
    found: set[str] = set()
    for module in modules:
        for function in functions_of(module.tree):
            docstring = _docstring(function)
            if function.name.startswith("test_") and re.match(r"[A-Z]\d+[ :]", docstring):
                found |= set(REFERENCE.findall(docstring.partition(":")[0] + ":"))
    return found


def undocumented_tests(modules: list[Module]) -> list[str]:
    """Return the test functions without a docstring."""
    return [
        f"{module.path}:{function.lineno} {function.name}"
        for module in modules
        for function in functions_of(module.tree)
        if function.name.startswith("test_") and not _docstring(function)
    ]


def _docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.get_docstring(function) or ""


def page_problems(name: str, text: str) -> list[str]:
    """Return what is wrong with one decision record."""
    number, _, title = name.partition("-")
    problems = []
    if not re.match(rf"# {int(number)}\. \S", text):
        problems.append(f"{name}: the title must begin with '# {int(number)}. '")
    if not title:
        problems.append(f"{name}: the file name must say what was decided")
    found = tuple(re.findall(r"^## (\w+)\s*$", text, re.MULTILINE))
    if found != HEADINGS:
        problems.append(f"{name}: headings are {found}, not {HEADINGS}")
    if len(text.splitlines()) > PAGE_LINES:
        problems.append(f"{name}: longer than a page of {PAGE_LINES} lines")
    return problems


def machine_paths(text: str) -> list[str]:
    """Return the absolute paths in *text* that exist on one machine only."""
    folders = "|".join(re.escape(folder) for folder in MACHINE_FOLDERS)
    found = re.findall(rf"(?<![\w.~$}}>*-])(?:{folders})[\w./-]*", text)
    return [path for path in found if path.rstrip(".") not in KNOWN_PATHS]


def broken_links(path: Path, text: str) -> list[str]:
    """Return the relative links of a Markdown file that lead nowhere."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    return [target for target in local if not (path.parent / target).exists()]


def conflict_marks(text: str) -> list[str]:
    """Return the lines that a merge leaves where it could not decide."""
    return re.findall(r"^(?:<{7}|>{7}) .*$", text, re.MULTILINE)


def _test_modules() -> list[Module]:
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    return [
        Module(path.stem, path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in paths
        if "fixtures" not in path.relative_to(ROOT).parts
    ]


def _decisions() -> list[Path]:
    return sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def _markdown() -> list[Path]:
    return [path for path in committed_files() if path.suffix == ".md" and not _is_data(path)]


def _is_data(path: Path) -> bool:
    return path.relative_to(ROOT).as_posix().startswith(DATA)


def test_every_invariant_is_held_by_a_test() -> None:
    """D1: each Invariant line of ARCHITECTURE.md is named by a contract test, and the reverse."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = invariants(text)
    assert len(named) == len(LOOSE_INVARIANT.findall(text)), "an Invariant line without an id"
    assert len(named) == len(set(named)), "an id is used twice"
    assert named
    tested = referenced([m for m in _test_modules() if m.path.startswith("tests/contract/")])
    assert set(named) == tested


def test_every_test_says_what_it_holds() -> None:
    """D2: every test function has a docstring that states the behaviour."""
    assert undocumented_tests(_test_modules()) == []


def test_every_decision_record_has_its_four_parts() -> None:
    """D3: Status, Context, Decision, Consequences; one page; numbers without a double."""
    paths = _decisions()
    assert paths
    problems = [p for path in paths for p in page_problems(path.stem, path.read_text("utf-8"))]
    assert problems == []
    numbers = [path.name[:4] for path in paths]
    assert len(numbers) == len(set(numbers))


def test_no_file_names_a_folder_of_one_machine() -> None:
    """D4: what is committed works, and reads, the same everywhere."""
    found = []
    for path in committed_files():
        if _is_data(path):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {place}" for place in machine_paths(text)]
    assert found == []


def test_links_between_the_documents_lead_somewhere() -> None:
    """D5: a relative link in a Markdown file points at a file that is there."""
    broken = {
        path.relative_to(ROOT).as_posix(): links
        for path in _markdown()
        if (links := broken_links(path, path.read_text(encoding="utf-8")))
    }
    assert broken == {}


def test_no_document_has_both_sides_of_a_merge() -> None:
    """A Markdown file that was committed with a conflict in it would still be read as one text."""
    undecided = {
        path.relative_to(ROOT).as_posix(): marks
        for path in _markdown()
        if (marks := conflict_marks(path.read_text(encoding="utf-8")))
    }
    assert undecided == {}
    assert conflict_marks("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> d\n") == [
        "<<<<<<< HEAD",
        ">>>>>>> d",
    ]


def test_a_test_without_a_docstring_is_seen() -> None:
    """Plain, asynchronous and method tests count; other functions do not."""
    text = (
        "def test_a(): pass\n"
        "async def test_b(): pass\n"
        "class T:\n    def test_c(self): pass\n"
        'def test_d():\n    """Said."""\n'
        "def other(): pass\n"
    )
    found = undocumented_tests([Module("m", "m.py", text)])
    assert [place.split()[-1] for place in found] == ["test_a", "test_b", "test_c"]


def test_invariants_and_their_references_are_read() -> None:
    """An id counts only at the head of a test's docstring."""
    assert invariants("- **Invariant L1:** a\n\n**Invariant S2:** b\nInvariant: c\n") == [
        "L1",
        "S2",
    ]
    text = (
        'def test_a():\n    """L1 L2: both."""\n'
        'def test_b():\n    """As S1 says."""\n'
        'def other():\n    """S2: not a test."""\n'
    )
    assert referenced([Module("m", "m.py", text)]) == {"L1", "L2"}


@each_of(
    ("name", "text", "count"),
    [
        ("0001-good", "# 1. T\n## Status\n## Context\n## Decision\n## Consequences\n", 0),
        ("0001-order", "# 1. T\n## Context\n## Status\n## Decision\n## Consequences\n", 1),
        ("0002-title", "# 1. T\n## Status\n## Context\n## Decision\n## Consequences\n", 1),
        ("0001-bare", "# 1. T\n", 1),
        ("0001-long", "# 1. T\n## Status\n## Context\n## Decision\n## Consequences\n" * 15, 2),
    ],
)
def test_a_faulty_decision_record_is_seen(name: str, text: str, count: int) -> None:
    """Order, title, number and length are each checked."""
    assert len(page_problems(name, text)) == count


def test_a_machine_path_is_seen() -> None:
    """Paths of one machine are found in prose and code; relative paths and URLs are not."""
    folder = MACHINE_FOLDERS[0]
    assert machine_paths(f"see {folder}main, '{folder}x' and ({folder}y)") == [
        f"{folder}main",
        f"{folder}x",
        f"{folder}y",
    ]
    assert machine_paths(f"examples{folder}x https://host{folder}x ${{HOME}}{folder}x") == []
    assert machine_paths(f'log_file="{KNOWN_PATHS[0]}"') == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """Only relative links are followed, without their anchor."""
    (tmp_path / "there.md").touch()
    text = "[a](there.md) [b](there.md#part) [c](gone.md) [d](https://example.org) [e](#here)"
    assert broken_links(tmp_path / "index.md", text) == ["gone.md"]
