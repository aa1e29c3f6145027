"""The language server and a real client, over standard input and output."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from editor_client import editor, play
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from rows import fixtures

from codemods import lint, migrate

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
READ = """

def read(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1", user_id="\U0001f9c0 ü")
    return ask("\U0001f600", AIUsageTracker) or ask(text, tracker=tracker)
"""
CALL = """

def call(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="call-1")
    return ask(text, tracker=tracker)
"""
MAKE = """

def make():
    return AIUsageTracker()
"""
TEXT = IMPORT + CALL + MAKE
FIX_ALL = "source.fixAll.ai-usage"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a project, in which commands are started."""
    folder = tmp_path.resolve()
    (folder / "pyproject.toml").write_text("[tool.ai-usage]\n")
    monkeypatch.chdir(folder)
    return folder


def migrated(path: Path, text: str) -> str:
    """Return what the command makes of *text*."""
    path.write_bytes(text.encode())
    migrate.main(["--quiet", str(path)])
    return path.read_bytes().decode()


def codes(found: object) -> list[str]:
    """Return the codes of the diagnostics *found*."""
    assert isinstance(found, tuple | list)
    return [one.code for one in found]


def test_an_open_text_is_told_of_and_counts_before_the_disk(start: Path) -> None:
    """Each change is told of when it comes; a text that is closed has nothing any more."""
    path = start / "app.py"
    path.write_text("x = 1\n")

    async def scenario() -> None:
        async with editor(start, warm=False) as mine:
            uri = mine.open(path, TEXT)
            assert codes(await mine.diagnostics(uri)) == ["AIU003", "AIU001", "AIU002", "AIU001"]
            at = TEXT.index("    return AIUsage")
            version = mine.type(uri, at, len(TEXT), "    return None\n")
            found = await mine.diagnostics(uri, version)
            assert codes(found) == ["AIU003", "AIU001", "AIU002"]
            version = mine.type(uri, 0, len(mine.texts[uri][1]), "x = 2\n")
            assert await mine.diagnostics(uri, version) == ()
            mine.close(uri)
            assert await mine.diagnostics(uri, None) == ()

    play(scenario)


def test_another_open_text_counts_before_the_disk(start: Path) -> None:
    """A class that is a tracker in an unsaved text is one where it is imported."""
    (start / "base.py").write_text("class Ours:\n    pass\n")
    text = f"{IMPORT}from base import Ours\n\n\ndef read(text):\n    return ask(text, Ours())\n"

    async def scenario() -> None:
        async with editor(start) as mine:
            uri = mine.open(start / "app.py", text)
            assert codes(await mine.diagnostics(uri)) == []
            base = mine.open(start / "base.py", f"{IMPORT}class Ours(AIUsageTracker):\n    pass\n")
            await mine.diagnostics(base)
            version = mine.type(uri, len(text), len(text), "\n")
            assert "AIU001" in codes(await mine.diagnostics(uri, version))

    play(scenario)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_columns_are_counted_in_the_units_of_the_editor(start: Path, encoding: str) -> None:
    """Behind astral and other characters, forwards and back, and for changes too."""
    line = 'ask("\U0001f600ü\u2028\x0c", AIUsageTracker(), AIUsageTracker())\n'
    text = IMPORT + line

    async def scenario() -> None:
        async with editor(start, ["other", encoding, "utf-16"]) as mine:
            assert mine.encoding == encoding
            uri = mine.open(start / "app.py", text)
            found = [one for one in await mine.diagnostics(uri) if one.code == "AIU001"]
            at = [text.index("AIUsageTracker()"), text.rindex("AIUsageTracker()")]
            assert [one.range.start for one in found] == [mine.position(text, one) for one in at]
            version = mine.type(uri, at[1], len(text) - 2, 'None, "\U0001f9c0"')
            found = [o for o in await mine.diagnostics(uri, version) if o.code == "AIU001"]
            assert [one.range.start for one in found] == [mine.position(text, at[0])]

    play(scenario)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_fix_all_gives_the_bytes_of_migrate(start: Path, encoding: str, newline: str) -> None:
    """The edit is for the version that was asked about, and makes what the command makes."""
    text = (IMPORT + READ + CALL + MAKE).replace("\n", newline)

    async def scenario() -> None:
        async with editor(start, [encoding], resolving=True) as mine:
            uri = mine.open(start / "app.py", text)
            await mine.diagnostics(uri)
            (action,) = (await mine.actions(uri, "import", FIX_ALL)).values()
            assert action.kind == FIX_ALL
            assert action.edit is None
            action = await mine.client.code_action_resolve_async(action)
            assert action.edit is not None
            assert mine.edited(uri, action.edit) == migrated(start / "app.py", text)
            assert "AIUsageTracker" not in str(action.edit.document_changes[0].edits[-1].new_text)

    play(scenario)


def test_a_quick_fix_rewrites_its_place_alone(start: Path) -> None:
    """It is what migrate makes where the other places are none; others of a function go with it."""
    text = IMPORT + READ + CALL
    only = IMPORT + CALL

    async def scenario() -> None:
        async with editor(start) as mine:
            uri = mine.open(start / "app.py", text)
            await mine.diagnostics(uri)
            after = migrated(start / "app.py", only)
            block = after[after.index("def call") :]
            for word, title in (
                (
                    'AIUsageTracker()\n    tracker.set_tracking_context(job_id="call',
                    "Migrate this place",
                ),
                ('tracker.set_tracking_context(job_id="call', "Migrate this function"),
            ):
                actions = await mine.actions(uri, word, "quickfix")
                edit = actions[title].edit
                assert edit is not None
                made = mine.edited(uri, edit)
                assert made.endswith(block)
                assert READ in made
            whole = actions["Migrate all of this file"].edit
            assert whole is not None
            assert mine.edited(uri, whole) == migrated(start / "app.py", text)

    play(scenario)


def test_a_finding_is_silenced_as_lint_does_it(start: Path) -> None:
    """The comment silences the one finding; where it is needless, it is taken away again."""

    async def scenario() -> None:
        async with editor(start) as mine:
            uri = mine.open(start / "app.py", TEXT)
            await mine.diagnostics(uri)
            actions = await mine.actions(uri, "AIUsageTracker()\n    tracker")
            edit = actions["Silence AIU001 here, by a comment"].edit
            assert edit is not None
            silenced = mine.edited(uri, edit)
            assert "()  # ai-usage: ignore[AIU001] silenced in the editor\n" in silenced
            version = mine.type(uri, 0, len(TEXT), silenced)
            assert codes(await mine.diagnostics(uri, version)) == ["AIU003", "AIU002", "AIU001"]
            at = silenced.index("AIUsageTracker()")
            version = mine.type(uri, at, at + len("AIUsageTracker()"), "object()")
            assert "AIU100" in codes(await mine.diagnostics(uri, version))
            actions = await mine.actions(uri, "# ai-usage")
            edit = actions["Take away what is needless in this comment"].edit
            assert edit is not None
            assert "# ai-usage" not in mine.edited(uri, edit)

    play(scenario)


def test_what_needs_a_person_is_said_and_not_offered(start: Path) -> None:
    """A hover has the page of the rule, and of a refused place why, and what to do."""

    async def scenario() -> None:
        async with editor(start) as mine:
            uri = mine.open(start / "app.py", TEXT)
            shown = await mine.hover(uri, "AIUsageTracker()\n    tracker")
            assert shown is not None
            assert shown.startswith("# AIU001: tracker-built-by-hand")
            word = MAKE.splitlines()[-1].removeprefix("    return ")
            at = TEXT.rindex(word)
            place = mine.position(TEXT, at)
            about = lsp.TextDocumentIdentifier(uri)
            found = await mine.client.text_document_hover_async(lsp.HoverParams(about, place))
            assert found is not None
            assert isinstance(found.contents, lsp.MarkupContent)
            assert found.contents.value.startswith("**Needs a person:** escapes: ")
            assert "To do: open the context where the tracker is last used" in found.contents.value
            assert await mine.hover(uri, "def make") is None
            assert list(await mine.actions(uri, "AIUsageTracker()\n", "quickfix"))
            context = lsp.CodeActionContext([], only=["quickfix"])
            params = lsp.CodeActionParams(about, lsp.Range(place, place), context)
            offered = await mine.client.text_document_code_action_async(params)
            assert [one.title for one in offered or ()] == ["Silence AIU001 here, by a comment"]

    play(scenario)


def test_a_lens_migrates_its_function(start: Path) -> None:
    """One stands above each function with something to do, and one says what needs a person."""
    text = IMPORT + CALL + READ + MAKE + "\n\ndef none():\n    return AIUsageTracker\n"

    async def scenario() -> None:
        async with editor(start) as mine:
            uri = mine.open(start / "app.py", text)
            lenses = await mine.lenses(uri)
            told = [(one.range.start.line, one.command.title) for one in lenses if one.command]
            lines = [text[: text.index(f"def {n}")].count("\n") for n in ("call", "read", "make")]
            titles = ["Migrate this function", "Migrate this function", "Needs a person: escapes"]
            assert told == list(zip(lines, titles, strict=True))
            assert lenses[0].command is not None
            await mine.run(lenses[0].command)
            made = mine.edited(uri, await mine.applied.get())
            assert READ in made
            assert CALL not in made
            assert lenses[2].command is not None
            await mine.run(lenses[2].command)
            assert "escapes: the tracker is returned" in await mine.shown.get()

    play(scenario)


HELD = """
import threading
from lsprotocol import types
from codemods.server import application, analysis
go = threading.Event()
migrated = analysis.Asked.migrated
def held(asked):
    go.wait()
    asked.require()
    return migrated(asked)
analysis.Asked.migrated = held
made = application.made
def with_a_word():
    session = made()
    session.feature("test/go")(lambda params: go.set())
    return session
application.made = with_a_word
"""


def test_what_nobody_waits_for_ends(start: Path) -> None:
    """A question may be taken back, a change takes back those about the text before it."""

    async def scenario() -> None:
        async with editor(start, before=HELD) as mine:
            uri = mine.open(start / "app.py", TEXT)
            await mine.diagnostics(uri)
            about = lsp.TextDocumentIdentifier(uri)
            client = mine.client
            running, waiting = (
                asyncio.wrap_future(
                    client.protocol.send_request(
                        lsp.TEXT_DOCUMENT_CODE_LENS, lsp.CodeLensParams(about), msg_id=name
                    )
                )
                for name in ("running", "mine")
            )
            client.protocol.notify(lsp.CANCEL_REQUEST, lsp.CancelParams("mine"))
            with pytest.raises(JsonRpcException, match="canceled") as error:
                await waiting
            assert error.value.code == lsp.LSPErrorCodes.RequestCancelled.value
            version = mine.type(uri, len(TEXT), len(TEXT), "\n")
            client.protocol.notify("test/go", None)
            with pytest.raises(JsonRpcException) as error:
                await running
            assert error.value.code == lsp.LSPErrorCodes.ContentModified.value
            assert len(await mine.diagnostics(uri, version)) == 4
            assert len(await mine.lenses(uri)) == 2

    play(scenario)


BROKEN = """
from codemods.server import application
def broken(*arguments):
    raise RuntimeError("it is broken")
application.hover_of = broken
"""


def test_a_question_that_fails_ends_nothing(start: Path) -> None:
    """Its answer is an error; a text without anything to tell of, and others, go on."""

    async def scenario() -> None:
        async with editor(start, before=BROKEN) as mine:
            uri = mine.open(start / "app.py", TEXT)
            with pytest.raises(JsonRpcException, match="it is broken"):
                await mine.hover(uri, "AIUsageTracker()")
            with pytest.raises(JsonRpcException):
                await mine.run(lsp.Command("", "no.such.command"))
            assert len(await mine.diagnostics(uri)) == 4
            assert await mine.lenses((start / "other.py").as_uri()) == ()
            plain = mine.open(start / "plain.py", "x = 1\n")
            assert await mine.diagnostics(plain) == ()
            assert await mine.hover(plain, "x") is None
            assert await mine.actions(plain, "x") == {}

    play(scenario)


def test_a_wrong_configuration_is_said_once(start: Path) -> None:
    """And nothing is told of the text until it is right."""
    (start / "pyproject.toml").write_text("[tool.ai-usage]\nmodule = 1\n")

    async def scenario() -> None:
        async with editor(start) as mine:
            uri = mine.open(start / "app.py", TEXT)
            assert await mine.diagnostics(uri) == ()
            assert "has no key 'module'" in await mine.shown.get()
            (start / "pyproject.toml").write_text('[tool.ai-usage.lint]\nignore = ["AIU001"]\n')
            changed = [
                lsp.FileEvent((start / "pyproject.toml").as_uri(), lsp.FileChangeType.Changed)
            ]
            params = lsp.DidChangeWatchedFilesParams(changed)
            mine.client.workspace_did_change_watched_files(params)
            assert codes(await mine.diagnostics(uri)) == ["AIU003", "AIU002"]
            assert mine.shown.empty()

    play(scenario)


CONFIGURATION = """\
[tool.ai-usage]
exclude = ["left_out/"]
[tool.ai-usage.lint]
ignore = ["AIU009"]
per-file-ignores = {"*_1.py" = ["AIU001"]}
severity = {AIU003 = "warning", AIU002 = "info"}
"""
_LEVELS = {1: "error", 2: "warning", 3: "info"}


def test_it_says_what_lint_says(start: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of any text: the same places, codes, words and severities, and nothing else."""
    (start / "pyproject.toml").write_text(CONFIGURATION)
    texts = [text for one in fixtures()[::37] for text in one.files.values()]
    texts += [TEXT, TEXT.replace("()\n", "()  # noqa: AIU001\n"), f"{TEXT}x = (\n"]
    paths = [start / f"text_{number % 3}_{number}.py" for number in range(len(texts))]
    (start / "left_out").mkdir()
    paths.append(start / "left_out" / "app.py")
    texts.append(TEXT)
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, newline="")
    said = {str(p): _of_lint(p, capsys) for p in paths}

    async def scenario() -> None:
        async with editor(start, ["utf-32"]) as mine:
            for path, text in zip(paths, texts, strict=True):
                uri = mine.open(path, text)
                found = await mine.diagnostics(uri)
                assert [_told(one) for one in found] == said[str(path)], path.name
                mine.close(uri)

    play(scenario)
    assert sum(map(bool, said.values())) > 20


def _of_lint(path: Path, capsys: pytest.CaptureFixture[str]) -> list[tuple[object, ...]]:
    """Return what the command tells of *path*, as an editor is told."""
    capsys.readouterr()
    lint.main(["--force-exclude", "--format", "json", path.relative_to(path.cwd()).as_posix()])
    report = json.loads(capsys.readouterr().out)
    return [one for file in report["files"] for one in _of_file(file)]


def _of_file(file: dict[str, Any]) -> list[tuple[object, ...]]:
    if file["outcome"] == "failed":
        return [(1, 1, "failed", f"{file['message']}\n{file['advice']}", "error")]
    return [
        (one["span"]["line"], one["span"]["column"], one["code"], one["message"], one["severity"])
        for one in file["findings"]
    ]


def _told(one: lsp.Diagnostic) -> tuple[object, ...]:
    level = _LEVELS[one.severity.value] if one.severity else ""
    return one.range.start.line + 1, one.range.start.character + 1, one.code, one.message, level


def test_the_extra_is_named_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who starts the server without it is told what to install; help needs nothing."""
    from codemods.server import __main__ as command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.main([]) == 2
    assert "pip install 'ai-usage-suite[lsp]'" in capsys.readouterr().err
    assert command.main(["--help"]) == 0
    assert command.main(["--port", "1"]) == 2
