"""A block names its tracker only where something may ask for it by that name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "validator"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import migrate, report
from many_cases import each_of
from pairs import NEW, OLD, legacy, migrated, objects, same

from codemods.model.outcome import Changed

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n\n\n"
FUNCTION = """\
def read(client, messages):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    result = client.chat.completions.create(model="m", messages=messages)
    tracker.track_openai_completion(lambda: result)()
    {}
    return result
"""
HEADER = 'with ai_usage_context("read", job_id="read-1"):'


def header(folder: Path, text: str) -> str:
    """Return the header in the migrated *text*, in which nothing is refused."""
    outcome = migrate(folder, IMPORT + text)
    assert outcome.changed, outcome.refusals
    [line] = [line.strip() for line in outcome.text.splitlines() if "with ai_usage" in line]
    return line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "tracker.flush_metrics()",
        "print(messages)",
        "print('tracker')  # tracker",
        "print(client.tracker)",
        "print([tracker for tracker in messages])",
        "print(dict(tracker=1))",
    ],
)
def test_a_name_that_nothing_uses_is_not_given(line: str, tmp_path: Path) -> None:
    """Linters object to it, and what else has that name is no use of it."""
    assert header(tmp_path, FUNCTION.format(line)) == HEADER


@pytest.mark.parametrize(
    "line",
    [
        "ask(tracker)",
        "print(lambda: tracker)",
        "print([tracker for _ in messages])",
        "print(locals())",
        "print(eval('tracker'))",
        "del tracker",
        "def later(): return tracker.stats()",
    ],
)
def test_a_name_that_may_be_asked_for_is_given(line: str, tmp_path: Path) -> None:
    """Also where it is only looked up by a text, or taken away."""
    outcome = migrate(tmp_path, IMPORT + FUNCTION.format(line))
    assert HEADER not in outcome.text


def test_a_name_of_the_module_is_given(tmp_path: Path) -> None:
    """What a module binds may be asked for from anywhere."""
    text = FUNCTION.format("").partition("\n")[2].replace("\n    ", "\n").lstrip()
    top = text.replace("return result", "print(result)")
    assert header(tmp_path, top).endswith(" as tracker:")


def test_a_second_run_and_lint_are_quiet(tmp_path: Path) -> None:
    """A block without the name is migrated code like any other."""
    after = migrate(tmp_path, IMPORT + FUNCTION.format("")).text
    again = migrate(tmp_path, after)
    assert (again.changed, again.refusals) == (False, ())
    assert report(tmp_path, lint=True).outcomes == ()


@pytest.mark.parametrize("target", ["", " as tracker", " as usage"])
@pytest.mark.parametrize("broken", [False, True])
def test_blocks_go_back_with_and_without_the_name(
    target: str, broken: bool, tmp_path: Path
) -> None:
    """Neither a name that nothing uses nor the layout of a header is in the way."""
    given = '"read", job_id="read-1"'
    lines = f"\n        {given}\n    " if broken else given
    text = (
        "from tracker.ai_usage_context import ai_usage_context\n\n\ndef read(client, messages):\n"
        f"    with ai_usage_context({lines}){target}:\n"
        '        result = client.chat.completions.create(model="m", messages=messages)\n'
        "        return result\n"
    )
    (tmp_path / "m.py").write_text(text)
    [outcome] = report(tmp_path, rollback=True).outcomes
    assert isinstance(outcome, Changed)
    assert b"set_tracking_context" in outcome.after
    again = migrate(tmp_path, outcome.after.decode())
    assert HEADER in again.text


UNNAMED = 'with ai_usage_context("scan", job_id="a"):\n'


def test_the_validator_takes_a_block_without_the_name() -> None:
    """The construction went into it, and its ids are there."""
    same(legacy("ask(text)\n"), migrated("ask(text)\n", UNNAMED))
    same(legacy("ask(text)\n", ""), migrated("ask(text)\n", 'with ai_usage_context("scan"):\n'))


@each_of(
    "body",
    [
        "ask(tracker)\n",
        "ask(lambda: tracker)\n",
        "ask(locals())\n",
        "ask(text)\nask(tracker)\n",
        "tracker.flush_metrics()\nask(text)\n",
    ],
)
def test_the_validator_sees_a_name_that_is_gone(body: str) -> None:
    """What may ask for the tracker must find it."""
    objects(legacy(body), migrated(body, UNNAMED), "not bound any more")


def test_the_validator_keeps_what_a_module_binds() -> None:
    """Other modules may ask for it; ids that the block does not name are lost."""
    top = 'tracker = AIUsageTracker()\ntracker.set_tracking_context(job_id="a")\n'
    objects(f"{OLD}{top}ask()\n", f"{NEW}{UNNAMED}    ask()\n", "not bound any more")
    objects(legacy("ask(text)\n"), migrated("ask(text)\n", 'with ai_usage_context("scan"):\n'))
