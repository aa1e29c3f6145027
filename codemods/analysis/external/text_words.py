"""Words of texts that no search of a file's bytes shows: ``"job" "_id"``, ``"\\x6aob_id"``.

Modules, fields and functions are found by texts, and Python reads a text as a whole.
"""

from __future__ import annotations

import ast
import re

from codemods.analysis.external.spelling import GAP
from codemods.analysis.syntax.tree import walk

#: What finds or gives something by a text; a file without any of them is not looked through.
_BY_TEXT = (b"attr", b"import_", b"patch", b"tuple", b"modules")
_BEFORE, _AFTER = rb"(?<=[\w.:\x80-\xff]%b)", rb"[fFrRuU]{0,2}[\"'](?=[\w.:{\x80-\xff])"
#: Two parts of a text that may be one word, or a letter that is told by its number or its name:
#: each begins with one byte, which makes it quick.
_HIDING = (
    re.compile(rb"\"" + _BEFORE % b'"' + rb"%b(?:\+%b)?" % (GAP, GAP) + _AFTER),
    re.compile(rb"'" + _BEFORE % b"'" + rb"%b(?:\+%b)?" % (GAP, GAP) + _AFTER),
    re.compile(rb"\\(?:x[0-9a-fA-F]|[uUN]|[0-7]{2}|(?<=[\w.]\\)\r?\n)"),
    re.compile(rb"\{(?<=[\w.:\"']\{)[\"']"),
)
_WORD = re.compile(r"[^\W\d]\w*")
_LONGEST = 200


def may_hide_words(content: bytes) -> bool:
    """Whether *content* may have words in its texts that it does not spell out."""
    if not any(word in content for word in _BY_TEXT):
        return False
    return any(pattern.search(content) is not None for pattern in _HIDING)


def words_of_texts(tree: ast.Module) -> frozenset[bytes]:
    """Return the words in the texts of *tree* as Python reads them."""
    found: set[str] = set()
    parts: set[ast.AST] = set()
    for node in walk(tree):  # what is around comes first
        if isinstance(node, ast.BinOp):
            parts.add(node.left)
        if isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr) and node not in parts:
            is_known, text = evaluated(node)
            if is_known and len(text) < _LONGEST:
                found.update(_WORD.findall(text))
    return frozenset(word.encode(errors="surrogateescape") for word in found)


def evaluated(value: ast.expr) -> tuple[bool, str]:
    """Return whether *value* is known as a text, and how it ends for sure."""
    if isinstance(value, ast.Constant):
        is_text = isinstance(value.value, str)
        return is_text, str(value.value) if is_text else ""
    if isinstance(value, ast.FormattedValue):
        return (
            evaluated(value.value)
            if value.conversion < 0 and not value.format_spec
            else (False, "")
        )
    if isinstance(value, ast.JoinedStr):
        parts = value.values
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        parts = [value.left, value.right]
    else:
        return False, ""
    text = ""
    for part in reversed(parts):
        is_known, ending = evaluated(part)
        text = ending + text
        if not is_known:
            return False, text
    return True, text
