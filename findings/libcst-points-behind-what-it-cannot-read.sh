#!/usr/bin/env bash
# Which valid code LibCST does not read, and where it says that the mistake is.
#
# Guess: it reads all that the versions it names can compile; and the `raw_line` of a ParserSyntaxError, with the line that
#   its message shows, is where it could not go on, so that a tool may print it.
# Really: a target in parentheses cannot be annotated (`(name): int = 1`, which Python takes to keep a name out of
#   `__annotations__`), though it can be assigned, iterated and deleted. The error's line is the one behind it, which the
#   message shows with a caret under whatever stands there; its words alone have the place. (In the last line of a module
#   both agree.) And two t-strings side by side, each of which is read alone, raise CSTLogicError, which is no
#   ParserSyntaxError and has no place at all.
# For us: a line of theirs is put right before it is told, both errors are one refusal (`cannot-be-edited`), and where no
#   line is known those of the statement are named. `ast` has read it before, so that it is never called invalid.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check libcst==1.9.0
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import libcst

BEHIND = "two = 2\nthree = 3\n"
TARGETS = {
    "annotated": "(name): int = 1\n",
    "an annotated attribute": "(name.field): int = 1\n",
    "annotated, bare": "name: int = 1\n",
    "assigned": "(name) = 1\n",
    "iterated": "for (name) in []: pass\n",
    "deleted": "del (name)\n",
}
TEMPLATES = {"one": "x = t'a'\n", "with a plain one": "x = t'a' 'b'\n", "two": "x = t'a' t'b'\n"}


def read(code):
    """Return None, or the error's class, its line, the line in its words, and the line that it shows."""
    try:
        assert libcst.parse_module(code).code == code
    except Exception as error:
        place = str(error).partition("error at ")[2].split(":")[0]
        shown = str(error).rpartition("\n\n")[2].split("\n")[0]
        return type(error).__name__, getattr(error, "raw_line", None), place, shown
    return None


for code in TARGETS.values():
    compile("name = None\n" + code + BEHIND, "valid.py", "exec")
targets = {name: read(code + BEHIND) for name, code in TARGETS.items()}
templates = {name: read(code + BEHIND) for name, code in TEMPLATES.items()}
print("libcst", version("libcst"), "| error, its line, the line in its words, what it shows")
for name, found in (targets | templates).items():
    print(f"  {name}: {found}")
refused = ("ParserSyntaxError", 2, "1", "two = 2")
assert list(targets.values()) == [refused, refused, None, None, None, None], targets
assert list(templates.values()) == [None, None, ("CSTLogicError", None, "", "Logic error!")], templates
PY
