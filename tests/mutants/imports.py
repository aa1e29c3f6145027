"""Mutants of imports and bytes: names that are lost or come from elsewhere, files spoilt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codemods.model.edit import AddImport, ExtendImport

from .edits import APPLY, with_edits
from .mutant import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from codemods.model.edit import Edit


def _with_new_imports(real: Any, change: Callable[[AddImport], AddImport]) -> Any:
    return with_edits(
        real, lambda edits: [change(e) if isinstance(e, AddImport) else e for e in edits]
    )


@mutant(APPLY, "N2")
def new_import_lost(real: Any) -> Any:
    """The import of the context manager is not written."""
    return with_edits(
        real, lambda edits: [e for e in edits if not isinstance(e, AddImport | ExtendImport)]
    )


@mutant(APPLY, "N2")
def import_from_the_wrong_module(real: Any) -> Any:
    """The context manager is imported from a module that does not have it."""
    return _with_new_imports(real, lambda edit: replace(edit, module="json"))


@mutant(APPLY, "N2")
def import_under_another_name(real: Any) -> Any:
    """The context manager is imported under a name that nothing uses."""

    def renamed(edit: AddImport) -> AddImport:
        return replace(edit, names=tuple((name, f"{name}_") for name, _ in edit.names))

    return _with_new_imports(real, renamed)


@mutant("rules.planning.imports:_places", "N1")
def fallback_without_contexts(real: Any) -> Any:
    """Where the class has a fallback, the context managers get none."""
    return lambda semantic, proposal, beside: real(semantic, proposal, beside)[:1]


@mutant("rules.planning.imports:_places", "N1")
def fallback_from_the_first_package(real: Any) -> Any:
    """The fallback's context managers are those of the package that is not there."""

    def wrong(semantic: Any, proposal: Any, beside: Any) -> list[Any]:
        places = real(semantic, proposal, beside)
        return [(path, places[0][1]) for path, _ in places]

    return wrong


@mutant("edits.within_statement:with_import", "N2")
def old_names_replaced(real: Any) -> Any:
    """An import that gets another name loses those it had."""

    def wrong(node: Any, names: Any) -> Any:
        small = real(node, names).body[0]
        kept = small.names[-len(names) :]
        return node.with_changes(body=[small.with_changes(names=kept)])

    return wrong


@mutant("edits.within_statement:without_import", "N4", "R3")
def whole_import_dropped(real: Any) -> Any:
    """With the legacy class, the other names of its import go."""
    return lambda node, name: None


@mutant(APPLY, "bytes")
def import_above_the_future(real: Any) -> Any:
    """The new import comes first in the file, above its future imports."""

    def wrong(tree: Any, lines: Any, edits: Any, style: Any) -> str:
        old = set(lines)
        text = real(tree, lines, edits, style)
        parts = text.splitlines(keepends=True)
        new = [line for line in parts if line not in old and line.startswith("from ")]
        return "".join([*new, *(line for line in parts if line not in new)])

    return wrong


@mutant("rules.planning.imports:_dropped", "N4")
def needed_import_dropped(real: Any) -> Any:
    """The import of the legacy class goes although some code still needs it."""
    from codemods.model.edit import DropImport

    def wrong(semantic: Any, proposals: Any) -> list[Edit]:
        found: list[Edit] = []
        for construct in semantic.lifetimes.constructs:
            for binding in semantic.scopes.bindings.values():
                if construct.call.func in binding.loads and proposals:
                    statement = semantic.module.parents[binding.binders[0]]
                    found.append(DropImport(semantic.module.paths[statement], binding.name))
        return list(dict.fromkeys(found))

    return wrong


@mutant("rules.planning.imports:_needed", "N4")
def named_import_dropped(real: Any) -> Any:
    """The import of the legacy class goes although ``__all__`` or a text names it."""
    return lambda semantic, name, statement: False


@mutant("rules.planning.imports:_taken", "N3")
def taken_name_imported(real: Any) -> Any:
    """The context manager is imported although its name means something else."""
    return lambda semantic, proposal, name, beside: None


@mutant(APPLY, "bytes")
def newlines_lost(real: Any) -> Any:
    """In a file with CRLF, new lines end with LF."""
    return lambda tree, lines, edits, style: real(tree, lines, edits, replace(style, newline="\n"))


@mutant(APPLY, "bytes")
def all_newlines_changed(real: Any) -> Any:
    """A file with CRLF is written with LF."""
    return lambda *given, **named: real(*given, **named).replace("\r\n", "\n")


@mutant("model.source:SourceFile.encode", "bytes")
def mark_lost(real: Any) -> Any:
    """The byte order mark of a file is lost."""
    return lambda self, text: text.encode(self.encoding)


@mutant("model.source:SourceFile.encode", "bytes")
def encoding_lost(real: Any) -> Any:
    """A file is written in UTF-8, whatever it declares."""
    return lambda self, text: (b"\xef\xbb\xbf" if self.bom else b"") + text.encode()
