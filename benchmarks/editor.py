"""The time from a keystroke to what is told of it, beside ``ruff server`` on the same edits.

``python -m benchmarks.editor`` (``make lsp-benchmark``) prints medians, goals, and whether they are
reached.  Both servers have the same file open, of 2,000 lines, and the same letters are typed into
it, by turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LINES = 2000
GOAL_SECONDS = 0.150
GOAL_RATIO = 2.0
_IMPORT = "from tracker.ai_usage_tracker import AIUsageTracker\n"
_LEGACY = '''

def read_{number}(text, job):
    """Ask about a text."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=job)
    return client.ask(text, tracker=tracker)
'''
_PLAIN = '''

def sum_{number}(items, limit):
    """Add up what is below the limit."""
    total = 0
    for item in items:
        value = item["amount"] * item.get("count", 1)
        if value > limit:
            continue
        total += value
    return total
'''


def program(legacy: int) -> str:
    """Return a program of some 2,000 lines, in which *legacy* functions are to be migrated."""
    parts = [_IMPORT]
    lines, number = 1, 0
    plain = (LINES - legacy * _LEGACY.count("\n")) // _PLAIN.count("\n")
    every = max(1, (plain + legacy) // max(1, legacy))
    made = 0
    while lines < LINES - _PLAIN.count("\n"):
        form = _LEGACY if made < legacy and number % every == 0 else _PLAIN
        made += form is _LEGACY
        parts.append(form.format(number=number))
        lines += form.count("\n")
        number += 1
    return "".join(parts)


class Typist:
    """Types into a text that a server has open, and waits for what is told of each version.

    It speaks the protocol by hand: what a client of a library takes would be measured, too.
    """

    def __init__(self, folder: Path, text: str, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._uri = (folder / "app.py").as_uri()
        self._version = 1
        root = {"uri": folder.as_uri(), "name": folder.name}
        asked = {"processId": None, "rootUri": root["uri"], "workspaceFolders": [root]}
        self._send("initialize", {**asked, "capabilities": {}}, number=1)
        self._received(lambda message: message.get("id") == 1)
        self._send("initialized", {})
        item = {"uri": self._uri, "languageId": "python", "version": 1, "text": text}
        self._send("textDocument/didOpen", {"textDocument": item})
        self._told()

    def type(self, line: int, letter: str) -> float:
        """Type *letter* into *line*; return the seconds until the findings are told."""
        self._version += 1
        place = {"line": line, "character": 8}
        changes = [{"range": {"start": place, "end": place}, "text": letter}]
        about = {"uri": self._uri, "version": self._version}
        start = time.perf_counter()
        self._send("textDocument/didChange", {"textDocument": about, "contentChanges": changes})
        self._told()
        return time.perf_counter() - start

    def end(self) -> None:
        """End the server."""
        self._send("shutdown", None, number=2)
        self._received(lambda message: message.get("id") == 2)
        self._send("exit", None)
        self._process.communicate()

    def _told(self) -> None:
        def is_told(message: dict[str, Any]) -> bool:
            told = message.get("params") or {}
            method = message.get("method")
            return method == "textDocument/publishDiagnostics" and told["version"] == self._version

        self._received(is_told)

    def _send(self, method: str, params: object, number: int | None = None) -> None:
        message: dict[str, object] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        if number is not None:
            message["id"] = number
        self._write(message)

    def _write(self, message: object) -> None:
        assert self._process.stdin is not None
        content = json.dumps(message).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self._process.stdin.flush()

    def _received(self, is_awaited: Callable[[dict[str, Any]], bool]) -> None:
        """Read messages up to the one that is awaited; what is asked in between gets no answer."""
        assert self._process.stdout is not None
        while True:
            length = 0
            while header := self._process.stdout.readline().strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            message = json.loads(self._process.stdout.read(length))
            if is_awaited(message):
                return
            if "id" in message and "method" in message:
                self._write({"jsonrpc": "2.0", "id": message["id"], "result": None})


#: What is typed in: a function that has nothing to do with trackers, and one that has.
PLACES = {"a plain function": "        value = ", "a legacy function": "    tracker = "}


def measured(legacy: int, edits: int, place: str) -> tuple[list[float], list[float]]:
    """Return the seconds of each edit, of our server and of the other one, by turns."""
    text = program(legacy)
    line = text[: text.index(PLACES[place])].count("\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "pyproject.toml").write_text("[tool.ai-usage]\n")
        (folder / "app.py").write_text(text)
        mine = Typist(folder, text, [sys.executable, "-m", "codemods.server"])
        other = Typist(folder, text, [sys.executable, "-m", "ruff", "server"])
        times = [(mine.type(line, "v"), other.type(line, "v")) for _ in range(edits)]
        mine.end()
        other.end()
    return [one for one, _ in times], [one for _, one in times]


def reached(is_reached: bool) -> str:
    """Return how a goal is told of."""
    return "reached" if is_reached else "NOT reached"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=40)
    parser.add_argument("--legacy", type=int, nargs="*", default=[10, 100])
    given = parser.parse_args()
    for legacy, place in ((legacy, place) for legacy in given.legacy for place in PLACES):
        ours, theirs = measured(legacy, given.edits, place)
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"{LINES} lines, {legacy} legacy functions, {given.edits} keystrokes in {place}:")
        print(f"  ai-usage-server  {mine * 1000:7.1f} ms (median)")
        print(f"  ruff server      {other * 1000:7.1f} ms")
        goal = GOAL_SECONDS * 1000
        print(f"  goal: {goal:.0f} ms at most: {reached(mine <= GOAL_SECONDS)}")
        ratio = mine / other
        told = reached(ratio <= GOAL_RATIO)
        print(f"  goal: {GOAL_RATIO:g} times ruff's at most: {ratio:.1f} times, {told}")


if __name__ == "__main__":
    main()
