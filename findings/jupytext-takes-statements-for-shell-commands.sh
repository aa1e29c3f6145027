#!/usr/bin/env bash
# What of a notebook's Python code is code in the script that jupytext makes of it.
#
# Guess: all but magics and shell commands (`%time`, `!pip`), which are commented out, and come back with the notebook.
# Really: so is each line that begins with the name of a shell command which IPython knows without its percent sign, where
#   no plain assignment or call follows: `cat += price(answer)`, `rm -= 1`, `ls or ask()`. A kernel runs these as Python, as
#   does anybody who runs the notebook; the script does not have them. It runs without an error and gives another sum.
#   `cat = cat + price(answer)` stays. Back in a notebook the line is there again, so no comparison of notebooks shows it.
# For us: notebooks are read and written by their own cells, and never by way of a paired script: what migrate and
#   lint say of such a script is said of less than the notebook runs.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jupytext==1.19.6 ipython==9.18.1
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import jupytext
from IPython.core.interactiveshell import InteractiveShell

CELL = """\
price = len
cat, rm, ls = 0, 9, []
cat += price("answer")
rm -= 1
ls or print("asked")
cat = cat + price("answer")
total = cat + rm"""
PYTHON = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python"}}
notebook = jupytext.reads(CELL, "py:percent")
notebook.metadata.update(PYTHON)
script = jupytext.writes(notebook, "py:percent")
lines = script.split("# %%\n", 1)[1].splitlines()
print("jupytext", version("jupytext"), "of a cell:", *lines, sep="\n  ")
assert [line for line in lines if line.startswith("#")] == ["# " + line for line in CELL.splitlines()[2:5]], lines
assert [cell.source for cell in jupytext.reads(script, "py:percent").cells if cell.cell_type == "code"] == [CELL]
of_script = {}
exec(script, of_script)
shell = InteractiveShell.instance()
assert shell.run_cell(CELL).success
totals = shell.user_ns["total"], of_script["total"]
print("  total in a kernel and in the script:", *totals)
assert totals == (20, 15), totals
PY
