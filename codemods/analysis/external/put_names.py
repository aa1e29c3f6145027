"""Names that a file gives by texts to modules, classes and objects: ``patch`` and ``setattr``.

Most files show them in their bytes.  Of those that have another name for what puts them there, or
that spell a text in parts, the tree is asked.
"""

from __future__ import annotations

import ast
import re

from codemods.analysis.external.spelling import GAP, NAME, whole
from codemods.analysis.external.text_words import evaluated
from codemods.analysis.syntax.calls import last_name
from codemods.analysis.syntax.tree import index, walk

#: What gives a name to whatever has it; that it begins with one byte makes it quick.
_PUT = re.compile(rb"\.%b(%b)%b=(?!=)" % (GAP, NAME, GAP))
_PUT_BY_TEXT = re.compile(rb"(?:setattr|patch[\w.]*)%b\(([^()]*)" % GAP)
_TEXT = re.compile(rb"[\"'](?:[\w.:]*[.:])?(%b)[\"']" % NAME)
_OWN = (b"self", b"cls")
#: The words without which nothing is put anywhere by a text.
PUTTING = ("patch", "setattr")
_CALLED = re.compile(rb"(?:%b|%b)(?!%b[.(])" % (whole("patch"), whole("setattr"), GAP))
_IMPORT = re.compile(rb"^[ \t]*from\b[^\n]*\bimport\b(?:[ \t]*\([^)]*\)|[^\n]*)", re.MULTILINE)
_RENAMING = re.compile(rb"\b(?:patch|setattr)%bas\b" % GAP)
#: A text of several parts, of escapes, or one that is put together.
_PARTS = re.compile(rb"\\|[\"']%b[\"'+%%]|\+%b[\"']|\b[fFrRuUbB]{1,2}[\"']" % (GAP, GAP))
#: What puts something where a text says, or else the second argument.
BY_TEXT = frozenset(("setattr", "patch", "object", "__setattr__"))
#: What puts something at each of its keywords.
MULTIPLE = "multiple"
_MULTIPLE = MULTIPLE.encode()
_TEXTS = (ast.Constant, ast.JoinedStr, ast.BinOp)
_LAST = re.compile(r".*[.:]", re.DOTALL)


def put_in_bytes(content: bytes) -> set[bytes]:
    """Return the names that *content* visibly gives to others, but to its own object."""
    puts = _PUT.finditer(content)
    found = {m[1] for m in puts if not content.endswith(_OWN, 0, m.start())}
    if b"setattr" in content or b"patch" in content:
        for given in _PUT_BY_TEXT.findall(content):
            found.update(_TEXT.findall(given))
    return found


def hides_puts(content: bytes) -> bool:
    """Whether *content* may give names by texts, or by calls, that its bytes do not show."""
    if b"setattr" not in content and not (b"patch" in content and b"mock" in content):
        return False  # patch alone is a method, or a verb of HTTP, as well
    if _MULTIPLE in content:
        return True  # its keywords may stand behind calls
    for given in _PUT_BY_TEXT.findall(content):
        if _PARTS.search(given) or (
            not given.lstrip().startswith(_OWN) and not _TEXT.search(given)
        ):
            return True
    if _CALLED.search(content) is None:
        return False
    imports = _IMPORT.findall(content)
    return any(map(_RENAMING.search, imports)) or bool(_CALLED.search(_IMPORT.sub(b"", content)))


def put_by_text(tree: ast.Module) -> frozenset[str]:
    """Return the names that *tree* may give by texts.

    Where a name is put together, or what takes it is kept somewhere, all of its texts count.
    """
    every = index(tree).every(ast.Call)
    calls = [call for call in every if last_name(call.func) in BY_TEXT]
    several = (call for call in every if last_name(call.func) == MULTIPLE)
    found = {keyword.arg for call in several for keyword in call.keywords if keyword.arg}
    is_known = not _keeps(tree, calls)
    for call in calls:
        named = [place[1] for place in (place_put(call),) if place is not None]
        named += [name_put(keyword.value) or "" for keyword in call.keywords]
        found.update(filter(None, named))
        is_known = is_known and None not in named
    if not is_known:
        texts = (n.value for n in index(tree).every(ast.Constant) if isinstance(n.value, str))
        found.update(map(_last, texts))
    return frozenset(found)


def place_put(call: ast.Call) -> tuple[int, str | None] | None:
    """Return which argument of *call* names what is put there, and the name; None if unknown.

    There is no such argument where an object puts something into itself.
    """
    if not call.args or isinstance(call.args[0], ast.Starred):
        return None
    first, called = call.args[0], last_name(call.func)
    whole = called == PUTTING[0] or (called == PUTTING[1] and len(call.args) == 2)
    if isinstance(first, _TEXTS) or len(call.args) == 1 or whole:
        return 0, name_put(first)
    if isinstance(first, ast.Name) and first.id in ("self", "cls"):
        return None
    return 1, name_put(call.args[1])


def _keeps(tree: ast.Module, calls: list[ast.Call]) -> bool:
    """Whether *tree* does something else with what puts names than to call it, under any name."""
    called = {call.func for call in calls}
    used = {node.value for node in index(tree).every(ast.Attribute)}
    for node in index(tree).of(ast.Name, ast.Attribute):
        assert isinstance(node, ast.Name | ast.Attribute)
        spelled = node.id if isinstance(node, ast.Name) else node.attr
        if spelled in PUTTING and node not in called and node not in used:
            return True
    return False


def name_put(value: ast.expr) -> str | None:
    """Return the name that the text *value* ends in; None where that is unknown.

    A path of something else than names is none: ``client.patch(f"/receipts/{number}")``.
    """
    parts = (n.value for n in walk(value) if isinstance(n, ast.Constant))
    if any("/" in part for part in parts if isinstance(part, str)):
        return ""
    is_known, text = evaluated(value)
    return _last(text) if is_known or _LAST.match(text) else None


def _last(text: str) -> str:
    return _LAST.sub("", text)
