"""Mutants of what is known about the other files of a project."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from harness import migrate_project

from codemods.analysis.external.names import Uses
from tests.oracle import hidden_fields, registered

from .mutant import examined, mutant

if TYPE_CHECKING:
    from pathlib import Path


@mutant("linking.external_uses:ExternalUses.variable", "E8", fault="C15", kinds="other-file")
def other_files_use_no_tracker(real: Any) -> Any:
    """What other files do with a tracker of a module is not looked at."""
    return lambda self, name: Uses()


@mutant("linking.external_uses:ExternalUses.field", "E10", fault="C15", kinds="other-file")
def other_files_use_no_field(real: Any) -> Any:
    """What other files do with the tracker of an object is not looked at."""
    return lambda self, owner, name: Uses()


@mutant("project.root:whole_project", "E8", "E10", fault="C16", kinds="path-part")
def only_what_is_named(real: Any) -> Any:
    """Files outside of what was named are not looked at."""
    return lambda files, roots, cwd: list(files)


@mutant("linking.names.replacements:Replacements.of", "E15", fault="C25", kinds="other-file")
def other_files_replace_nothing(real: Any) -> Any:
    """A test in another file that replaces the set call is not looked at."""
    return lambda self, path: None


@mutant("linking.names.replacements:Replacements._reached", "E15", fault="C25", kinds="other-file")
def helpers_replace_for_nobody(real: Any) -> Any:
    """Who imports the file that replaces the set call is not looked at."""
    return lambda self, file: {one.path for one in self._graph.imports(file).values()}


@mutant("analysis.trackers.mocks.methods:_computes_name", "E15", fault="C25", kinds="other-file")
def names_of_replaced_methods_are_spelled(real: Any) -> Any:
    """A file that replaces what it computes the names of replaces no set call."""
    return lambda call: False


@mutant("analysis.trackers.mocks.methods:_is_class", "E15", fault="C25", kinds="other-file")
def methods_of_the_class_are_never_assigned(real: Any) -> Any:
    """What is assigned to the class's set call is not looked at."""
    return lambda names, method: False


@mutant("analysis.trackers.mocks.classes:Mocks._found", "E15", fault="C25", kinds="other-file")
def nothing_stands_for_the_class(real: Any) -> Any:
    """What files put in the place of the tracker's class is not looked at."""
    return lambda self, name, names, late: ()


@mutant("analysis.trackers.mocks.classes:gives_mocks", "E15", fault="C25", kinds="other-file")
def whatever_stands_for_the_class_is_a_mock(real: Any) -> Any:
    """What is put in the place of the tracker's class takes whatever it is asked."""
    return lambda home, put: True


@mutant("analysis.trackers.mocks.classes:asked_methods", "E15", fault="C25", kinds="other-file")
def mocks_are_asked_for_nothing(real: Any) -> Any:
    """What a test asks a double of the tracker for is not looked at."""
    return lambda module, methods: ()


@mutant("analysis.trackers.mocks.classes:Mocks._found_late", "E15", fault="C25", kinds="other-file")
def classes_are_found_once(real: Any) -> Any:
    """What a module asks another for while it runs is not looked for there."""
    return lambda self, name: frozenset()


@mutant("analysis.external.references:_Reader._aliases", "E8", fault="C15", kinds="other-file")
def modules_have_one_name(real: Any) -> Any:
    """A variable that a module is bound to is not followed."""
    return lambda self, nodes: None


@mutant("linking.external_uses:ExternalUses.lacking", "N2", fault="C7", kinds="no-contexts")
def new_modules_are_there(real: Any) -> Any:
    """Whether the project has the module that a rewrite imports is not looked at."""
    return lambda self, legacy, context, name: None


def registered_functions_keep_blocks_away(folder: Path) -> None:
    """One that a third file registers, and that the block runs."""
    program = registered.build(Random(3), registered.REGISTERED[0], "registered")
    assert migrate_project(folder, program.files)["flow.py"].reasons == ["two-trackers"]


@examined("linking.external_uses:ExternalUses.handed_on", registered_functions_keep_blocks_away)
def third_files_register_nothing(real: Any) -> Any:
    """What a third file hands on of two others is not looked at."""
    return lambda self: iter(())


def found_functions_keep_blocks_away(folder: Path) -> None:
    """One that a third file finds by a name that it computes."""
    program = registered.build(Random(3), registered.FOUND[7], "found")
    assert migrate_project(folder, program.files)["flow.py"].reasons == ["two-trackers"]


@examined("linking.registrations:Registrations._look_up", found_functions_keep_blocks_away)
def third_files_compute_no_names(real: Any) -> Any:
    """Names that a third file computes are not looked at."""
    return lambda self, speakers, ways: None


def heirs_of_values_use_fields(folder: Path) -> None:
    """A class whose base comes out of a table may be an heir."""
    way = next(one for one in hidden_fields.HIDINGS if "class Heir(T[" in one.defines)
    program = hidden_fields.build(Random(5), way)
    assert migrate_project(folder, program.files)["service.py"].reasons == ["shared-state"]


@examined("linking.kinship:Kinship.of_any_class", heirs_of_values_use_fields)
def bases_are_named(real: Any) -> Any:
    """A base that is a value is taken for no class of the project."""
    return lambda self, file, owners, path: False
