"""Ids that several set calls give, some under conditions, against one header that names them.

Both are tried on every way that their tests can turn out: the same ids must come out.
"""

from __future__ import annotations

import ast
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

from codemods.validator.fingerprint import fingerprint
from codemods.validator.respelling import stays
from codemods.validator.terms import Difference, is_plain, set_call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Way = Mapping[bytes, bool]
    Ids = dict[str, bytes]

_MOST = 10
_QUIET = (ast.Name, ast.Constant, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Tuple)
_PARTS = (ast.boolop, ast.unaryop, ast.cmpop, ast.Load)


def setting(
    original: Sequence[ast.stmt], name: str, body: Sequence[ast.stmt], waiting: Sequence[object]
) -> Sequence[ast.stmt]:
    """Return the statements that *original* begins with and that only set ids of *name*.

    Those with a condition end where *body*, what the block holds, begins; where calls are
    *waiting* for the block none has one.
    """
    found: list[ast.stmt] = []
    for statement in original:
        site = set_call(statement)
        if site is not None and site[0] != name:
            break
        under = site is None and (waiting or not _only_sets([statement], name))
        # A call that stays for the user may come before what else stays.
        if under or (site is None and any(stays(statement, one) for one in body[:2])):
            break
        found.append(statement)
    return found


def plainly(statements: Sequence[ast.stmt]) -> list[tuple[str, ast.expr]]:
    """Return the ids that *statements* set in any case."""
    sites = (set_call(statement) for statement in statements)
    return [pair for site in sites if site is not None for pair in site[1]]


def is_choice(statements: Sequence[ast.stmt]) -> bool:
    """Whether one of *statements* has a condition, or an id is set twice."""
    sites = [set_call(statement) for statement in statements]
    keys = [key for site in sites if site is not None for key, _ in site[1]]
    return any(site is None for site in sites) or len(keys) != len(set(keys))


def _only_sets(statements: Sequence[ast.stmt], name: str) -> bool:
    """Whether *statements* do nothing but set ids of *name*, one of them at least."""
    found = False
    for statement in statements:
        site = set_call(statement)
        if isinstance(statement, ast.If):
            bodies = [s for s in (statement.body, statement.orelse) if not _passes(s)]
        elif isinstance(statement, ast.Match):
            bodies = [case.body for case in statement.cases if not _passes(case.body)]
        elif isinstance(statement, ast.Pass):
            continue
        else:
            bodies = []
            if site is None or site[0] != name:
                return False
        found = True
        if site is None and not (bodies and all(_only_sets(body, name) for body in bodies)):
            return False
    return found


def _passes(body: Sequence[ast.stmt]) -> bool:
    return all(isinstance(statement, ast.Pass) for statement in body)


def check_choice(
    statements: Sequence[ast.stmt],
    fields: Sequence[tuple[str, ast.expr]],
    skipped: str,
    place: ast.AST,
    *,
    asked_of: bool,
) -> list[tuple[str, ast.expr]]:
    """Return those of *fields* that *statements* set; raise unless these leave them behind.

    That must be so whatever their tests say.  The id *skipped* is given in another way.  With
    *asked_of* a person was told of values that are replaced at once: they need not be evaluated,
    nor must it be certain that what replaces them is there, and where it is not, they may go.
    """
    sites = (set_call(n) for s in statements for n in ast.walk(s) if isinstance(n, ast.stmt))
    named = {key for site in sites if site is not None for key, _ in site[1]}
    fields = [(key, value) for key, value in fields if key in named]
    told, asked = list(_told(statements)), [n for _, value in fields for n in _parts(value)]
    # Also values that are replaced have tests of their own, of which the header has none.
    tests = [*_asked(statements), *(n for value in told for n in _conditions(value))]
    tests += [n for _, value in fields for n in _conditions(value)]
    atoms = _atoms(tests, _counted(told) | _counted([value for _, value in fields]))
    if len(atoms) > _MOST:
        raise Difference("too many conditions to try", place)
    names = {key: name for key, name in atoms.items() if name}
    equal = _compared(atoms, [*told, *asked])
    for turn in product((False, True), repeat=len(atoms)):
        way = dict(zip(atoms, turn, strict=True))
        if any(way[_truth(name)] and not way[_not_none(name)] for name in names.values()):
            continue
        if any(way[k] and not way.get(_not_none(name), True) for k, name in equal.items()):
            continue
        before = _Run(way, skipped, asked_of=asked_of)
        after = _Run(way, skipped, asked_of=asked_of)
        wanted = before.ids(statements, {})
        last = _Run(way, skipped, asked_of=asked_of, may_go=asked_of).ids(statements, {})
        given = {key: after.value(value) for key, value in fields}
        if not after.evaluates_as(before):
            raise Difference("an id is not evaluated as it was", place)
        if any(given.get(key) not in (wanted.get(key), last.get(key)) for key in named):
            raise Difference("the block does not name the ids that the branches set", place)
    return fields


def _told(statements: Sequence[ast.stmt]) -> Iterator[ast.expr]:
    """Yield the tests and values of *statements*, in their order."""
    for statement in statements:
        site = set_call(statement)
        if site is not None:
            yield from (value for _, value in site[1])
        elif isinstance(statement, ast.If):
            yield statement.test
            yield from _told(statement.body)
            yield from _told(statement.orelse)
        elif isinstance(statement, ast.Match):
            if not _is_quiet(statement.subject):
                raise Difference("what is matched is not a plain value", statement)
            for case in statement.cases:
                yield from _tests(statement.subject, case)
                yield from _told(case.body)


def _asked(statements: Sequence[ast.stmt]) -> Iterator[ast.expr]:
    """Yield the tests of *statements*."""
    for statement in statements:
        if isinstance(statement, ast.If):
            yield statement.test
            yield from _asked([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                yield from _tests(statement.subject, case)
                yield from _asked(case.body)


def _conditions(value: ast.expr) -> Iterator[ast.expr]:
    """Yield the tests of a header's argument."""
    split = _or_else(value)
    if isinstance(value, ast.IfExp):
        yield value.test
        yield from _conditions(value.body)
        yield from _conditions(value.orelse)
    elif split is not None:
        yield split[0]
        yield from _conditions(split[1])


def _tests(subject: ast.expr, case: ast.match_case) -> list[ast.expr]:
    """Return the tests that must hold for *case*."""
    tests = [] if _takes_all(case.pattern) else [_test(subject, case.pattern)]
    return [*tests, *([case.guard] if case.guard is not None else [])]


def _takes_all(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None


def _test(subject: ast.expr, pattern: ast.pattern) -> ast.expr:
    if isinstance(pattern, ast.MatchOr):
        values = [p.value for p in pattern.patterns if isinstance(p, ast.MatchValue)]
        if len(values) < len(pattern.patterns):
            raise Difference("a pattern that is no comparison", pattern)
        return ast.Compare(subject, [ast.In()], [ast.Tuple(values, ast.Load())])
    if isinstance(pattern, ast.MatchSingleton):
        return ast.Compare(subject, [ast.Is()], [ast.Constant(pattern.value)])
    if isinstance(pattern, ast.MatchValue):
        return ast.Compare(subject, [ast.Eq()], [pattern.value])
    raise Difference("a pattern that is no comparison", pattern)


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    """Yield the tests and values that a header's argument consists of, in their order."""
    if isinstance(value, ast.IfExp):
        yield value.test
        yield from _parts(value.body)
        yield from _parts(value.orelse)
    elif _or_else(value) is not None:
        first, rest = _or_else(value) or (value, value)
        yield first
        yield from _parts(rest)
    else:
        yield value


def _or_else(value: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return (name, rest) of ``name or rest``."""
    if not isinstance(value, ast.BoolOp) or not isinstance(value.op, ast.Or):
        return None
    first, *rest = value.values
    if not isinstance(first, ast.Name):
        return None
    return first, rest[0] if len(rest) == 1 else ast.BoolOp(ast.Or(), rest)


def _is_quiet(node: ast.expr) -> bool:
    return is_plain(node) or all(isinstance(n, (*_QUIET, *_PARTS)) for n in ast.walk(node))


def _counted(nodes: Sequence[ast.expr]) -> Counter[bytes]:
    """Return how often each test or value that may do anything is evaluated at most."""
    apart = ({id(one): one for part in (n, *_parts(n)) for one in _leaves(part)} for n in nodes)
    return Counter(fingerprint(n) for ones in apart for n in ones.values() if not _is_quiet(n))


def _atoms(tests: Sequence[ast.expr], counts: Mapping[bytes, int]) -> dict[bytes, str]:
    """Return what may turn out one way or the other; variables, and tests that are nothing else.

    What may do anything may turn out otherwise each time.
    """
    found: dict[bytes, str] = {}
    for test in (leaf for node in tests for leaf in _leaves(node)):
        name = _named(test)
        if name:
            found[_truth(name)] = found[_not_none(name)] = name
        elif not isinstance(test, ast.Constant):
            key = fingerprint(test)
            found.update((_nth(key, n), "") for n in range(counts.get(key, 1)))
    return found


def _nth(key: bytes, number: int) -> bytes:
    return key + b"again" * number


def _compared(atoms: Mapping[bytes, str], nodes: Sequence[ast.expr]) -> dict[bytes, str]:
    """Return the variables that are not None where one of *atoms*, a comparison, holds."""
    found: dict[bytes, str] = {}
    for test in (leaf for node in nodes for leaf in _leaves(node)):
        if not isinstance(test, ast.Compare) or fingerprint(test) not in atoms:
            continue
        plain = len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.In)
        other = [n for n in ast.walk(test.comparators[0]) if isinstance(n, ast.Constant)]
        if plain and isinstance(test.left, ast.Name) and not any(_is_none(n) for n in other):
            found[fingerprint(test)] = test.left.id
    return found


def _leaves(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from _leaves(value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _leaves(test.operand)
    else:
        yield test


def _named(test: ast.expr) -> str:
    """Return the variable that *test* is, or whose presence it asks for."""
    if isinstance(test, ast.Name):
        return test.id
    asks = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.IsNot)
    if asks and isinstance(test.left, ast.Name) and _is_none(test.comparators[0]):  # type: ignore[attr-defined]
        return test.left.id if len(test.ops) == 1 else ""  # type: ignore[attr-defined]
    return ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _truth(name: str) -> bytes:
    return f"{name} is true".encode()


def _not_none(name: str) -> bytes:
    return f"{name} is there".encode()


class _Run:
    """One way through set calls or a header, and what is evaluated on it that may do anything."""

    def __init__(self, way: Way, skipped: str, *, asked_of: bool, may_go: bool = False) -> None:
        self._way, self._skipped, self._asked_of = way, skipped, asked_of
        #: Where a later value is None, the earlier one does not last.
        self._may_go = may_go
        self._evaluated: list[bytes] = []

    def evaluates_as(self, before: _Run) -> bool:
        """Whether this evaluates what *before* does, in its order.

        Of values that are replaced it need not where a person was asked.
        """
        if not self._asked_of:
            return self._evaluated == before._evaluated
        evaluated = iter(before._evaluated)
        return all(one in evaluated for one in self._evaluated)

    def ids(self, statements: Sequence[ast.stmt], ids: Ids) -> Ids:
        """Return the ids behind *statements*, before which there are *ids*."""
        for statement in statements:
            site = set_call(statement)
            if site is not None:
                ids = self._with(ids, site[1])
            elif isinstance(statement, ast.If):
                taken = statement.body if self._holds(statement.test) else statement.orelse
                ids = self.ids(taken, ids)
            elif isinstance(statement, ast.Match):
                subject = statement.subject
                ways = (c for c in statement.cases if all(map(self._holds, _tests(subject, c))))
                case = next(ways, None)
                ids = ids if case is None else self.ids(case.body, ids)
        return ids

    def value(self, value: ast.expr) -> bytes | None:
        """Return what *value* is, None for None."""
        if isinstance(value, ast.IfExp):
            return self.value(value.body if self._holds(value.test) else value.orelse)
        split = _or_else(value)
        if split is not None:
            return self.value(split[0] if self._holds(split[0]) else split[1])
        if isinstance(value, ast.Name):
            return fingerprint(value) if self._way.get(_not_none(value.id), True) else None
        return None if _is_none(value) else self._key(value)

    def _with(self, ids: Ids, given: Sequence[tuple[str, ast.expr]]) -> Ids:
        later = dict(ids)
        for key, value in given:
            found = None if key == self._skipped else self.value(value)
            if found is None:
                if self._may_go:
                    later.pop(key, None)
                continue
            sure = isinstance(value, ast.Name | ast.Constant | ast.JoinedStr) or self._asked_of
            if key in ids and not sure and not _is_text(value):
                raise Difference(f"a value that may be None overrides {key}", value)
            later[key] = found
        return later

    def _holds(self, test: ast.expr) -> bool:
        if isinstance(test, ast.BoolOp):
            every = map(self._holds, test.values)
            return all(every) if isinstance(test.op, ast.And) else any(every)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return not self._holds(test.operand)
        if isinstance(test, ast.Name):
            return self._way[_truth(test.id)]
        if isinstance(test, ast.Constant):
            return bool(test.value)
        if _named(test):
            there = self._way[_not_none(_named(test))]
            return there is isinstance(test.ops[0], ast.IsNot)  # type: ignore[attr-defined]
        return self._way[self._key(test)]

    def _key(self, node: ast.expr) -> bytes:
        """Return what this evaluation of *node* is known by, and note it."""
        key = fingerprint(node)
        if _is_quiet(node):
            return key
        number = 0 if self._asked_of else self._evaluated.count(key)
        self._evaluated.append(key)
        return _nth(key, number)


def _is_text(value: ast.expr) -> bool:
    """Whether *value* is visibly a text: made by an operator, or by ``str``."""
    made = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return isinstance(value, ast.BinOp) or (made and value.func.id == "str")  # type: ignore[attr-defined]
