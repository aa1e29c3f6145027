"""The arguments of a set call: which id each of them is."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codemods import vocabulary as words

if TYPE_CHECKING:
    from codemods.analysis.trackers.ids.literal_dicts import LiteralDicts


@dataclass(frozen=True, eq=False)
class Argument:
    """One argument of a set call: its context field, its position in the call, its value.

    ``is_spread`` says that it comes out of a dictionary, which the call unpacks; ``may_lack``
    that this may not have it: then its value is the dictionary.
    """

    keyword: str
    position: int
    value: ast.expr
    is_positional: bool
    is_spread: bool = False
    may_lack: bool = False


def arguments_given(
    call: ast.Call, literals: LiteralDicts
) -> tuple[tuple[Argument, ...], str | None]:
    """Return the arguments of the set call *call*, and what is wrong with them, if anything is."""
    found: list[Argument] = []
    if len(call.args) > len(words.SET_PARAMETERS):
        return (), "invalid-call"
    for position, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            return (), "unknown-fields"
        found.append(Argument(words.SET_PARAMETERS[position], position, value, True))
    for offset, keyword in enumerate(call.keywords):
        if keyword.arg is None:
            pairs = literals.pairs(keyword.value)
            named = {*words.SET_PARAMETERS} - {a.keyword for a in found}
            if pairs is None or not named.issuperset(key for key, _ in pairs):
                return tuple(found), "unknown-fields"
            position = len(call.args) + offset
            found.extend(Argument(key, position, value, False, True) for key, value in pairs)
            continue
        if keyword.arg not in words.SET_PARAMETERS or keyword.arg in {a.keyword for a in found}:
            return tuple(found), "invalid-call"
        found.append(Argument(keyword.arg, len(call.args) + offset, keyword.value, False))
    return tuple(found), None
