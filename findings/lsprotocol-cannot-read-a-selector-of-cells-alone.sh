#!/usr/bin/env bash
# A server's valid answer to `initialize` that lsprotocol, and so each client built on pygls, cannot read.
#
# Guess: what the protocol allows can be read: of a notebook selector with `cells` the field `notebook` may be left out.
# Really: lsprotocol 2025.0.0 asks cattrs for the union behind that field by another name than it has registered, so that
#   with cattrs 25.1 and newer (25.3.0 and 26.2.1 tried) the whole answer is refused; with 24.1.3 it is read. A selector
#   with a text or a filter for `notebook` is read by all of them. `ruff server` 0.17.6 sends cells alone.
# For us: a server of ours that serves notebooks must name `notebook` with the cells, and what is measured beside ours
#   speaks the protocol without these classes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat > "$folder/read.py" <<'PY'
import importlib.metadata
import sys

from lsprotocol import converters, types

CELLS = [{"language": "python"}]
SELECTORS = {
    "cells": {"cells": CELLS},
    "text": {"notebook": "*", "cells": CELLS},
    "filter": {"notebook": {"notebookType": "jupyter-notebook"}, "cells": CELLS},
}


def reads(selector):
    answer = {"capabilities": {"notebookDocumentSync": {"notebookSelector": [selector]}}}
    try:
        found = converters.get_converter().structure(answer, types.InitializeResult)
    except Exception as error:
        return type(error).__name__
    return found.capabilities.notebook_document_sync.notebook_selector[0].cells[0].language


seen = {name: reads(selector) for name, selector in SELECTORS.items()}
print("lsprotocol", importlib.metadata.version("lsprotocol"), "cattrs", importlib.metadata.version("cattrs"), seen)
expected = "python" if sys.argv[1] == "read" else "ClassValidationError"
assert seen == {"cells": expected, "text": "python", "filter": "python"}, seen
PY
for pair in 24.1.3:read 25.3.0:refused 26.2.1:refused; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check lsprotocol==2025.0.0 "cattrs==${pair%:*}"
  "$folder/venv/bin/python" "$folder/read.py" "${pair#*:}"
done
