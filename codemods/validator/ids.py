"""Ids that a rewrite takes from elsewhere than from the statements right above the block."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.fingerprint import alike, fingerprint, fingerprints
from codemods.validator.respelling import stays_respelled
from codemods.validator.terms import (
    CALLED,
    Difference,
    NewBlock,
    bodies,
    dotted,
    flush_of,
    is_plain,
    is_todays,
    last_name,
    last_tracker,
    set_call,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

#: What is known of a user that a call inside the last block has set.
USER_INSIDE = "user_id of a call inside"

Fields = tuple[tuple[str, ast.expr], ...]
_LOOPS = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_QUIET_CALLS = frozenset(
    ("list", "tuple", "set", "frozenset", "dict", "sorted", "len", "str", "int", "range")
)


def lifted(
    statement: ast.stmt, name: str, after: ast.With, header: NewBlock, *, asked: bool
) -> tuple[list[ast.stmt], ast.stmt]:
    """Take set calls off the start of a ``try`` that the block *after* was put around.

    Their ids are plain, or the ``try`` does nothing where one raises: it only flushes.  Where a
    person was *asked*, one that the next calls replace may be anything: it is not evaluated.
    None is taken where the first of them is still there.
    """
    if not isinstance(statement, ast.Try):
        return [], statement
    first = after.body[0]
    if isinstance(first, ast.Try) and begins_alike(statement.body, 0, first.body, 0):
        return [], statement
    body = list(statement.body)
    ends = [*statement.handlers, *statement.orelse, *statement.finalbody]
    flushes = [flush_of(one) for one in ends] == [name]
    taken: list[ast.stmt] = []
    while len(body) > 1 and (site := set_call(body[0])) is not None and site[0] == name:
        replaced = _replaced_in(body, name, header) if asked else ()
        others = [value for key, value in site[1] if key not in replaced]
        if not flushes and not all(map(is_plain, others)):
            break
        taken.append(body.pop(0))
    rest = ast.Try(body, statement.handlers, statement.orelse, statement.finalbody)
    return taken, ast.copy_location(rest, statement)


def _replaced_in(body: Sequence[ast.stmt], name: str, header: NewBlock) -> set[str]:
    """Return the ids of the set call that *body* begins with that those right behind replace.

    The header has something plain in their place.
    """
    plain = {key for key, value in header.fields if is_plain(value)}
    found: set[str] = set()
    for statement in body[1:]:
        site = set_call(statement)
        if site is None or site[0] != name:
            break
        found.update(key for key, _ in site[1] if key in plain)
    return found


def without_user(
    sets: list[tuple[str, ast.expr]],
    header: NewBlock,
    body: list[ast.stmt],
    name: str,
    known: dict[str, ast.expr],
) -> tuple[list[tuple[str, ast.expr]], ast.expr | None]:
    """Take out a user that the constructor or a set call inside the block is given.

    Returns the other ids, and the user if the constructor has it; *body* loses
    the set call.  A later block may set a constant again: it is *known* what was set last.
    """
    users = [value for key, value in sets if key == words.USER]
    if not users and USER_INSIDE in known and _is_set_again(body, name, known[USER_INSIDE]):
        body.pop(0)
    if len(users) != 1 or any(key == words.USER for key, _ in header.fields):
        return sets, None
    user = users[0]
    if name.endswith(CALLED):
        return sets, None  # the call inside the block would ask for it again
    others = [(key, value) for key, value in sets if key != words.USER]
    inner = set_call(body[0]) if is_todays(body[0]) else None
    if inner == (name, ((words.USER, user),)) or (
        inner is not None
        and inner[0] == name
        and [(k, fingerprint(v)) for k, v in inner[1]] == [(words.USER, fingerprint(user))]
    ):
        body.pop(0)
        known[USER_INSIDE] = user
        # What comes behind the user is evaluated before it now.
        later = sets[[key for key, _ in sets].index(words.USER) + 1 :]
        bound = {n.target.id for n in ast.walk(user) if isinstance(n, ast.NamedExpr)}
        names = {n.id for _, v in later for n in ast.walk(v) if isinstance(n, ast.Name)}
        if not all(is_plain(v) for _, v in later) or bound & names:
            return sets, None
        known.pop(words.USER, None)  # the one before is replaced before anything is asked
        return others, None
    is_sure = isinstance(user, ast.Constant) and bool(user.value)
    return (others, user) if is_sure and isinstance(header.tracker, ast.Call) else (sets, None)


def _is_set_again(body: list[ast.stmt], name: str, user: ast.expr) -> bool:
    """Whether *body* begins with a set call on *name* of nothing but *user*, a constant."""
    inner = set_call(body[0]) if len(body) > 1 and is_todays(body[0]) else None
    if inner is None or inner[0] != name or not isinstance(user, ast.Constant):
        return False
    return [(k, fingerprint(v)) for k, v in inner[1]] == [(words.USER, fingerprint(user))]


def check_merged(
    before: ast.stmt,
    after: ast.With | ast.AsyncWith,
    old: NewBlock,
    new: NewBlock,
    *,
    replaces: bool,
) -> str | None:
    """Return the tracker of a block whose first ids moved into its header; raise if others did."""
    if not isinstance(before, ast.With | ast.AsyncWith) or type(before) is not type(after):
        raise Difference("the kind of a block changed", after)
    name = old.target or (old.tracker.id if isinstance(old.tracker, ast.Name) else None)
    site = set_call(before.body[0])
    if site is None or site[0] != name:
        raise Difference("the header of a block changed", after)
    if not _are_merged(old.fields, site[1], new.fields, replaces=replaces):
        raise Difference("the header does not name the ids that the block set", after)
    operations = fingerprints(before.items[0].context_expr.args)  # type: ignore[attr-defined]
    if operations != fingerprints(after.items[0].context_expr.args):  # type: ignore[attr-defined]
        raise Difference("the operation of a block changed", after)
    return name


def _are_merged(old: Fields, given: Fields, new: Fields, *, replaces: bool) -> bool:
    """Whether a header with *new* ids has those that it had, and those that its block was *given*.

    One that both name has one value, or the later one where a person was asked (*replaces*).
    """
    had = dict(old)
    for key, value in given:
        if key in had and not (is_plain(had[key]) and is_plain(value)):
            return False
        if key in had and not replaces and not alike(had[key], value):
            return False
    latest = {**had, **dict(given)}
    expected = [(key, fingerprint(latest[key])) for key, _ in old]
    expected += [(key, fingerprint(value)) for key, value in given if key not in had]
    return [(key, fingerprint(value)) for key, value in new] == expected


def lost_of(known: Mapping[str, ast.expr], named: Collection[str], *, asked: bool) -> str:
    """Return the first id that was set before and is not named, "" if there is none.

    Where a person was *asked*, these are constants: what is computed may not be the same again.
    """
    missing = sorted({*known} - {*named, USER_INSIDE})
    return next((k for k in missing if not asked or isinstance(known[k], ast.Constant)), "")


def takes_ids(before: ast.stmt, after: ast.With | ast.AsyncWith) -> bool:
    """Whether the header of *after* must have taken ids over from the body of *before*."""
    same = same_header(before, after) or handed_on(before, after)
    return not same or sets_nothing(before, after)


def handed_on(before: ast.stmt, after: ast.With | ast.AsyncWith) -> bool:
    """Whether *after* is the ``with`` *before* of one call that gained a last ``tracker=``.

    Whose tracker that may be is asked where the calls themselves are compared.
    """
    call = after.items[0].context_expr
    if len(after.items) != 1 or not isinstance(call, ast.Call) or not call.keywords:
        return False
    *others, last = call.keywords
    shorter = ast.withitem(ast.Call(call.func, call.args, others), after.items[0].optional_vars)
    old = [fingerprint(item) for item in getattr(before, "items", [])]
    return last.arg == words.TRACKER_ARGUMENT and old == [fingerprint(shorter)]


def sets_nothing(before: ast.stmt, after: ast.stmt) -> bool:
    """Whether *before* begins with a set call that *after* leaves out, and that changes nothing.

    It sets nothing but None, or what the header says already, if both are plain.  By today's name
    it is still there.
    """
    first = before.body[0]  # type: ignore[attr-defined]
    site = set_call(first)
    call = before.items[0].context_expr  # type: ignore[attr-defined]
    said = {one.arg: one.value for one in getattr(call, "keywords", ())}
    if site is None or not all(
        key in said and is_plain(value) and alike(said[key], value) for key, value in site[1]
    ):
        return False
    left: ast.stmt = after.body[0]  # type: ignore[attr-defined]
    return not alike(first, left) and not stays_respelled(first, left)


def may_be_put_off(site: ast.stmt, following: ast.stmt, after: ast.stmt) -> bool:
    """Whether the set call *site* may move behind *following*, which the rewrite has here."""
    found = set_call(site)
    if found is None or not all(is_plain(value) for _, value in found[1]):
        return False
    if found[0].endswith(CALLED):
        return False  # what is called stays where it is
    if set_call(following) is None and not alike(following, after):
        return False
    if set_call(following) is not None:
        stays = alike(site, after) or stays_respelled(site, after)
        return not stays and not isinstance(after, ast.With)
    names = {n.id for _, v in found[1] for n in ast.walk(v) if isinstance(n, ast.Name)}
    for node in ast.walk(following):
        if isinstance(node, ast.Call) and last_name(node.func) not in _QUIET_CALLS:
            return False
        if isinstance(node, ast.Name) and (node.id == found[0] or _rebinds(node, names)):
            return False
    return isinstance(following, ast.Assign)


def _rebinds(node: ast.Name, names: set[str]) -> bool:
    return isinstance(node.ctx, ast.Store) and node.id in names


def begins_alike(before: Sequence[ast.stmt], i: int, after: Sequence[ast.stmt], j: int) -> bool:
    """Whether statement *i* of one suite is statement *j* of the other, as it stands."""
    if i >= len(before) or j >= len(after):
        return False
    return alike(before[i], after[j])


def is_unchanged(before: ast.stmt, after: ast.stmt, known: Mapping[str, object]) -> bool:
    """Whether *after* is *before*, and binds nothing in a body of it of which ids are *known*."""
    if not alike(before, after):
        return False
    return isinstance(before, _DEFINITIONS) or not any(known.values()) or not any(bodies(before))


def same_header(before: ast.stmt, after: ast.With | ast.AsyncWith) -> bool:
    """Whether both are the same kind of ``with``, with the same items."""
    return type(before) is type(after) and fingerprints(before.items) == fingerprints(after.items)


def receiver_of(header: NewBlock, waiting: Collection[str], following: ast.stmt | None) -> str:
    """Return the variable that the ids of a block were set on.

    That is the block's tracker, or the object that has it in a field and was
    told the ids itself.
    """
    tracker = header.tracker
    name = header.target or last_tracker(header)
    if header.target is not None or not isinstance(tracker, ast.Attribute):
        return name
    owner = dotted(tracker.value)
    site = set_call(following) if following is not None else None
    return owner if owner in waiting or (site is not None and site[0] == owner) else name


def check_count(after: ast.With, header: NewBlock) -> None:
    """Raise unless a batch block holds a loop that may call a client, and counts what that sends.

    The count is the length of what the loop goes over, and the loop is in no other one.
    """
    if header.manager != words.BATCH_CONTEXT:
        return
    calling = [loop for loop, _ in _loops(after, 0) if _may_send(loop)]
    if not calling:
        raise Difference("a batch block without a loop that sends something", after)
    if header.count is None:
        return
    outermost = [_items(loop) for loop, depth in _loops(after, 0) if not depth and _may_send(loop)]
    lengths = [fingerprint(ast.parse(f"len({i.id})", mode="eval").body) for i in outermost if i]
    if fingerprint(header.count) not in lengths:
        raise Difference("the item count is not the length of the loop's items", after)


def _loops(node: ast.AST, depth: int) -> Iterator[tuple[ast.AST, int]]:
    here = isinstance(node, _LOOPS)
    if here:
        yield node, depth
    inner = depth + int(here or isinstance(node, ast.While))
    for child in ast.iter_child_nodes(node):
        yield from _loops(child, inner)


def _may_send(loop: ast.AST) -> bool:
    """Whether what *loop* does in each round holds a call of more than a builtin or its items."""
    own = {n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    quiet = {*own, *_QUIET_CALLS, "print"}
    skipped = {id(n) for n in ast.walk(loop.iter)} if isinstance(loop, ast.For) else set()
    for node in ast.walk(loop):
        if not isinstance(node, ast.Call) or id(node) in skipped:
            continue
        if isinstance(node.func, ast.Name) and node.func.id in own:
            return True  # what the loop goes over may be functions
        function = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if not isinstance(function, ast.Name) or function.id not in quiet:
            return True
        given = [n for a in (*node.args, *node.keywords) for n in ast.walk(a)]
        if function.id in own and any(isinstance(n, ast.Name) and n.id not in quiet for n in given):
            return True
    return False


def _items(loop: ast.AST) -> ast.Name | None:
    parts = getattr(loop, "generators", [loop])
    items = parts[0].iter
    return items if len(parts) == 1 and isinstance(items, ast.Name) else None
