"""Operation types: a stable, descriptive name for what a block does."""

from __future__ import annotations

import ast
import builtins
import re
import unicodedata
from typing import TYPE_CHECKING

from codemods.analysis.syntax.tree import walk
from codemods.model.options import MODULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

GENERIC = frozenset(
    "process run main handle do execute call test operation task job step data work go "
    "perform item items batch result func function wrapper id the a an x it".split()
)
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_VERSION = re.compile(r"_v\d+(?=_|$)")
_COMMENT = re.compile(r"#\s*ai-usage:\s*operation=([a-z][a-z0-9_]{2,49})\b")
_PARTS = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 50
_LAST = "_operation"
# Functions that only run or collect what others do, beside those of the interpreter.
_CARRIERS = frozenset(
    "gather wait wait_for create_task ensure_future as_completed to_thread partial reduce chain "
    "deepcopy asdict sleep get_ipython".split()
)


def snake(name: str, behind: str = "") -> str:
    """Return *name* in snake case and ASCII, without numbers: ``OCRStage2`` is ``ocr_stage``.

    No word is cut: what is too long to have *behind* come behind it ends with a whole one.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _VERSION.sub("", plain)
    words = [word.lower() for word in _WORDS.findall(plain) if not word.isdigit()]
    return _cut("_".join(words), _LONGEST - len(behind))


def _cut(name: str, length: int) -> str:
    """Return the words of *name* that fit into *length* characters, "" if not even one does."""
    return name if len(name) <= length else name[: length + 1].rpartition("_")[0].strip("_")


def descriptive(name: str) -> str | None:
    """Return *name* in snake case if it says more than a generic verb."""
    words = snake(name).split("_")
    if sum(len(word) for word in words) < 3 or all(word in GENERIC for word in words):
        return None
    return "_".join(words)


def override(lines: list[str], first: int, last: int) -> str | None:
    """Return the operation that a comment on the lines *first* to *last* (from 1) asks for.

    It may be on the line before, or anywhere in the comments right above.
    """
    begin = first - 1
    while begin and (not lines[begin - 1].strip() or lines[begin - 1].lstrip().startswith("#")):
        begin -= 1
    for line in lines[min(begin, max(first - 2, 0)) : last]:
        match = _COMMENT.search(line)
        if match:
            return match[1]
    return None


def candidates(
    enclosing: Iterable[ast.AST],
    ids: Iterable[ast.expr],
    body: Sequence[ast.stmt],
    module: str,
    tracker: str = "",
) -> list[str]:
    """Return names for a block, best first.

    *enclosing* are the nodes around it, innermost first; *ids* the values given
    as job or batch; *body* its statements; *module* the module's last name.  A step
    that is given the *tracker*, as it is written, says more than one that is not.
    """
    found: list[str | None] = []
    functions = [n for n in enclosing if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [n for n in enclosing if isinstance(n, ast.ClassDef)]
    if functions:
        name = functions[0].name
        alone = descriptive(name)
        if classes:
            # One word says little beside a class that says what it is about.
            whole = descriptive(f"{snake(classes[0].name)}_{snake(name)}")
            found.extend([whole, alone] if "_" not in (alone or "") else [alone, whole])
        else:
            found.append(alone)
    found.extend(_stem(value) for value in ids)
    found.extend(_loop_noun(statement) for statement in body)
    steps = [call for statement in body for call in _steps(statement)]
    found.extend(_said(call) for call in steps if tracker and _is_given(call, tracker))
    found.extend(next(filter(None, map(_said, _steps(statement))), None) for statement in body)
    if functions:
        found.append(descriptive(f"{snake(module)}_{snake(functions[0].name)}"))
    found.append(descriptive(module))
    found.append(f"{snake(module, _LAST) or 'module'}{_LAST}")
    return [name for name in found if name]


def configured(operations: Mapping[str, str], module: str, function: str | None) -> str | None:
    """Return the configured operation: for ``module:function`` first, then for ``function``.

    Code that is in no function is that of ``module:<module>``, then of ``module``.
    """
    suffixes = module.split(".")
    for start in range(len(suffixes)):
        name = operations.get(f"{'.'.join(suffixes[start:])}:{function or MODULE}")
        if name is not None:
            return name
    return operations.get(function or module)


def unique(names: list[str], taken: set[str], numbers: dict[str, int]) -> str:
    """Return the first of *names* that is not *taken*, or the best one with a number behind.

    *numbers* has up to which number a name is taken already, as far as that was tried.
    """
    for name in names:
        if name not in taken:
            return name
    number = numbers.get(names[0], 2)
    while _numbered(names[0], number) in taken:
        number += 1
    numbers[names[0]] = number
    return _numbered(names[0], number)


def _numbered(name: str, number: int) -> str:
    behind = f"_{number}"
    return (_cut(name, _LONGEST - len(behind)) or name) + behind


def _stem(value: ast.expr) -> str | None:
    if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
        return None
    # What has letters and digits in one is a number or a hash, and no word.
    words = [part for part in _PARTS.split(value.value) if part.isalpha() and len(part) > 1]
    return descriptive("_".join(words))


def _loop_noun(statement: ast.stmt) -> str | None:
    if not isinstance(statement, ast.For | ast.AsyncFor) or not isinstance(
        statement.target, ast.Name
    ):
        return None
    noun = descriptive(statement.target.id)
    return f"{noun}_batch" if noun else None


def _says_nothing(name: str) -> bool:
    """Whether the function *name* says how something is done, and not what."""
    return hasattr(builtins, name) or name in _CARRIERS


def _steps(statement: ast.stmt) -> Iterator[ast.Call]:
    for node in walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node


def _said(step: ast.Call) -> str | None:
    """Return what the function that *step* calls says, if it says something."""
    called = step.func.id if isinstance(step.func, ast.Name) else ""
    name = descriptive(called)
    return name if name and called[:1].islower() and not _says_nothing(called) else None


def _is_given(call: ast.Call, tracker: str) -> bool:
    values = (*call.args, *(keyword.value for keyword in call.keywords))
    return any(ast.unparse(value) == tracker for value in values)


def literal(text: str, quote: str) -> str:
    """Return the source of a string literal that is *text*, in *quote*: nothing ends it early."""
    return quote + "".join(_in_literal(char, quote) for char in text) + quote


def _in_literal(char: str, quote: str) -> str:
    if char in (quote, "\\"):
        return "\\" + char
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
