#!/usr/bin/env bash
# Which lines the reports of ruff name for a finding in a notebook, and what their fixes do to the file.
#
# Guess: a SARIF region, and a suggestion of rdjson, are of the file that they name: a code host shows the line, and a
#   tool that applies the fix (both formats are made for that) mends the notebook.
# Really: their lines are those of a text that is nowhere: all code cells below one another. Line 3 of the notebook's file
#   is the brace that opens its first cell; the fix, done as it stands there, takes it away, and the file is no JSON any
#   more. Neither format says which cell it is. GitHub's, GitLab's and Azure's put every finding at 1:1; json and the
#   plain text name the cell and the line in it. `ruff check --fix` itself mends the cell.
# For us: a place in a cell is in line 1 of the file for who knows no cells, the cell and its line are said in words beside
#   it, and the fix of a notebook in our SARIF has lines of the notebook's own file.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ruff==0.17.6
cd "$folder"
PATH=$folder/venv/bin:$PATH "$folder/venv/bin/python" - <<'PY'
import json
import subprocess
from importlib.metadata import version

CELLS = [["total = 1\n", "print(total)"], ["import os\n", "print(total)"]]


def cell(source):
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def written():
    notebook = {"cells": [cell(source) for source in CELLS], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    with open("usage.ipynb", "w") as file:
        json.dump(notebook, file, indent=1)


def ruff(*given):
    command = ["ruff", "check", "--isolated", "--no-cache", "--select", "F401", *given, "usage.ipynb"]
    return subprocess.run(command, capture_output=True, text=True).stdout


def done(first, last):
    """Return whether the file is JSON without its lines from *first* to before *last*, and what they were."""
    lines = open("usage.ipynb").read().splitlines(keepends=True)
    try:
        json.loads("".join(lines[: first - 1] + lines[last - 1 :]))
        return True, lines[first - 1 : last - 1]
    except ValueError:
        return False, lines[first - 1 : last - 1]


written()
(plain,) = json.loads(ruff("--output-format", "json"))
(result,) = json.loads(ruff("--output-format", "sarif"))["runs"][0]["results"]
(told,) = json.loads(ruff("--output-format", "rdjson"))["diagnostics"]
(gitlab,) = json.loads(ruff("--output-format", "gitlab"))
region = result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]
span = told["suggestions"][0]["range"]
seen = {
    "json, cell and line": (plain["cell"], plain["location"]["row"]),
    "gitlab, line": gitlab["location"]["positions"]["begin"]["line"],
    "sarif, line": result["locations"][0]["physicalLocation"]["region"]["startLine"],
    "sarif names a cell": "cell" in json.dumps(result),
    "its fix leaves JSON, and takes": done(region["startLine"], region["endLine"]),
    "rdjson, line": told["location"]["range"]["start"]["line"],
    "its suggestion leaves JSON, and takes": done(span["start"]["line"], span["end"]["line"]),
}
ruff("--fix")
seen["--fix leaves"] = [one["source"] for one in json.load(open("usage.ipynb"))["cells"]]
print("ruff", version("ruff"))
for name, value in seen.items():
    print(f"  {name}: {value}")
assert list(seen.values()) == [
    (2, 1), 1, 3, False, (False, ["  {\n"]), 3, (False, ["  {\n"]), [CELLS[0], ["print(total)"]],
], seen
PY
