"""The migration guide's forms: each plain variant, in both runtimes, executed before and after."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import FIXTURES, execute, lint, migrate
from loopback import loopback_server
from relayout import VARIANTS, same_lines

from codemods.model.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = FIXTURES / "guide"
FORMS = sorted(folder.name for folder in GUIDE.iterdir() if folder.is_dir())
EXECUTED = [name for name in FORMS if name.startswith("step")]


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, object]]:
    """The real clients, connected to a server on the loopback interface."""
    monkeypatch.setenv("AI_USAGE_DATABASE", str(tmp_path / "usage.db"))
    monkeypatch.setenv("ENVIRONMENT", "development")
    with loopback_server() as server:
        arguments = {"api_key": "unused", "base_url": server.base_url, "max_retries": 0}

        def async_client() -> openai.AsyncOpenAI:
            return openai.AsyncOpenAI(**arguments)

        with openai.OpenAI(**arguments) as client:
            yield {"client": client, "async_client": async_client}


@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
@pytest.mark.parametrize("form", FORMS)
def test_form_becomes_what_the_fixture_says(form: str, runtime: str, tmp_path: Path) -> None:
    """Each form of the guide is rewritten to its expected text, and a second run is quiet."""
    before = (GUIDE / form / "before.py").read_text()
    after = (GUIDE / form / f"after_{runtime}.py").read_text()
    outcome = migrate(tmp_path, before, runtime=runtime)
    assert outcome.failed is None
    assert outcome.refusals == ()
    assert outcome.text == after
    again = migrate(tmp_path, after, runtime=runtime)
    assert not again.changed
    assert again.refusals == ()


@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
@pytest.mark.parametrize("form", EXECUTED)
def test_form_runs_as_before(form: str, runtime: str, clients: dict[str, object]) -> None:
    """Before and after print, return and raise the same, and record the same metrics."""
    before = execute((GUIDE / form / "before.py").read_text(), clients)
    after = execute((GUIDE / form / f"after_{runtime}.py").read_text(), clients)
    assert before.metrics, "the legacy program recorded nothing: the comparison would be empty"
    assert after == before


def test_mixed_form_records_the_same(clients: dict[str, object]) -> None:
    """Moving the ids of a mixed pattern into the header changes no metric."""
    before = execute((GUIDE / "issue3_mixed" / "before.py").read_text(), clients)
    after = execute((GUIDE / "issue3_mixed" / "after_tracker.py").read_text(), clients)
    assert len(before.metrics) == 1
    assert after == before


def test_passed_tracker_keeps_the_call_and_its_job(clients: dict[str, object]) -> None:
    """Passing the tracker on records the inner call once, with the outer job."""
    before = execute((GUIDE / "issue1_missing_passing" / "before.py").read_text(), clients)
    after = execute((GUIDE / "issue1_missing_passing" / "after_tracker.py").read_text(), clients)
    assert len(after.metrics) == 1
    assert after == before


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
@pytest.mark.parametrize("form", FORMS)
def test_line_endings_tabs_and_mark_do_not_matter(
    form: str, runtime: str, variant: str, tmp_path: Path
) -> None:
    """With CRLF, tabs, a byte order mark, and all of them, the same program comes out."""
    vary = VARIANTS[variant]
    after = (GUIDE / form / f"after_{runtime}.py").read_text()
    outcome = migrate(tmp_path, vary((GUIDE / form / "before.py").read_text()), runtime=runtime)
    assert outcome.failed is None
    assert ast.dump(ast.parse(outcome.text.removeprefix("\ufeff"))) == ast.dump(ast.parse(after))
    assert same_lines(outcome.text, vary(after)), outcome.text
    assert not migrate(tmp_path, outcome.text, runtime=runtime).changed


def test_batch_note_names_the_price(tmp_path: Path) -> None:
    """The report says that batch prices are recorded, and the option leaves them out."""
    before = (GUIDE / "step4_batch" / "before.py").read_text()
    outcome = migrate(tmp_path, before)
    assert "half of the list price" in outcome.applied[0].notes[0]
    plain = migrate(tmp_path, before, batch_pricing=False)
    assert 'with ai_usage_context("process_all", batch_id="batch-456") as tracker:' in plain.text
    assert plain.applied[0].notes == ()


@pytest.mark.parametrize(
    ("form", "codes"),
    [
        ("step3_simple", ["AIU003", "AIU001", "AIU002"]),
        ("step5_workflow", ["AIU003", "AIU001", "AIU002"]),
        ("step6_error_handling", ["AIU003", "AIU001"]),
        ("issue1_missing_passing", ["AIU005"]),
        ("issue2_missing_import", ["AIU006"]),
        ("issue3_mixed", ["AIU004"]),
    ],
)
def test_lint_names_the_old_patterns(form: str, codes: list[str], tmp_path: Path) -> None:
    """Lint finds each old pattern at its place, and nothing in the migrated text.

    What is only information, as that the guide gives a context no field, is no error there.
    """
    assert errors(tmp_path, (GUIDE / form / "before.py").read_text()) == codes
    assert errors(tmp_path, (GUIDE / form / "after_tracker.py").read_text()) == []
    conservative = (GUIDE / form / "after_conservative.py").read_text()
    assert errors(tmp_path, conservative, runtime="conservative") == []


def errors(folder: Path, text: str, **flags: Any) -> list[str]:
    """Return the codes that lint finds in *text* and that fail a run."""
    return [code for code in lint(folder, text, **flags) if RULES[code].severity == "error"]
