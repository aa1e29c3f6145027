"""Ordinary application code: functions, services, records and tables, as business programs have.

What is made is valid Python, every name that a function reads is bound in it or in its
module, and the sizes vary as they do in real projects: many small units and a few large ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.programs.words import FIELDS, filled, indented, names

if TYPE_CHECKING:
    from random import Random

# Each reads what any function here has: rows, options and result.
STATEMENTS = (
    'if not rows:\n    raise ValueError(f"no $noun for {options!r}")',
    '${noun}s = [row for row in rows if row.$field is not None]\nresult["$field"] = len(${noun}s)',
    "for index, $noun in enumerate(rows):\n"
    "    if $noun.$field > $number:\n"
    '        logger.debug("skipped %s at %d", $noun.$second, index)\n'
    "        continue\n"
    '    result[f"$other-{index}"] = $noun.$second',
    "try:\n"
    '    $field = int(options["$field"])\n'
    "except (KeyError, ValueError) as error:\n"
    '    logger.warning("$field of the $noun is not usable: %s", error)\n'
    "    $field = $number\n"
    'result["$second"] = $field * $small',
    "${other}s: dict[str, list[object]] = {}\n"
    "for row in rows:\n"
    "    ${other}s.setdefault(str(row.$field), []).append(row)\n"
    'result["${other}s"] = {key: len(found) for key, found in ${other}s.items()}',
    'total = sum(row.$field * $small for row in rows if row.$second != "$other")\n'
    "if total > $number:\n"
    '    logger.info("$noun total of %s is over the limit", total)\n'
    "elif total < 0:\n"
    '    raise ValueError(f"negative total: {total}")\n'
    'result["total"] = total',
    'path = Path(options.get("folder", ".")) / "$noun-$number.json"\n'
    "if path.is_file():\n"
    '    with path.open(encoding="utf-8") as stream:\n'
    "        result.update(json.load(stream))",
    '$field = str(options.get("$field", "$other")).strip().lower()\n'
    'if $field in {"$noun", "$other", "$third"}:\n'
    '    result["$field"] = $field.replace("-", "_")\n'
    "else:\n"
    '    result["$field"] = None',
    'ordered = sorted(rows, key=lambda row: (row.$field, row.$second), reverse="$other" in options)'
    '\nresult["first"] = ordered[0] if ordered else None',
    "begin = time.monotonic()\n"
    "for attempt in range($small):\n"
    "    if time.monotonic() - begin > $number:\n"
    "        break\n"
    '    result["attempts"] = attempt + 1',
    'pairs = zip(rows, rows[1:], strict=False)\nresult["$last"] = [b.$field - a.$field for a, b'
    " in pairs]",
    "while len(result) > $number:\n    key, _ = result.popitem()\n"
    '    logger.debug("dropped %s", key)',
    'result["$second"] = (\n    f"{len(rows)} ${noun}s of {options.get(\'$other\')} "\n'
    '    f"in {len(result)} steps"\n)',
    "# The $third comes first: a $noun without one is of no use to the $other.\n"
    'result.setdefault("$third", options.get("$third", $number))',
    'assert all(row.$field >= 0 for row in rows), "a $noun below zero"',
)
FUNCTION = '''
def $name(rows: list[$row], options: dict[str, str]) -> dict[str, object]:
    """$Verb the ${noun}s of the $other, by $field and $second."""
    result: dict[str, object] = {}
$body
    return result
'''
METHOD = '''
def $name(self, rows: list[$row], **options: str) -> dict[str, object]:
    """$Verb what the $other has of each $noun."""
    result = dict(self.$first)
$body
    self.$first.update(result)
    return result
'''
RECORD = '''
@dataclass(frozen=True)
class $name:
    """One $noun of a $other."""

    $field: int
    $second: str
    $last: float | None = None

    @property
    def is_large(self) -> bool:
        """Tell whether the $noun is above the limit of $number."""
        return self.$field > $number

    def with_$second(self, $second: str) -> $name:
        """Return the same $noun with another $second."""
        return replace(self, $second=$second.strip())
'''
SERVICE = '''
class $name:
    """Keeps the ${noun}s of a $other together."""

    def __init__(self, $first: dict[str, object], limit: int = $number) -> None:
        self.$first = $first
        self.limit = limit
        self._seen: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Tell whether no $noun fits in any more."""
        return len(self._seen) >= self.limit
'''
TABLE = """
$name: dict[str, tuple[int, str]] = {
$body}
"""
ROW_CLASS = '''
"""What every row has, wherever it comes from."""

from typing import Protocol


class $row(Protocol):
    """A row of any table."""

$body
'''
MODULE = '''
"""$Verb ${noun}s and the $other that they belong to."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
$imports
logger = logging.getLogger(__name__)
'''
ROW = "Row"


def statements(random: Random, count: int) -> str:
    """Return *count* statements on rows, options and result, without indentation."""
    chosen = random.choices(STATEMENTS, k=count)
    return "".join(filled(text, names(random)) for text in chosen)


def function(random: Random, name: str = "") -> tuple[str, str]:
    """Return the name and the text of a function of a module."""
    values = names(random)
    name = name or "{verb}_{noun}_{other}".format_map(values)
    body = indented(statements(random, _length(random)), 1)
    return name, _unit(FUNCTION, values, name, body=body.rstrip("\n"))


def record(random: Random) -> tuple[str, str]:
    """Return the name and the text of a frozen record."""
    values = names(random)
    name = "{Noun}{Other}".format_map(values)
    return name, _unit(RECORD, values, name)


def service(random: Random) -> tuple[str, str]:
    """Return the name and the text of a class with one to eight methods."""
    values = names(random)
    name = "{Noun}{Other}Service".format_map(values)
    first = "{}s".format(values["third"])
    text = _unit(SERVICE, values, name, first=first)
    methods: dict[str, str] = {}
    for _ in range(min(8, _length(random))):
        method = names(random)
        called = "{verb}_{noun}".format_map(method)
        body = indented(statements(random, _length(random)), 1).rstrip("\n")
        methods[called] = _unit(METHOD, method, called, body=body, first=first)
    return name, text + "".join("\n" + indented(method, 1) for method in methods.values())


def table(random: Random) -> tuple[str, str]:
    """Return the name and the text of a constant dict."""
    values = names(random)
    name = "{}_{}".format(values["noun"], values["other"]).upper()
    rows = [
        filled('"$noun-$field": ($number, "$other $second"),', names(random))
        for _ in range(random.randrange(3, 40))
    ]
    return name, _unit(TABLE, values, name, body=indented("".join(dict.fromkeys(rows)), 1))


def row_class() -> str:
    """Return the class that all functions name as the type of their rows: a module of its own."""
    fields = indented("\n".join(f"{field}: int" for field in FIELDS), 1)
    return filled(ROW_CLASS, {}, row=ROW, body=fields)


def unit(random: Random) -> tuple[str, str]:
    """Return the name and the text of any definition."""
    kinds = (function, function, function, record, service, service, table)
    return random.choice(kinds)(random)


def head(random: Random, imports: str = "") -> str:
    """Return how a module begins: docstring, imports, logger."""
    values = names(random)
    verb = str(values["verb"]).title()
    return filled(MODULE, values, Verb=verb, imports=imports)


def _unit(template: str, values: dict[str, object], name: str, **more: object) -> str:
    verb = str(values["verb"]).title()
    return filled(template, values, **{"Verb": verb, "name": name, "row": ROW, **more})


def _length(random: Random) -> int:
    """Return a length as real code has them: mostly two to five, rarely ten and more."""
    return 1 + min(14, int(random.lognormvariate(1.0, 0.6)))
