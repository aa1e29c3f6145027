"""The kinds of change, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .additions import annotations, docstrings, passes
from .elsewhere import of_an_object, of_another_file
from .encodings import latin, line_ends
from .importing import (
    in_a_package,
    in_a_source_folder,
    kept_elsewhere,
    other_statements,
    through_the_module,
    under_another_name,
)
from .layout import layout
from .names import renamed, umlauts
from .order import definitions, given, imports
from .spelling import folded, parentheses, strings

if TYPE_CHECKING:
    from .check import Kind

KINDS: dict[str, Kind] = {
    "layout": layout,
    "folded": folded,
    "strings": strings,
    "parentheses": parentheses,
    "renamed": renamed,
    "umlauts": umlauts,
    "definitions": definitions,
    "imports": imports,
    "given": given,
    "passes": passes,
    "docstrings": docstrings,
    "annotations": annotations,
    "qualified": through_the_module,
    "aliased": under_another_name,
    "kept": kept_elsewhere,
    "reexported": of_another_file,
    "fields": of_an_object,
    "modules": other_statements,
    "package": in_a_package,
    "src": in_a_source_folder,
    "line-ends": line_ends,
    "latin": latin,
}
