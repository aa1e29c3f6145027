"""Where code stands in texts: fences of Markdown, directives of reStructuredText, and prompts.

Each function takes the lines of a text and yields its blocks of Python, in order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from codemods.project.embedded.blocks import PROMPT, Block, Line, block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Lines = Sequence[tuple[str, str]]

_PYTHONS = frozenset("python py python3 py3 ipython ipython3 pycon pytb doctest".split())
_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*(.*)")
# ```{code-block} python, ```{.python}, ```python title="x", ```py3
_INFO = re.compile(r"\{?(?:code-block|code-cell|code|sourcecode)?\}?[ \t]*\{?\.?([\w+-]*)")
_DIRECTIVE = re.compile(
    r"([ \t]*)\.\.[ \t]+(?:(?:code-block|code|sourcecode)::[ \t]*(\w*)|(testcode|testsetup)::.*)\s*"
)
_OPTION = re.compile(r"[ \t]+:[\w-]+:")
_PROMPT = re.compile(r"([ \t]*)(>>>|\.\.\.)(?: (.*)|)")


def markdown(lines: Lines) -> Iterator[Block]:
    """Yield the blocks of Markdown: fences that name Python, and prompts elsewhere."""
    at = plain = 0
    while at < len(lines):
        opened = _FENCE.fullmatch(lines[at][0])
        if opened is None or ("`" in opened[3] and opened[2][0] == "`"):
            at += 1
            continue
        yield from prompts(lines, plain, at)
        stop = _closed(lines, at + 1, opened[2])
        named = _language(opened[3])
        if named in _PYTHONS:
            yield from _python(lines, at + 1, stop, opened[1])
        elif not opened[3].strip():
            yield from prompts(lines, at + 1, stop)
        at = plain = stop + 1
    yield from prompts(lines, plain, len(lines))


def restructured(lines: Lines) -> Iterator[Block]:
    """Yield the blocks of reStructuredText: directives that name Python, and prompts elsewhere."""
    at = plain = 0
    while at < len(lines):
        opened = _DIRECTIVE.fullmatch(lines[at][0])
        if opened is None:
            at += 1
            continue
        yield from prompts(lines, plain, at)
        first, stop, indent = _indented(lines, at + 1, len(opened[1].expandtabs()))
        if opened[3] or opened[2].lower() in _PYTHONS:
            yield from _python(lines, first, stop, indent)
        elif not opened[2]:
            yield from prompts(lines, first, stop)
        at = plain = max(stop, at + 1)
    yield from prompts(lines, plain, len(lines))


def docstring(lines: Lines) -> Iterator[Block]:
    """Yield the examples of a docstring, in whichever of the two forms it has."""
    fenced = any(_FENCE.fullmatch(text) for text, _ in lines)
    yield from markdown(lines) if fenced else restructured(lines)


def prompts(lines: Lines, start: int, stop: int) -> Iterator[Block]:
    """Yield the examples among the lines *start* to *stop*: runs of prompts without an answer."""
    found: list[Line] = []
    indent = ""
    for at in range(start, stop + 1):
        match = _PROMPT.fullmatch(lines[at][0]) if at < stop else None
        begins = match is not None and match[2] == PROMPT
        goes_on = match is not None and bool(found) and match[1] == indent
        # An option holds for one example, and not for what another one is put into.
        apart = begins and bool(found) and ("# doctest:" in found[-1].code)
        if found and (not goes_on or apart):
            yield Block(at - len(found), tuple(found), indent, prompts=True)
            found = []
        if match is not None and (found or begins):
            indent = match[1]
            code = match[3] or ""
            before = lines[at][0].removesuffix(code) if code else lines[at][0]
            found.append(Line(before, code, lines[at][1]))


def _python(lines: Lines, first: int, stop: int, indent: str) -> Iterator[Block]:
    """Yield what stands in a block of Python: its lines, or the examples in it."""
    code = next((text for text, _ in lines[first:stop] if text.strip()), "")
    if code.lstrip().startswith((f"{PROMPT} ", f"{PROMPT}\t")):
        yield from prompts(lines, first, stop)
    elif code:
        yield block(lines, first, stop, indent)


def _language(info: str) -> str:
    found = _INFO.match(info)
    return found[1].lower() if found is not None else ""


def _closed(lines: Lines, start: int, fence: str) -> int:
    """Return the line that closes *fence*, the end of the text if none does."""
    closing = re.compile(rf"[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*")
    return next((n for n in range(start, len(lines)) if closing.fullmatch(lines[n][0])), len(lines))


def _behind_options(lines: Lines, start: int) -> int:
    """Return where the content of a directive begins, of which the options may begin at *start*."""
    first = start
    while first < len(lines) and _OPTION.match(lines[first][0]):
        first += 1
    while first < len(lines) and not lines[first][0].strip():
        first += 1
    return first


def _indented(lines: Lines, start: int, depth: int) -> tuple[int, int, str]:
    """Return begin and end of what is indented more than *depth* columns, and its indentation.

    Options of a directive are left out, and so are blank lines at both ends.
    """
    first = _behind_options(lines, start)
    stop, last = first, first
    indent: str | None = None
    while stop < len(lines):
        text = lines[stop][0]
        stop += 1
        if not text.strip():
            continue
        own = text[: len(text) - len(text.lstrip(" \t"))]
        if len(own.expandtabs()) <= depth:
            break
        indent = own if indent is None or len(own) < len(indent) else indent
        last = stop
    return first, last, indent or ""
