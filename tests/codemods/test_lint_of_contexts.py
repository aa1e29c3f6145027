"""What lint says of new code that uses contexts in a way that was hardly meant."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from codemods import lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: Lints a text, and returns the lines on which a rule reports.
    Told = Callable[..., list[int]]

IMPORTS = """\
from tracker.ai_usage_context import ai_usage_context, ai_usage_tracked, batch_ai_usage_context
from tracker.ai_usage_tracker import AIUsageTracker

"""
CALL = 'client.responses.create(model="m", input=text)'


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Return what lints a text, and returns the lines on which a rule reports."""
    monkeypatch.chdir(tmp_path)

    def run(code: str, text: str, **others: str) -> list[int]:
        for name, content in {"a": IMPORTS + text, **others}.items():
            (tmp_path / f"{name}.py").write_text(content)
        capsys.readouterr()
        lint.main(["--no-cache", "--select", code, "--format", "concise", "."])
        out = capsys.readouterr().out
        lines = (line for line in out.splitlines() if f" {code}" in line)
        return [int(line.split(":")[1]) - IMPORTS.count("\n") for line in lines]

    return run


def block(header: str, *lines: str) -> str:
    """Return a function with a block of *lines*."""
    body = indent("\n".join(lines or ("ask(text)",)), "        ")
    return f"def read(client, text, job):\n    with {header}:\n{body}\n"


# -- AIU014 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    "jobid jobId JobID job_Id job__id jobb_id jbo_id userid user_Id usr_id usre_id batchid "
    "batchId bacth_id btch_id githubpr github_PR gihtub_pr Tracker trakcer".split(),
)
def test_a_misspelt_field(told: Told, name: str) -> None:
    """Another case, underscores elsewhere, two letters swapped, one doubled, a vowel left out."""
    assert told("AIU014", block(f'ai_usage_context("reading", {name}=job)')) == [2]


@pytest.mark.parametrize(
    "name",
    "job_ids jobs user_ids user_ip match_id patch_id batch_no batch_ids job user batch pr "
    "job_name user_name uid bid sub_id mob_id used_id web_id item_counts track tracked tracking "
    "traces github github_issue id job_it use_id user_d batch_d".split(),
)
def test_a_field_of_another_name(told: Told, name: str) -> None:
    """What may be meant as it is written is a field like any other."""
    assert told("AIU014", block(f'ai_usage_context("reading", {name}=job)')) == []


@pytest.mark.parametrize(
    "text",
    [
        block('ai_usage_context("reading", job_id=job, user_id=job)'),
        block('ai_usage_context("reading", job_id=job, jobid="other")'),
        block('ai_usage_context("reading", **{"jobid": job})'),
        block("open(jobid=job)"),
        "def read(jobid):\n    return ask(jobid=jobid)\n",
    ],
)
def test_names_elsewhere_are_no_fields(told: Told, text: str) -> None:
    """The parameter itself, one beside it, an unpacked dictionary, and calls of others."""
    assert told("AIU014", text) == []


# -- AIU015 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        block('ai_usage_context("reading")'),
        block('ai_usage_context("reading") as tracker', "ask(text, tracker)"),
        block('ai_usage_context(operation_type="reading") as tracker'),
        block('ai_usage_context("reading")', "add(job)", "x.job = job"),
        block('open(text), ai_usage_context("reading")').replace("open(text), ", ""),
    ],
)
def test_a_context_without_a_field(told: Told, text: str) -> None:
    """Nothing but the operation is given, and nothing is added."""
    assert told("AIU015", text) == [2]


@pytest.mark.parametrize(
    "text",
    [
        block('ai_usage_context("reading", job_id=job)'),
        block('ai_usage_context("reading", invoice=text)'),
        block('ai_usage_context("reading", **job)'),
        block('ai_usage_context("reading", tracker=job)'),
        block('ai_usage_context("reading", job)'),
        block("ai_usage_context(*job)").replace("*job", '"reading", *job'),
        block('batch_ai_usage_context("batch-1", item_count=3)'),
        block('ai_usage_context("reading") as t', "t.add_context_metadata(invoice=text)"),
        block('ai_usage_context("reading") as t', "t.set_tracking_context(job_id=job)"),
        block('ai_usage_context("reading") as t', "t.user_id = job"),
        block('ai_usage_context("reading") as t', "if text:", "    t.current_job_id = job"),
        block('ai_usage_context("a", job_id=job)', 'with ai_usage_context("line"):', "    x()"),
        block('ai_usage_context("a", job_id=job) as t, ai_usage_context("b")'),
        "with other_context('reading'):\n    pass\n",
        "@ai_usage_tracked\ndef read():\n    pass\n",
        "make = ai_usage_context\n",
        "def read(ai_usage_context):\n    with ai_usage_context('reading'):\n        pass\n",
        "ai_usage_context('reading')\n",
        "with stack.enter_context(ai_usage_context('reading')):\n    pass\n",
        block('ai_usage_context("reading", operation_type="x", job_id=job)'),
    ],
)
def test_a_context_with_fields(told: Told, text: str) -> None:
    """In its header, in its block, or from a context around it; and what is no such context."""
    assert told("AIU015", text) == []


def test_a_missing_field_fails_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told as information, unless the table says that it is an error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(IMPORTS + block('ai_usage_context("reading")'))
    assert lint.main(["--no-cache", "--select", "AIU015", "."]) == 0
    assert "AIU015" in capsys.readouterr().out
    table = '[tool.ai-usage.lint]\nseverity = {AIU015 = "error"}\n'
    (tmp_path / "pyproject.toml").write_text(table)
    assert lint.main(["--no-cache", "--select", "AIU015", "."]) == 1


# -- AIU016 ------------------------------------------------------------------------------------

BLOCK = block('ai_usage_context("reading", job_id=job)', CALL)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"def other(client, text):\n    return {CALL}\n", 2),
        (f"async def other(client, text):\n    return await {CALL}\n", 2),
        (f"def other(client, text):\n    with open(text):\n        return {CALL}\n", 3),
        (f"if text:\n    print({CALL})\n", 2),
        ("def other(openai, text):\n    return openai.embeddings.create(input=text)\n", 2),
        (f"def other(client, text):\n    with_it = [{CALL} for text in text]\n", 2),
    ],
)
def test_a_call_outside(told: Told, text: str, line: int) -> None:
    """Nobody names its function, and no block is around it."""
    assert told("AIU016", text + BLOCK) == [line]


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        f"def other(client, text):\n    return {CALL}\nother(client, 1)\n" + BLOCK,
        f"def other(client, text):\n    return {CALL}\nhandle(other)\n" + BLOCK,
        f"def other(client, text):\n    return {CALL}\nnames = ['other']\n" + BLOCK,
        f"def other(client, text):\n    return {CALL}\n__all__ = ['other']\n" + BLOCK,
        f"@route\ndef other(client, text):\n    return {CALL}\n" + BLOCK,
        f"@ai_usage_tracked('x')\ndef other(client, text):\n    return {CALL}\n" + BLOCK,
        f"class C:\n    def other(self, client, text):\n        return {CALL}\n" + BLOCK,
        f"class C:\n    answer = {CALL}\n" + BLOCK,
        f"other = lambda client, text: {CALL}\n" + BLOCK,
        f"def other(client, text, tracker):\n    return {CALL}\n" + BLOCK,
        f"def other(client, text):\n    tracker = AIUsageTracker()\n    return {CALL}\n" + BLOCK,
        f"def other(client, text):\n    usage_tracker.flush()\n    return {CALL}\n" + BLOCK,
        f"def other(client, text):\n    with locked():\n        return {CALL}\n" + BLOCK,
        f"def other(self, text):\n    return self.{CALL}\n".replace("self.client", "x().client")
        + BLOCK,
        f"tracker = AIUsageTracker()\nanswer = {CALL}\n" + BLOCK,
        "client = tracker.wrap(client)\n" + f"answer = {CALL}\n" + BLOCK,
        "def other(client, text):\n    return client.create(text)\n" + BLOCK,
        "def other(client, text):\n    return client.models.list()\n" + BLOCK,
        "def other(db, text):\n    return db.users.create(text)\n" + BLOCK,
        f"def other(client, text):\n    return {CALL}\n",
        f"def outer(client, text):\n    def other():\n        return {CALL}\n    return other\n"
        + BLOCK,
    ],
)
def test_a_call_that_may_be_in_a_block(told: Told, text: str) -> None:
    """Its function is named, decorated, a method, or has a tracker; or there is no context."""
    assert told("AIU016", text) == []


def test_a_function_that_another_file_names(told: Told) -> None:
    """Its callers there may be in a block."""
    text = f"def other(client, text):\n    return {CALL}\n" + BLOCK
    assert told("AIU016", text, b="from a import other\n") == []
    assert told("AIU016", text, b="from a import another\n") == [2]


# -- AIU017 ------------------------------------------------------------------------------------

AGAIN = "tracker.track_openai_completion(lambda: answer)()"
HEADER = 'ai_usage_context("reading", job_id=job) as tracker'


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ((f"answer = {CALL}", AGAIN), 4),
        ((f"answer = await {CALL}", AGAIN), 4),
        ((f"answer = {CALL}", "print(answer.text)", AGAIN, "return answer"), 5),
        (("if text:", f"    answer = {CALL}", f"    {AGAIN}"), 5),
        (("try:", f"    answer = {CALL}", f"    {AGAIN}", "finally:", "    close()"), 5),
        ((f"answer = {CALL}", AGAIN.replace("tracker.", "other.")), 4),
        ((f"answer = {CALL}", AGAIN.replace("tracker.", "self.tracker.")), 4),
        (("match text:", "    case str():", f"        answer = {CALL}", f"        {AGAIN}"), 6),
    ],
)
def test_a_call_that_is_recorded_again(told: Told, lines: tuple[str, ...], line: int) -> None:
    """The block has the call from the client already, whichever tracker records it by hand."""
    text = block(HEADER, *lines).replace("def read", "async def read")
    assert told("AIU017", text) == [line]


@pytest.mark.parametrize(
    "lines",
    [
        (f"answer = {CALL}", "print(answer)"),
        ("answer = ask(text)", AGAIN),
        ("answer = client.ask(text)", AGAIN),
        (AGAIN,),
        ("answer = None", f"answer = {CALL}", AGAIN),
        (f"answer = {CALL}", "answer.usage = other", AGAIN),
        (f"answer = {CALL}", "answer.usage.total += 1", AGAIN),
        (f"answer = {CALL}", "if text:", f"    {AGAIN}"),
        ("if text:", f"    answer = {CALL}", AGAIN),
        (f"answer = {CALL}", "tracker.track_openai_completion(ask)(answer)"),
        (f"answer = {CALL}", "tracker.track_openai_completion(lambda: other)()"),
        (f"answer = {CALL}", "tracker.track_openai_completion(lambda: answer.raw)()"),
        (f"answer = {CALL}", "tracker.track_openai_completion(lambda x=1: answer)()"),
        (f"answer = {CALL}", "tracker.track_openai_completion(lambda: answer)"),
        (f"answer = {CALL}", "kept = tracker.track_openai_completion(lambda: answer)()"),
        (f"answer = {CALL}", "tracker.record(lambda: answer)()"),
        (f"answer = {CALL}", "get().track_openai_completion(lambda: answer)()"),
        ("class Client: pass", "client = make or Client()", f"answer = {CALL}", AGAIN),
        (f"with {HEADER}:", f"    answer = {CALL}", AGAIN),
        ("client = tracker.create_wrapped_openai_client(client)", f"answer = {CALL}", AGAIN),
        ("class Client: pass", "client = Client()", f"answer = {CALL}", AGAIN),
        ("def inner():", f"    answer = {CALL}", f"    {AGAIN}"),
        (AGAIN, f"answer = {CALL}"),
    ],
)
def test_a_recording_that_may_be_needed(told: Told, lines: tuple[str, ...]) -> None:
    """What is recorded was made otherwise, elsewhere, not surely, or is not what was answered."""
    assert told("AIU017", block(HEADER, *lines)) == []


def test_a_recording_outside_of_a_block(told: Told) -> None:
    """There is no block that would have taken the call."""
    text = f"def read(client, text, tracker):\n    answer = {CALL}\n    {AGAIN}\n"
    assert told("AIU017", text + BLOCK.replace("read", "other")) == []
