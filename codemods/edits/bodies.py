"""Rebuilds suites from the inside out: wraps, deletions and insertions by original index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.arguments import EditError, header_call
from codemods.edits.fitting import fitted, fitted_body, fitted_import
from codemods.edits.imports import gap_above, import_edited, import_line
from codemods.edits.lines import (
    Carried,
    Statement,
    Statements,
    Unit,
    at_start,
    block_of,
    comments_in,
    joined,
    leading,
    led,
    own_line,
    remains,
    trailing_comment,
    unindented_blanks,
    units,
    with_end,
    without_blank_end,
    without_comments,
    without_comments_at_end,
)
from codemods.edits.signatures import add_parameter
from codemods.edits.unwrapping import unwrapped
from codemods.edits.within_statement import (
    merge,
    pass_keyword,
    renamed,
    retained,
)
from codemods.model.edit import (
    AddImport,
    AddParameter,
    Delete,
    Edit,
    ExtendImport,
    Merge,
    PassKeyword,
    Path,
    Rename,
    Retain,
    Unwrap,
    Wrap,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codemods.edits.style import Style

#: The edits of a suite that are no blocks, by the index of their statement.
_Others = dict[int, list[Edit]]
# Behind the ``with`` it would leave the whole block out of the coverage.
_COVERAGE = re.compile(r"#\s*pragma[:\s]?\s*no\s*cover", re.IGNORECASE)


class Rebuilder:
    """Applies the edits of one chunk of top-level statements.

    ``offset`` is the index in the file of the chunk's first statement, ``style``
    the file's; ``tight`` says that a line of it may be too long once it is in a block.
    ``counts`` says of names that stand for several statements for how many.
    """

    def __init__(
        self,
        edits: Sequence[Edit],
        offset: int,
        style: Style,
        *,
        tight: bool = False,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self._style = style
        self._tight = tight
        self._counts = counts or {}
        self._edits = edits
        #: The edits of each statement, and of each suite; what has edits below it.
        self._at: dict[Path, list[Edit]] = {}
        self._in: dict[tuple[Path, str], list[Edit]] = {}
        self._around: set[Path] = set()
        self._fields: set[tuple[Path, str]] = set()
        for edit in edits:
            place = _place(edit)
            self._at.setdefault(place, []).append(edit)
            self._in.setdefault((place[:-1], _field(edit)), []).append(edit)
            self._mark(place)
        self._offset = offset
        self._calls: dict[Path, cst.Call] = {}
        self._headers: dict[int, cst.Call] = {}
        self._endings: dict[Path, cst.Comment | None] = {}
        self._carried = Carried()

    def _mark(self, place: Path) -> None:
        """Note what is around *place*; what is around a place that is known is known as well."""
        for depth in range(len(place) - 1, -1, -1):
            around, field = place[:depth], place[depth][0]
            if (around, field) in self._fields:
                return
            self._around.add(around)
            self._fields.add((around, field))

    def module(self, module: cst.Module) -> cst.Module:
        """Return the chunk with its edits made."""
        statements = Statements(module, self._offset, self._counts)
        for edit in self._edits:
            self._take(edit, statements)
        body, left = self._suite(module.body, (), "body", None, self._offset)
        return module.with_changes(body=body, footer=[*without_blank_end(left), *module.footer])

    def _take(self, edit: Edit, statements: Statements) -> None:
        """Note what the header of a block takes from which call, before anything is changed."""
        taken = edit.header.taken if isinstance(edit, Wrap) else ()
        for one in (edit.taken,) if isinstance(edit, Merge) else taken:
            statement = statements.at(one.path)
            self._calls[one.path] = call_of(statement)
            self._endings[one.path] = trailing_comment(statement)
        if isinstance(edit, Wrap):
            call = self._headers[id(edit)] = self._header_call(edit)
            self._carried.note(call, *own_line(self._header_comment(edit)))
        elif isinstance(edit, Merge):
            block = cst.ensure_type(statements.at(edit.path), cst.With)
            merged = merge(block, edit, self._calls[edit.taken.path])
            self._carried.note(*merged.items, beyond=block.items)

    def _header_call(self, wrap: Wrap) -> cst.Call:
        call = header_call(wrap.header, [self._calls[t.path] for t in wrap.header.taken])
        return cst.ensure_type(without_comments(call, _COVERAGE), cst.Call)

    def _header_comment(self, wrap: Wrap) -> cst.Comment | None:
        first = wrap.header.taken[0].path if wrap.header.taken else ()
        stays = any(isinstance(e, Retain) for e in self._at.get(first, ()))
        ending = self._endings[first] if first and not stays else None
        return None if ending is not None and _COVERAGE.search(ending.value) else ending

    # -- suites -------------------------------------------------------------

    def _suite(
        self,
        body: Sequence[cst.BaseStatement | cst.BaseSmallStatement],
        prefix: Path,
        field: str,
        indent: str | None,
        offset: int = 0,
    ) -> tuple[list[Statement], list[cst.EmptyLine]]:
        here = self._in.get((prefix, field), [])
        apart = {_index(e) - offset for e in here}
        apart |= {e.stop - offset for e in here if isinstance(e, Wrap)}
        listed: list[Unit] = []
        for unit in units(body, apart, self._counts):
            path = (*prefix, (field, unit.index + offset))
            listed.append(
                Unit(unit.index + offset, unit.count, self._below(unit.node, path, indent))
            )
        wraps = sorted((e for e in here if isinstance(e, Wrap)), key=lambda w: (_index(w), -w.stop))
        return self._assemble(listed, wraps, _others(here), indent)

    def _assemble(
        self, listed: list[Unit], wraps: list[Wrap], others: _Others, indent: str | None
    ) -> tuple[list[Statement], list[cst.EmptyLine]]:
        """Return the statements of a suite and the comment lines left behind its last one."""
        built: list[Statement] = []
        pending: list[cst.EmptyLine] = []
        starts: dict[int, int] = {}
        for number, wrap in enumerate(wraps):
            starts.setdefault(_index(wrap), number)
        position = 0
        while position < len(listed):
            unit = listed[position]
            if unit.index in starts:
                number = starts[unit.index]
                wrap = wraps[number]
                inside = _before(listed, position, wrap.stop)
                deeper = _inside(wraps, number)
                node, above, below = self._wrapped(wrap, inside, deeper, others, indent)
                position += len(inside)
                if position < len(listed) or len(wrap.path) == 1:
                    node, below = with_end(node, below)
                built.append(led(node, joined(pending, above)))
                pending = below
                continue
            nodes, pending = self._single(unit, others, pending, indent)
            built.extend(nodes)
            position += 1
        return built, pending

    def _single(
        self, unit: Unit, others: _Others, pending: list[cst.EmptyLine], indent: str | None
    ) -> tuple[list[Statement], list[cst.EmptyLine]]:
        mine = others.get(unit.index, [])
        for edit in mine:
            if isinstance(edit, Delete):
                return [], joined(pending, self._left_of(unit.node, edit))
            if isinstance(edit, Unwrap):
                return unwrapped(unit.node, pending, described=edit.described)
        added = [e for e in mine if isinstance(e, AddImport)]
        node = import_edited(unit.node, mine)
        if node is not None and any(isinstance(e, ExtendImport) for e in mine):
            node = fitted_import(node, *self._room(_place(mine[0]), indent))
        above = joined(pending, leading(unit.node if node is None else node))
        if node is None and not added:
            return [], joined(pending, remains(unit.node))
        lines = [self._import(e, indent) for e in added if e.before]
        if node is not None:
            lines.append(led(node, gap_above(node) if lines else []))
        lines.extend(self._import(e, indent) for e in added if not e.before)
        if node is None and isinstance(unit.node, cst.SimpleStatementLine):
            inner = comments_in(unit.node.body[0])
            above = [*above, *(line for c in inner for line in own_line(c))]
            ending = unit.node.trailing_whitespace
            lines[-1] = lines[-1].with_changes(trailing_whitespace=ending)
        lines[0] = led(lines[0], above)
        return lines, []

    def _left_of(self, node: Statement, edit: Delete) -> list[cst.EmptyLine]:
        """Return the lines that stay of the statement *node*, which goes."""
        if edit.above is None:
            return self._carried.left_of(node)
        return without_comments_at_end(leading(node), edit.above)

    def _import(self, edit: AddImport, indent: str | None) -> Statement:
        return fitted_import(import_line(edit), *self._room(edit.beside, indent))

    def _wrapped(
        self,
        wrap: Wrap,
        inside: list[Unit],
        deeper: list[Wrap],
        others: _Others,
        indent: str | None,
    ) -> tuple[cst.With, list[cst.EmptyLine], list[cst.EmptyLine]]:
        comment = self._header_comment(wrap)
        above: list[cst.EmptyLine] = []
        staying = list(inside)
        starts = {_index(w) for w in deeper}
        while staying and staying[0].index not in starts and _goes(staying[0], others):
            unit = staying.pop(0)
            [gone] = (e for e in others[unit.index] if isinstance(e, Delete))
            above = joined(above, self._left_of(unit.node, gone))
        body, left = self._assemble(staying, deeper, others, indent)
        if not body:
            raise EditError("the block would be empty")
        if staying[0].index == inside[0].index:
            above, body[0] = leading(body[0]), led(body[0], [])
        else:
            body[0] = led(body[0], at_start(body[0]))
        target = cst.AsName(cst.Name(wrap.header.target)) if wrap.header.target else None
        step, depth, longest = self._room(wrap.path, indent)
        if self._tight:
            body = fitted_body(body, step, depth + 1, longest)
        space = cst.SimpleWhitespace("  " if comment else "")
        block = cst.IndentedBlock(
            body,
            header=cst.TrailingWhitespace(whitespace=space, comment=comment),
            indent=indent,
        )
        node = cst.With([cst.WithItem(self._headers[id(wrap)], target)], block)
        node = fitted(node, step, depth, longest)
        if len(wrap.path) == 1:
            node = unindented_blanks(node)
        return node, above, left

    def _room(self, path: Path, indent: str | None) -> tuple[str, int, int]:
        """Return a step of indentation at *path*, how many stand before it, and a line's length."""
        # Handlers and cases have a place in the path, but no indentation of their own.
        depth = sum(field in ("body", "orelse", "finalbody") for field, _ in path[:-1])
        return indent or self._style.indent, depth, self._style.line_length

    def _below(self, node: Statement, path: Path, indent: str | None) -> Statement:
        for edit in self._at.get(path, ()):
            if isinstance(edit, Rename):
                node = renamed(node, edit.old, edit.new)
            elif isinstance(edit, PassKeyword):
                node = pass_keyword(node, edit)
            elif isinstance(edit, AddParameter):
                node = add_parameter(node, edit.name)
            elif isinstance(edit, Retain):
                node = self._carried.led_by_rest(node, retained(node, edit))
            elif isinstance(edit, Merge):
                merged = merge(node, edit, self._calls[edit.taken.path])
                node = fitted(merged, *self._room(path, indent))
        if path not in self._around:
            return node
        return self._compound(node, path, indent)

    def _compound(self, node: Statement, path: Path, indent: str | None) -> Statement:
        changes: dict[str, object] = {}
        if isinstance(node, cst.Match):
            return node.with_changes(cases=self._clauses(node.cases, path, "cases", indent))
        if self._concerns(path, "body"):
            changes["body"] = self._block(node.body, path, "body", indent)  # type: ignore[arg-type]
        if self._concerns(path, "handlers"):
            changes["handlers"] = self._clauses(node.handlers, path, "handlers", indent)  # type: ignore[union-attr]
        if self._concerns(path, "finalbody"):
            final = node.finalbody  # type: ignore[union-attr]
            block = self._block(final.body, path, "finalbody", indent)
            changes["finalbody"] = final.with_changes(body=block)
        if self._concerns(path, "orelse"):
            changes["orelse"] = self._orelse(node, path, indent)
        return node.with_changes(**changes)

    def _orelse(self, node: Statement, path: Path, indent: str | None) -> cst.CSTNode:
        branch = node.orelse  # type: ignore[union-attr]
        if isinstance(branch, cst.If):  # elif: one If in the list of ast
            return self._below(branch, (*path, ("orelse", 0)), indent)
        block = self._block(branch.body, path, "orelse", indent)
        changed: cst.CSTNode = branch.with_changes(body=block)
        return changed

    def _clauses(
        self, clauses: Sequence[cst.CSTNode], path: Path, field: str, indent: str | None
    ) -> list[cst.CSTNode]:
        rebuilt: list[cst.CSTNode] = []
        for index, clause in enumerate(clauses):
            below = (*path, (field, index))
            if self._concerns(below, "body"):
                block = self._block(clause.body, below, "body", indent)  # type: ignore[attr-defined]
                clause = clause.with_changes(body=block)
            rebuilt.append(clause)
        return rebuilt

    def _block(
        self, suite: cst.BaseSuite, prefix: Path, field: str, indent: str | None
    ) -> cst.IndentedBlock:
        block = block_of(suite, indent)
        own = block.indent if block.indent is not None else indent
        body, left = self._suite(block.body, prefix, field, own)
        if not body:
            raise EditError("a suite would be empty")
        return block.with_changes(body=body, footer=[*without_blank_end(left), *block.footer])

    def _concerns(self, path: Path, field: str) -> bool:
        return (path, field) in self._fields


def call_of(node: Statement) -> cst.Call:
    """Return the call that *node* consists of, but for a name that may get its value."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        small = node.body[0]
        if isinstance(small, cst.Expr | cst.Assign) and isinstance(small.value, cst.Call):
            return small.value
    raise EditError("expected a statement that is one call")


def _place(edit: Edit) -> Path:
    return edit.beside if isinstance(edit, AddImport) else edit.path


def _index(edit: Edit) -> int:
    return _place(edit)[-1][1]


def _field(edit: Edit) -> str:
    return _place(edit)[-1][0]


def _others(edits: Sequence[Edit]) -> _Others:
    """Return the edits that put nothing into a block, by the statements that they concern."""
    found: _Others = {}
    for edit in edits:
        if not isinstance(edit, Wrap):
            found.setdefault(_index(edit), []).append(edit)
    return found


def _within(inner: Wrap, outer: Wrap) -> bool:
    return _index(outer) <= _index(inner) and inner.stop <= outer.stop


def _before(listed: list[Unit], position: int, stop: int) -> list[Unit]:
    """Return the statements from *position* on that stand before the index *stop*."""
    end = position
    while end < len(listed) and listed[end].index < stop:
        end += 1
    return listed[position:end]


def _inside(wraps: list[Wrap], number: int) -> list[Wrap]:
    """Return the blocks within block *number*: they begin behind it, or with it and end sooner."""
    outer = wraps[number]
    end = number + 1
    while end < len(wraps) and _index(wraps[end]) < outer.stop:
        end += 1
    return [one for one in wraps[number + 1 : end] if _within(one, outer)]


def _goes(unit: Unit, others: _Others) -> bool:
    return any(isinstance(edit, Delete) for edit in others.get(unit.index, ()))
