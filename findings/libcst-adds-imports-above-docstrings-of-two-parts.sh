#!/usr/bin/env bash
# Where LibCST's AddImportsVisitor puts an import into a module that begins with a docstring.
#
# Guess: below the docstring and below imports from `__future__`, as it does in plain modules, and in any that Python takes
#   for the same: it knows both cases, and returns a module that means what it meant.
# Really: it knows a docstring only by one string, alone on its line. Above a docstring of two parts ("A text that "
#   "goes on."), or one with a statement behind it on the line, the import goes first: the module has no docstring any more, and
#   where an import from `__future__` follows, it does not compile. No warning is given; the other way round, what is no
#   docstring any more (a string behind the new import) is kept as a statement without effect.
# For us: the place of an import is decided on Python's own tree, where `ast.get_docstring` says what the head of a module is,
#   and reaches what builds the text as the number of a statement; LibCST is asked for no place.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check libcst==1.9.0
"$folder/venv/bin/python" - <<'PY'
import ast
from importlib.metadata import version

import libcst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor

HEADS = {
    "one string": '"""A text."""\n',
    "in brackets": '("A text.")\n',
    "two parts": '"A text that " "goes on."\n',
    "statement behind": '"""A text."""; LIMIT = 1\n',
}
FUTURE = "from __future__ import annotations\n"


def outcome(head, rest):
    source = head + rest + "x = 1\n"
    assert ast.get_docstring(ast.parse(source)) and compile(source, "before", "exec")
    context = CodemodContext()
    AddImportsVisitor.add_needed_import(context, "decimal", "Decimal")
    made = AddImportsVisitor(context).transform_module(libcst.parse_module(source)).code
    assert "import Decimal" in made
    try:
        compile(made, "after", "exec")
    except SyntaxError:
        return "does not compile"
    return "kept" if ast.get_docstring(ast.parse(made)) else "lost"


seen = {name: (outcome(head, ""), outcome(head, FUTURE if "; " not in head else "")) for name, head in HEADS.items()}
print("libcst", version("libcst"), "| docstring, and with an import from __future__ below:", seen)
assert seen == {
    "one string": ("kept", "kept"),
    "in brackets": ("kept", "kept"),
    "two parts": ("lost", "does not compile"),
    "statement behind": ("lost", "lost"),
}, seen
PY
