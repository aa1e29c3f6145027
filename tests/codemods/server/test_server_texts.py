"""Places in open texts, what changes them, and who works on them."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some
from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
)
from many_cases import each_of

from codemods.model.source import Span
from codemods.project.sources import encode
from codemods.server.texts.documents import Document
from codemods.server.texts.edits import text_edits
from codemods.server.texts.positions import Lines, split
from codemods.server.work import Superseded, Ticket, Urgency, Worker

TEXTS = some.text(some.sampled_from("ab\n\r\f\u2028ü\U0001f600"), max_size=30)
PLACES = some.builds(Position, some.integers(0, 6), some.integers(0, 6))
ENCODINGS = some.sampled_from(["utf-8", "utf-16", "utf-32"])


def document(text: str, encoding: str = "utf-16") -> Document:
    """Return *text* as it is open."""
    return Document("file:///app.py", Path("/app.py"), 1, text, encoding)


@given(TEXTS, TEXTS, ENCODINGS)
def test_edits_make_of_one_text_the_other(before: str, after: str, encoding: str) -> None:
    """Whatever ends their lines; they are made from the last to the first."""
    made = document(before, encoding)
    edits = text_edits(made, after)
    assert bool(edits) is (before != after)
    for one in reversed(edits):
        made = made.changed(2, [TextDocumentContentChangePartial(one.range, one.new_text)])
    assert made.text == after


def test_only_lines_that_differ_are_in_edits() -> None:
    """What stands between two changes is in none of them."""
    edits = text_edits(document("a\nb\nc\nd\n"), "a\nB\nc\nD\n")
    assert [(one.range.start.line, one.new_text) for one in edits] == [(1, "B\n"), (3, "D\n")]


@given(TEXTS, some.lists(some.tuples(PLACES, PLACES, TEXTS), max_size=4), ENCODINGS)
def test_only_the_lines_that_are_touched_are_split_anew(
    text: str, changes: list[tuple[Position, Position, str]], encoding: str
) -> None:
    """The text and its lines are those of a text that is split as a whole."""
    lines = Lines(text, encoding)
    for start, end, new in changes:
        whole = Lines(lines.text, encoding)
        first = whole.offset(start)
        last = max(first, whole.offset(end))
        expected = whole.text[:first] + new + whole.text[last:]
        lines = lines.replaced(Range(start, end), new)
        assert lines.text == expected
        assert lines.all == split(expected)


def test_changes_are_made_one_after_the_other() -> None:
    """Each counts in the text that the one before it left; one without a place is all of it."""
    whole = TextDocumentContentChangeWholeDocument("x = 1\ny\n")
    part = TextDocumentContentChangePartial(Range(Position(1, 0), Position(9, 9)), "z")
    assert document("old").changed(2, [whole, part]).text == "x = 1\nz"


@each_of(("units", "characters"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (9, 3)])
def test_a_place_within_a_character_is_before_it(units: int, characters: int) -> None:
    """And one beyond a line is its end."""
    assert Lines("\U0001f600üa\nb", "utf-16").offset(Position(0, units)) == characters


def test_a_byte_order_mark_is_a_character_of_the_editor_alone() -> None:
    """It shifts the first line of the program, and no other."""
    lines = Lines("\ufeffa = 1\nb = 2\n", "utf-16")
    assert lines.range(Span(1, 1, 1, 2)) == Range(Position(0, 1), Position(0, 2))
    assert lines.range(Span(2, 1, 2, 2)) == Range(Position(1, 0), Position(1, 1))


@each_of(
    ("text", "content"),
    [
        ("x = 'ü'\n", "x = 'ü'\n".encode()),
        ("# coding: latin-1\nx = 'ü'\n", "# coding: latin-1\nx = 'ü'\n".encode("latin-1")),
        ("# coding: latin-1\nx = '€'\n", "# coding: latin-1\nx = '€'\n".encode()),
        ("# coding: none\n", b"# coding: none\n"),
    ],
)
def test_a_text_is_what_it_would_be_saved_as(text: str, content: bytes) -> None:
    """Its coding line counts, as far as it can be followed."""
    assert encode(text) == content


def test_what_is_typed_is_done_before_what_is_asked() -> None:
    """And what has ended before it begins is not done at all."""
    done: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go.wait()

    async def scenario() -> None:
        worker, ended = Worker(), Ticket()
        busy = asyncio.ensure_future(worker.done(Urgency.TYPED, Ticket(), first))
        await asyncio.to_thread(begun.wait)
        others = [
            asyncio.ensure_future(worker.done(urgency, ticket, lambda name=name: done.append(name)))
            for name, urgency, ticket in (
                ("beside", Urgency.BESIDE, Ticket()),
                ("asked", Urgency.ASKED, Ticket()),
                ("outdated", Urgency.TYPED, ended),
                ("typed", Urgency.TYPED, Ticket()),
            )
        ]
        await asyncio.sleep(0)
        ended.end()
        go.set()
        await busy
        results = await asyncio.gather(*others, return_exceptions=True)
        assert [type(one) for one in results] == [type(None), type(None), Superseded, type(None)]

    asyncio.run(scenario())
    assert done == ["typed", "asked", "beside"]
