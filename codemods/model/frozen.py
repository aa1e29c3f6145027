"""Frozen records that cost next to nothing to declare.

``dataclasses`` writes half a dozen functions for each class, and has them compiled where it is
declared.  For the records that every run loads that was a fifth of what a run over a few files
costs, and such a run makes few of them.  Here a function is compiled when it is called first for a
class: ``__init__`` for the first record, ``__eq__`` for the first two that are compared.  Whoever
asks by ``dataclasses`` finds dataclasses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import Field
    from typing import ClassVar


class _Fields:
    """What ``dataclasses`` looks for on a class and on its records, made when it is looked for."""

    def __get__(self, record: Frozen | None, kind: type[Frozen]) -> dict[str, Field[Any]]:
        from dataclasses import field, fields, make_dataclass  # only now: it is slow to load

        def declared(name: str) -> Any:
            if name not in kind._defaults:
                return field()
            value = kind._defaults[name]
            return field(default_factory=lambda: value)

        annotations = kind.__annotations__
        every = [(name, annotations[name], declared(name)) for name in kind.__match_args__]
        made = make_dataclass(kind.__name__, every)
        kind.__dataclass_fields__ = found = {one.name: one for one in fields(made)}
        return found


_COMPARISONS = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


def _compiled_at_first(name: str) -> Callable[..., Any]:
    """Return a method that puts the one of its class in its place, and does what that does."""

    def first(self: Frozen, *given: Any, **named: Any) -> Any:
        kind = type(self)
        made = _compiled(kind, name)
        setattr(kind, name, made)
        return made(self, *given, **named)

    return first


def _compiled(kind: type[Frozen], name: str) -> Callable[..., Any]:
    """Return the method *name* of *kind*, as ``dataclasses`` would write it."""
    names, defaults = kind.__match_args__, kind._defaults
    scope: dict[str, Any] = {f"_set_{one}": kind.__dict__[one].__set__ for one in names}
    scope |= {f"_default_{one}": value for one, value in defaults.items()}
    if name == "__init__":
        given = [f"{one}=_default_{one}" if one in defaults else one for one in names]
        lines = [f"_set_{one}(self, {one})" for one in names]
    elif name == "__hash__":
        given, lines = [], [f"return hash({_fields_of('self', names)})"]
    else:
        compared = _COMPARISONS.get(name, "==")
        same = f"{_fields_of('self', names)} {compared} {_fields_of('other', names)}"
        given = ["other"]
        lines = [f"return {same} if other.__class__ is self.__class__ else NotImplemented"]
    text = "".join([f"def {name}({', '.join(['self', *given])}):", *(f"\n    {x}" for x in lines)])
    exec(text, scope)  # of names that classes of ours declare
    made: Callable[..., Any] = scope[name]
    made.__qualname__ = f"{kind.__qualname__}.{name}"
    return made


def _fields_of(record: str, names: Sequence[str]) -> str:
    return f"({''.join(f'{record}.{name}, ' for name in names)})"


@dataclass_transform(frozen_default=True)
class _Declared(type):
    """The type of such classes: it turns annotations into slots before the class is made."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], *, order: bool = False
    ) -> _Declared:
        names = tuple(body.get("__annotations__", ())) if bases else ()
        if bases:
            if bases != (Frozen,) or not names:
                message = f"{name}: such a record has fields, and Frozen as its only base"
                raise TypeError(message)
            body["_defaults"] = {each: body.pop(each) for each in names if each in body}
            body["__match_args__"] = names
        # A class may name "__dict__" to have room for what it finds out later.
        body["__slots__"] = (*names, *body.get("__slots__", ()))
        for each in _COMPARISONS if order else ():
            body[each] = _compiled_at_first(each)
        return super().__new__(cls, name, bases, body)


class Frozen(metaclass=_Declared):
    """A record: its fields are the annotations of its class, and stay as they were given.

    Records of one class are equal if their fields are, and can be hashed if those can be.  With
    ``order`` they are sorted by their fields.  A default is shared by all: it must be one that
    nobody changes.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
        __match_args__: ClassVar[tuple[str, ...]]
        _defaults: ClassVar[Mapping[str, Any]]
    else:
        __dataclass_fields__ = _Fields()
        __init__ = _compiled_at_first("__init__")
        __eq__ = _compiled_at_first("__eq__")
        __hash__ = _compiled_at_first("__hash__")

    def __repr__(self) -> str:
        """Return the record as code that would make it."""
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({shown})"

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: records are frozen."""
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        """Refuse, too."""
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __reduce__(self) -> tuple[type[Frozen], tuple[Any, ...]]:
        """Return what makes the same record again, in another process, too."""
        return type(self), tuple([getattr(self, name) for name in self.__match_args__])


R = TypeVar("R", bound=Frozen)


def replace(record: R, **changes: Any) -> R:
    """Return *record* with other values of the fields that *changes* name."""
    known = {name: getattr(record, name) for name in record.__match_args__}
    return type(record)(**(known | changes))
