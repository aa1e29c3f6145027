"""Edits inside one statement: names, arguments of calls, names of imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from codemods.edits.arguments import EditError, appended, argument, bare, once
from codemods.edits.lines import Carried, comments_in

if TYPE_CHECKING:
    from codemods.edits.lines import Statement
    from codemods.model.edit import Merge, PassKeyword, Retain

_Comma = cst.Comma | cst.MaybeSentinel


class _Rename(cst.CSTTransformer):
    """Renames reads of a variable; attribute names and keywords are not reads."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__()
        self.old = old
        self.new = new

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        del node

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.Attribute:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        del original_node
        return (
            updated_node.with_changes(value=self.new)
            if updated_node.value == self.old
            else updated_node
        )


def renamed(node: Statement, old: str, new: str) -> Statement:
    """Return *node* reading *new* wherever it read *old*."""
    changed = node.visit(_Rename(old, new))
    if not isinstance(changed, cst.SimpleStatementLine | cst.BaseCompoundStatement):
        raise EditError("the statement vanished")
    return changed


class _PassKeyword(cst.CSTTransformer):
    """Appends a keyword to the n-th call of a statement, its inner suites left out."""

    def __init__(self, edit: PassKeyword) -> None:
        super().__init__()
        self.edit = edit
        self.count = -1
        self.target: cst.Call | None = None
        self.done = False

    def visit_Call(self, node: cst.Call) -> None:
        self.count += 1
        if self.count == self.edit.call:
            self.target = node

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        del node
        return False

    def visit_TemplatedString(self, node: cst.CSTNode) -> bool:
        del node
        return False

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> bool:
        del node
        return False

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> bool:
        del node
        return False

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        if original_node is not self.target:
            return updated_node
        written = cst.Module([]).code_for_node(original_node.func)
        if written != self.edit.callee:
            raise EditError(f"expected a call of {self.edit.callee}, found {written}")
        self.done = True
        return appended(updated_node, [argument(f"{self.edit.keyword}={self.edit.value}")])


def pass_keyword(node: Statement, edit: PassKeyword) -> Statement:
    """Return *node* with the keyword of *edit* passed to its call."""
    transformer = _PassKeyword(edit)
    changed = node.visit(transformer)
    if not transformer.done:
        raise EditError(f"no call of {edit.callee} at the place that was named")
    return changed  # type: ignore[return-value]


def merge(node: Statement, edit: Merge, call: cst.Call) -> cst.With:
    """Return the ``with`` statement *node* with arguments of *call* in its header.

    What the header names already gets the value there; the others are appended.
    """
    if not isinstance(node, cst.With):
        raise EditError("expected a with statement")
    item = node.items[edit.item]
    if not isinstance(item.item, cst.Call):
        raise EditError("expected a call in the with statement")
    extra = []
    header = item.item
    named = {arg.keyword.value: arg for arg in header.args if arg.keyword is not None}
    for index, keyword in once(edit.taken):
        arg = call.args[index]
        if keyword in named:
            args = [
                a.with_changes(value=arg.value) if a is named[keyword] else a for a in header.args
            ]
            header = header.with_changes(args=args)
            continue
        if keyword is not None and arg.keyword is None and not arg.star:
            arg = arg.with_changes(
                keyword=cst.Name(keyword),
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
            )
        extra.append(arg)
    items = list(node.items)
    items[edit.item] = item.with_changes(item=appended(header, extra) if extra else header)
    return node.with_changes(items=items)


def without_import(node: Statement, name: str) -> Statement | None:
    """Return the import statement without *name*; None if it imported nothing else."""
    if not isinstance(node, cst.SimpleStatementLine):
        raise EditError("expected an import")
    small = node.body[0]
    if isinstance(small, cst.ImportFrom | cst.Import) and not isinstance(
        small.names, cst.ImportStar
    ):
        staying = [
            alias
            for alias in small.names
            if (alias.evaluated_alias or alias.evaluated_name) != name
        ]
        if len(staying) == len(small.names):
            raise EditError(f"{name} is not imported there")
        if not staying:
            return None
        if staying[-1] is not small.names[-1]:
            staying[-1] = staying[-1].with_changes(
                comma=_closing(staying[-1].comma, small.names[-1].comma)
            )
        shorter = node.with_changes(body=[small.with_changes(names=staying)])
        return Carried().led_by_rest(node, shorter)
    raise EditError("expected an import")


def _closing(own: _Comma, last: _Comma) -> _Comma:
    """Return *last*, the end of a list of names, behind a name whose comma is *own*."""
    if not isinstance(own, cst.Comma) or not isinstance(last, cst.Comma):
        return last
    plain, mine = _bare(last), own.whitespace_after
    end = plain.whitespace_after
    if isinstance(mine, cst.ParenthesizedWhitespace) and isinstance(
        end, cst.ParenthesizedWhitespace
    ):
        return plain.with_changes(whitespace_after=end.with_changes(first_line=mine.first_line))
    return plain


def with_import(node: Statement, names: tuple[tuple[str, str | None], ...]) -> Statement:
    """Return the ``from`` import *node* with *names* at its end."""
    small = node.body[0] if isinstance(node, cst.SimpleStatementLine) else None
    if not isinstance(small, cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
        raise EditError("expected a from import")
    extra = [
        cst.ImportAlias(cst.Name(name), asname=cst.AsName(cst.Name(alias)) if alias else None)
        for name, alias in names
    ]
    *front, last = small.names
    closing = last.comma
    between = _bare(front[-1].comma if front else _continued(closing, small))
    first: cst.Comma | cst.MaybeSentinel = between
    if isinstance(closing, cst.Comma) and comments_in(closing):
        # The comment behind the last name stays with it, and the next name is below.
        first, closing = _continued(closing, small), _bare(closing)
    aliases = [*front, last.with_changes(comma=first)]
    aliases += [alias.with_changes(comma=between) for alias in extra[:-1]]
    aliases.append(extra[-1].with_changes(comma=closing))
    return node.with_changes(body=[small.with_changes(names=aliases)])


def _continued(
    comma: cst.Comma | cst.MaybeSentinel, node: cst.ImportFrom
) -> cst.Comma | cst.MaybeSentinel:
    """Return the last *comma* of the import *node* as one that another name follows."""
    opening = node.lpar.whitespace_after if node.lpar is not None else None
    after = comma.whitespace_after if isinstance(comma, cst.Comma) else None
    if not isinstance(comma, cst.Comma) or not isinstance(after, cst.ParenthesizedWhitespace):
        return comma
    if not isinstance(opening, cst.ParenthesizedWhitespace):
        return comma
    same = after.with_changes(last_line=opening.last_line, indent=opening.indent)
    return comma.with_changes(whitespace_after=same)


def _bare(comma: cst.Comma | cst.MaybeSentinel) -> cst.Comma:
    """Return *comma*, or a plain one, with the line breaks that follow it and no comments."""
    if not isinstance(comma, cst.Comma):
        return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    return cst.ensure_type(comma.visit(_Uncommented()), cst.Comma)


class _Uncommented(cst.CSTTransformer):
    """Takes the comments out of white space."""

    def leave_TrailingWhitespace(
        self, original_node: cst.TrailingWhitespace, updated_node: cst.TrailingWhitespace
    ) -> cst.TrailingWhitespace:
        del original_node
        plain = cst.SimpleWhitespace("")
        if updated_node.comment is None:
            return updated_node
        return updated_node.with_changes(whitespace=plain, comment=None)

    def leave_EmptyLine(
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine | cst.RemovalSentinel:
        del original_node
        return updated_node if updated_node.comment is None else cst.RemoveFromParent()


def _argument(text: str) -> cst.Arg:
    """Return the argument *text* of a call."""
    return cst.ensure_type(cst.parse_expression(f"_({text})"), cst.Call).args[0]


def retained(node: Statement, edit: Retain) -> Statement:
    """Return the call statement *node* with only the arguments that *edit* keeps."""
    small = node.body[0] if isinstance(node, cst.SimpleStatementLine) else None
    if not isinstance(small, cst.Expr | cst.Assign) or not isinstance(small.value, cst.Call):
        raise EditError("expected a statement that is one call")
    call = small.value
    if edit.method and isinstance(call.func, cst.Attribute):
        named = call.func.with_changes(attr=cst.Name(edit.method))
        call = call.with_changes(func=named)
    if len(edit.positions) == len(call.args) and not edit.again:
        return node.with_changes(body=[small.with_changes(value=call)])
    staying = [call.args[index] for index in edit.positions]
    if staying and edit.positions[-1] != len(call.args) - 1:
        staying[-1] = staying[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    shorter = call.with_changes(args=staying)
    between = shorter.with_changes(func=cst.Name("_"), lpar=(), rpar=())
    apart = len(comments_in(between)) > sum(len(comments_in(arg.value)) for arg in staying)
    if apart or edit.again:
        # Which of the arguments the comments between them are about, nobody can tell.
        shorter = call.with_changes(
            args=[*(bare(arg) for arg in staying), *map(_argument, edit.again)],
            whitespace_before_args=cst.SimpleWhitespace(""),
        )
    return node.with_changes(body=[small.with_changes(value=shorter)])
