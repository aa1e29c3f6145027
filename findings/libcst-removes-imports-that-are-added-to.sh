#!/usr/bin/env bash
# Which imports LibCST's RemoveImportsVisitor takes for unused.
#
# Guess: those of names that the module never reads; its documentation lists what counts as a use (`__all__`, quoted
#   annotations), so that "it is safe to call" for any name.
# Really: `LIMIT *= 2` below `from settings import LIMIT` is no use: the import goes, and the module raises NameError. An
#   augmented assignment reads what it writes; to LibCST's scopes it is an assignment, and no access. pyflakes, by
#   whose word most people remove imports, sees a use. (Both take no notice of what `__all__` gets by `extend`, though
#   they read it where it is set or added to by `=` and `+=`: the package's public name is gone.)
# For us: whether an import that a rewrite leaves alone is still needed is asked of our own index of loads, stores and
#   exported names, and of no visitor of the library that prints the edit.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check libcst==1.9.0 pyflakes==4.1.0
"$folder/venv/bin/python" - <<'PY'
import ast
from importlib.metadata import version

import libcst
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import RemoveImportsVisitor
from pyflakes.checker import Checker
from pyflakes.messages import UnusedImport

USES = {
    "none": "",
    "load": "print(LIMIT)\n",
    "augmented": "LIMIT *= 2\n",
    "quoted": "def f(x: 'LIMIT'): ...\n",
    "__all__ =": "__all__ = ['LIMIT']\n",
    "__all__ +=": "__all__ = []\n__all__ += ['LIMIT']\n",
    "__all__.extend": "__all__ = []\n__all__.extend(['LIMIT'])\n",
}


def judged(use):
    source = f"from settings import LIMIT\n{use}"
    context = CodemodContext()
    RemoveImportsVisitor.remove_unused_import(context, "settings", "LIMIT")
    left = RemoveImportsVisitor(context).transform_module(libcst.parse_module(source)).code
    unused = [m for m in Checker(ast.parse(source)).messages if isinstance(m, UnusedImport)]
    return "import" not in left, bool(unused)


seen = {name: judged(use) for name, use in USES.items()}
print("libcst", version("libcst"), "pyflakes", version("pyflakes"), "| removed, unused:", seen)
removed, unused = ({name for name, judged in seen.items() if judged[which]} for which in (0, 1))
assert removed == {"none", "augmented", "__all__.extend"} and unused == removed - {"augmented"}, seen
PY
