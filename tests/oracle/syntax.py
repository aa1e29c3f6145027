"""Statements in the newest syntax that the running interpreter reads, strewn over a program.

They do nothing that can be seen; what stands around them must be migrated as before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codemods.interpreter import language

from .source import Stmt, Suite

if TYPE_CHECKING:
    from .pen import Pen

_HERE = language()
_CONTINUES = ("else", "elif", "except", "finally", "case", "@", "#")
_FUNCTION = re.compile(r"(?:async )?def \w+")
# Of every version; ``tracker`` is another variable than that of the program here.
_STATEMENTS: list[list[Stmt]] = [
    ["[tracker for tracker in (1, 2)]"],
    ["{tracker: tracker for tracker in (1, 2)}"],
    [Suite("class Shape:", ["tracker = 2", "sides = [n for n in range(tracker)]"])],
    [Suite("class Shape:", [Suite("def sides(self, n: [n for n in (1, 2)] = 3):", ["return n"])])],
    ["late: list[[n for n in (1, 2)]] = 3"],
    [Suite("try:", ["late = 1"]), Suite("except* ValueError:", ["late = 2"])],
]
_PARAMETERS = [""]
if _HERE.type_parameters:
    _PARAMETERS = ["", "[T]", "[T: int]", "[*Ts, **P]"]
    _STATEMENTS += [
        ["type Answers[T] = list[T]"],
        [Suite("class Shape[T](list[T]):", ["kinds = [T for _ in (1, 2)]"])],
        [Suite("def first[T](items: list[T]) -> T:", ["return items[0]"])],
    ]
if _HERE.nested_quotes:
    _STATEMENTS += [['late = f"{", ".join(f"{n!r}" for n in ("a", "b"))}"']]
if _HERE.template_strings:
    _STATEMENTS += [
        ['late = t"{1} and {2!r:>{3}}"'],
        ['late = [t"{n}" for n in (1, 2)]'],
    ]
if _HERE.bare_except_lists:
    _STATEMENTS += [[Suite("try:", ["late = 1"]), Suite("except ValueError, TypeError:", ["pass"])]]
if _HERE.late_annotations:
    _STATEMENTS += [[Suite("def never(n: missing.Name) -> [missing for _ in n]:", ["return n"])]]


def strewn(pen: Pen, statements: list[Stmt], percent: int = 20) -> list[Stmt]:
    """Return *statements*, in *percent* of all programs with newer ones among them."""
    if not pen.chance(percent):
        return statements
    return [_with_newer(pen, s) if isinstance(s, Suite) else s for s in statements]


def _with_newer(pen: Pen, suite: Suite) -> Suite:
    """Return a function of the module with newer syntax in its signature and its body."""
    if not _FUNCTION.match(suite.header) or suite.tight or suite.header.startswith("def run("):
        return suite
    parameters = pen.pick(_PARAMETERS)
    header = _FUNCTION.sub(lambda found: found[0] + parameters, suite.header, count=1)
    if header.endswith("):") and pen.chance(25):
        header = f"{header[:-1]} -> [n for n in (1, 2)]:"
    return Suite(header, _among(pen, suite.body))


def _among(pen: Pen, body: list[Stmt]) -> list[Stmt]:
    made: list[Stmt] = []
    for position, statement in enumerate(body):
        before = body[position - 1] if position else ""
        if _may_follow(before) and not _continues(statement) and pen.chance(15):
            made += pen.pick(_STATEMENTS)
        inside = isinstance(statement, Suite) and not statement.tight
        if inside and statement.header.startswith(("with ", "for ", "if ", "try:", "while ")):
            statement = Suite(statement.header, _among(pen, statement.body))
        made.append(statement)
    return made


def _continues(statement: Stmt) -> bool:
    text = statement.header if isinstance(statement, Suite) else statement
    return text.startswith(_CONTINUES) or text.startswith(('"', "'", "global ", "nonlocal "))


def _may_follow(statement: Stmt) -> bool:
    """Whether something may stand behind *statement*: not behind a decorator or a comment."""
    return not isinstance(statement, str) or not statement.startswith(("@", "#"))
