#!/usr/bin/env bash
# Which names LibCST's ScopeProvider does not see bound, though Python's own symbol table does.
#
# Guess: each name that a function binds is an assignment in the scope of that function, whatever syntax binds it.
# Really: a name that `case` captures (plain, with `as`, starred, or the rest of a mapping) is no assignment anywhere,
#   and one bound by `:=` in a comprehension belongs to the comprehension, where Python binds it around it. Uses
#   further down have no assignment that they could refer to: to a tool the name looks like one of somewhere else.
# For us: what a name is bound to, and whether a new name is free, is asked of the standard library's `ast` and
#   `symtable` rules and never of this provider; a tracker that comes out of a `case` would look like no local at all.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check libcst==1.9.0
"$folder/venv/bin/python" - <<'PY'
import importlib.metadata
import symtable

import libcst
from libcst.metadata import MetadataWrapper, ScopeProvider

PROGRAMS = {
    "assigned": "def f(made):\n    name = made\n    return name\n",
    "walrus": "def f(made):\n    (name := made)\n    return name\n",
    "walrus in a comprehension": "def f(made):\n    [name := one for one in made]\n    return name\n",
    "captured": "def f(made):\n    match made:\n        case name:\n            return name\n",
    "captured with as": "def f(made):\n    match made:\n        case int() as name:\n            return name\n",
    "captured by a star": "def f(made):\n    match made:\n        case [_, *name]:\n            return name\n",
    "captured rest": "def f(made):\n    match made:\n        case {**name}:\n            return name\n",
}


def by_python(text):
    return symtable.symtable(text, "f.py", "exec").get_children()[0].lookup("name").is_local()


def by_libcst(text):
    scopes = MetadataWrapper(libcst.parse_module(text)).resolve(ScopeProvider)
    function = next(scope for node, scope in scopes.items() if getattr(node, "value", None) == "made")
    return bool(function["name"])


print("libcst", importlib.metadata.version("libcst"), "| bound in the function, by Python and by LibCST:")
seen = {kind: (by_python(text), by_libcst(text)) for kind, text in PROGRAMS.items()}
for kind, (python, provider) in seen.items():
    print(f"  {kind:26} {python!s:6} {provider}")
assert all(python for python, _ in seen.values()), seen
assert [kind for kind, (_, provider) in seen.items() if provider] == ["assigned", "walrus"], seen
PY
