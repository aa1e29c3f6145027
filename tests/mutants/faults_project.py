"""Mutants of what is known about the other files of a project."""

from __future__ import annotations

from typing import Any

from codemods.analysis.external.references import Uses

from .mutant import mutant


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


@mutant("linking.external_uses:Replacements.of", "E15", fault="C25", kinds="other-file")
def other_files_replace_nothing(real: Any) -> Any:
    """A test in another file that replaces the set call is not looked at."""
    return lambda self, path: None


@mutant("analysis.external.references:_Reader._aliases", "E8", fault="C15", kinds="other-file")
def modules_have_one_name(real: Any) -> Any:
    """A variable that a module is bound to is not followed."""
    return lambda self, nodes: None


@mutant("linking.external_uses:ExternalUses.lacking", "N2", fault="C7", kinds="no-contexts")
def new_modules_are_there(real: Any) -> Any:
    """Whether the project has the module that a rewrite imports is not looked at."""
    return lambda self, legacy, context, name: None


@mutant("analysis.syntax.names:Names._looked_up", "E1", fault="C15", kinds="other-file")
def modules_come_from_statements(real: Any) -> Any:
    """A module that a call imports is not followed."""
    return lambda self, value: None
