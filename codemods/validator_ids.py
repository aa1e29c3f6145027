"""Ids that a rewrite takes from elsewhere than from the statements right above the block."""

from __future__ import annotations

import ast

from codemods import vocabulary as words
from codemods.validator_terms import NewBlock, is_plain, set_call


def lifted(statement: ast.stmt, name: str) -> tuple[list[tuple[str, ast.expr]], ast.stmt]:
    """Take set calls with plain ids off the start of a ``try`` that a block was put around."""
    sets: list[tuple[str, ast.expr]] = []
    if not isinstance(statement, ast.Try):
        return sets, statement
    body = list(statement.body)
    while len(body) > 1 and (site := set_call(body[0])) is not None and site[0] == name:
        if not all(is_plain(value) for _, value in site[1]):
            break
        sets.extend(site[1])
        body.pop(0)
    rest = ast.Try(body, statement.handlers, statement.orelse, statement.finalbody)
    return sets, ast.copy_location(rest, statement)


def without_user(
    sets: list[tuple[str, ast.expr]], header: NewBlock, body: list[ast.stmt], name: str
) -> tuple[list[tuple[str, ast.expr]], ast.expr | None]:
    """Take out a user that the constructor or a set call inside the block is given.

    Returns the other ids, and the user if the constructor has it; *body* loses
    the set call.
    """
    user = next((value for key, value in sets if key == words.USER), None)
    if user is None or any(key == words.USER for key, _ in header.fields):
        return sets, None
    others = [(key, value) for key, value in sets if key != words.USER]
    inner = set_call(body[0])
    if inner == (name, ((words.USER, user),)) or (
        inner is not None
        and inner[0] == name
        and [(k, ast.dump(v)) for k, v in inner[1]] == [(words.USER, ast.dump(user))]
    ):
        body.pop(0)
        return (others, None) if all(is_plain(v) for _, v in others) else (sets, None)
    is_sure = isinstance(user, ast.Constant) and bool(user.value)
    return (others, user) if is_sure and isinstance(header.tracker, ast.Call) else (sets, None)


def sets_nothing(before: ast.stmt, after: ast.stmt) -> bool:
    """Whether *before* begins with a set call of nothing but None, which *after* leaves out."""
    first = before.body[0]  # type: ignore[attr-defined]
    site = set_call(first)
    if site is None or site[1]:
        return False
    return ast.dump(first) != ast.dump(after.body[0])  # type: ignore[attr-defined]
