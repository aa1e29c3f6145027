"""The page: scripts, a style, and the data; and a policy that allows no more.

The data are letters and digits that end no element.  The script makes elements and sets their
texts; it never reads markup.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from tracker.errors import ConfigurationError

#: The scripts in the order in which they are run; they share what they declare.
SCRIPTS = ("format.js", "model.js", "chart.js", "tables.js", "panels.js", "start.js")
_LIBRARY = ("bokeh.min.js", "bokeh-api.min.js")


def page(packed: str, *, live: str = "") -> str:
    """Return the page of *packed* data; *live* is the address from which newer ones are had.

    Raises ConfigurationError if the library is not installed.
    """
    parts = {
        "POLICY": policy(live=bool(live)),
        "STYLE": f"\n{_asset('page.css')}",
        "LIVE": live,
        "DATA": packed,
        **_scripts(),
    }
    text = _asset("page.html")
    for name, part in parts.items():
        before, _, behind = text.partition(f"@{name}@")
        text = before + part + behind
    return text


def policy(*, live: bool) -> str:
    """Return what the page may do: run its two scripts, and no more."""
    allowed = " ".join(f"'{_digest(text)}'" for text in _scripts().values())
    source = "'self'" if live else "'none'"
    # The library puts the styles of its chart beside it, each in a tree of its own.
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        f"img-src data:; connect-src {source}; base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _scripts() -> dict[str, str]:
    own = "".join(map(_asset, SCRIPTS))
    return {"LIBRARY": _library(), "SCRIPT": f'\n"use strict";\n{own}'}


def _library() -> str:
    """Return the scripts of Bokeh, which is not imported: that takes a second."""
    found = find_spec("bokeh")
    if found is None or found.origin is None:
        raise ConfigurationError("bokeh is not installed; pip install 'ai-usage-suite[html]'")
    folder = Path(found.origin).parent / "server" / "static" / "js"
    try:
        several = [(folder / name).read_text(encoding="utf-8") for name in _LIBRARY]
    except OSError as error:
        raise ConfigurationError(f"bokeh is not as it should be: {error}") from error
    return "\n".join(text.rpartition("//# sourceMappingURL")[0] or text for text in several)


def _asset(name: str) -> str:
    return files("tracker.cli.reports.html").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
