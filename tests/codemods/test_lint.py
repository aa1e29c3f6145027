"""What lint looks at, and what it leaves to those who rewrite."""

import ast
from pathlib import Path

import pytest

from codemods import lint, migrate
from codemods.linking.module_graph import ModuleGraph
from codemods.linking.names.plain_names import plain_names
from codemods.linking.trees import Trees
from codemods.project.discovery import DiscoveredFile

LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    return ask(text, tracker)
"""
CHAIN = {
    "app/__init__.py": "",
    "app/base.py": "from tracker.ai_usage_tracker import AIUsageTracker\n"
    "class OurTracker(AIUsageTracker):\n    pass\n",
    "app/names.py": "from app.base import OurTracker\nclass Order:\n    pass\n",
    "app/work.py": "from app.names import Order, OurTracker\n\n\ndef read(text):\n"
    "    tracker = OurTracker()\n    tracker.set_tracking_context(job_id='1')\n"
    "    return ask(text, tracker, Order())\n",
}


def put(folder: Path, files: dict[str, str]) -> None:
    """Write *files* below *folder*."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_broken_file_beside_legacy_code_is_told_by_who_rewrites(
    start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may use what a rewrite changes; lint changes nothing, and reads no such file."""
    put(start, {"old.py": LEGACY, "broken.py": "x = (\n"})
    assert migrate.main(["--check", "."]) == 2
    assert "broken.py: failed to parse" in capsys.readouterr().out
    assert lint.main(["."]) == 1
    assert "broken" not in capsys.readouterr().out


def test_a_legacy_file_that_is_broken_is_told_by_lint(
    start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it holds is not known: the run fails, and the other files have their findings."""
    put(start, {"old.py": LEGACY, "broken.py": LEGACY + "x = (\n"})
    assert lint.main(["."]) == 2
    told = capsys.readouterr().out
    assert "broken.py: failed to parse" in told
    assert "old.py:5" in told


def test_a_tracker_that_comes_by_other_modules_is_found(
    start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A subclass is known behind a module that only hands it on, beside plain classes."""
    put(start, CHAIN)
    assert lint.main(["app"]) == 1
    assert "app/work.py:5:15: AIU001" in capsys.readouterr().out


def test_plain_names_are_what_no_base_and_no_import_gives() -> None:
    """Functions, values and classes without a base; not what is imported or inherits."""
    text = (
        "from a import Imported\nclass Derived(Imported): ...\nclass Plain: ...\n"
        "def Function(): ...\nValue = Other = 1\nNoted: int = 2\nif Value:\n    class Inner: ...\n"
    )
    assert plain_names(ast.parse(text)) == {"Plain", "Function", "Value", "Other", "Noted"}


@pytest.mark.parametrize("text", ["x = (\n", "x = " + "(" * 5000 + ")" * 5000])
def test_nothing_is_said_of_a_module_that_cannot_be_parsed(text: str, tmp_path: Path) -> None:
    """Whoever analyses it finds out what is wrong with it."""
    (tmp_path / "broken.py").write_text(text)
    file = DiscoveredFile(str(tmp_path / "broken.py"), "broken.py")
    graph = ModuleGraph(lambda: [file], {}, Trees({file.path}, lambda _: None))
    assert graph.of_tree(file, plain_names) is None
    assert not graph.imports(file)
