"""What only IPython understands, as Python with as many lines that uses the same names.

Each such line becomes a call of the shell, given the names of the notebook that the line
mentions: what a magic may do with them is not known, as with any other code of others.  A
comment at its end says which line it was, so that it can be put back.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from keyword import iskeyword

from codemods.project.notebooks.cells import BrokenNotebookError
from codemods.vocabulary import NEEDLES

# Cell magics behind which the cell is Python of the notebook itself.
_TRANSPARENT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun"})
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_LINE_MAGIC = re.compile(r"(\s*)(?:%|!|\?|[\w.]+\?{1,2}\s*$)")
_ASSIGNED_MAGIC = re.compile(r"(\s*[\w., ]+=\s*)[%!].*")
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Form:
    """How the lines of a notebook are written as Python: *token* is in no line of it.

    ``names`` are those that magics may use.
    """

    token: str
    names: frozenset[str]

    def mark(self, number: int) -> str:
        """Return the comment that stands for line *number* of a cell, counted from 0."""
        return f"# ai-usage-magic {self.token} {number}"

    def marked(self, line: str) -> int | None:
        """Return the number of the line that *line* stands for, None for a line of its own."""
        _, mark, number = line.rpartition(f"# ai-usage-magic {self.token} ")
        return int(number) if mark and number.isdecimal() else None


def names_of(cells: list[str]) -> frozenset[str]:
    """Return the words of those *cells* that are Python."""
    return frozenset(word for cell in cells for word in _WORD.findall(cell))


def as_python(number: int, cell: str, form: Form) -> str:
    """Return the cell with *number* as Python, with as many lines; blank in another language.

    Raises BrokenNotebookError if it is no Python and has a legacy name.
    """
    lines = cell.split("\n")
    magic = _CELL_MAGIC.match(lines[0])
    if magic is not None and magic[1] not in _TRANSPARENT:
        return "\n" * len(lines)
    plain = list(lines)
    if magic is not None:
        plain[0] = _call(lines[0], "", form) + f"  {form.mark(0)}"
    problem = ""
    for found in (plain, _without_magics(plain, form)):
        text = "\n".join(found)
        problem = _mistake(text)
        if not problem:
            return f"{text}\n"
    if any(needle.decode() in cell for needle in NEEDLES):
        raise BrokenNotebookError(f"cell {number}{problem}")
    return "\n" * len(lines)


def _mistake(text: str) -> str:
    """Return why *text* is no Python, "" if it is."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return f": {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError):
        return " cannot be parsed"
    return ""


def restored(text: str, cell: str, form: Form) -> str | None:
    """Return the Python *text* with the magics of *cell* back in it, None if one is not whole."""
    original = cell.split("\n")
    wanted = [form.marked(line) for line in as_python(0, cell, form).split("\n")]
    lines = text.split("\n")
    found = [form.marked(line) for line in lines]
    if [n for n in found if n is not None] != [n for n in wanted if n is not None]:
        return None
    for index, number in enumerate(found):
        if number is None:
            continue
        line = lines[index].lstrip()
        indentation = lines[index][: len(lines[index]) - len(line)]
        # What goes on from the line above is none of Python's lines.
        goes_on = line.startswith("#")
        lines[index] = original[number] if goes_on else indentation + original[number].lstrip()
    if _CELL_MAGIC.match(original[0]) and lines[0] != original[0]:
        return None
    return "\n".join(lines)


def _without_magics(lines: list[str], form: Form) -> list[str]:
    found = []
    goes_on = False
    for number, line in enumerate(lines):
        magic = _LINE_MAGIC.match(line)
        assigned = _ASSIGNED_MAGIC.fullmatch(line)
        if goes_on:
            goes_on = line.endswith("\\")
            found.append(form.mark(number))
        elif magic is not None:
            goes_on = line.endswith("\\")
            found.append(f"{_call(line, magic[1], form)}  {form.mark(number)}")
        elif assigned is not None:
            goes_on = line.endswith("\\")
            found.append(f"{_call(line, assigned[1], form)}  {form.mark(number)}")
        else:
            found.append(line)
    return found


def _call(line: str, before: str, form: Form) -> str:
    """Return *before* with a call of the shell that gets the names in *line*.

    Its method is one that no class of a project has.
    """
    names = dict.fromkeys(_WORD.findall(line[len(before) :]))
    given = ", ".join(name for name in names if name in form.names and not iskeyword(name))
    return f"{before}get_ipython().run_line_magic({given})"
