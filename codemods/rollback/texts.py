"""The text of a module with some blocks opened: headers replaced, bodies taken out of them."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.analysis.syntax.calls import client_calls
from codemods.analysis.syntax.tree import walk
from codemods.rollback.plans import NoWayBackError, class_name
from codemods.rules.planning.newly_captured import is_unrecorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.rollback.plans import Plan

_OF_EMBEDDINGS, _OF_COMPLETIONS = words.REPLAYS[1], words.REPLAYS[0]
_RECORDERS = {
    ("embeddings", "create"): _OF_EMBEDDINGS,
    ("completions", "create"): _OF_COMPLETIONS,
    ("completions", "parse"): _OF_COMPLETIONS,
    ("responses", "create"): _OF_COMPLETIONS,
    ("responses", "parse"): _OF_COMPLETIONS,
}
NAMED = "# ai-usage: operation="


@dataclass(frozen=True, slots=True)
class Layout:
    """How legacy code is laid out.

    With ``named`` comments keep the operation types that people gave; with ``shared`` the tracker
    of a block with steps is the module's, as in the guide.
    """

    named: bool = False
    shared: bool = False


def opened(semantic: SemanticModel, plans: Sequence[Plan], layout: Layout) -> str:
    """Return the text with the blocks of *plans* opened.

    Raises NoWayBackError where the layout of a block does not allow that.
    """
    page = _Page(semantic)
    steps = {p.statement for p in plans if not p.builds}
    for one in plans:
        inner = (node for s in one.statement.body for node in walk(s))
        if layout.shared and one.builds and any(node in steps for node in inner):
            page.share(one.lines[0])
            one = replace(one, lines=one.lines[1:])
        page.open(one, keeps_name=layout.named and bool(one.operation and one.lines))
    page.imports(plans)
    return page.text()


class _Page:
    """The lines of a module while blocks are opened, by their numbers from 1."""

    def __init__(self, semantic: SemanticModel) -> None:
        self._semantic = semantic
        self._lines = list(semantic.module.lines)
        self._put: dict[int, list[str]] = {}
        self._above: dict[int, list[str]] = {}
        self._below: dict[int, list[str]] = {}
        self._newline = semantic.module.source.newline
        self._inside = set(_continued(semantic.module.source.text))

    def text(self) -> str:
        """Return the lines as one text."""
        found: list[str] = []
        for number, line in enumerate(self._lines, start=1):
            found += self._above.get(number, [])
            found += self._put.get(number, [line])
            found += self._below.get(number, [])
        return "".join(found)

    def open(self, plan: Plan, *, keeps_name: bool) -> None:
        """Put the statements of *plan* in the place of its header, and its body behind them."""
        statement = plan.statement
        first = statement.lineno
        if statement.body[0].lineno <= _end_of_header(statement):
            raise NoWayBackError("the block stands on one line")
        outer, inner = self._indentation(first), self._indentation(statement.body[0].lineno)
        if not inner.startswith(outer) or len(set(inner)) > 1:
            raise NoWayBackError("the block is not indented evenly")
        # Where the block around it was opened before, its header stands further out by now.
        now = self._lines[first - 1]
        self._replace(plan, now[: len(now) - len(now.lstrip())], first, keeps_name=keeps_name)
        self._take_out(statement, inner[len(outer) :])
        if plan.own:
            self._rename(statement, plan.own, plan.tracker)
        self._record(plan)

    def share(self, construction: str) -> None:
        """Put *construction* behind the imports at the top of the module."""
        imports = [
            one
            for one in self._semantic.module.tree.body
            if isinstance(one, ast.Import | ast.ImportFrom)
        ]
        end = max((one.end_lineno or one.lineno for one in imports), default=0)
        if not end:
            raise NoWayBackError("the module imports nothing")
        line = f"{self._newline}{construction}{self._newline}"
        self._below.setdefault(end, []).append(line)

    def _replace(self, plan: Plan, indentation: str, first: int, *, keeps_name: bool) -> None:
        end = _end_of_header(plan.statement)
        comments = [c for n, c in _comments("".join(self._lines[first - 1 : end])) if n <= end]
        if len(comments) > 1 or (comments and end != first):
            raise NoWayBackError("comments stand in the header of the block")
        lines = [f"{indentation}{line}{self._newline}" for line in plan.lines]
        if comments and lines:
            lines[-1] = f"{lines[-1].rstrip()}  {comments[0]}{self._newline}"
        elif comments:
            raise NoWayBackError("a comment stands behind the header of the block")
        if keeps_name:
            # Where the migration looks: right above what begins the block.
            lines.insert(-1, f"{indentation}{NAMED}{plan.operation}{self._newline}")
        self._put[first] = lines
        for number in range(first + 1, end + 1):
            self._put[number] = []

    def _take_out(self, statement: ast.With | ast.AsyncWith, extra: str) -> None:
        start, stop = _end_of_header(statement) + 1, statement.end_lineno or statement.lineno
        depth = len(self._indentation(statement.body[0].lineno))
        while stop < len(self._lines) and self._is_comment_at(stop + 1, depth):
            stop += 1
        for number in range(start, stop + 1):
            line = self._lines[number - 1]
            if number in self._inside or not line.strip():
                continue
            if not line.startswith(extra):
                raise NoWayBackError(f"line {number} is indented less than its block")
            self._lines[number - 1] = line[len(extra) :]

    def _is_comment_at(self, number: int, depth: int) -> bool:
        line = self._semantic.module.lines[number - 1]
        return line.lstrip().startswith("#") and len(line) - len(line.lstrip()) >= depth

    def _indentation(self, number: int) -> str:
        line = self._semantic.module.lines[number - 1]
        return line[: len(line) - len(line.lstrip())]

    def _rename(self, statement: ast.With | ast.AsyncWith, own: str, tracker: str) -> None:
        """Let the body of *statement* use *tracker* in the place of *own*."""
        found = [
            node
            for one in statement.body
            for node in ast.walk(one)
            if isinstance(node, ast.Name) and node.id == own
        ]
        for node in sorted(found, key=lambda n: (n.lineno, n.col_offset), reverse=True):
            whole = self._semantic.module.lines[node.lineno - 1]
            cut = len(whole) - len(self._lines[node.lineno - 1])
            line = self._lines[node.lineno - 1]
            at = len(whole.encode()[: node.col_offset].decode()) - cut
            if line[at : at + len(own)] != own:
                raise NoWayBackError(f"line {node.lineno} cannot be read")
            self._lines[node.lineno - 1] = line[:at] + tracker + line[at + len(own) :]

    def _record(self, plan: Plan) -> None:
        """Record by hand what the block captures."""
        for call in client_calls(plan.statement):
            statement = self._semantic.module.statement(call)
            method = _RECORDERS.get(_method(call.func))
            if method is None or self._innermost(call) is not plan.statement:
                continue
            if not is_unrecorded(self._semantic.taint, call):
                continue
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                continue
            value = (
                statement.value.value if isinstance(statement.value, ast.Await) else statement.value
            )
            target = statement.targets[0]
            if value is not call or not isinstance(target, ast.Name):
                continue
            end = statement.end_lineno or statement.lineno
            line = self._lines[statement.lineno - 1]
            indentation = line[: len(line) - len(line.lstrip())]
            said = f"{plan.tracker}.{method}(lambda: {target.id})()"
            self._below.setdefault(end, []).append(f"{indentation}{said}{self._newline}")

    def _innermost(self, node: ast.AST) -> ast.AST | None:
        contexts = {row[0] for row in self._semantic.context_calls}
        return next((a for a in self._semantic.module.ancestors(node) if a in contexts), None)

    def imports(self, plans: Sequence[Plan]) -> None:
        """Import the class where it is built now, and no context that nothing opens any more."""
        semantic = self._semantic
        gone = {plan.statement for plan in plans}
        calls = semantic.context_calls
        left = {name for statement, _, _, name in calls if statement not in gone}
        unused = {name for statement, _, _, name in calls if statement in gone} - left
        for home in dict.fromkeys(plan.home for plan in plans):
            builds = any(plan.builds and plan.home == home for plan in plans)
            has_class = semantic.imports.legacy_import(home) is not None
            wanted = [class_name(semantic, home)] if builds and not has_class else []
            statement = semantic.imports.context_import(home)
            if statement is None or statement.col_offset:
                raise NoWayBackError("the contexts are not imported at the top of the file")
            self._import(statement, home, unused, wanted)

    def _import(
        self, statement: ast.ImportFrom, home: str, unused: set[str], wanted: Sequence[str]
    ) -> None:
        left = [a for a in statement.names if a.name not in unused or a.asname]
        legacy = self._semantic.vocabulary.legacy_module(home) or ""
        module = f"{'.' * statement.level}{statement.module or ''}"
        lines = []
        if left:
            names = ", ".join(f"{a.name} as {a.asname}" if a.asname else a.name for a in left)
            lines.append(f"from {module} import {names}{self._newline}")
        if wanted:
            last = legacy.rpartition(".")[2]
            parent = module[: len(module) - len(home.rpartition(".")[2])]
            place = f"{parent}{last}" if module.endswith(home.rpartition(".")[2]) else module
            lines.append(f"from {place} import {', '.join(wanted)}{self._newline}")
        end = statement.end_lineno or statement.lineno
        if _comments("".join(self._lines[statement.lineno - 1 : end])):
            raise NoWayBackError("comments stand in the import of the contexts")
        if len(left) == len(statement.names):
            self._below.setdefault(end, []).extend(lines[1:])
            return
        self._put[statement.lineno] = lines
        for number in range(statement.lineno + 1, end + 1):
            self._put[number] = []


def _end_of_header(statement: ast.With | ast.AsyncWith) -> int:
    """Return the line of the colon: no line between it and the body is part of the header."""
    item = statement.items[-1]
    last = item.optional_vars or item.context_expr
    return last.end_lineno or statement.lineno


def _method(function: ast.expr) -> tuple[str, str]:
    if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Attribute):
        return "", ""
    return function.value.attr, function.attr


def _comments(text: str) -> list[tuple[int, str]]:
    """Return the comments of *text*, a part of a module, with their lines from 1."""
    found = []
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    try:
        for token in tokens:
            if token.type == tokenize.COMMENT:
                found.append((token.start[0], token.string))
    except (tokenize.TokenError, IndentationError):
        pass  # a part ends where it ends
    return found


def _continued(text: str) -> Iterator[int]:
    """Yield the lines of *text* that begin inside a text."""
    depth: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            yield from range(token.start[0] + 1, token.end[0] + 1)
        elif name in ("FSTRING_START", "TSTRING_START"):
            depth.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            yield from range(depth.pop() + 1, token.end[0] + 1)
