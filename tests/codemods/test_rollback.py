"""The way back: blocks become legacy calls where migrating these gives the file again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import openai
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import FIXTURES, dedent, execute, migrate
from loopback import loopback_server

from codemods import migrate as command

GUIDE = FIXTURES / "guide"
STEPS = sorted(folder.name for folder in GUIDE.iterdir() if folder.name.startswith("step"))
IMPORT = "from receipt_label.utils.ai_usage_context import ai_usage_context\n"
BOTH = "from receipt_label.utils.ai_usage_context import ai_usage_context, batch_ai_usage_context\n"
LEGACY = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
ASK = """

def ask(tracker, model):
    return tracker.track_openai_completion(client.chat.completions.create)(model=model)
"""


def back(folder: Path, text: str, **flags: object) -> tuple[str, list[str]]:
    """Return what *text* is rolled back to, and the details of the refusals."""
    outcome = migrate(folder, dedent(text), rollback=True, **flags)
    assert outcome.failed is None, outcome.failed
    return outcome.text, [refusal.detail for refusal in outcome.refusals]


@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
@pytest.mark.parametrize("form", STEPS)
def test_the_guide_s_forms(
    form: str, runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each migrated form goes back to code that records the same, and forth to what it was."""
    monkeypatch.setenv("AI_USAGE_DATABASE", str(tmp_path / "usage.db"))
    monkeypatch.setenv("ENVIRONMENT", "development")
    before = (GUIDE / form / "before.py").read_text()
    after = (GUIDE / form / f"after_{runtime}.py").read_text()
    legacy, refused = back(tmp_path, after, runtime=runtime)
    assert refused == []
    assert "with ai_usage_context" not in legacy
    assert migrate(tmp_path, legacy, runtime=runtime).text == after
    with loopback_server() as server:
        arguments = {"api_key": "unused", "base_url": server.base_url, "max_retries": 0}
        with openai.OpenAI(**arguments) as client:

            def async_client() -> openai.AsyncOpenAI:
                return openai.AsyncOpenAI(**arguments)

            names = {"client": client, "async_client": async_client}
            assert execute(legacy, names) == execute(before, names)


def test_what_a_person_named_is_kept_as_a_comment(tmp_path: Path) -> None:
    """An operation type that the migration would not find stands in a comment above."""
    text = (
        IMPORT
        + ASK
        + dedent("""

    def scan(page):
        with ai_usage_context("nightly_receipts", job_id=page.job) as tracker:
            return ask(tracker, "m")
    """)
    )
    legacy, refused = back(tmp_path, text)
    assert refused == []
    assert "    # ai-usage: operation=nightly_receipts\n    tracker.set_" in legacy
    again = migrate(tmp_path, legacy)
    assert 'with ai_usage_context("nightly_receipts", job_id=page.job) as tracker:' in again.text


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ('ai_usage_context("scan", customer_id=1)', "legacy calls have no customer_id"),
        ('ai_usage_context("scan", **ids)', "through * or **"),
        ('partial_failure_context("scan")', "do not count partial failures"),
        ('ai_usage_context("scan"), open("x")', "opens something else too"),
        ('ai_usage_context("scan", tracker=given, environment="e")', "no environment"),
        ('ai_usage_context("scan", tracker=given, job_id="j")', "another name for the tracker"),
    ],
)
def test_blocks_without_a_legacy_form(tmp_path: Path, block: str, why: str) -> None:
    """What legacy calls cannot say is refused, with what it is; the block stays."""
    home = "from receipt_label.utils.ai_usage_context import *\n"
    header = (
        block.replace(", open", " as tracker, open") if ", open" in block else f"{block} as tracker"
    )
    text = (
        home
        + ASK
        + f"\n\ndef scan(page, given, ids):\n    with {header}:\n        ask(tracker, 'm')\n"
    )
    legacy, refused = back(tmp_path, text)
    assert legacy == text
    assert any(why in detail for detail in refused), refused


@pytest.mark.parametrize(
    "body",
    [
        # The migration would end the block behind its last use.
        "        answer = ask(tracker, 'm')\n        print(answer)\n        log(answer)\n",
        # It would not keep the tracker of a block for what comes behind it.
        "        later.append(lambda: ask(tracker, 'm'))\n",
    ],
)
def test_blocks_that_would_not_come_again(tmp_path: Path, body: str) -> None:
    """A block that migrating the legacy calls does not give again stays, and that is said."""
    text = (
        IMPORT
        + ASK
        + f"\nlater = []\n\n\ndef scan():\n    with ai_usage_context('scan') as tracker:\n{body}"
    )
    legacy, refused = back(tmp_path, text)
    assert legacy == text
    assert len(refused) == 1


def test_a_call_that_only_the_block_records(tmp_path: Path) -> None:
    """A captured call is recorded by hand again; one that cannot be is refused."""
    text = IMPORT + dedent("""

    def scan(client):
        with ai_usage_context("scan", job_id="j") as tracker:
            answer = client.responses.create(model="m", input="x")
            return answer
    """)
    legacy, refused = back(tmp_path, text)
    assert refused == []
    assert "    tracker.track_openai_completion(lambda: answer)()\n" in legacy
    hidden = text.replace(
        "answer = client.responses.create", "answer = len(client.responses.create"
    )
    hidden = hidden.replace('input="x")', 'input="x"))')
    legacy, refused = back(tmp_path, hidden)
    assert (legacy, refused) == (
        hidden,
        ["the block records calls that legacy code would not record"],
    )


def test_one_of_several(tmp_path: Path) -> None:
    """A block that cannot go back holds no other one: it stays, and so does its import."""
    text = (
        BOTH
        + ASK
        + dedent("""

    def scan():
        with ai_usage_context("scan", job_id="j") as tracker:
            return ask(tracker, "m")


    def rest():
        with ai_usage_context("rest", customer="c") as tracker:
            return ask(tracker, "m")
    """)
    )
    legacy, refused = back(tmp_path, text)
    assert refused == ["legacy calls have no customer"]
    assert 'tracker.set_tracking_context(job_id="j")' in legacy
    assert 'with ai_usage_context("rest", customer="c")' in legacy


def test_blocks_inside_each_other(tmp_path: Path) -> None:
    """Phases that go on with each other's ids become set calls in a row, and these blocks again."""
    text = f"""{IMPORT}{LEGACY}{ASK}

def read(text):
    tracker = AIUsageTracker()
    with ai_usage_context("read", tracker=tracker, job_id=make_id()):
        lines = ask(tracker, text)
        with ai_usage_context("ask", tracker=tracker, github_pr=12):
            total = ask(tracker, lines)
            print(total)
            with ai_usage_context("receipts_read", tracker=tracker, user_id=make_id()):
                return ask(tracker, total)
"""
    legacy, refused = back(tmp_path, text, runtime="tracker")
    assert refused == []
    body = legacy.partition("def read(text):\n")[2]
    assert [line[4:] for line in body.splitlines()] == [
        "tracker = AIUsageTracker()",
        "tracker.set_tracking_context(job_id=make_id())",
        "lines = ask(tracker, text)",
        "tracker.set_tracking_context(github_pr=12)",
        "total = ask(tracker, lines)",
        "print(total)",
        "tracker.set_tracking_context(user_id=make_id())",
        "return ask(tracker, total)",
    ]
    assert migrate(tmp_path, legacy, runtime="tracker").text == text


def test_legacy_code_is_left_alone(tmp_path: Path) -> None:
    """Where nothing opens a context there is nothing to do, and nothing to say."""
    text = LEGACY + ASK + "\ntracker = AIUsageTracker()\nask(tracker, 'm')\n"
    assert back(tmp_path, text) == (text, [])


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--rollback writes, reports and can be undone as a migration; --diff and --check look only."""
    monkeypatch.chdir(tmp_path)
    before = (GUIDE / "step3_simple" / "after_tracker.py").read_text()
    (tmp_path / "a.py").write_text(before)
    assert command.main(["--rollback", "--diff", "a.py"]) == 1
    assert "+    tracker.set_tracking_context(" in capsys.readouterr().out
    assert command.main(["--rollback", "--check", "a.py"]) == 1
    assert (tmp_path / "a.py").read_text() == before
    assert command.main(["--rollback", "a.py"]) == 0
    assert "form: legacy" in capsys.readouterr().out
    assert "set_tracking_context" in (tmp_path / "a.py").read_text()
    assert command.main(["--undo"]) == 0
    assert (tmp_path / "a.py").read_text() == before
    assert command.main(["--rollback", "--strict", "a.py"]) == 2


def test_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cells of a notebook go back too, and forth again."""
    monkeypatch.chdir(tmp_path)
    cell = "t = AIUsageTracker()\nt.set_tracking_context(job_id='receipt-scan')\nx = f(t)"
    cells = [
        {"cell_type": "code", "metadata": {}, "source": text.splitlines(keepends=True)}
        for text in (LEGACY, cell)
    ]
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}, indent=1))
    before = (tmp_path / "x.ipynb").read_text()
    assert command.main(["x.ipynb"]) == 0
    after = (tmp_path / "x.ipynb").read_text()
    assert after != before
    assert command.main(["--rollback", "x.ipynb"]) == 0
    assert (tmp_path / "x.ipynb").read_text() == before
    assert command.main(["x.ipynb"]) == 0
    assert (tmp_path / "x.ipynb").read_text() == after


def test_an_older_name_beside_a_block_does_not_hold_it_back(tmp_path: Path) -> None:
    """Migrating would write it by today's name; that is nothing of the block, which goes back."""
    text = f"""\
    {BOTH.replace(", batch_ai_usage_context", "").strip()}
    {LEGACY.strip()}


    def tracker_for(job):
        tracker = AIUsageTracker()
        tracker.set_context(job_id=job)
        return tracker


    def scan_receipt(client, number):
        with ai_usage_context("scan_receipt", job_id=number) as tracker:
            return client.scan(number, tracker)
    """
    legacy, refused = back(tmp_path, text)
    assert refused == []
    assert "with ai_usage_context" not in legacy
    assert "tracker.set_context(job_id=job)" in legacy
    again = migrate(tmp_path, legacy).text
    assert "tracker.set_tracking_context(job_id=job)" in again
    assert again == migrate(tmp_path, dedent(text)).text
