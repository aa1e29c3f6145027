"""The comparison of two checkouts: it runs each one's own modules, and sees every difference."""

from __future__ import annotations

import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from benchmarks import compare
from benchmarks.compare_lane import Lane
from benchmarks.compare_progress import Progress
from benchmarks.compare_projects import TREES, Project, projects

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
# Tools that are small enough to be wrong in one place.
MIGRATE = """
import sys
from pathlib import Path


def main(arguments):
    if "--undo" in arguments:
        for path in Path().rglob("*.kept"):
            path.with_suffix("").write_bytes(path.read_bytes())
            path.unlink()
    elif not {"--check", "--diff"} & set(arguments):
        for path in [p for p in Path().rglob("*.py") if not Path(f"{p}.kept").exists()]:
            Path(f"{path}.kept").write_bytes(path.read_bytes())
            path.write_text("new\\n")
    print("migrate", *arguments)
    return 0
"""
LINT = """
import sys


def main(arguments):
    print("finding", file=sys.stderr)
    return 1
"""


def checkout(folder: Path, migrate: str = MIGRATE, lint: str = LINT) -> Path:
    """Write a checkout of such tools."""
    package = folder / "codemods"
    package.mkdir(parents=True)
    for name, text in (("__init__", ""), ("migrate", migrate), ("lint", lint)):
        (package / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def fixtures(tmp_path: Path) -> Path:
    """Two fixtures: a program, and a project with settings and options of its own."""
    folder = tmp_path / "fixtures"
    files = {
        "single/before.py": "x = 1\n",
        "several/project/a/b.py": "y = 1\n",
        "several/expect.toml": '[options]\npart = "a"\n[settings]\n"pyproject.toml" = "# own"\n',
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_same_tools_make_no_difference(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are run, which is shown by where their modules are; all is compared, and is the same."""
    old, new = checkout(tmp_path / "old"), checkout(tmp_path / "new")
    assert compare.main([str(old), str(new), "apart", "--fixtures", str(fixtures)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[:2] == [str(at / "codemods" / "__init__.py") for at in (old, new)]
    assert printed[2].startswith("2 projects, ")
    assert printed[3] == "all the same"


CHANGES = {
    "receipts.py": ("migrate", '"new\\n"', '"newer\\n"'),
    "receipts.py.kept": ("migrate", "path.unlink()", "path.touch()"),
    "output": ("migrate", 'print("migrate", *arguments)', 'print("migrate")'),
    "status": ("lint", "return 1", "return 2"),
    "errors": ("lint", '"finding"', '"found"'),
    "left": ("lint", "import sys\n\n", "import sys\nfrom pathlib import Path\n\n"),
}


def test_every_difference_is_seen(tmp_path: Path, fixtures: Path) -> None:
    """What is printed, the status, what is written, taken back, or left behind."""
    texts = {"migrate": MIGRATE, "lint": LINT}
    for part, right, wrong in CHANGES.values():
        assert right in texts[part]
        texts[part] = texts[part].replace(right, wrong)
    texts["lint"] = texts["lint"].replace("return 2", "Path('left').touch()\n    return 2")
    old, new = checkout(tmp_path / "old"), checkout(tmp_path / "new", **texts)
    [_, single] = projects(("apart",), fixtures, {})
    found = compare.compare(old, new, [single])
    assert {difference.what for difference in found} == CHANGES.keys()
    assert all("\n    " in compare.shown(difference) for difference in found)


def test_a_difference_is_told_and_fails(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The project, the command, the lines, the number of all; and status 1."""
    shutil.rmtree(fixtures / "several")
    old = checkout(tmp_path / "old")
    new = checkout(tmp_path / "new", lint=LINT.replace("finding", "found"))
    assert compare.main([str(old), str(new), "apart", "--fixtures", str(fixtures)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "single: lint --format json .: errors"
    assert lines[6:8] == ["    -finding", "    +found"]
    assert lines[-1] == "2 differ"


def test_what_a_process_keeps_is_no_difference(tmp_path: Path, fixtures: Path) -> None:
    """Commands share a process to save time; what differs counts if it does in one of its own."""
    keeping = "from pathlib import Path\n\nkept = []\n" + LINT.replace(
        'print("finding"',
        'kept.extend(Path().glob("receipts.py"))\n    print("finding" * len(kept)',
    )
    old, new = checkout(tmp_path / "old"), checkout(tmp_path / "new", lint=keeping)
    [_, single] = projects(("apart",), fixtures, {})
    assert single.is_small
    assert compare.compare(old, new, [single]) == []
    lane = Lane(old, new, tmp_path / "lane")
    try:
        seen, other = (dict(lane.seen(one, single, shared=True)) for one in lane.runners)
    finally:
        lane.close()
    assert seen != other


def test_a_command_that_dies_is_told(tmp_path: Path, fixtures: Path) -> None:
    """Its status is that of the signal, and the next command is run all the same."""
    dying = LINT.replace(
        "    return 1",
        "    import os\n    if os.path.exists('receipts.py'):\n        os.kill(os.getpid(), 9)\n"
        "    return 1",
    )
    old, new = checkout(tmp_path / "old"), checkout(tmp_path / "new", lint=dying)
    [_, single] = projects(("apart",), fixtures, {})
    found = [one for one in compare.compare(old, new, [single]) if one.what == "status"]
    assert [one.command for one in found] == ["lint --format json .", "lint ."]
    assert {one.new for one in found} == {b"-9"}


def test_progress_is_told_apart_from_the_result(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What will be done is on standard error at once, with how long it takes."""
    old, new = checkout(tmp_path / "old"), checkout(tmp_path / "new")
    assert compare.main([str(old), str(new), "apart", "--fixtures", str(fixtures)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "2 projects of their own, 40 commands"
    assert told[1].endswith(" s where nothing else runs")


def test_progress_counts_commands_and_what_differs() -> None:
    """A line every few seconds: the part that is done, and how long the rest takes."""
    [project] = [Project("one", {"a.py": b""}, reporting=(), writing=())]
    times = iter([0.0, 5.0, 30.0, 31.0])
    stream = StringIO()
    progress = Progress([project, project], 1, stream, lambda: next(times))
    progress.ran(project)
    progress.compared(3)
    for _ in range(2):
        progress.ran(project)
    assert stream.getvalue().splitlines() == [
        " 12%  1 of 2 projects, 3 differences, 30 s; about 4 minutes left; at one"
    ]


def test_a_folder_without_the_tools_is_no_checkout(
    tmp_path: Path, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What else would be imported in their place is not compared."""
    new = checkout(tmp_path / "new")
    assert compare.main([str(tmp_path), str(new), "apart", "--fixtures", str(fixtures)]) == 2
    assert "has no codemods" in capsys.readouterr().err


def test_an_empty_comparison_is_not_the_same(tmp_path: Path) -> None:
    """Without a fixture there is nothing to compare."""
    with pytest.raises(FileNotFoundError):
        list(projects(TREES, tmp_path, {}))


def test_all_fixtures_are_compared(fixtures: Path) -> None:
    """Alone with their settings and the part that is named, and with all others."""
    found = {one.name: one for one in projects(TREES, fixtures, {"wide": 5, "dense": 2})}
    assert list(found) == [
        "the wide tree",
        "the dense tree",
        "all fixtures together",
        "several",
        "single",
    ]
    assert dict(found["several"].files) == {"a/b.py": b"y = 1\n", "pyproject.toml": b"# own"}
    assert found["several"].paths == ("a",)
    assert dict(found["single"].files) == {"receipts.py": b"x = 1\n"}
    assert len(found["all fixtures together"].files) == 3


def test_a_sample_is_a_part_of_each_kind(fixtures: Path) -> None:
    """So many fixtures, the same ones together, and no program that is one as a whole."""
    (fixtures / "projects" / "large").mkdir(parents=True)
    (fixtures / "projects" / "large" / "z.py").write_text("z = 1\n")
    kinds = ("together", "apart")
    assert [one.name for one in projects(kinds, fixtures, {})][1:] == ["several", "single", "large"]
    together, alone = projects(kinds, fixtures, {}, 1)
    assert sorted(together.files) == ["several/expect.toml", "several/project/a/b.py"]
    assert alone.name == "several"


def test_the_fixtures_of_the_suite_are_found() -> None:
    """Every folder with a program of the project's own fixtures is one, and so are the programs."""
    alone = list(projects(("apart",), FIXTURES, {}))
    names = {path.parent for name in ("before.py", "project") for path in FIXTURES.rglob(name)}
    assert len(alone) == len(names) + len(list(FIXTURES.glob("projects/*"))) > 700


def test_the_real_tools_are_run(tmp_path: Path) -> None:
    """This checkout beside itself: legacy code is rewritten, and put back."""
    root = Path(__file__).resolve().parents[2]
    before = (FIXTURES / "guide" / "step3_simple" / "before.py").read_bytes()
    (tmp_path / "fixtures" / "one").mkdir(parents=True)
    (tmp_path / "fixtures" / "one" / "before.py").write_bytes(before)
    lane = Lane(root, root, tmp_path / "lane")
    try:
        [project] = projects(("apart",), tmp_path / "fixtures", {})
        project = replace(project, reporting=((),), writing=((),))
        seen, again = (dict(lane.seen(runner, project)) for runner in lane.runners)
    finally:
        lane.close()
    assert seen == again
    assert b"with ai_usage_context(" in seen["1.1 migrate .", "receipts.py"]
    assert b"with ai_usage_context(" in seen["migrate --diff .", "output"]
    assert ("1.3 migrate --undo", "receipts.py") not in seen
    assert seen["lint .", "status"] == b"1"
