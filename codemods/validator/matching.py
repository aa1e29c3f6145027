"""Walks the original and the rewritten tree side by side, undoing permitted edits on the way.

A ``with`` of a context manager that the original does not have must be exactly a
construction and its set calls; every other statement must be the same.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from codemods import vocabulary as words
from codemods.validator.fingerprint import alike, fingerprint
from codemods.validator.given_ids.choices import check_choice, is_choice, plainly, setting
from codemods.validator.given_ids.idle import passed_idle
from codemods.validator.given_ids.leaving import bodies_of_lifetimes, joined
from codemods.validator.ids import (
    begins_alike,
    check_count,
    check_merged,
    is_unchanged,
    lifted,
    lost_of,
    may_be_put_off,
    receiver_of,
    takes_ids,
    without_user,
)
from codemods.validator.needless import lines_of_finally, removable, unwrapped
from codemods.validator.parameters import with_old_signature
from codemods.validator.respelling import is_respelled, set_on_trackers
from codemods.validator.terms import (
    CALLED,
    Difference,
    Managed,
    NewBlock,
    block_trackers,
    bodies,
    bound_anew,
    construction,
    context_header,
    imports_api,
    is_extended,
    is_plain,
    is_step,
    last_tracker,
    mentions,
    other_names,
    same_context,
    set_call,
    shell,
    takes_place,
    yields,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Fields = tuple[tuple[str, ast.expr], ...]
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Matcher:
    """Matches two modules; raises Difference at the first place that no permitted edit explains."""

    def __init__(self, before: Managed, after: Managed, held: frozenset[ast.AST]) -> None:
        self._before, self._after, self._held = before, after, held
        #: Whether the same names are the API in both.
        self._is_one_program = before == after
        #: A person was asked about ids of a header in the place of which others are set.
        self.replaces_ids = False
        #: Constructions of the original that a block still has to take in.
        self.pending: dict[str, ast.Call] = {}
        #: The trackers of the blocks around the current place, innermost last.
        self._trackers: list[str] = []
        #: Names that some block of the rewritten file gives or takes as its tracker.
        self._context_names: set[str] = set()
        #: Names that the rewritten code uses in a sub-context for an outer one.
        self._renames: dict[str, str] = {}
        #: Ids that were set, and wait for their block behind harmless statements.
        self._waiting: dict[str, list[tuple[str, ast.expr]]] = {}
        #: Ids set so far on a variable: a later phase may name them again.
        self._known: dict[str, dict[str, ast.expr]] = {}
        #: New blocks: (statement, variable).
        self.blocks: list[tuple[ast.With, str]] = []
        #: Those of them that give the tracker of the original no name.
        self.unnamed: list[tuple[ast.With, str]] = []
        #: Calls by the older name of the set call, which may have become today's.
        self._by_older_name: frozenset[ast.Call] = frozenset()
        #: The tracker of the new block that takes all calls at the current place, if one does.
        self._takes: str | None = None
        #: Trackers that each round builds; those whose life an error ends (None: all).
        self._rounds: set[str] = set()
        self._sure: set[str] | None = None
        #: What the ends of blocks made needless, by first and last line of the original.
        self.removed: list[tuple[int, int]] = []

    def module(self, before: ast.Module, after: ast.Module, *, whole: bool) -> None:
        """Match two modules, *whole* or without what both have of no tracker."""
        self._by_older_name = set_on_trackers(before, self._before, whole=whole)
        rest = self.sequence(before.body, after.body, None)
        if rest != len(before.body):
            raise Difference("a statement is missing", before.body[rest])
        if self._waiting:
            raise Difference(f"the ids of {next(iter(self._waiting))} are lost", after)
        if self.pending:
            name, call = next(iter(self.pending.items()))
            raise Difference(f"the construction of {name} is missing", call)

    def sequence(
        self, before: Sequence[ast.stmt], after: Sequence[ast.stmt], block: str | None
    ) -> int:
        """Match all of *after* with the beginning of *before*; return how much of it was matched.

        *block* is the tracker of the new block whose body *after* is: then what
        the end of a block makes needless may be missing.
        """
        original = list(before)
        added = 0
        seen: list[ast.stmt] = []
        i = j = 0
        ends = (block, self._takes)
        while j < len(after) or removable(original, i, ends, seen, ()):
            if i < len(original) and block is not None:
                spliced = unwrapped(original, i, after[j:], block)
                if spliced is not None:
                    self.removed.append(lines_of_finally(original[i]))
                    added += len(spliced) - 1
                    original[i : i + 1] = spliced
                    continue
            step = 0
            if not begins_alike(original, i, after, j):
                step = removable(original, i, ends, seen, after[j:])
            if step:
                gone, i = original[i], i + step
                self.removed.append((gone.lineno, gone.end_lineno or gone.lineno))
                continue
            if j >= len(after):
                break
            i = self._one(original, i, after[j])
            seen.extend(original[i - 1 : i])
            j += 1
        while block is None and i < len(original) and self._vanished(original[i]):
            i += 1
        return i - added

    def _one(self, original: list[ast.stmt], i: int, after: ast.stmt) -> int:
        """Match one statement of a rewritten body; return the next index of the original."""
        if imports_api(after):
            if i < len(original) and alike(original[i], after):
                return i + 1
            extended = i < len(original) and is_extended(original[i], after)
            if extended or not other_names(after):
                return i + int(extended)
        i, found = self._passed_over(original, i, after)
        if found:
            return i
        i = self._put_off(original, i, after)
        header = context_header(after, self._after)
        old = context_header(original[i], self._before) if i < len(original) else None
        if header is not None and isinstance(after, ast.With) and not same_context(old, header):
            return self._block(original, i, after, header)
        if i >= len(original):
            raise Difference("a statement was added", after)
        if header is not None and old is not None and isinstance(after, ast.With | ast.AsyncWith):
            if takes_ids(original[i], after):
                self._merged(original[i], after, old, header)
                return i + 1
        self.statement(original[i], after)
        for name in bound_anew(original[i]):
            self._known.pop(name, None)
        return i + 1

    def _passed_over(self, original: list[ast.stmt], i: int, after: ast.stmt) -> tuple[int, bool]:
        """Pass over what the rewrite may remove; say whether the last of it is *after* itself."""
        while i < len(original) and self._vanished(original[i]):
            built = construction(original[i], self._before)
            if built is not None:
                self._known.pop(built[0], None)
            if alike(original[i], after):
                return i + 1, True
            if self._goes_in(original[i], after):
                break
            if built is not None:
                self.pending[built[0]] = built[1]
            elif takes_place(original[i], after):
                return i + 1, True
            elif other_names(original[i]):
                break
            i += 1
        return i, False

    def _goes_in(self, statement: ast.stmt, after: ast.stmt) -> bool:
        """Whether *statement* is the first one in the new block *after*."""
        if not isinstance(after, ast.With) or context_header(after, self._after) is None:
            return False
        return alike(statement, after.body[0])

    def _put_off(self, original: list[ast.stmt], i: int, after: ast.stmt) -> int:
        """Pass over set calls that a block further on may take, past statements that do nothing."""
        i = passed_idle(original, i, after, self._before, self._known)
        while i + 1 < len(original) and may_be_put_off(original[i], original[i + 1], after):
            name, ids = set_call(original[i]) or ("", ())
            self._waiting.setdefault(name, []).extend(ids)
            i += 1
        return i

    def _vanished(self, statement: ast.stmt) -> bool:
        """Whether *statement* is of a kind that the rewrite may remove at this place."""
        return construction(statement, self._before) is not None or imports_api(statement)

    def _block(self, original: list[ast.stmt], i: int, after: ast.With, header: NewBlock) -> int:
        first = original[i] if i < len(original) else None
        name = receiver_of(header, self._waiting, first) or self._unnamed(after, first)
        waiting = self._waiting.pop(name, [])
        taken = setting(original[i:], name, after.body, waiting)
        sets = [*waiting, *plainly(taken)]
        i += len(taken)
        if name.endswith(CALLED) and len(taken) != 1:
            raise Difference(f"{name} is called more or less often", after)
        inner = isinstance(header.tracker, ast.Name) and header.tracker.id in self._trackers
        if inner and not sets:
            return self._sub_context(original, i, after, header)
        if not sets and i < len(original):
            inside, original[i] = lifted(original[i], name, after, header, asked=self.replaces_ids)
            taken, sets = [*taken, *inside], plainly(inside)
        body = list(after.body)
        told = sets
        sets, user = without_user(sets, header, body, name, self._known.setdefault(name, {}))
        self._ownership(after, header, name, user)
        if is_choice(taken):
            skipped, asked = words.USER if sets != told else "", self.replaces_ids
            sets = check_choice(taken, header.fields, skipped, after, asked_of=asked)
        self._fields(after, header, tuple(sets), name)
        if yields(after.body) and after not in self._held:
            raise Difference("control leaves the new block", after)
        self.blocks.append((after, name))
        self._trackers.append(name)
        around, self._takes = self._takes, header.target or last_tracker(header) or name
        matched = self.sequence(original[i:], body, self._takes)
        self._takes = around
        self._trackers.pop()
        check_count(after, header)
        following = original[i + matched :]
        # Inside of another block of its own its uses are in a block, whatever ids that has.
        inner = inner or name in self._trackers
        for statement in following if inner else following[:1]:
            if not mentions(statement, name):
                continue
            again = set_call(statement) or construction(statement, self._before)
            if name not in bound_anew(statement) and (again is None or again[0] != name):
                raise Difference(f"{name} is used behind its block", statement)
            break
        return i + matched

    def _unnamed(self, after: ast.With, following: ast.stmt | None) -> str:
        """Return the variable of a block's tracker that has neither ``as`` nor ``tracker=``."""
        site = set_call(following) if following is not None else None
        named = [*self._waiting, *([site[0]] if site is not None else []), *reversed(self.pending)]
        name = next((one for one in named if one in self.pending), "")
        self.unnamed.append((after, name))
        return name

    def _sub_context(
        self, original: list[ast.stmt], i: int, after: ast.With, header: NewBlock
    ) -> int:
        assert isinstance(header.tracker, ast.Name)
        if header.target is None or not is_step(after, header):
            raise Difference("a sub-context may only name the operation of one step", after)
        self._renames[header.target] = header.tracker.id
        matched = self.sequence(original[i:], after.body, None)
        del self._renames[header.target]
        return i + matched

    def _ownership(
        self, after: ast.With, header: NewBlock, name: str, user: ast.expr | None
    ) -> None:
        """The block's tracker is the one the original built, and it is built as it was."""
        if last_tracker(header):
            if header.target not in (None, last_tracker(header)):
                raise Difference("the block gives the tracker another name", after)
            if name.endswith(CALLED) and not header.plain_before_tracker:
                raise Difference("an argument is evaluated before the tracker is asked for", after)
            if name in self.pending:
                raise Difference(f"the construction of {name} is missing", after)
            return
        built = self.pending.pop(name, None)
        if built is None:
            raise Difference(f"the block builds a tracker {name} that the original does not", after)
        if user is not None:
            built = ast.Call(built.func, [], [ast.keyword(words.USER, user)])
        if header.tracker is not None and not alike(header.tracker, built):
            raise Difference("the tracker is built differently", after)
        if not header.plain_before_tracker:
            raise Difference("an argument is evaluated before the tracker is built", after)

    def _fields(self, after: ast.With, header: NewBlock, sets: Fields, name: str) -> None:
        """The header names the ids that were set, in order, and carries over only known ones."""
        known = self._known.setdefault(name, {})
        wanted = [(key, fingerprint(value)) for key, value in sets]
        given = {key for key, _ in sets}
        fresh: list[tuple[str, bytes]] = []
        for key, value in header.fields:
            if key in given:
                fresh.append((key, fingerprint(value)))
            elif key not in known or not alike(known[key], value) or not is_plain(value):
                raise Difference(f"the block names {key}, which was not set", after)
        if fresh != wanted:
            raise Difference("the block does not name the ids that were set, in order", after)
        lost = lost_of(known, given | {key for key, _ in header.fields}, asked=self.replaces_ids)
        if lost and last_tracker(header) and name not in self._trackers:
            raise Difference(f"an id that was set before is lost: {lost}", after)
        known.update(dict(sets))

    def _merged(
        self, before: ast.stmt, after: ast.With | ast.AsyncWith, old: NewBlock, new: NewBlock
    ) -> None:
        """Ids set at the start of a block moved into its header."""
        name = check_merged(before, after, old, new, replaces=self.replaces_ids)
        self._trackers.append(name or "")
        self._whole(before.body[1:], after.body)  # type: ignore[attr-defined]
        self._trackers.pop()

    def statement(self, before: ast.stmt, after: ast.stmt) -> None:
        """Match two statements that differ at most in what lies in their bodies."""
        if type(before) is not type(after):
            raise Difference("a statement became another one", after)
        if self._is_one_program and not self._renames and is_unchanged(before, after, self._known):
            return
        known, trackers, takes = self._known, self._trackers, self._takes
        rounds, sure = self._rounds, self._sure
        if isinstance(before, _Definition):
            self._known, self._trackers, self._takes = {}, [], None  # its variables are its own
            self._rounds, self._sure = set(), None
        elif context_header(before, self._before) is not None:
            self._takes = None
        self._parts(before, with_old_signature(before, after))
        if isinstance(before, _Definition):
            self._known, self._trackers = known, trackers
        self._takes, self._rounds, self._sure = takes, rounds, sure

    def _parts(self, before: ast.AST, after: ast.AST) -> None:
        self._same(shell(before), shell(after), after)
        start, ends = self._known, []
        made = {b[0] for one in bodies(before) for s in one if (b := construction(s, self._before))}
        self._rounds, self._sure = bodies_of_lifetimes(before, made, self._rounds, self._sure)
        for one, other in zip(bodies(before), bodies(after), strict=True):
            if isinstance(before, ast.If | ast.Match):
                # Only one of these bodies runs: what one sets is not known in the next.
                self._known = {name: dict(ids) for name, ids in start.items()}
            self._whole(one, other)
            ends.append((one, self._known))
        self._known = joined(start, ends, self._rounds, self._sure)

    def _whole(self, before: list[ast.stmt], after: list[ast.stmt]) -> None:
        if self.sequence(before, after, None) != len(before):
            raise Difference("a statement is missing", after[-1] if after else before[0])

    def _same(self, before: object, after: object, place: ast.AST) -> None:
        if isinstance(before, ast.Call) and isinstance(after, ast.Call):
            self._same_call(before, after)
            return
        if isinstance(before, ast.AST) and isinstance(after, ast.AST):
            if isinstance(after, ast.Name) and isinstance(before, ast.Name):
                if before.id != self._renames.get(after.id, after.id):
                    raise Difference(f"{before.id} became {after.id}", after)
                return
            if type(before) is not type(after):
                raise Difference("an expression changed", place)
            for field in before._fields:
                self._same(getattr(before, field, None), getattr(after, field, None), place)
        elif isinstance(before, list) and isinstance(after, list):
            if len(before) != len(after):
                raise Difference("an expression changed", place)
            for one, other in zip(before, after, strict=True):
                self._same(one, other, place)
        elif before != after or type(before) is not type(after):
            raise Difference("an expression changed", place)

    def _same_call(self, before: ast.Call, after: ast.Call) -> None:
        keywords = list(after.keywords)
        if len(keywords) == len(before.keywords) + 1:
            extra = keywords.pop()
            if not isinstance(extra.value, ast.Name) or extra.value.id not in self._context_names:
                raise Difference("an argument was added", after)
        if before in self._by_older_name and is_respelled(before, after):
            self._same(before.func.value, after.func.value, after)  # type: ignore[attr-defined]
        else:
            self._same(before.func, after.func, after)
        self._same(before.args, after.args, after)
        self._same(before.keywords, keywords, after)

    def learn(self, after: ast.Module) -> None:
        """Note the trackers of all blocks in the rewritten file."""
        self._context_names = block_trackers(after, self._after)
