#!/usr/bin/env bash
# What a statement prints after LibCST has put it into a deeper block.
#
# Guess: moving statements into an `if True:` block changes no string: triple-quoted ones keep their lines.
# Really: the white space around the expression of a replacement field is a node of its own, and is indented
#   with the block. In a debug field (`{name = }` over several lines) it is part of the text that is shown,
#   so the same statement prints four more blanks in each line.
# For us: a site whose block would move such a field is refused, with the line of the field.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check libcst==1.9.0
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io
from importlib.metadata import version

import libcst

BODY = '''\
def show(name):
    print(f"""{
        name
        =}""")
'''


def printed(code):
    seen, names = io.StringIO(), {}
    exec(code, names)
    with contextlib.redirect_stdout(seen):
        names["show"](1)
    return seen.getvalue()


module = libcst.parse_module(BODY)
function = module.body[0]
inner = libcst.If(libcst.Name("True"), libcst.IndentedBlock(function.body.body))
moved = module.with_changes(body=[function.with_changes(body=libcst.IndentedBlock([inner]))]).code
print("libcst", version("libcst"), "before:", repr(printed(BODY)), "in an if block:", repr(printed(moved)))
assert printed(BODY) == "\n        name\n        =1\n"
assert printed(moved) == "\n            name\n            =1\n"
PY
