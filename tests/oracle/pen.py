"""What the parts of the grammar share: choices, names that are still free, and the scope."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .source import Stmt

Option = TypeVar("Option")


@dataclass
class Pen:
    """Makes the choices of one program and remembers what it needs around its statements.

    ``number`` is the only source of choices: a number from the first argument to
    the second; by convention smaller ones give simpler programs.
    ``helpers`` are module-level definitions by name, ``provided`` names to import
    from the module ``llm``, ``imports`` further import lines.  ``tracker_class`` is
    how the program spells the legacy class.  ``files`` are the project's other ones,
    ``part`` is the path that is named, ``silent`` says that nothing is to be reported,
    ``strict`` that nothing may be assumed.
    ``kinds`` are those that the program is of.
    """

    number: Callable[[int, int], int]
    tracker_class: str = "AIUsageTracker"
    helpers: dict[str, list[Stmt]] = field(default_factory=dict)
    provided: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    contexts: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    part: str = ""
    silent: bool = False
    strict: bool = False
    counters: dict[str, int] = field(default_factory=dict)

    def chance(self, percent: int) -> bool:
        """Return True in *percent* of a hundred cases; it shrinks towards False."""
        return self.number(0, 99) >= 100 - percent

    def pick(self, options: Sequence[Option]) -> Option:
        """Return one of *options*; it shrinks towards the first."""
        return options[self.number(0, len(options) - 1)]

    def weighted(self, table: Sequence[tuple[int, Option]]) -> Option:
        """Return an option of (weight, option) pairs; it shrinks towards the first."""
        left = self.number(0, sum(weight for weight, _ in table) - 1)
        for weight, option in table:
            left -= weight
            if left < 0:
                return option
        return table[0][1]

    def table(self, *entries: tuple[int, str, Option]) -> Option:
        """Return an option of (weight, kind, option) entries, and note its kind."""
        kind, option = self.weighted([(weight, (kind, o)) for weight, kind, o in entries])
        self.kinds.update({kind} - {""})
        return option

    def page(self) -> Pen:
        """Return a pen for another file of the program: same choices, and names used once."""
        return Pen(self.number, counters=self.counters, kinds=self.kinds)

    def fresh(self, prefix: str) -> str:
        """Return a name that was not given out before: ``prefix1``, ``prefix2``, ..."""
        self.counters[prefix] = self.counters.get(prefix, 0) + 1
        return f"{prefix}{self.counters[prefix]}"

    def use(self, name: str) -> str:
        """Return *name*, imported from ``llm``."""
        self.provided.add(name)
        return name

    def helper(self, name: str, definition: list[Stmt]) -> str:
        """Return *name*, defined once at module level as *definition*."""
        self.helpers.setdefault(name, definition)
        return name

    def model(self) -> str:
        """Return a model's name as source text; each call of the program has its own."""
        return f'"{self.fresh("m")}"'

    def note(self) -> str:
        """Return an expression with an effect that can be seen."""
        return f'{self.use("note")}("{self.fresh("n")}")'


@dataclass(frozen=True)
class Scope:
    """What the statements of one suite may use.

    ``kind`` is module, function, async, generator or asyncgen.  ``names`` hold
    texts, ``doubtful`` texts or None, ``sized`` lists, ``unsized`` iterators,
    ``flags`` booleans.  ``wild`` is the percentage of statements that do
    something nasty to a tracker.
    """

    kind: str = "function"
    trackers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    sized: tuple[str, ...] = ()
    unsized: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    loop: bool = False
    depth: int = 0
    wild: int = 0
    collects: bool = False

    @property
    def is_async(self) -> bool:
        """Whether ``await`` may be used."""
        return self.kind in ("async", "asyncgen")

    @property
    def yields(self) -> bool:
        """Whether ``yield`` may be used."""
        return self.kind in ("generator", "asyncgen")

    def inner(self, **changes: Any) -> Scope:
        """Return the scope of a suite inside this one."""
        return replace(self, depth=self.depth + 1, **changes)

    def closure(self) -> Scope:
        """Return the scope of a function defined in this one."""
        return self.inner(kind="function", loop=False, collects=False)
