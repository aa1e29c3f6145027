#!/usr/bin/env bash
# Whether LibCST prints a module back as it was read, where nobody edits anything.
#
# Guess: a concrete syntax tree keeps every byte of valid code; that is what it is for.
# Really: the blank between an except clause's type and its colon is gone in the printed code (CPython's own
#   webbrowser.py of 3.11 has such a line). It is kept behind `as error`, behind a bare `except`, and in front
#   of the colons of if, while, for, with, def, class, match and try.
# For us: only the top-level statements that change are given to LibCST, and each is printed and compared
#   before any edit; where it does not come back, the place is refused and the line named.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check libcst==1.9.0
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import libcst

HEADERS = {
    "if": "if a :\n    pass\n",
    "while": "while a :\n    pass\n",
    "for": "for a in b :\n    pass\n",
    "with": "with a :\n    pass\n",
    "def": "def a() :\n    pass\n",
    "class": "class A :\n    pass\n",
    "match": "match a :\n    case 1 :\n        pass\n",
    "try": "try :\n    pass\nfinally :\n    pass\n",
    "except": "try:\n    pass\nexcept :\n    pass\n",
    "except A": "try:\n    pass\nexcept A :\n    pass\n",
    "except A as b": "try:\n    pass\nexcept A as b :\n    pass\n",
    "except* A": "try:\n    pass\nexcept* A :\n    pass\n",
}
lost = [name for name, code in HEADERS.items() if libcst.parse_module(code).code != code]
print("libcst", version("libcst"), "does not print back the blank of:", ", ".join(lost))
assert lost == ["except A", "except* A"], lost
PY
