#!/usr/bin/env bash
# Which statements a pattern of ast-grep finds in Python, and what is left of them when they are rewritten.
#
# Guess: those that the pattern spells, whatever their layout. ast-grep compares syntax trees, in which `async with` is no
#   `with` and an `assert` with a message has one child more; and of its strictnesses "relaxed" finds at least what the
#   default ("smart") does.
# Really: by default what a pattern of a statement or a comparison does not have may stand in the code, in front of its parts or
#   behind them: `async`, the cause of a `raise`, an assert's message, the second name of an import, the end of a chain of
#   comparisons. The rewrite replaces all of the match, so these are dropped without a word: an asynchronous context manager
#   is entered as a plain one, and `import prices, rates` no longer imports rates. Of calls, `f($A)` is not found in `f(x, 2)`.
#   "relaxed", "ast" and "cst" find none of the five.
# For us: a rewrite is taken back on Python's own trees before it is written, and must give the old program again; who prepares
#   legacy code with patterns sets `strictness: ast`.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ast-grep-cli==0.51.1
cd "$folder"
PATH=$folder/venv/bin:$PATH "$folder/venv/bin/python" - <<'PY'
import subprocess
from pathlib import Path

CASES = {
    "with $A as $B: $$$C": (
        "with timed($A) as $B: $$$C",
        "with load() as session: pass\n",
        "async with load() as session: pass\n",
    ),
    "raise $A": ("raise told($A)", "raise Refused()\n", "raise Refused() from error\n"),
    "assert $A": ("assert ($A)", "assert total == 3\n", "assert total == 3, receipt\n"),
    "import prices": ("import costs as prices", "import prices\n", "import prices, rates\n"),
    "$A < $B": ("less($A, $B)", "low < cost\n", "low < cost < high\n"),
    "f($A)": ("g($A)", "f(x)\n", "f(x, 2)\n"),
}
VERSION = subprocess.run(["ast-grep", "--version"], capture_output=True, text=True, check=True).stdout.strip()


def rewritten(code, pattern, rewrite, *options):
    """Return what becomes of *code*, None where it is left alone."""
    Path("one.py").write_text(code)
    command = ["ast-grep", "run", "--lang", "python", "--pattern", pattern, "--rewrite", rewrite, "--update-all"]
    subprocess.run([*command, *options, "one.py"], capture_output=True)
    now = Path("one.py").read_text().rstrip()
    return None if now == code.rstrip() else now


seen = {}
print(VERSION)
for pattern, (rewrite, plain, more) in CASES.items():
    seen[pattern] = rewritten(more, pattern, rewrite)
    print(f"  {pattern} -> {rewrite} | {more.rstrip()} | becomes {seen[pattern]}")
    assert rewritten(plain, pattern, rewrite) is not None, plain
    for strictness in ("relaxed", "ast", "cst"):
        assert rewritten(plain, pattern, rewrite, "--strictness", strictness) is not None, (strictness, plain)
        assert rewritten(more, pattern, rewrite, "--strictness", strictness) is None, (strictness, more)
assert seen == {
    "with $A as $B: $$$C": "with timed(load()) as session: pass",
    "raise $A": "raise told(Refused())",
    "assert $A": "assert (total == 3)",
    "import prices": "import costs as prices",
    "$A < $B": "less(low, cost)",
    "f($A)": None,
}, seen
PY
