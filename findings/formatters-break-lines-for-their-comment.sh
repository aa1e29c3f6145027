#!/usr/bin/env bash
# Where a comment stands that silences a linter on a line, once a formatter has been there.
#
# Guess: where it was. The code before it fits into its line; formatters know that such comments belong to
#   their line, and do not count them.
# Really: ruff does not count a list of words that it has built in (noqa, type, pyright, pylint, nosec), and black only
#   `type: ignore` of these. Whatever else silences something, of any other tool and in black noqa too, is counted: the
#   line is broken for the comment's own length, and the comment goes behind the closing bracket, lines below the code that
#   it was written for.
# For us: a comment of ours counts for the whole statement that it ends, wherever in it the finding is, and is written so
#   that formatters may move it; AIU100 tells of one that has come to stand where it silences nothing.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check black==26.10.1 ruff==0.17.6
PATH=$folder/venv/bin:$PATH "$folder/venv/bin/python" - <<'PY'
import subprocess
from importlib.metadata import version

CODE = "from shop.receipts.analysis import first_reader, second_reader, third_reader"
WORDS = {
    "noqa": "# noqa: F401 used by plugins of the shop",
    "type": "# type: ignore[import-untyped] by the shop",
    "pylint": "# pylint: disable=unused-import,wrong-order",
    "of a tool": "# coverage-tool: ignore[C101] by the shop",
}
FORMATTERS = {"black": ["black", "--quiet", "-"], "ruff": ["ruff", "format", "--quiet", "-"]}


def run(command, text):
    return subprocess.run(command, input=text, capture_output=True, text=True).stdout


assert len(CODE) < 88
seen = {}
for name, command in FORMATTERS.items():
    assert run(command, CODE + "\n") == CODE + "\n"
    for word, comment in WORDS.items():
        written = run(command, f"{CODE}  {comment}\n").splitlines()
        assert comment in written[-1]
        seen[name, word] = len(written)
print(*(f"{name} {version(name)}" for name in ("black", "ruff")), "| lines of one:", seen)
assert {key for key, lines in seen.items() if lines > 1} == {
    ("black", "noqa"), ("black", "pylint"), ("black", "of a tool"), ("ruff", "of a tool")}, seen
PY
