"""The page: what is told as data, a script that shows it, and a policy that allows nothing else.

The data is JSON in an element that browsers do not run, with every sign escaped that could end it.
The script makes elements and sets their texts; it never reads markup.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from codemods.report.formats import AS_IT_IS
from codemods.report.html.data import data_of
from codemods.report.json import dumped

if TYPE_CHECKING:
    from codemods.model.outcome import RunReport
    from codemods.report.formats import Look

#: Each ends a script element, or begins one, somewhere.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
#: The scripts in the order in which they are run; they share what they declare.
SCRIPTS = ("python.js", "diff.js", "list.js", "filters.js", "keys.js")


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the page, whatever else the *look*."""
    style = _asset("page.css")
    script = "".join(map(_asset, SCRIPTS))
    # The element's text is the script and its line breaks: it is what the policy names.
    script = f'\n"use strict";\n{script}'
    style = f"\n{style}"
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    data = dumped(data_of(report, look.around))
    for sign, escape in _ESCAPES.items():
        data = data.replace(sign, escape)
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script, "DATA": data}
    page = _asset("page.html")
    for name, text in parts.items():  # the data comes last: nothing in it is a place to fill
        before, _, behind = page.partition(f"@{name}@")
        page = before + text + behind
    return page


def _asset(name: str) -> str:
    return files("codemods.report.html").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
