"""What is asked of the other files of a project about one of its modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.external.handed_records import Handed, Way
    from codemods.analysis.external.references import ExternalUse, Uses
    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.syntax.definitions import Resolved, ResolvedClass
    from codemods.model.runtime import Evidence


class Elsewhere(Protocol):
    """What the other files of the project do with one module."""

    def variable(self, name: str) -> Uses:
        """Return the uses of the module's global *name*."""

    def field(self, owner: str, name: str) -> Uses:
        """Return the uses of the field *name* of objects of the module's class *owner*."""

    def is_kin(self, owner: str, other: ResolvedClass) -> bool:
        """Whether an object of the module's class *owner* may be one of *other* too."""

    def heirs(self, owner: str) -> frozenset[str]:
        """Return the names of classes of other files that inherit from the class *owner*."""

    def naming(self, owner: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each other file that may speak of the module's class *owner*."""

    def mentioning(self, name: str) -> Iterator[SemanticModel | None]:
        """Yield the analysis of each other file that has the word *name*."""

    def methods(self, name: str) -> Iterator[Resolved]:
        """Yield the methods *name* of classes of the other files."""

    def replaced_method(self) -> ExternalUse | None:
        """Return where a file that runs the module puts something in a tracker method's place."""

    def is_replaced(self, name: str) -> bool:
        """Whether any file puts something else in the place of a function called *name*."""

    def keywords(self, name: str) -> frozenset[str]:
        """Return the keywords of all calls of something called *name*, "**" for unpacked ones."""

    def provides(self, name: str) -> bool:
        """Whether any file of the project may give objects an attribute *name* of its own."""

    def surroundings(self, *, by_all: bool = False) -> Iterator[SemanticModel]:
        """Yield the analysis of each other file in whose contexts the module may run."""

    def handed_on(self) -> Iterator[Handed]:
        """Yield the functions with trackers that code of the module may run without naming them."""

    def may_run(self, way: Way, caller: str, method: str) -> bool:
        """Whether a *method* of an unknown object, in *caller*, may lead to what went that way."""

    def function(self, handed: Handed) -> Resolved | None:
        """Return the function that is *handed* on."""

    def is_handed_on(self) -> bool:
        """Whether any code, of whatever file, has functions of the module with trackers."""

    def lacking(self, legacy: str, context: str, name: str) -> str | None:
        """Return what ``from context import name`` lacks; None where *legacy* is of elsewhere."""

    def runtime(self, legacy: str, context: str) -> Evidence | None:
        """Return what the project's own *context* module shows, None where it has none."""
