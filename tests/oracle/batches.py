"""Which calls may be billed as a batch: those of the loop for which the block was opened.

A batch context is right around a loop whose body makes the calls.  Where each call
came from is noted while the program runs: its lines, from the call outwards.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .program import MAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from .program import Program

Place = tuple[str, int]
LOOPS = (ast.For, ast.AsyncFor, ast.While)
EXITS = (ast.Break, ast.Continue, ast.Return, ast.Raise, ast.Try, ast.With, ast.AsyncWith)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def where(frame: FrameType | None) -> Place:
    """Return the program's line that *frame* was called from: file and number."""
    while frame is not None and not _is_program(frame):
        frame = frame.f_back
    return (MAIN, 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def _is_program(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return name == MAIN or name.startswith("pkg/")


def lines(frame: FrameType | None) -> list[Place]:
    """Return the program's lines from *frame* outwards."""
    found: list[Place] = []
    while frame is not None:
        if _is_program(frame):
            found.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return found


@dataclass
class Block:
    """One batch context while it was open: where, what it counted, and the calls, with their lines.

    ``deeper`` are calls in batch contexts inside it, which may be of its tracker all the
    same; ``whole`` says that it ended without an error.
    """

    place: Place
    batch_id: object
    count: object
    calls: dict[int, list[Place]] = field(default_factory=dict)
    deeper: dict[int, list[Place]] = field(default_factory=dict)
    whole: bool = False


@dataclass
class Batches:
    """The batch contexts of a run; ``visited`` are the lines that were run meanwhile."""

    open: list[Block] = field(default_factory=list)
    ended: list[Block] = field(default_factory=list)
    visited: set[Place] = field(default_factory=set)

    def enter(self, frame: FrameType, batch_id: object, count: object) -> None:
        """Note that a batch context begins."""
        self.open.append(Block(where(frame), batch_id, count))

    def leave(self, *, whole: bool) -> None:
        """Note that the last one that began ends."""
        self.ended.append(self.open.pop())
        self.ended[-1].whole = whole

    @property
    def calls(self) -> frozenset[int]:
        """The calls that were made in batch contexts."""
        return frozenset(number for block in self.ended for number in block.calls)

    def note(self, number: int, frame: FrameType) -> None:
        """Note call *number*, if a batch context is open."""
        if self.open:
            self.open[-1].calls[number] = lines(frame)
        for block in self.open[:-1]:
            block.deeper[number] = lines(frame)

    @contextlib.contextmanager
    def watching(self, text: str) -> Iterator[None]:
        """Note the lines that are run, if there is a batch context in *text*."""
        before = sys.gettrace()
        if "batch_ai_usage_context(" in text:
            sys.settrace(self._entered)
        try:
            yield
        finally:
            sys.settrace(before)

    def _entered(self, frame: FrameType, event: str, argument: object) -> object:
        return self._went_on if _is_program(frame) else None

    def _went_on(self, frame: FrameType, event: str, argument: object) -> object:
        self.visited.add((frame.f_code.co_filename, frame.f_lineno))
        return self._went_on

    def explained(self, program: Program, booked: Mapping[int, object]) -> frozenset[int]:
        """Return the calls that may be billed as a batch: their block has a loop that calls.

        A loop whose calls were not reached may be the one.  *booked* has the batch ids
        under which the calls were recorded.
        """
        legitimate = {
            block.place
            for block in self.ended
            for seen in (*block.calls.values(), *_its_own(block, booked))
            if _is_looped(program, block.place, seen) or self._has_unreached(program, block.place)
        }
        return frozenset(n for b in self.ended if b.place in legitimate for n in b.calls)

    def miscounted(self, program: Program) -> str | None:
        """Return where a block counted other items than were sent, or None.

        A loop that may end early, or an error, says nothing.
        """
        for block in self.ended:
            header = _header(program, block.place)
            if not (block.whole and isinstance(block.count, int) and header is not None):
                continue
            nodes = [node for statement in header.body for node in ast.walk(statement)]
            if any(isinstance(node, EXITS) for node in nodes):
                continue
            sent = sum(_is_inside(program, block.place, seen) for seen in block.calls.values())
            if sent and (not block.count or sent % block.count):
                return f"{block.place}: item_count is {block.count}, and {sent} were sent"
        return None

    def _has_unreached(self, program: Program, block: Place) -> bool:
        header = _header(program, block)
        inside = [] if header is None else [n for s in header.body for n in ast.walk(s)]
        loops = [node for node in inside if isinstance(node, (*LOOPS, *COMPREHENSIONS))]
        return any(self._did_not_call(block[0], loop) for loop in loops)

    def _did_not_call(self, name: str, loop: ast.AST) -> bool:
        return any((name, call.lineno) not in self.visited for call in _calls(loop))


def _its_own(block: Block, booked: Mapping[int, object]) -> Iterator[list[Place]]:
    """Yield the lines of calls in blocks inside *block* that were recorded under its batch."""
    return (seen for n, seen in block.deeper.items() if n in booked and booked[n] == block.batch_id)


def _calls(loop: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in the body of a loop that may ask something."""
    for part in loop.body if isinstance(loop, LOOPS) else [loop]:
        for node in ast.walk(part):
            if isinstance(node, ast.Call):
                if ast.unparse(node.func).rpartition(".")[2] not in ("append", "note", "print"):
                    yield node


def _is_inside(program: Program, block: Place, seen: list[Place]) -> bool:
    """Whether a call from the lines *seen* was made by a loop in the block."""
    header = _header(program, block)
    inside = [p for p in seen if header is not None and p[0] == block[0] and _holds(header, p[1])]
    return any(_holds(header, loop[2].lineno) for p in inside for loop in _loops(program, p))


def _is_looped(program: Program, block: Place, seen: list[Place]) -> bool:
    """Whether a call from the lines *seen* was made by the loop that *block* counts."""
    header = _header(program, block)
    if header is None:
        return True  # not a statement of the program's: nothing is known
    inside = [place for place in seen if place[0] == block[0] and _holds(header, place[1])]
    if not inside:
        return True  # another thread's, or another task's
    loops = [
        loop for place in seen[: seen.index(inside[-1]) + 1] for loop in _loops(program, place)
    ]
    loops = [loop for loop in loops if loop[0] != block[0] or not _holds(loop[2], header.lineno)]
    counted = _counted(header)
    return bool(loops) and (counted is None or loops[0][1] == counted)


def _holds(node: ast.AST, line: int) -> bool:
    return node.lineno <= line <= node.end_lineno  # type: ignore[attr-defined]


@functools.lru_cache(maxsize=16)
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


def _header(program: Program, block: Place) -> ast.With | ast.AsyncWith | None:
    text = program.files.get(block[0])
    nodes = ast.walk(_tree(text)) if text is not None else iter(())
    found = [n for n in nodes if isinstance(n, ast.With | ast.AsyncWith) and _holds(n, block[1])]
    return max(found, key=lambda node: node.lineno, default=None)


def _counted(header: ast.With | ast.AsyncWith) -> str | None:
    """Return what the block's ``item_count`` counts."""
    for item in header.items:
        for keyword in getattr(item.context_expr, "keywords", []):
            if keyword.arg == "item_count" and isinstance(keyword.value, ast.Call):
                return ast.unparse(keyword.value.args[0])
    return None


def _loops(program: Program, place: Place) -> list[tuple[str, str, ast.AST]]:
    """Return the loops around a line in its file, the innermost first, and what each is over."""
    found: list[tuple[str, str, ast.AST]] = []
    for node in ast.walk(_tree(program.files[place[0]])):
        if isinstance(node, LOOPS):
            body = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
            over = "" if isinstance(node, ast.While) else ast.unparse(node.iter)
            if place[1] in body:
                found.append((place[0], over, node))
        elif isinstance(node, COMPREHENSIONS) and _holds(node, place[1]):
            found.append((place[0], ast.unparse(node.generators[0].iter), node))
    return sorted(found, key=lambda loop: -loop[2].lineno)  # type: ignore[attr-defined]
