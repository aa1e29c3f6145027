"""Set calls that follow each other, some under conditions: which value each id has behind them.

The statements of a run are executed on symbols: an id is a value of one of the calls, or a
choice between two by a test, as a conditional expression is.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from codemods.analysis.dataflow.nullness import Nullness
from codemods.analysis.syntax.tree import walk
from codemods.analysis.trackers.lifetimes import SetCall, is_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.ids.arguments import Argument

_Node = TypeVar("_Node", bound=ast.expr)
#: Nothing but the value itself can be told from when, or how often, these are evaluated.
_QUIET = (ast.Constant, ast.Name, ast.BoolOp, ast.UnaryOp, ast.Compare)
_QUIET_PARTS = (ast.Tuple, ast.boolop, ast.unaryop, ast.cmpop, ast.Load)
#: These would leave their statement, or bind names in it.
BOUND_TO_PLACE = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Lambda, ast.Starred)
_LONGEST = 12


@dataclass(frozen=True, eq=False)
class Leaf:
    """A value as one of the calls gives it; ``site`` is that call."""

    argument: Argument
    site: SetCall


@dataclass(frozen=True, eq=False)
class Choice:
    """``then`` where ``test`` holds, else ``other``; None is an id that is not set."""

    test: ast.expr
    then: Value | None
    other: Value | None


Value = Leaf | Choice


@dataclass
class Merged:
    """What a run of set calls leaves behind: ``body[first:stop]``, all of it set calls.

    ``values`` are the ids, in the order in which they are evaluated; ``sites`` the calls;
    ``leading`` how many of those come before every condition.
    """

    first: int
    stop: int
    sites: list[SetCall] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    leading: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether each id is given once, by a call that runs in any case and names it."""
        named = [a for s in self.sites for a in s.arguments if not is_none(a.value)]
        leaves = [v for v in self.values.values() if isinstance(v, Leaf)]
        spread = any(is_spread(s.call) for s in self.sites)
        return len(leaves) == len(self.values) == len(named) and not spread

    def own_of(self, site: SetCall) -> list[Argument]:
        """Return the arguments of *site*, one before every condition, that no other overrides."""
        if site not in self.sites[: self.leading]:
            return []
        leaves = [v for v in self.values.values() if isinstance(v, Leaf)]
        return [leaf.argument for leaf in leaves if leaf.site is site]

    def others(self) -> dict[str, Value]:
        """Return the ids that no call before every condition gives for good."""
        own = {a.keyword for site in self.sites for a in self.own_of(site)}
        return {key: value for key, value in self.values.items() if key not in own}


def is_spread(call: ast.Call) -> bool:
    """Whether *call* takes keywords from a dictionary."""
    return any(keyword.arg is None for keyword in call.keywords)


class Merging:
    """Executes runs of the set calls *sites*, on one tracker, on symbols."""

    def __init__(self, semantic: SemanticModel, sites: Iterable[SetCall]) -> None:
        self._semantic = semantic
        self._nullness = Nullness(semantic)
        self._calls = {site.statement: site for site in sites if site.problem is None}
        #: What is asked about is not taken for granted.
        self._tested: set[str] = set()

    def run(self, body: Sequence[ast.stmt], first: int, end: int) -> Merged | None:
        """Return what the run that begins with ``body[first]`` leaves behind, None if nothing can.

        The run ends before the first statement that does anything but set ids, or at *end*.
        """
        merged = Merged(first, first)
        values: dict[str, Value] | None = {}
        setting = list(itertools.takewhile(lambda s: self._sites([s]), body[first:end]))
        self._tested = set(_names_asked_about(setting))
        for statement in setting:
            sites = self._sites([statement])
            values = self._executed([statement], merged.values, ())
            if values is None:
                break
            merged.values = values
            if len(merged.sites) == merged.leading and statement in self._calls:
                merged.leading += 1
            merged.sites.extend(sites)
            merged.stop += 1
        run = body[first : merged.stop]
        whole = bool(merged.sites) and all(_is_whole(merged, site) for site in merged.sites)
        return merged if whole and self._keeps_order(merged, run) else None

    def _is_given(self, value: ast.expr) -> bool:
        return self._nullness.is_given(value)

    def _sites(self, statements: Sequence[ast.stmt]) -> list[SetCall]:
        inside = (n for s in statements for n in walk(s) if isinstance(n, ast.Expr))
        found = [self._calls[n] for n in inside if n in self._calls]
        return sorted(found, key=lambda site: (site.call.lineno, site.call.col_offset))

    # -- execution ----------------------------------------------------------------

    def _executed(
        self, statements: Sequence[ast.stmt], before: dict[str, Value], given: Sequence[str]
    ) -> dict[str, Value] | None:
        """Return the ids behind *statements*; None if these do anything else.

        *given* are the variables that are not None, by the tests around.
        """
        values: dict[str, Value] | None = dict(before)
        for statement in statements:
            if values is None:
                return None
            if statement in self._calls:
                values = self._called(self._calls[statement], values, given)
            elif isinstance(statement, ast.If):
                values = self._branched(statement, values, given)
            elif isinstance(statement, ast.Match):
                values = self._cases(statement, statement.cases, values, given)
            elif not isinstance(statement, ast.Pass):
                return None
        return values

    def _called(
        self, site: SetCall, values: dict[str, Value], given: Sequence[str]
    ) -> dict[str, Value] | None:
        for argument in site.arguments:
            value, keyword = argument.value, argument.keyword
            if is_none(value):
                continue
            if any(isinstance(n, BOUND_TO_PLACE) for n in walk(value)):
                return None
            before = values.pop(keyword, None)
            values[keyword] = Leaf(argument, site)
            named = value.id if isinstance(value, ast.Name) else ""
            known = named in given or (named not in self._tested and self._is_given(value))
            if before is not None and not known:
                if not isinstance(value, ast.Name):
                    return None
                values[keyword] = Choice(_is_there(value), values[keyword], before)
        return values

    def _branched(
        self, statement: ast.If, before: dict[str, Value], given: Sequence[str]
    ) -> dict[str, Value] | None:
        one = self._executed(statement.body, before, (*given, *_given_by(statement.test)))
        two = self._executed(statement.orelse, before, given)
        return None if one is None or two is None else _chosen(statement.test, one, two)

    def _cases(
        self,
        statement: ast.Match,
        cases: Sequence[ast.match_case],
        before: dict[str, Value],
        given: Sequence[str],
    ) -> dict[str, Value] | None:
        if not cases:
            return before
        if not isinstance(statement.subject, ast.Name):
            return None
        case, *later = cases
        test = _test_of(statement.subject, case.pattern)
        then = self._executed(case.body, before, given)
        if test is None or then is None:
            return None
        if case.guard is not None:
            both = [case.guard] if isinstance(test, ast.Constant) else [test, case.guard]
            test = both[0] if len(both) == 1 else _at(ast.BoolOp(ast.And(), both), case.pattern)
        elif isinstance(test, ast.Constant):
            return then if not later else None
        other = self._cases(statement, later, before, given)
        return None if other is None else _chosen(test, then, other)

    # -- order --------------------------------------------------------------------

    def _keeps_order(self, merged: Merged, run: Sequence[ast.stmt]) -> bool:
        """Whether evaluating the values as a header does gives the same, and does the same.

        What only reads may be read again, later, or not at all; anything else keeps its
        place among all that is evaluated.
        """
        seen = [a.value for site in merged.sites for a in merged.own_of(site)]
        others = merged.others().values()
        for value in others:
            seen.extend(_evaluated(value))
        every = [n for statement in run for n in self._told(statement)]
        if len(seen) > _LONGEST:
            return False
        if all(is_quiet(n) for n in (*seen, *every)):
            return True
        # A constant asks for nothing, but what stands behind it as a test is not always evaluated.
        tests = {test for value in others for test in _asked_by(value)}
        told = [n for n in seen if n in tests or not isinstance(n, ast.Constant)]
        places = [(n.lineno, n.col_offset) for n in told]
        in_order = all(a < b for a, b in itertools.pairwise(places))
        moved = set(seen)
        return in_order and all(is_quiet(n) for n in every if n not in moved)

    def _told(self, statement: ast.AST) -> list[ast.expr]:
        """Return what *statement*, one of a run, evaluates: tests, and the values of its calls."""
        if statement in self._calls:
            return [a.value for a in self._calls[statement].arguments]
        parts: list[ast.AST] = list(getattr(statement, "cases", ()))
        parts.extend([*getattr(statement, "body", ()), *getattr(statement, "orelse", ())])
        tests = (getattr(statement, name, None) for name in ("test", "guard", "subject"))
        return [*(t for t in tests if t is not None), *(n for p in parts for n in self._told(p))]


def _is_whole(merged: Merged, site: SetCall) -> bool:
    """Whether a dictionary that *site* unpacks goes into the header as it is, if there is one."""
    unpacked = [a for a in site.arguments if a.is_spread]
    own = merged.own_of(site) if unpacked else []
    return all(any(a is one for one in own) for a in unpacked)


def _names_asked_about(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield the variables in what *statements* ask."""
    for node in (n for s in statements for t in _tests(s) for n in walk(t)):
        if isinstance(node, ast.Name):
            yield node.id


def _tests(statement: ast.stmt) -> list[ast.expr]:
    """Return what *statement* and those inside it ask."""
    found: list[ast.expr] = []
    for node in walk(statement):
        if isinstance(node, ast.If):
            found.append(node.test)
        elif isinstance(node, ast.Match):
            found.append(node.subject)
        elif isinstance(node, ast.match_case) and node.guard is not None:
            found.append(node.guard)
    return found


def is_quiet(node: ast.expr) -> bool:
    """Whether *node* only reads variables and compares them."""
    return all(isinstance(n, (*_QUIET, *_QUIET_PARTS)) for n in walk(node))


def _evaluated(value: Value | None) -> list[ast.expr]:
    """Return what *value* evaluates, in its order as far as one branch is taken."""
    if value is None:
        return []
    if isinstance(value, Leaf):
        return [value.argument.value]
    return [value.test, *_evaluated(value.then), *_evaluated(value.other)]


def _asked_by(value: Value | None) -> list[ast.expr]:
    """Return the tests of *value*."""
    if value is None or isinstance(value, Leaf):
        return []
    return [value.test, *_asked_by(value.then), *_asked_by(value.other)]


def _chosen(test: ast.expr, one: dict[str, Value], two: dict[str, Value]) -> dict[str, Value]:
    """Return the ids behind two branches."""
    values: dict[str, Value] = {}
    for keyword in dict.fromkeys((*one, *two)):
        then, other = one.get(keyword), two.get(keyword)
        same = then is other and then is not None
        values[keyword] = then if same else Choice(test, then, other)  # type: ignore[assignment]
    return values


def _test_of(subject: ast.Name, pattern: ast.pattern) -> ast.expr | None:
    """Return the test that *pattern* is: a comparison, True where it takes everything."""
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None:
        return _at(ast.Constant(True), pattern)
    if isinstance(pattern, ast.MatchSingleton):
        value = _at(ast.Constant(pattern.value), pattern)
        return _at(ast.Compare(subject, [ast.Is()], [value]), pattern)
    if isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Constant):
        return _at(ast.Compare(subject, [ast.Eq()], [pattern.value]), pattern)
    if isinstance(pattern, ast.MatchOr):
        values = [p.value for p in pattern.patterns if isinstance(p, ast.MatchValue)]
        if len(values) == len(pattern.patterns) and all(map(_is_constant, values)):
            members = _at(ast.Tuple(values, ast.Load()), pattern)
            return _at(ast.Compare(subject, [ast.In()], [members]), pattern)
    return None


def _is_constant(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant)


def _is_there(name: ast.Name) -> ast.expr:
    return _at(ast.Compare(name, [ast.IsNot()], [_at(ast.Constant(None), name)]), name)


def _given_by(test: ast.expr) -> list[str]:
    """Return the variables that are not None where *test* holds."""
    if isinstance(test, ast.Name):
        return [test.id]
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [name for value in test.values for name in _given_by(value)]
    return [test.left.id] if tells_not_none(test) else []  # type: ignore[attr-defined]


def tells_not_none(test: ast.expr) -> bool:
    """Whether *test* is ``name is not None``."""
    if not isinstance(test, ast.Compare) or not isinstance(test.left, ast.Name):
        return False
    return (
        isinstance(test.ops[0], ast.IsNot) and len(test.ops) == 1 and is_none(test.comparators[0])
    )


def _at(node: _Node, place: ast.AST) -> _Node:
    return ast.copy_location(node, place)
