"""Mutants of the editor: wrong extents, lost statements, headers that come out wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import libcst as cst

from codemods.model.edit import Delete, Wrap

from .mutant import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.model.edit import Edit, Header, PassKeyword, Taken

APPLY = "edits.apply:apply"
MODULE = "edits.bodies:Rebuilder.module"
HEADER = "edits.arguments:header_call"
Body = list[Any]


# -- the extent of a block ------------------------------------------------------


def with_edits(real: Any, change: Callable[[list[Edit]], list[Edit]]) -> Any:
    """Return *real*, which applies edits, with other edits in the place of those it is given."""

    def wrong(tree: Any, lines: Any, edits: Any, style: Any) -> Any:
        return real(tree, lines, change(list(edits)), style)

    return wrong


def _with_wraps(real: Any, change: Callable[[Wrap, list[Edit]], Wrap]) -> Any:
    return with_edits(
        real, lambda edits: [change(e, edits) if isinstance(e, Wrap) else e for e in edits]
    )


@mutant(APPLY, "X1")
def block_ends_early(real: Any) -> Any:
    """The last statement of a block is left behind it."""
    return _with_wraps(real, lambda wrap, _: replace(wrap, stop=wrap.stop - 1))


@mutant(APPLY, "X1", "X14")
def block_ends_late(real: Any) -> Any:
    """A block takes in the statement that follows it."""
    return _with_wraps(real, lambda wrap, _: replace(wrap, stop=wrap.stop + 1))


@mutant(APPLY, "X1")
def block_begins_late(real: Any) -> Any:
    """The first statement of a block is left in front of it."""

    def later(wrap: Wrap, others: list[Edit]) -> Wrap:
        gone = {e.path for e in others if isinstance(e, Delete)}
        *front, (field, index) = wrap.path
        while (*front, (field, index)) in gone:
            index += 1
        return replace(wrap, path=(*front, (field, index + 1)))

    return _with_wraps(real, later)


class _Blocks(cst.CSTTransformer):
    """Changes the blocks of contexts, and the branches that hold one."""

    def __init__(self, change: Callable[[Any], Any], branches: Callable[[Any], Any]) -> None:
        super().__init__()
        self.change = change
        self.branches = branches

    def leave_With(self, original_node: Any, updated_node: Any) -> Any:
        return self.change(updated_node) if _is_block(updated_node) else updated_node

    def _branch(self, original_node: Any, updated_node: Any) -> Any:
        holds = any(_is_block(n) for n in _Withs.of(original_node))
        return self.branches(updated_node) if holds else updated_node

    leave_If = leave_For = leave_While = leave_Try = _branch


class _Withs(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.With] = []

    def visit_With(self, node: cst.With) -> None:
        self.found.append(node)

    @classmethod
    def of(cls, node: cst.CSTNode) -> list[cst.With]:
        """Return the ``with`` statements in *node*."""
        visitor = cls()
        node.visit(visitor)
        return visitor.found


def _is_block(node: Any) -> bool:
    return "ai_usage_context(" in cst.Module([]).code_for_node(node.items[0].item)


def _same(node: Any) -> Any:
    return node


def _made_otherwise(
    real: Any, change: Callable[[Any], Any] = _same, branches: Callable[[Any], Any] = _same
) -> Any:
    return lambda self, module: real(self, module).visit(_Blocks(change, branches))


@mutant(MODULE, "X5", "X1")
def return_moved_out(real: Any) -> Any:
    """A ``return`` at the end of a block comes behind the block."""

    def moved(node: Any) -> Any:
        body = list(node.body.body)
        if len(body) < 2 or not _is_return(body[-1]):
            return node
        inner = node.body.with_changes(body=body[:-1])
        return cst.FlattenSentinel([node.with_changes(body=inner), body[-1]])

    return _made_otherwise(real, moved)


def _is_return(node: Any) -> bool:
    return isinstance(node, cst.SimpleStatementLine) and isinstance(node.body[0], cst.Return)


# -- the statements of a block ----------------------------------------------------


def _in_blocks(real: Any, change: Callable[[Body], Body]) -> Any:
    def changed(node: Any) -> Any:
        return node.with_changes(body=node.body.with_changes(body=change(list(node.body.body))))

    return _made_otherwise(real, changed)


@mutant(MODULE, "X1")
def statement_lost(real: Any) -> Any:
    """The last statement of a block is lost."""
    return _in_blocks(real, lambda body: body[:-1] if len(body) > 1 else body)


@mutant(MODULE, "X1")
def statement_doubled(real: Any) -> Any:
    """The first statement of a block runs twice."""
    return _in_blocks(real, lambda body: [body[0], *body])


@mutant(MODULE, "X1")
def statements_swapped(real: Any) -> Any:
    """The first two statements of a block change places."""
    return _in_blocks(real, lambda body: [*body[1::-1], *body[2:]])


@mutant(MODULE, "N5", "X1")
def texts_indented(real: Any) -> Any:
    """The lines of a text are indented with the block that holds it."""

    class Texts(cst.CSTTransformer):
        def leave_SimpleString(self, original_node: Any, updated_node: Any) -> Any:
            return updated_node.with_changes(value=updated_node.value.replace("\n", "\n    "))

    return _in_blocks(real, lambda body: [node.visit(Texts()) for node in body])


@mutant(MODULE, "X1", "X7")
def block_made_async(real: Any) -> Any:
    """In an ``async def`` or not, a block is entered with ``async with``."""

    return _made_otherwise(real, lambda n: n.with_changes(asynchronous=cst.Asynchronous()))


@mutant(APPLY, "X1", "X13")
def neighbour_deleted(real: Any) -> Any:
    """With a set call, the statement behind it is deleted."""

    def more(edits: list[Edit]) -> list[Edit]:
        gone = [e.path for e in edits if isinstance(e, Delete) and e.path in _taken(edits)]
        return [*edits, *(Delete(_next(path)) for path in gone)]

    return with_edits(real, more)


def _taken(edits: list[Edit]) -> set[Any]:
    return {t.path for e in edits if isinstance(e, Wrap) for t in e.header.taken}


def _next(path: Any) -> Any:
    *front, (field, index) = path
    return (*front, (field, index + 1))


@mutant(APPLY, "M6")
def set_call_kept(real: Any) -> Any:
    """A set call that became the header stays in the block as well."""

    def fewer(edits: list[Edit]) -> list[Edit]:
        return [e for e in edits if not isinstance(e, Delete) or e.path not in _taken(edits)]

    return with_edits(real, fewer)


# -- the header of a block ----------------------------------------------------------


def _with_header(real: Any, change: Callable[[Header], Header]) -> Any:
    return lambda header, calls: real(change(header), calls)


def _with_taken(real: Any, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Any:
    def changed(taken: Taken) -> Taken:
        return replace(taken, arguments=change(taken.arguments))

    return _with_header(real, lambda h: replace(h, taken=tuple(map(changed, h.taken))))


@mutant(HEADER, "A1")
def argument_lost(real: Any) -> Any:
    """The last id of a set call does not come into the header."""
    return _with_taken(real, lambda arguments: arguments[:-1])


@mutant(HEADER, "A1")
def argument_doubled(real: Any) -> Any:
    """The last id of a set call comes into the header twice."""

    def doubled(header: Header, calls: Any) -> Any:
        made = real(header, calls)
        last = made.args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return made.with_changes(args=[*made.args[:-1], last, last]) if header.taken else made

    return doubled


@mutant(HEADER, "A7")
def arguments_in_another_order(real: Any) -> Any:
    """The ids of a set call are evaluated from the last to the first."""
    return _with_taken(real, lambda arguments: arguments[::-1])


@mutant(HEADER, "A1")
def values_exchanged(real: Any) -> Any:
    """Two ids get each other's values."""

    def exchanged(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        positions = [position for position, _ in arguments][::-1]
        return tuple((p, keyword) for p, (_, keyword) in zip(positions, arguments, strict=True))

    return _with_taken(real, exchanged)


@mutant(HEADER, "X1")
def job_given_as_batch(real: Any) -> Any:
    """A job id is passed as the batch id."""

    def renamed(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple((p, "batch_id" if key == "job_id" else key) for p, key in arguments)

    return _with_taken(real, renamed)


def _with_leading(real: Any, change: Callable[[str], list[str]]) -> Any:
    def changed(header: Header) -> Header:
        return replace(header, leading=tuple(t for text in header.leading for t in change(text)))

    return _with_header(real, changed)


@mutant(HEADER, "X3", "X14")
def tracker_not_passed(real: Any) -> Any:
    """The header leaves its tracker out, so the block has another one."""
    return _with_leading(real, lambda t: [] if t.startswith("tracker=") else [t])


@mutant(HEADER, "X3", "X14")
def another_tracker_passed(real: Any) -> Any:
    """The header passes a new tracker in the place of the one that was built."""

    def changed(text: str) -> list[str]:
        name = text.partition("=")[2]
        return [f"tracker=type({name})()" if text.startswith("tracker=") else text]

    return _with_leading(real, changed)


@mutant(HEADER, "A7", "X1")
def tracker_built_last(real: Any) -> Any:
    """The constructor runs behind the arguments that used to follow it."""

    def changed(header: Header) -> Header:
        first = tuple(t for t in header.leading if not t.startswith("tracker="))
        last = tuple(t for t in header.leading if t.startswith("tracker="))
        return replace(header, leading=first, trailing=(*header.trailing, *last))

    return _with_header(real, changed)


def _with_target(real: Any, target: Callable[[str], str | None]) -> Any:
    def changed(wrap: Wrap, _: list[Edit]) -> Wrap:
        old = wrap.header.target
        return replace(wrap, header=replace(wrap.header, target=target(old) if old else None))

    return _with_wraps(real, changed)


@mutant(APPLY, "X1")
def target_lost(real: Any) -> Any:
    """The block's tracker is bound to no name."""
    return _with_target(real, lambda _: None)


@mutant(APPLY, "X1")
def target_renamed(real: Any) -> Any:
    """The block's tracker is bound to another name than the code uses."""
    return _with_target(real, lambda name: f"{name}_")


@mutant(HEADER, "B1")
def batch_made_single(real: Any) -> Any:
    """A header for a batch calls the plain context manager."""
    return _with_header(
        real, lambda h: replace(h, function=h.function.replace("batch_ai_usage", "ai_usage"))
    )


# -- statements around blocks ---------------------------------------------------------


@mutant("edits.within_statement:retained", "M1", "A2")
def kept_call_sets_everything(real: Any) -> Any:
    """A set call that stays for the user sets the other ids too."""
    return lambda node, positions: node


@mutant("edits.within_statement:retained", "M1", "A2")
def kept_call_sets_nothing(real: Any) -> Any:
    """A set call that stays for the user loses the user."""
    return lambda node, edit: real(node, replace(edit, positions=()))


@mutant("edits.unwrapping:unwrapped", "R1")
def dissolved_try_loses_a_statement(real: Any) -> Any:
    """With a ``finally`` that goes, the first statement of the ``try`` goes."""

    def wrong(node: Any, pending: Any, *, described: bool) -> Any:
        body, below = real(node, pending, described=described)
        return (body[1:] or body), below

    return wrong


@mutant("edits.unwrapping:unwrapped", "R1")
def dissolved_try_loses_its_handlers(real: Any) -> Any:
    """With a ``finally`` that goes, the handlers go."""
    return lambda node, pending, **how: real(node.with_changes(handlers=[]), pending, **how)


@mutant(MODULE, "X8", "X10", "X14")
def branches_exchanged(real: Any) -> Any:
    """The branches of an ``if`` that holds a block change places."""

    def exchanged(node: Any) -> Any:
        if not isinstance(node, cst.If) or not isinstance(node.orelse, cst.Else):
            return node
        other = node.orelse.with_changes(body=node.body)
        return node.with_changes(body=node.orelse.body, orelse=other)

    return _made_otherwise(real, branches=exchanged)


@mutant(MODULE, "X4", "X6", "X8")
def else_lost(real: Any) -> Any:
    """The ``else`` of a statement that holds a block is lost."""

    def lost(node: Any) -> Any:
        return node.with_changes(orelse=None) if getattr(node, "orelse", None) else node

    return _made_otherwise(real, branches=lost)


@mutant("edits.lines:Carried.left_of", "N5", "X1")
def comments_lost(real: Any) -> Any:
    """The comments of a statement that goes are lost."""
    return lambda self, node: []


@mutant("edits.lines:_taken_apart", "X18")
def line_taken_apart_backwards(real: Any) -> Any:
    """The statements of a line with semicolons are put on lines of their own backwards."""
    return lambda line: real(line)[::-1]


# -- other edits ------------------------------------------------------------------------


@mutant("edits.within_statement:merge", "M1")
def folded_argument_lost(real: Any) -> Any:
    """A set call at the start of a block loses its first id on the way into the header."""

    def wrong(node: Any, edit: Any, call: Any) -> Any:
        taken = replace(edit.taken, arguments=edit.taken.arguments[1:])
        return real(node, replace(edit, taken=taken), call) if taken.arguments else node

    return wrong


@mutant("edits.within_statement:merge", "M1")
def folded_argument_renamed(real: Any) -> Any:
    """A set call at the start of a block comes into the header as an unknown field."""

    def wrong(node: Any, edit: Any, call: Any) -> Any:
        arguments = tuple((position, "note") for position, _ in edit.taken.arguments[:1])
        bare = {"keyword": None, "equal": cst.MaybeSentinel.DEFAULT}
        named = call.with_changes(args=[a.with_changes(**bare) for a in call.args])
        return real(node, replace(edit, taken=replace(edit.taken, arguments=arguments)), named)

    return wrong


@mutant("edits.within_statement:renamed", "E9")
def step_uses_the_outer_tracker(real: Any) -> Any:
    """The name of the tracker is not changed in the step of a workflow."""
    return lambda node, old, new: node


@mutant("edits.within_statement:renamed", "E9")
def keyword_renamed_with_its_value(real: Any) -> Any:
    """Where a variable gets another name, keywords of that name do too."""

    class Keywords(cst.CSTTransformer):
        def __init__(self, old: str, new: str) -> None:
            super().__init__()
            self.names = {old: new}

        def leave_Arg(self, original_node: Any, updated_node: Any) -> Any:
            word = updated_node.keyword
            if word is None or word.value not in self.names:
                return updated_node
            return updated_node.with_changes(keyword=cst.Name(self.names[word.value]))

    return lambda node, old, new: real(node, old, new).visit(Keywords(old, new))


@mutant("edits.within_statement:pass_keyword", "M6")
def nothing_passed(real: Any) -> Any:
    """A function that takes a tracker is passed None."""
    return lambda node, edit: real(node, replace(edit, value="None"))


@mutant("edits.within_statement:pass_keyword", "M6")
def passed_to_every_call(real: Any) -> Any:
    """The tracker is passed to every call of the statement."""

    class Everywhere(cst.CSTTransformer):
        def __init__(self, edit: PassKeyword) -> None:
            super().__init__()
            self.text = f"{edit.keyword}={edit.value}"

        def leave_Call(self, original_node: Any, updated_node: Any) -> Any:
            extra = cst.ensure_type(cst.parse_expression(f"f({self.text})"), cst.Call).args
            return updated_node.with_changes(args=[*updated_node.args, *extra])

    return lambda node, edit: node.visit(Everywhere(edit))
