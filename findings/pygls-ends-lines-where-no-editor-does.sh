#!/usr/bin/env bash
# Where a server that is built on pygls believes the lines of a document to end.
#
# Guess: where the protocol says, at LF, CR LF and CR, as the editor counts lines and so does Python; a form feed between
#   two functions (much of the standard library is written so) is a character of its line.
# Really: `TextDocument` cuts with `str.splitlines`, which also ends a line at a form feed, a vertical tab, U+2028 and
#   some more. Behind one all lines are one too high: an incremental edit of the second function lands in the text before
#   it, the server's copy is no longer what the user sees, and no error says so. The word under the cursor is another, too.
# For us: our server keeps the texts itself and cuts them as the protocol and Python do, so that the diagnostics of a
#   file with a form feed are in their lines, and an edit meets the text that it was made for.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pygls==2.1.1 lsprotocol==2025.0.0
"$folder/venv/bin/python" - <<'PY'
import ast
from importlib.metadata import version

from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentItem,
    TextDocumentSyncKind,
    VersionedTextDocumentIdentifier,
)
from pygls.workspace import Workspace

PLAIN = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
FEED = PLAIN.replace("\n\n\n", "\n\f\n\n")


def edited(text):
    """Return what pygls has after the editor put a 5 in the place of the 2, the line there, and Python's line of it."""
    line = ast.parse(text).body[1].body[0].lineno - 1
    column = text.split("\n")[line].index("2")
    workspace = Workspace(None, sync_kind=TextDocumentSyncKind.Incremental)
    workspace.put_text_document(TextDocumentItem(uri="file:///shop.py", language_id="python", version=1, text=text))
    document = workspace.get_text_document("file:///shop.py")
    seen = document.lines[line], document.word_at_position(Position(line=line, character=column - 3))
    here = Range(start=Position(line=line, character=column), end=Position(line=line, character=column + 1))
    workspace.update_text_document(
        VersionedTextDocumentIdentifier(uri="file:///shop.py", version=2),
        TextDocumentContentChangePartial(range=here, text="5"),
    )
    return workspace.get_text_document("file:///shop.py").source, seen


got = {"no form feed": (PLAIN, *edited(PLAIN)), "a form feed": (FEED, *edited(FEED))}
print("pygls", version("pygls"), "| whether the edit is where the editor made it; the line and the word there; the text")
for name, (before, after, seen) in got.items():
    print(f"  {name}: {after == before.replace('2', '5')} {seen} {after!r}")
before, after, seen = got["no form feed"]
assert after == before.replace("2", "5") and seen == ("    return 2\n", "return"), got
before, after, seen = got["a form feed"]
assert after == before.replace("two():\n", "two():\n5\n") and seen == ("def two():\n", ""), got
PY
