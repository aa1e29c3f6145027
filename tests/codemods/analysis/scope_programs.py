"""Random programs made of scopes: each value that they store is another number.

A line that stores a value says so behind ``#`` (``a=17``), and ``see(5, a)`` shows what
a name means where it stands.  Whatever may raise NameError is guarded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codemods.interpreter import language

if TYPE_CHECKING:
    from random import Random

_NAMES = ("a", "b", "__c")
_DEEPEST = 3
_SURROUNDINGS = """\
class Mark(Exception):
    def __init__(self, value):
        self.value = value


def marked(value):
    def mark(made):
        made.value = value
        return made
    return mark


"""


def program(random: Random) -> str:
    """Return the text of a program."""
    return _SURROUNDINGS + "\n".join(_Writer(random).lines) + "\n"


class _Writer:
    """Writes one program."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = []
        self.numbers = iter(range(1, 10**6))
        self.language = language()
        self.generic = self.language.type_parameters
        self._suite("", "module", 0, set())

    # Each pair of what is written and what the line's comment says of it.

    def _look(self) -> str:
        return f"see({next(self.numbers)}, {self.random.choice(_NAMES)})"

    def _bound(self, name: str | None = None) -> tuple[str, int, str]:
        name = name or self.random.choice(_NAMES)
        number = next(self.numbers)
        return name, number, f"{name}={number}"

    def _expression(self, kind: str, deep: int = 0) -> str:
        """Return an expression that looks; whatever it binds has a line of its own."""
        choice = self.random.randrange(5 if deep < 2 else 1)
        if choice in (0, 1):
            return self._look()
        parts = (
            f"{self._expression('inner' if kind == 'class' else kind, deep + 1)}, {self._look()}"
        )
        name, number, said = self._bound()
        if choice == 2:
            return f"(lambda {name}={number}:  # {said}\n ({parts}))()"
        if kind == "function" and not deep:
            other, value, also = self._bound(self.random.choice([n for n in _NAMES if n != name]))
            parts += f", ({other} := {value})  # {also}\n"
        loop = f"for {name} in ({self._look()}, {number})[1:]  # {said}\n"
        shapes = (f"[({parts}) {loop}]", f"list(({parts}) {loop})", f"{{0: ({parts}) {loop}}}")
        return self.random.choice(shapes)

    def _guarded(self, pad: str, line: str) -> None:
        self.lines += [f"{pad}try: {line}", f"{pad}except NameError: pass"]

    def _suite(self, pad: str, kind: str, deep: int, outer: set[str], own: str = "") -> None:
        """Write the statements of one scope; *outer* are names of the functions around it."""
        here = {own}
        if kind != "module" and self.random.random() < 0.3:
            name = self.random.choice([n for n in _NAMES if n != own])
            if name in outer and self.random.random() < 0.7:
                self.lines.append(f"{pad}nonlocal {name}")
            else:
                self.lines.append(f"{pad}global {name}")
        for _ in range(self.random.randint(2, 6)):
            self._statement(pad, kind, deep, outer, here)
        self.lines.append(f"{pad}pass")

    def _statement(self, pad: str, kind: str, deep: int, outer: set[str], here: set[str]) -> None:
        ways = [self._assign, self._assign, self._shown, self._shown, self._loop, self._caught]
        ways += [self._case, self._deleted]
        if deep < _DEEPEST:
            ways += [self._function, self._function, self._class]
        if self.generic:
            ways.append(self._alias)
        way = self.random.choice(ways)
        if way == self._function:
            inside = outer | here if kind == "function" else outer
            self._function(pad, kind, deep, inside)
        elif way == self._class:
            self._class(pad, kind, deep, outer | here if kind == "function" else outer)
        else:
            here.update(way(pad, kind))  # type: ignore[call-arg]

    def _assign(self, pad: str, kind: str) -> list[str]:
        name, number, said = self._bound()
        self.lines.append(f"{pad}{name} = {number}  # {said}")
        return [name]

    def _shown(self, pad: str, kind: str) -> list[str]:
        inside = "class" if kind == "class" else "function"
        self._guarded(pad, self._expression(inside))
        return []

    def _loop(self, pad: str, kind: str) -> list[str]:
        name, number, said = self._bound()
        self.lines.append(f"{pad}for {name} in ({number},): pass  # {said}")
        return [name]

    def _caught(self, pad: str, kind: str) -> list[str]:
        name, number, said = self._bound()
        self.lines += [f"{pad}try: raise Mark({number})", f"{pad}except Mark as {name}:  # {said}"]
        self._guarded(pad + "    ", self._look())
        return [name]

    def _case(self, pad: str, kind: str) -> list[str]:
        name, number, said = self._bound()
        self.lines += [f"{pad}match {number}:", f"{pad}    case {name}: pass  # {said}"]
        return [name]

    def _deleted(self, pad: str, kind: str) -> list[str]:
        name = self.random.choice(_NAMES)
        self._guarded(pad, f"del {name}")
        return [name]

    def _alias(self, pad: str, kind: str) -> list[str]:
        name = f"X{next(self.numbers)}"
        value = f"({self._expression('inner')})"
        self.lines.append(f"{pad}type {name}{self._parameters()} = {value}")
        self._guarded(pad, f"{name}.__value__")
        return []

    def _parameters(self, said: str = "") -> str:
        """Return type parameters, or none; *said* is the comment of the line they are on."""
        if not self.generic or self.random.random() < 0.6:
            return f"(  # {said}\n" if said else ""
        name, number, also = self._bound()
        return f"[{name}: {number}  # {also} {said}\n]" + ("(" if said else "")

    def _named(self, pad: str) -> tuple[str, str]:
        """Return the name of a function or class, now and then one of those looked at."""
        self.lines.append(f"{pad}try:")
        if self.random.random() < 0.7:
            return f"F{next(self.numbers)}", "def"
        name, number, said = self._bound()
        self.lines.append(f"{pad}    @marked({number})")
        return name, said

    def _function(self, pad: str, kind: str, deep: int, outer: set[str]) -> None:
        name, said = self._named(pad)
        head = f"{pad}    def {name}{self._parameters(said)}"
        argument, number, also = self._bound()
        default = f"({self._look()}, {number})[1]" if self.random.random() < 0.3 else f"{number}"
        annotation = self._annotation(kind)
        self.lines += [head, f"{argument}  # {also}", f": ({annotation}) = {default}):"]
        self._suite(pad + "        ", "function", deep + 1, outer, argument)
        self.lines.append(f"{pad}except NameError: pass")
        self._guarded(pad, f"call({name})")

    def _annotation(self, kind: str) -> str:
        # 3.12 and 3.13 may end with a fault of memory in a comprehension here, in a class.
        inlined = not self.language.comprehension_tables and not self.language.late_annotations
        if kind == "class" and inlined:
            return self._look()
        return self._expression("inner")

    def _class(self, pad: str, kind: str, deep: int, outer: set[str]) -> None:
        name, said = self._named(pad)
        bases = f"*({self._look()},)[:0]" if self.random.random() < 0.5 else ""
        self.lines.append(f"{pad}    class {name}{self._parameters(said)}{bases}):")
        self._suite(pad + "        ", "class", deep + 1, outer)
        self.lines.append(f"{pad}except NameError: pass")
        self._guarded(pad, f"call({name})")
