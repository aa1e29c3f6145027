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


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which a run is started."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
