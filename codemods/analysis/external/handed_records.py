"""Records of functions with trackers that a project hands on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speaker:
    """A function that has a tracker, opens a block or sets ids, by its qualified name.

    Or what leads to one: a caller, or a variable.  ``decorated`` says that a decorator may keep it,
    ``base`` is a package of the library whose code calls it as a method.  One that ``gives`` others
    is handed on by what a call of it returns.
    """

    names: tuple[str, ...]
    is_method: bool = False
    decorated: bool = False
    base: str = ""
    gives: bool = False

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[-1]

    @property
    def is_special(self) -> bool:
        """Whether syntax runs it, or a call of its object or its class."""
        return is_special(self.name)


def is_special(name: str) -> bool:
    """Whether *name* is one that no call spells."""
    return name.startswith("__") and name.endswith("__")


@dataclass(frozen=True, slots=True)
class Place:
    """Into what a function is put.

    ``path`` is a name of another module, empty for something of the file's own and None where it
    does not show.  ``method`` is the one that an object is given it by, or its attribute; ``under``
    the attribute that it becomes; ``keeper`` a package of the library that keeps it.
    """

    path: str | None = None
    method: str = ""
    under: str = ""
    keeper: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a file hands *name* on, or where code that it may hand on calls that.

    ``base`` is the module that it is a name of, empty for one of the file's own and None for one
    of an object.  It is put into a ``place``, or called in or part of what is ``inside``.
    Of a class that is ``made`` it is an object that is handed on.
    """

    name: str
    base: str | None
    place: Place = Place()
    inside: Speaker | None = None
    made: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How a function may come to be run by code that does not name it.

    ``under`` are names by which it is called then.  ``homes`` are the files whose code has it:
    none are foreign code, and None is any.  Only a ``keeper`` of the library runs it, or only what
    is found ``through`` a file that computes names.
    """

    under: str = ""
    homes: frozenset[str] | None = None
    keeper: str = ""
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """A function of the project that code which does not name it may run, in one of ``ways``.

    Files are told by their paths as text.
    """

    path: str
    names: tuple[str, ...]
    ways: frozenset[Way]
