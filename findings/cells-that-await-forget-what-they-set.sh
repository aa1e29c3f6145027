#!/usr/bin/env bash
# How long a ContextVar that a notebook's cell sets has its value.
#
# Guess: until another cell sets it. A kernel runs all cells in one thread and one namespace, and what a plain cell sets is
#   still set in the next.
# Really: that holds for plain cells only. A cell with an `await` at its top runs in a copy of the context, which ends
#   with the cell: what it sets, and a context manager that it enters for the cells below, is gone in the next one, which
#   sees what the last plain cell set, or nothing. Whether a cell is one of that kind hangs on any line of it: an `await`
#   that is added at its end takes away what stands above. Names that the cell binds stay. ipykernel and the terminal alike.
# For us: a block belongs into one cell, which is how migrate writes it; ids that are to hold from cell to cell belong to a
#   tracker that the cells share by its name, not to the current context.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  ipykernel==7.4.0 ipython==9.18.1 nbclient==0.11.0 nbformat==5.11.1
cd "$folder"
JUPYTER_PLATFORM_DIRS=1 HOME=$folder IPYTHONDIR=$folder/ipython "$folder/venv/bin/python" -W ignore - <<'PY'
import contextlib
import io
import subprocess
from importlib.metadata import version

import nbformat
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

CELLS = [
    "import asyncio, contextvars\njob = contextvars.ContextVar('job', default='nobody')",
    "_ = job.set('plain'); name = 'plain'",
    "print(job.get(), name)",
    "_ = job.set('awaiting'); name = 'awaiting'; print(job.get(), name); await asyncio.sleep(0)",
    "print(job.get(), name)",
]


def in_a_kernel():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(stderr=subprocess.DEVNULL)
    return ["".join(one["text"] for one in cell.outputs).strip() for cell in notebook.cells]


def in_a_shell():
    shell, said = InteractiveShell.instance(), []
    for cell in CELLS:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            shell.run_cell(cell).raise_error()
        said.append(out.getvalue().strip())
    return said


seen = {"ipykernel": in_a_kernel(), "ipython": in_a_shell()}
for name, said in seen.items():
    print(name, version(name), "| the variable's value, and the name's, by cell:", said)
    assert said == ["", "", "plain plain", "awaiting awaiting", "plain awaiting"], said
PY
