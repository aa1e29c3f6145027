"""Runs over a part of a project, or over several projects at once."""

from pathlib import Path

import pytest

from codemods import lint, migrate

LEGACY = """\
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


def read(text, client):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=text)
    tracker.track_openai_completion(lambda: answer)()
    return answer
"""


def write(folder: Path, **files: str) -> None:
    """Write *files* below *folder*; ``__`` in a keyword stands for a slash, a suffix is added."""
    for name, text in files.items():
        suffix = ".toml" if name.endswith("pyproject") else ".py"
        path = folder / (name.replace("__", "/") + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_each_project_keeps_its_runtime(start: Path) -> None:
    """In one run each file is rewritten for the runtime of the table nearest above it."""
    write(
        start,
        a__x=LEGACY,
        a__pyproject='[tool.ai-usage]\nruntime = "tracker"\n',
        b__y=LEGACY,
        b__pyproject='[tool.ai-usage]\nruntime = "conservative"\n',
    )
    assert migrate.main(["."]) == 0
    assert "track_openai_completion" not in (start / "a/x.py").read_text()
    assert "track_openai_completion" in (start / "b/y.py").read_text()


def test_each_project_keeps_its_names(start: Path) -> None:
    """Operations and modules come from the table nearest above each file."""
    mine = LEGACY.replace("receipt_label.utils.ai_usage_tracker", "acme.tracker")
    table = "[tool.ai-usage]\nmodules = {'acme.tracker' = 'acme.context'}\n"
    write(
        start,
        a__x=mine,
        a__pyproject=table + "operations = {read = 'text_scan'}\n",
        b__y=LEGACY,
        b__pyproject="[tool.ai-usage]\noperations = {read = 'page_scan'}\n",
        c__z=mine,
    )
    assert migrate.main(["."]) == 0
    assert "from acme.context import ai_usage_context" in (start / "a/x.py").read_text()
    assert '"text_scan"' in (start / "a/x.py").read_text()
    assert '"page_scan"' in (start / "b/y.py").read_text()
    assert (start / "c/z.py").read_text() == mine


def test_command_line_before_every_table(start: Path) -> None:
    """A flag of the command line holds for every file, whatever its table says."""
    write(start, a__x=LEGACY, a__pyproject='[tool.ai-usage]\nruntime = "tracker"\n')
    assert migrate.main(["--runtime", "conservative", "a"]) == 0
    assert "track_openai_completion" in (start / "a/x.py").read_text()


def test_mistake_in_an_inner_table(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong table anywhere above a file ends the run before anything is written."""
    write(start, a__x=LEGACY, b__y=LEGACY, b__pyproject="[tool.ai-usage]\nruntim = 'tracker'\n")
    assert migrate.main(["."]) == 2
    assert lint.main(["."]) == 2
    assert "Did you mean 'runtime'?" in capsys.readouterr().err
    assert (start / "a/x.py").read_text() == LEGACY


STATE = """\
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

usage = AIUsageTracker()


def ask(text, client):
    usage.set_tracking_context(job_id="ask-1")
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=text)
    usage.track_openai_completion(lambda: answer)()
    return answer
"""
READER = """\
from receipt_label.utils.ai_usage_tracker import AIUsageTracker


class Reader:
    def __init__(self, client):
        self.client = client
        self.tracker = AIUsageTracker()

    def read(self, text):
        self.tracker.set_tracking_context(job_id="read-1")
        answer = self.client.chat.completions.create(model="gpt-4o-mini", messages=text)
        self.tracker.track_openai_completion(lambda: answer)()
        return answer
"""


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a run that writes nothing prints."""
    migrate.main(["--check", *arguments])
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "user",
    [
        "from page import AIUsageTracker\n\nAIUsageTracker()\n",
        "import page\n\npage.AIUsageTracker()\n",
        "from page import *\n\nprint(AIUsageTracker)\n",
        "import importlib\n\nimportlib.import_module('page').AIUsageTracker()\n",
        "from unittest import mock\n\npatched = mock.patch('page.AIUsageTracker')\n",
        "import page\n\ndef test(m):\n    m.setattr(page, 'AIUsageTracker', 1)\n",
    ],
)
def test_import_that_is_used_outside_of_the_path(start: Path, user: str) -> None:
    """An import stays that a file outside of PATH takes from there, or patches there."""
    write(start, pyproject="", src__page=LEGACY, scripts__use=user)
    assert migrate.main(["--runtime", "tracker", "src"]) == 0
    text = (start / "src/page.py").read_text()
    assert "set_tracking_context" not in text
    assert "import AIUsageTracker" in text
    assert (start / "scripts/use.py").read_text() == user


def test_import_that_nothing_outside_uses(start: Path) -> None:
    """An import goes that no other file of the project needs, whatever it is called elsewhere."""
    write(start, pyproject="", src__page=LEGACY, scripts__use=LEGACY, page=LEGACY)
    assert migrate.main(["--runtime", "tracker", "src"]) == 0
    assert "import AIUsageTracker" not in (start / "src/page.py").read_text()
    assert (start / "scripts/use.py").read_text() == LEGACY


def test_place_in_another_file_is_relative_to_the_start(
    start: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names the file and line outside of PATH, relative to the folder of the start."""
    user = "from pkg.state import usage\n\nusage.flush_metrics()\n"
    write(start, pyproject="", src__pkg__state=STATE, scripts__use=user)
    monkeypatch.chdir(start / "src")
    assert "another file uses the same tracker: usage in ../scripts/use.py:3" in checked(
        capsys, "pkg"
    )


def test_project_without_a_root(
    start: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is not known where the project begins, that nobody else uses it is assumed."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere, pkg__state=STATE, pkg__reader=READER)
    told = checked(capsys, str(elsewhere / "pkg"))
    assert "assuming that no file outside of this run uses usage" in told
    assert "assuming that no file outside of this run uses Reader.tracker" in told
    assert "refused: assumption" in checked(capsys, "--strict", str(elsewhere / "pkg"))
    (elsewhere / "pyproject.toml").touch()
    assert "assuming" not in checked(capsys, str(elsewhere / "pkg"))


def test_file_that_does_not_parse(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be looked at is an assumption, if it holds the names that matter."""
    write(start, pyproject="", pkg__state=STATE, old__use="print 'state.usage'\n", old__no="x x\n")
    told = checked(capsys, "pkg")
    assert "assuming that old/use.py, which does not parse, makes no use of usage" in told
    assert told.count("assuming that") == 1


def test_object_of_an_unknown_class(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That an object of no known class is another one's is assumed; of a known class it is seen."""
    user = (
        "def close(service, page: Page):\n    service.tracker.flush_metrics()\n    page.tracker\n"
    )
    write(start, pyproject="", pkg__reader=READER, use=user)
    told = checked(capsys, "pkg")
    assert "assuming that service.tracker in use.py:2 is of another class than Reader" in told
    assert "page.tracker" not in told
    assert "refused: assumption" in checked(capsys, "--strict", "pkg")


def test_files_outside_are_neither_written_nor_reported(
    start: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Legacy code outside of PATH is looked at, and that is all."""
    write(start, pyproject="", pkg__page=LEGACY, other__page=LEGACY, other__bad="def (:\n")
    assert migrate.main(["--runtime", "tracker", "pkg"]) == 0
    assert "other" not in capsys.readouterr().out
    assert (start / "other/page.py").read_text() == LEGACY


def test_keys_that_match_nothing(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A function or a module that the project does not have is told, whatever part is named."""
    table = """
        [tool.ai-usage.operations]
        "pkg.page:read" = "page_scan"
        "other:Worker.run" = "work_run"
        "pkg.page:raed" = "typo_scan"
        "gone:read" = "gone_scan"
        "read" = "text_scan"
        "nowhere" = "nowhere_scan"
        [tool.ai-usage.modules]
        "acme.tracker" = "acme.context"
        "acme.trakcer" = "acme.context"
    """
    work = "from acme import tracker\n\n\nclass Worker:\n    def run(self):\n        pass\n"
    write(start, pyproject=table, pkg__page=LEGACY, other=work)
    assert migrate.main(["--check", "-q", "pkg"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.rpartition("[tool.ai-usage] ")[2] for line in told] == [
        "operations: no function of the project is called 'pkg.page:raed'. "
        "Did you mean 'pkg.page:read'?",
        "operations: no function of the project is called 'gone:read'. "
        "Did you mean 'pkg.page:read'?",
        "operations: no function of the project is called 'nowhere'",
        "modules: no file of the project speaks of 'acme.trakcer'",
    ]
    assert all(line.startswith(f"warning: {start}/pyproject.toml: ") for line in told)


def test_keys_of_a_namespace(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The keys of each table are held against the whole project, by any name of a module."""
    table = '[tool.ai-usage.operations]\n"ns.page:read" = "page_scan"\n"page:read" = "page_scan"\n'
    write(start, a__pyproject=table, a__src__ns__page=LEGACY, b__y=LEGACY)
    migrate.main(["--check", "."])
    assert capsys.readouterr().err == ""
